# SPDX-License-Identifier: Apache-2.0
"""What the rules remember of heat: field energy, time off, and means of 1 s of each probe.

Begins anew with every arming. A tumor probe counts by what it has shown since the field first
went on; it needs no number from the plan. Times are treatment time.
"""

import math
from dataclasses import dataclass

from mnht_controller.domain.compiled import quick, replace
from mnht_controller.domain.probe import Probe, Role
from mnht_controller.domain.units import power_fraction
from mnht_controller.interlock.witness import Witness, field_is_on
from mnht_controller.thermometry.observe import Observation
from mnht_controller.thermometry.plausibility import sigma_c
from mnht_controller.thermometry.prediction import prediction_s

BIN_S = 1.0
TUMOR_WAIT_S = 2.0
"""After its lag a probe in the deposit has seen the field go: nothing arrives later there."""
SKIN_WAITS = 4.0
"""Deep heat has come through to the skin after so many of its prediction times."""
GAP_S_MAX = 5.0
"""Memory with a longer hole in time begins anew."""
GAIN_SIGMAS = 15.0
"""A first rise so far out of the noise is taken as the probe's gain."""
STEADY_S = 10.0
STEADY_SHARE = 0.2
STEADY_C = 0.1
"""Power within 20 % of its average over about 10 s, temperature within 0.1 °C of its own."""


@quick
@dataclass(frozen=True, slots=True)
class Warmth:
    """One probe: the open bin's sums, the last mean, and what the means have been.

    `rest_c` is the mean before the field first went on, `high_c` the highest since, `gain` its
    first clear rise in °C per unit of energy. `slow_c` follows the mean in 10 s. `off_c` is the
    steady mean at which the field went off (None: it was not steady), `low_c` the lowest since
    no more heat can arrive (None: not yet).
    """

    open_s: float
    sum_c: float = 0.0
    count: int = 0
    mean_c: float | None = None
    rest_c: float | None = None
    high_c: float | None = None
    gain: float | None = None
    slow_c: float | None = None
    off_c: float | None = None
    low_c: float | None = None

    @property
    def risen_c(self) -> float:
        """How far it has warmed since the field first went on; 0 while that is not known."""
        if self.rest_c is None or self.high_c is None:
            return 0.0
        return self.high_c - self.rest_c


@quick
@dataclass(frozen=True, slots=True)
class Heat:
    """`energy` is the integral of u dt since arming; `off_s` how long the field is off now.

    `power` is the last u while the field was on, `slow_u` follows it in 10 s, `off_u` is the
    steady u that went off (None: it was not steady, or the field is on).
    """

    at_s: float
    probes: tuple[Warmth, ...]
    energy: float = 0.0
    off_s: float = 0.0
    power: float = 0.0
    slow_u: float = 0.0
    off_u: float | None = None


def wait_s(probe: Probe) -> float:
    """How long after the field is off this probe may still rise, in treatment seconds."""
    if probe.role is Role.TUMOR:
        return probe.lag_s + TUMOR_WAIT_S
    return SKIN_WAITS * prediction_s(probe)


def noise_c(probe: Probe, speed: float, sigmas: float) -> float:
    """What so many sigmas of noise make of a difference of two means."""
    samples = max(1.0, BIN_S / (probe.period_s * speed))
    return sigmas * math.sqrt(2.0 / samples) * sigma_c(probe)


def warmed(heat: Heat | None, witness: Witness) -> Heat | None:
    """Take in one moment; None while not armed."""
    if not witness.armed:
        return None
    at_s = witness.treatment_s
    passed_s = 0.0 if heat is None else at_s - heat.at_s
    is_gap = not (0.0 <= passed_s <= GAP_S_MAX * witness.envelope.speed)
    if heat is None or is_gap or len(heat.probes) != len(witness.observations):
        return Heat(at_s, tuple([Warmth(at_s) for _ in witness.observations]))
    following = _powered(heat, witness, passed_s)
    probes = [
        _step(before, seen, following, witness.envelope.speed)
        for before, seen in zip(heat.probes, witness.observations, strict=True)
    ]
    return replace(following, probes=tuple(probes))


def _powered(heat: Heat, witness: Witness, passed_s: float) -> Heat:
    """The field's part of the next memory."""
    power = _power(witness)
    is_on = field_is_on(witness.permit_ka_per_m, witness.source, witness.uncertain_s)
    if is_on and not (power > 0.0):  # a read-back that is about to fall
        return replace(heat, at_s=witness.treatment_s, off_s=0.0, off_u=None)
    if is_on:
        slow_u = _towards(heat.slow_u, power, passed_s)
        energy = heat.energy + power * passed_s
        return Heat(witness.treatment_s, heat.probes, energy, 0.0, power, slow_u)
    is_steady = abs(heat.power - heat.slow_u) <= STEADY_SHARE * heat.power
    went_off_u = heat.slow_u if is_steady and heat.power > 0.0 else None
    return replace(
        heat,
        at_s=witness.treatment_s,
        off_s=heat.off_s + passed_s,
        off_u=went_off_u if heat.off_s <= 0.0 else heat.off_u,
    )


def _power(witness: Witness) -> float:
    """The u that heats: the smaller of what is permitted and what is read back."""
    permit, source = witness.permit_ka_per_m or 0.0, witness.source
    measured = None if source is None else source.measured_ka_per_m
    field = permit if measured is None else min(permit, measured)
    return power_fraction(field) if field > 0.0 else 0.0


def _step(before: Warmth, seen: Observation, heat: Heat, speed: float) -> Warmth:
    """Add one sample to the open bin; a bin that is full gives the next mean."""
    at_s, value = heat.at_s, seen.reading.value
    if heat.off_s <= 0.0 and (before.low_c is not None or before.off_c is not None):
        before = replace(before, low_c=None, off_c=None)
    if not before.count or at_s - before.open_s < BIN_S:
        return replace(
            before,
            open_s=before.open_s if before.count else at_s,
            sum_c=before.sum_c + (value or 0.0),
            count=before.count + (value is not None),
        )
    closed = _closed(before, seen.probe, heat, speed)
    return replace(closed, open_s=at_s, sum_c=value or 0.0, count=int(value is not None))


def _closed(before: Warmth, probe: Probe, heat: Heat, speed: float) -> Warmth:
    mean_c = before.sum_c / before.count
    slow_c = mean_c if before.slow_c is None else before.slow_c
    is_rest = before.rest_c is None or not (heat.energy > 0.0)
    off_c, low_c = before.off_c, before.low_c
    if heat.off_s >= wait_s(probe) + BIN_S:  # the whole bin lies after the wait
        low_c = mean_c if low_c is None else min(low_c, mean_c)
    elif 0.0 < heat.off_s <= BIN_S and abs(mean_c - slow_c) <= STEADY_C:
        off_c = slow_c
    after = replace(
        before,
        mean_c=mean_c,
        rest_c=mean_c if is_rest else before.rest_c,
        high_c=mean_c if is_rest or before.high_c is None else max(before.high_c, mean_c),
        slow_c=_towards(slow_c, mean_c, heat.at_s - before.open_s),
        off_c=off_c,
        low_c=low_c,
    )
    if after.gain is None and after.risen_c >= noise_c(probe, speed, GAIN_SIGMAS):
        return replace(after, gain=after.risen_c / heat.energy)
    return after


def _towards(slow: float, value: float, passed_s: float) -> float:
    return slow - math.expm1(-passed_s / STEADY_S) * (value - slow)
