# SPDX-License-Identifier: Apache-2.0
"""Makes a failing scenario small: without what is not needed, sooner, shorter; delta debugging."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from sim_hardware.bench.scenario import Scenario

T = TypeVar("T")
TRIES_MAX = 120
FIRST_S = 1.0
"""No event is moved to before this."""

Fails = Callable[[Scenario], bool]


def shrunk(plot: Scenario, fails: Fails, tries_max: int = TRIES_MAX) -> Scenario:
    """The smallest scenario found that fails too. ValueError when `plot` itself does not."""
    if not fails(plot):
        raise ValueError("the scenario does not fail")
    tries = 0
    is_smaller = True
    while is_smaller:
        is_smaller = False
        for smaller in _smaller(plot):
            tries += 1
            if tries > tries_max:
                return plot
            if fails(smaller):
                plot, is_smaller = smaller, True
                break
    return plot


def _smaller(plot: Scenario) -> Iterator[Scenario]:
    """Smaller scenarios, the boldest first."""
    yield from (replace(plot, faults=faults) for faults in _fewer(plot.faults))
    yield from (replace(plot, wishes=wishes) for wishes in _fewer(plot.wishes))
    if plot.confirm_s:
        yield replace(plot, confirm_s=0.0)
    for number, fault in enumerate(plot.faults):
        if fault.until_s is not None:
            yield _with_fault(plot, number, until_s=None)
    if plot.until_s > 30.0:
        yield replace(plot, until_s=round(0.5 * plot.until_s, 2))
    yield from _sooner(plot)


def _sooner(plot: Scenario) -> Iterator[Scenario]:
    """One event in half the time."""
    for number, fault in enumerate(plot.faults):
        if fault.at_s > 2.0 * FIRST_S and fault.until_s is None:
            yield _with_fault(plot, number, at_s=round(0.5 * fault.at_s, 2))
    for number, wish in enumerate(plot.wishes):
        if wish.at_s > 2.0 * FIRST_S:
            sooner = replace(wish, at_s=round(0.5 * wish.at_s, 2))
            yield replace(plot, wishes=_replaced(plot.wishes, number, sooner))


def _fewer(items: tuple[T, ...]) -> Iterator[tuple[T, ...]]:
    """Halves, quarters, … left out, down to one."""
    size = len(items)
    while size >= 1:
        for begin in range(0, len(items), size):
            yield items[:begin] + items[begin + size :]
        size //= 2


def _with_fault(plot: Scenario, number: int, **changes: float | None) -> Scenario:
    fault = replace(plot.faults[number], **changes)  # type: ignore[arg-type]
    return replace(plot, faults=_replaced(plot.faults, number, fault))


def _replaced(items: Sequence[T], number: int, item: T) -> tuple[T, ...]:
    return (*items[:number], item, *items[number + 1 :])
