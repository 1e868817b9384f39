# SPDX-License-Identifier: Apache-2.0
"""What a finding is, the one comparison behind all of them, and those about people and processes.

A finding is something out of bounds now. Which finding trips, which inhibits, and after how long,
stands in rules.py.
"""

from collections.abc import Callable, Iterable

from mnht_controller.interlock.clocks import BACK_S_MAX, STANDS_MAX
from mnht_controller.interlock.memory import Memory
from mnht_controller.interlock.witness import Witness

SLEPT_S_MAX = 0.5
RATIO_MIN, RATIO_MAX = 0.66, 1.6
"""A second clock may differ so far from ours; half and double must not."""

Finding = tuple[str, float | None, float | None]
"""Where (probe or device id), value, limit."""
Find = Callable[[Witness, Memory], Iterable[Finding]]


def over(value: float | None, limit: float) -> bool:
    """The one comparison of the table, written so that NaN and None are over."""
    return value is None or not (value <= limit)


def operator_stop(witness: Witness, _memory: Memory) -> Iterable[Finding]:
    """STOP was pressed."""
    return (("operator", None, None),) if witness.stop else ()


def lease_lost(witness: Witness, _memory: Memory) -> Iterable[Finding]:
    """The other process is silent."""
    age_s, limit = witness.peer_age_s, witness.peer_age_s_max
    return (("peer", age_s, limit),) if over(age_s, limit) else ()


def guard_refuses(witness: Witness, _memory: Memory) -> Iterable[Finding]:
    """The other process does not hold the enable line."""
    return (("peer", None, None),) if witness.peer_refuses else ()


def host_suspended(witness: Witness, _memory: Memory) -> Iterable[Finding]:
    """The host has slept, and nobody has answered for it: what it knows is from before."""
    slept_s = witness.slept_s
    return (("host", slept_s, SLEPT_S_MAX),) if over(slept_s, SLEPT_S_MAX) else ()


def clock_fault(witness: Witness, memory: Memory) -> Iterable[Finding]:
    """Monotonic time stood still between looks, went back, or leaped."""
    limit, clocks = witness.gap_s_max, memory.clocks
    if limit is None:
        return ()
    has_moved = clocks.stands <= STANDS_MAX and clocks.gap_s >= -BACK_S_MAX
    return () if has_moved and not over(clocks.gap_s, limit) else (("clock", clocks.gap_s, limit),)


def clock_rate(_witness: Witness, memory: Memory) -> Iterable[Finding]:
    """An instrument's clock, or the count of its frames, runs otherwise than ours."""
    return [
        (pace.name, pace.ratio, RATIO_MAX)
        for pace in memory.clocks.paces
        if pace.ratio is not None
        and (over(pace.ratio, RATIO_MAX) or (pace.is_own and not (pace.ratio >= RATIO_MIN)))
    ]
