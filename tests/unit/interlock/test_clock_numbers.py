# SPDX-License-Identifier: Apache-2.0
"""H33, H31, H40: clocks, second clocks and the people's findings, each number at its bound."""

import math
from dataclasses import replace
from typing import Any

import pytest

from mnht_controller.interlock import findings
from mnht_controller.interlock.clocks import NEVER, Clocks, Pace, looked
from mnht_controller.interlock.evaluate import evaluate
from mnht_controller.interlock.memory import Memory, Since
from mnht_controller.interlock.rules import RULES
from mnht_controller.thermometry.observe import Observation
from tests.unit.interlock.scene import observed, source, witness

DEVICE = "source"


def up(value: float) -> float:
    return math.nextafter(value, math.inf)


def down(value: float) -> float:
    return math.nextafter(value, -math.inf)


def told(clock_s: float, at: float, now: float = 0.0, **changes: Any) -> Clocks:
    """Memory of the source's clock, its frames of a thermometer left out."""
    seen = source(0.0, at=at, clock_s=clock_s)
    return looked(NEVER, witness(now, source=seen, observations=(), **changes))


def ratio(known: tuple[float, float], following: tuple[float, float]) -> float | None:
    """The pace after two looks; each is the clock, and when that was by ours."""
    clock_s, at = following
    moment = witness(at, source=source(0.0, at=at, clock_s=clock_s), observations=())
    (pace,) = looked(told(*known), moment).paces
    assert (pace.clock_s, pace.at) in {known, following}
    return pace.ratio


# ---- our own clock -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "gap_s", "stands"), [(7.5, 2.5, 0), (5.0, 0.0, 3), (4.0, -1.0, 3), (up(5.0), None, 0)]
)
def test_a_look_takes_the_gap_and_counts_those_without_time(
    now: float, gap_s: float | None, stands: int
) -> None:
    clocks = looked(Clocks(5.0, 9.0, 2), witness(now))
    assert (clocks.now, clocks.stands) == (now, stands)
    assert clocks.gap_s == (now - 5.0 if gap_s is None else gap_s)


def test_the_first_look_has_no_gap() -> None:
    assert looked(NEVER, witness(5.0)).gap_s == 0.0
    assert looked(NEVER, witness(5.0)).stands == 0


@pytest.mark.parametrize(
    ("gap_s", "stands", "is_fault"),
    [
        (0.5, 0, False),
        (up(0.5), 0, True),
        (math.nan, 0, True),
        (0.0, 1, False),
        (0.0, 2, True),
        (-0.05, 1, False),
        (down(-0.05), 1, True),
    ],
)
def test_when_time_is_not_believed(gap_s: float, stands: int, is_fault: bool) -> None:
    memory = Memory(clocks=Clocks(0.0, gap_s, stands))
    found = list(findings.clock_fault(witness(gap_s_max=0.5), memory))
    assert len(found) == is_fault
    assert list(findings.clock_fault(witness(gap_s_max=None), memory)) == []


# ---- second clocks -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("following", "expected"),
    [
        ((105.0, 15.0), 1.0),
        ((105.0, 11.0), 5.0),
        ((101.0, 15.0), 0.2),
        ((100.0, 15.0), 0.0),
        ((104.9, 14.9), None),
        ((105.0, 10.0), math.inf),
        ((105.0, 10.5), 10.0),
        ((100.0, 10.0), None),
    ],
)
def test_two_clocks_are_compared_after_five_seconds_of_either(
    following: tuple[float, float], expected: float | None
) -> None:
    assert ratio((100.0, 10.0), following) == expected


@pytest.mark.parametrize("following", [(99.9, 30.0), (120.0, 9.9), (120.0, math.nan)])
def test_a_clock_that_was_set_back_is_counted_anew(following: tuple[float, float]) -> None:
    clock_s, at = following
    moment = witness(30.0, source=source(0.0, at=at, clock_s=clock_s), observations=())
    (pace,) = looked(told(100.0, 10.0), moment).paces
    assert pace.clock_s == clock_s
    assert pace.ratio is None


def test_a_pace_is_counted_from_where_it_was_compared_last() -> None:
    before = told(100.0, 10.0)
    for n in range(1, 5):
        at = 10.0 + n
        before = looked(
            before, witness(at, source=source(0.0, at=at, clock_s=100.0 + n), observations=())
        )
        assert before.paces[0].at == 10.0
    after = looked(
        before, witness(15.0, source=source(0.0, at=15.0, clock_s=106.0), observations=())
    )
    assert after.paces[0] == Pace("source boot 3", True, 15.0, 106.0, 1.2)


def test_a_source_without_a_clock_or_another_boot_is_another_clock() -> None:
    assert told(0.0, 10.0).paces == ()
    first = told(100.0, 10.0)
    moment = witness(11.0, source=source(0.0, at=11.0, clock_s=1.0, boot=4), observations=())
    assert [pace.name for pace in looked(first, moment).paces] == ["source boot 4"]
    frames_kept = replace(first, paces=(*first.paces, Pace("a", False, 3.0, 3.0)))
    assert [pace.name for pace in looked(frames_kept, moment).paces] == ["source boot 4", "a"]
    silent = witness(11.0, source=None, observations=(frame(6, 3.0, "b"),))
    assert [pace.name for pace in looked(frames_kept, silent).paces] == ["b", "source boot 3", "a"]


def test_a_clock_that_is_silent_is_kept() -> None:
    first = told(100.0, 10.0)
    assert looked(first, witness(11.0, source=None, observations=())).paces == first.paces


def frame(seq: int, at: float, device: str, period_s: float = 0.5) -> Observation:
    item = observed()[0]
    probe = replace(item.probe, device=device, period_s=period_s)
    return replace(item, probe=probe, reading=replace(item.reading, seq=seq, at=at))


def frames(*items: Observation) -> list[Pace]:
    return list(looked(NEVER, witness(source=None, observations=items)).paces)


def test_the_frames_of_each_thermometer_are_a_clock() -> None:
    found = frames(frame(6, 3.0, "a"), frame(8, 4.0, "a"), frame(1, 2.0, "b"))
    assert found == [Pace("a", False, 3.0, 3.0), Pace("b", False, 2.0, 0.5)]


@pytest.mark.parametrize(("seq", "at"), [(0, 3.0), (-1, 3.0), (6, math.nan), (6, math.inf)])
def test_a_frame_that_is_none_is_no_clock(seq: int, at: float) -> None:
    """The next probe of the same device may still be one."""
    assert frames(frame(seq, at, "a")) == []
    assert frames(frame(seq, at, "a"), frame(8, 4.0, "a")) == [Pace("a", False, 4.0, 4.0)]


@pytest.mark.parametrize(
    ("value", "is_own", "is_fault"),
    [
        (1.6, True, False),
        (up(1.6), True, True),
        (1.6, False, False),
        (up(1.6), False, True),
        (0.66, True, False),
        (down(0.66), True, True),
        (0.1, False, False),
        (math.nan, True, True),
        (math.nan, False, True),
        (math.inf, False, True),
        (None, True, False),
    ],
)
def test_how_far_a_second_clock_may_differ(
    value: float | None, is_own: bool, is_fault: bool
) -> None:
    """Frames are lost for many reasons: only the instrument's own clock may not be slow."""
    memory = Memory(clocks=Clocks(paces=(Pace("x", is_own, 0.0, 0.0, value),)))
    found = list(findings.clock_rate(witness(), memory))
    assert len(found) == is_fault
    assert all((where, limit) == ("x", 1.6) for where, _, limit in found)


# ---- people, processes, debounce ---------------------------------------------------------------


@pytest.mark.parametrize(("slept_s", "is_found"), [(0.5, False), (up(0.5), True), (math.nan, True)])
def test_how_long_the_host_may_have_slept(slept_s: float, is_found: bool) -> None:
    found = list(findings.host_suspended(witness(slept_s=slept_s), Memory()))
    assert len(found) == is_found


@pytest.mark.parametrize(("late_s", "hits"), [(0.0, True), (1e-12, True), (-1e-12, False)])
def test_a_debounce_ends_a_nanosecond_early(late_s: float, hits: bool) -> None:
    row = replace(RULES[0], find=lambda *_: (("x", 1.0, 0.0),), debounce_s=0.3, code="walked")
    due_s = 0.3 - 1e-9
    memory = Memory(since=(Since("walked", "x", 0.0),))
    assert bool(evaluate((row,), memory, witness(due_s + late_s))[1]) is hits
