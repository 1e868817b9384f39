# SPDX-License-Identifier: Apache-2.0
"""What is remembered of one probe and how one new sample changes it; `observe` judges frames."""

import math
from dataclasses import dataclass
from typing import NamedTuple

from mnht_controller.domain.compiled import quick, replace
from mnht_controller.domain.probe import Probe
from mnht_controller.domain.reading import Reading
from mnht_controller.thermometry import plausibility, rate
from mnht_controller.thermometry.cem43 import cem43_min
from mnht_controller.thermometry.plausibility import Why
from mnht_controller.thermometry.prediction import prediction_s

RECENT = 3
SMOOTH_S = 1.0
"""Time constant of the temperature that prediction starts from."""


@quick
@dataclass(frozen=True, slots=True)
class Belief:
    """The last accepted temperature and what follows from it; `s` is its treatment time.

    `recent` are the last accepted samples, RECENT at most, oldest first.
    """

    c: float
    s: float
    smooth_c: float
    slope: rate.SlopeTrack
    recent: tuple[float, ...] = ()

    @property
    def median_c(self) -> float:
        """The middle of the recent samples: one that a wire has forged is never it."""
        ordered = sorted(self.recent)
        return ordered[len(ordered) // 2] if ordered else self.c


@dataclass(frozen=True, slots=True)
class Candidate:
    """A level that was jumped to: its latest sample, and when (monotonic) it began."""

    c: float
    since: float


@quick
@dataclass(frozen=True, slots=True)
class Dose:
    """CEM43 up to treatment time `s`, where the temperature was `c`."""

    cem43_min: float
    c: float
    s: float


@quick
@dataclass(frozen=True, slots=True)
class ProbeTrack:
    """Memory of one probe. `at`, `seq` and `raw_c` belong to the last new sample."""

    seq: int = -1
    at: float | None = None
    raw_c: float | None = None
    why: Why | None = None
    last_c: float | None = None
    repeats: int = 0
    belief: Belief | None = None
    candidate: Candidate | None = None
    fast: rate.FastTrack | None = None
    fast_c_per_s: float | None = None
    rising_too_fast: bool = False
    dose: Dose | None = None


class _Sample(NamedTuple):
    """One new sample on its way through `take`."""

    raw: Reading
    value_c: float
    at_s: float
    speed: float
    repeats: int


def take(probe: Probe, track: ProbeTrack, raw: Reading, at_s: float, speed: float) -> ProbeTrack:
    """Add one new sample with a value, taken at treatment time `at_s`."""
    value_c = raw.value if raw.value is not None else math.nan
    repeats = track.repeats + 1 if value_c == track.last_c else 1
    if not plausibility.in_range(probe.role, value_c):
        return replace(
            track, seq=raw.seq, at=raw.at, raw_c=None, why=Why.RANGE, last_c=None, repeats=0
        )
    belief = track.belief
    if belief is not None and not abs(value_c - belief.c) <= plausibility.JUMP_C:
        candidate = _candidate(track.candidate, value_c, raw.at)
        held_s = raw.at - candidate.since
        if held_s < plausibility.REACCEPT_S:
            believed = held_s >= plausibility.BELIEVE_S
            return replace(
                track,
                seq=raw.seq,
                at=raw.at,
                raw_c=value_c if believed else None,
                why=Why.JUMP,
                last_c=value_c,
                repeats=repeats,
                candidate=candidate,
            )
        track = replace(track, belief=None, fast=None)
    return _take_plausible(probe, track, _Sample(raw, value_c, at_s, speed, repeats))


def _candidate(candidate: Candidate | None, value_c: float, at: float) -> Candidate:
    if candidate is None or not abs(value_c - candidate.c) <= plausibility.JUMP_C:
        return Candidate(value_c, at)
    return Candidate(value_c, candidate.since)


def _take_plausible(probe: Probe, track: ProbeTrack, sample: _Sample) -> ProbeTrack:
    value_c, at_s = sample.value_c, sample.at_s
    fast, difference_c, seconds = rate.fast(track.fast, at_s, value_c)
    known = difference_c is not None and seconds > 0.0
    change_c = difference_c if known and difference_c is not None else 0.0
    falling = known and plausibility.falls_too_fast(change_c, seconds, probe)
    # A falling sample is not believed: what the probe lost must be found again, or be re-accepted.
    # Nor is the next one measured by it.
    belief = track.belief if falling else _believe(probe, track.belief, sample)
    return ProbeTrack(
        seq=sample.raw.seq,
        at=sample.raw.at,
        raw_c=value_c,
        why=Why.FALLING if falling else None,
        last_c=value_c,
        repeats=sample.repeats,
        belief=belief,
        candidate=None,
        fast=track.fast if falling else fast,
        fast_c_per_s=change_c / seconds if known else None,
        rising_too_fast=known and plausibility.rises_too_fast(change_c, seconds, probe),
        dose=track.dose if falling else _dose_to(track.dose, value_c, at_s),
    )


def _believe(probe: Probe, belief: Belief | None, sample: _Sample) -> Belief:
    value_c, at_s = sample.value_c, sample.at_s
    if belief is None:
        slope = rate.extend(rate.SlopeTrack(), at_s, value_c)
        return Belief(value_c, at_s, value_c, slope, (value_c,))
    slope = belief.slope
    if rate.closes(slope, at_s):
        spacing_s = probe.period_s * sample.speed
        window = rate.window_s(plausibility.sigma_c(probe), spacing_s, prediction_s(probe))
        slope = rate.close(slope, at_s, value_c, window)
    else:
        slope = rate.extend(slope, at_s, value_c)
    seconds = max(0.0, at_s - belief.s)
    share = seconds / (seconds + SMOOTH_S)
    return Belief(
        value_c,
        at_s,
        belief.smooth_c + share * (value_c - belief.smooth_c),
        slope,
        (*belief.recent[1 - RECENT :], value_c),
    )


def _dose_to(dose: Dose | None, value_c: float, at_s: float) -> Dose:
    if dose is None:
        return Dose(0.0, value_c, at_s)
    added = cem43_min(dose.c, value_c, at_s - dose.s)
    return Dose(dose.cem43_min + added, value_c, max(at_s, dose.s))


def carry_dose(dose: Dose | None, treatment_s: float) -> Dose | None:
    """Let the dose go on at the last plausible temperature while there is no better one."""
    return None if dose is None else _dose_to(dose, dose.c, treatment_s)
