# SPDX-License-Identifier: Apache-2.0
"""From raw readings to observations: the judgement that core, interlock and guard share.

It decides nothing about the field.

Times: ages and staleness are monotonic; slopes, prediction and dose are treatment time.
"""

from dataclasses import dataclass

from mnht_controller.domain.compiled import quick
from mnht_controller.domain.errors import InvariantError
from mnht_controller.domain.probe import Probe
from mnht_controller.domain.reading import Quality, Reading
from mnht_controller.thermometry import plausibility, rate
from mnht_controller.thermometry.plausibility import Why
from mnht_controller.thermometry.prediction import predicted_c, prediction_s
from mnht_controller.thermometry.track import Belief, ProbeTrack, carry_dose, take

__all__ = ("Clock", "Observation", "ProbeTrack", "Why", "observe", "start")

_STALE_CODES = frozenset({Why.STALE, Why.FLAT})
_NO_SAMPLE = frozenset({Why.STALE, Why.NO_VALUE, Why.FUTURE})
_NO_VALUE = frozenset({Quality.BAD, Quality.STALE})


@quick
@dataclass(frozen=True, slots=True)
class Clock:
    """Monotonic `now`, treatment time, their ratio, and whether a field may be on."""

    now: float
    treatment_s: float
    speed: float
    field_on: bool


@quick
@dataclass(frozen=True, slots=True)
class Observation:
    """What one probe says now.

    `reading` has a value only while GOOD or SUSPECT, and `control_c` then: the median of the last
    three accepted samples, so that no single forged number moves the field. `raw_c` is the latest
    sample if it is physically possible, even where it is not believed (falling, flat, or a jump
    that has lasted 0.3 s): one of these trips. `predicted_c` is where the temperature ends if the
    field goes off now. `cem43_min` goes on at the last plausible temperature while a value is
    missing: an upper estimate, because a missing value takes the field away. `age_s` counts from
    the arrival of the last new sample.
    """

    probe: Probe
    reading: Reading
    raw_c: float | None
    rate_c_per_s: float | None
    fast_rate_c_per_s: float | None
    rising_too_fast: bool
    predicted_c: float | None
    cem43_min: float
    age_s: float
    codes: tuple[Why, ...]
    control_c: float | None = None


def start(probes: tuple[Probe, ...]) -> tuple[ProbeTrack, ...]:
    """Fresh memory, one track for each probe; nothing is believed yet and no dose is counted."""
    return tuple(ProbeTrack() for _ in probes)


def observe(
    probes: tuple[Probe, ...],
    tracks: tuple[ProbeTrack, ...],
    raw: tuple[Reading, ...],
    clock: Clock,
) -> tuple[tuple[ProbeTrack, ...], tuple[Observation, ...]]:
    """Judge one frame of raw readings, in the order of the probes.

    Raises InvariantError when the three tuples differ in length.
    """
    if not len(probes) == len(tracks) == len(raw):
        raise InvariantError(f"{len(probes)} probes, {len(tracks)} tracks, {len(raw)} readings")
    pairs = [
        _one(probe, track, reading, clock)
        for probe, track, reading in zip(probes, tracks, raw, strict=True)
    ]
    return tuple([pair[0] for pair in pairs]), tuple([pair[1] for pair in pairs])


def _one(
    probe: Probe, track: ProbeTrack, raw: Reading, clock: Clock
) -> tuple[ProbeTrack, Observation]:
    no_value = raw.value is None or raw.quality in _NO_VALUE
    future = not (raw.at <= clock.now)
    repeated = False
    if not no_value and not future:
        if _is_new(probe, track, raw, clock.now):
            at_s = clock.treatment_s - (clock.now - raw.at) * clock.speed
            track = take(probe, track, raw, at_s, clock.speed)
        else:
            repeated = track.at is not None and raw.at > track.at
    frame_why = _frame_why(raw, no_value, future)
    age_s = clock.now - track.at if track.at is not None else clock.now
    codes = _codes(probe, track, clock, (frame_why, age_s, repeated))
    if codes:
        track = _with_dose(track, clock.treatment_s)
    return track, _observation(probe, track, (raw, clock, age_s), codes)


def _frame_why(raw: Reading, no_value: bool, future: bool) -> Why | None:
    if future:
        return Why.FUTURE
    if no_value:
        # A mailbox that was never filled, or has aged, says so itself: that is staleness.
        return Why.STALE if raw.quality is Quality.STALE else Why.NO_VALUE
    return None


def _is_new(probe: Probe, track: ProbeTrack, raw: Reading, now: float) -> bool:
    if track.at is None:
        return True
    if not (raw.at > track.at):
        return False
    if raw.seq > track.seq:
        return True
    # After staleness (which has tripped by now) a lower counter is a restarted driver.
    return raw.seq < track.seq and now - track.at >= plausibility.stale_s(probe.period_s)


def _codes(
    probe: Probe, track: ProbeTrack, clock: Clock, frame: tuple[Why | None, float, bool]
) -> tuple[Why, ...]:
    frame_why, age_s, repeated = frame
    fresh = track.at is not None and age_s < plausibility.stale_s(probe.period_s)
    flat = clock.field_on and track.repeats > 2 and _is_flat(probe, track.repeats)
    if frame_why is None and track.why is None and fresh and not flat:
        return ()
    found = (
        Why.STALE if not fresh else None,
        Why.COUNTER_STOPPED if repeated and not fresh else None,
        Why.FLAT if flat else None,
        frame_why if frame_why is not Why.STALE or fresh else None,
        track.why,
    )
    return tuple([why for why in found if why is not None])


def _is_flat(probe: Probe, repeats: int) -> bool:
    limit = plausibility.flat_samples(probe.noise_c, probe.resolution_c, probe.period_s)
    return limit is not None and repeats >= limit


def _with_dose(track: ProbeTrack, treatment_s: float) -> ProbeTrack:
    return ProbeTrack(
        track.seq,
        track.at,
        track.raw_c,
        track.why,
        track.last_c,
        track.repeats,
        track.belief,
        track.candidate,
        track.fast,
        track.fast_c_per_s,
        track.rising_too_fast,
        carry_dose(track.dose, treatment_s),
    )


def _observation(
    probe: Probe,
    track: ProbeTrack,
    frame: tuple[Reading, Clock, float],
    codes: tuple[Why, ...],
) -> Observation:
    raw, clock, age_s = frame
    reading = _validated(raw, track, codes)
    has_sample = not codes or _NO_SAMPLE.isdisjoint(codes)
    rate_c_per_s = ahead_c = control_c = None
    belief = track.belief
    if belief is not None:
        control_c = None if reading.value is None else belief.median_c
        spacing_s = probe.period_s * clock.speed
        rate_c_per_s = rate.current_rate(belief.slope, clock.treatment_s, spacing_s)
        if rate_c_per_s is not None and reading.value is not None:
            ahead_c = _ahead(probe, belief, rate_c_per_s, clock.treatment_s)
    return Observation(
        probe,
        reading,
        track.raw_c if has_sample else None,
        rate_c_per_s,
        track.fast_c_per_s,
        track.rising_too_fast,
        ahead_c,
        track.dose.cem43_min if track.dose is not None else 0.0,
        age_s,
        codes,
        control_c,
    )


def _ahead(probe: Probe, belief: Belief, rate_c_per_s: float, treatment_s: float) -> float:
    """Predict from the believed sample; what has passed since it was taken comes on top."""
    horizon_s = prediction_s(probe) + max(0.0, treatment_s - belief.s)
    return predicted_c(belief.smooth_c, rate_c_per_s, horizon_s)


def _validated(raw: Reading, track: ProbeTrack, codes: tuple[Why, ...]) -> Reading:
    if not codes:
        # A repeated frame keeps the time and counter of the sample it repeats.
        at = track.at if track.at is not None else raw.at
        return Reading(track.raw_c, raw.quality, at, track.seq, raw.detail)
    quality = Quality.BAD if _STALE_CODES.isdisjoint(codes) else Quality.STALE
    at = track.at if track.at is not None else 0.0
    words = [*codes, raw.detail] if raw.detail else codes
    return Reading(None, quality, at, track.seq, " ".join(words))
