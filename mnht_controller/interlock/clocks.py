# SPDX-License-Identifier: Apache-2.0
"""Whether monotonic time can be believed: by its own steps, and by clocks that are not the host's.

All that protects is timed by it, so that a clock that stands, leaps or crawls blinds every rule.
"""

import math
from dataclasses import dataclass

from mnht_controller.domain.compiled import quick, replace
from mnht_controller.interlock.witness import Witness

PACE_S = 5.0
"""How much must pass, by either clock, until two clocks are compared."""
BACK_S_MAX = 0.05
STANDS_MAX = 1
"""Looks in a row between which no time may pass."""


@quick
@dataclass(frozen=True, slots=True)
class Pace:
    """One second clock: from where it is counted, and how fast it last ran by ours (1: alike).

    Frames of a push-type thermometer are a clock too. `is_own`: the clock is the instrument's, so
    that running slow means something; frames are lost for many reasons.
    """

    name: str
    is_own: bool
    at: float
    clock_s: float
    ratio: float | None = None


@quick
@dataclass(frozen=True, slots=True)
class Clocks:
    """`gap_s`: time between the last two looks. `stands`: looks in a row without any."""

    now: float | None = None
    gap_s: float = 0.0
    stands: int = 0
    paces: tuple[Pace, ...] = ()


NEVER = Clocks()
"""Nothing has been looked at yet."""


def looked(clocks: Clocks, witness: Witness) -> Clocks:
    """Take in one look. A clock that says nothing now is kept, unless its instrument began anew."""
    gap_s = 0.0 if clocks.now is None else witness.now - clocks.now
    is_moving = clocks.now is None or gap_s > 0.0
    known = {pace.name: pace for pace in clocks.paces}
    paces = [_followed(known.get(pace.name, pace), pace) for pace in _told(witness)]
    told = {pace.name for pace in paces}
    has_own = any(pace.is_own for pace in paces)
    kept = [
        pace for pace in clocks.paces
        if pace.name not in told and not (pace.is_own and has_own)
    ]  # fmt: skip
    return Clocks(witness.now, gap_s, 0 if is_moving else clocks.stands + 1, (*paces, *kept))


def _told(witness: Witness) -> list[Pace]:
    """What each second clock shows now, and when that was by ours."""
    told = []
    source = witness.source
    if source is not None and source.clock_s != 0.0:
        name = f"{witness.envelope.source.device} boot {source.boot}"
        told.append(Pace(name, True, source.at, source.clock_s))
    devices = set()
    for seen in witness.observations:
        device, reading = seen.probe.device, seen.reading
        if device not in devices and reading.seq > 0 and math.isfinite(reading.at):
            devices.add(device)
            told.append(Pace(device, False, reading.at, reading.seq * seen.probe.period_s))
    return told


def _followed(known: Pace, told: Pace) -> Pace:
    """Compare once enough has passed; a clock that was set back is counted anew."""
    passed_s, own_s = told.clock_s - known.clock_s, told.at - known.at
    if passed_s < 0.0 or not (own_s >= 0.0):
        return told
    if max(passed_s, own_s) < PACE_S:
        return known
    return replace(told, ratio=passed_s / own_s if own_s > 0.0 else math.inf)
