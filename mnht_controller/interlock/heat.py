# SPDX-License-Identifier: Apache-2.0
"""What the rules remember of heat: field energy, time off, and means of 1 s of each probe.

Begins anew with every arming. A tumor probe counts by what it has shown since the field first
went on; it needs no number from the plan. Times are treatment time.
"""

import math
from dataclasses import dataclass

from mnht_controller.domain.compiled import quick
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


@quick
@dataclass(frozen=True, slots=True)
class Warmth:
    """One probe: the open bin's sums, the last mean, and extremes of the means.

    `rest_c` is the mean before the field first went on, `high_c` the highest since, `low_c` the
    lowest since the field is off for as long as heat may still arrive (None: not yet).
    """

    open_s: float
    sum_c: float
    count: int
    mean_c: float | None = None
    rest_c: float | None = None
    high_c: float | None = None
    low_c: float | None = None


@quick
@dataclass(frozen=True, slots=True)
class Heat:
    """`energy` is the integral of u dt since arming; `off_s` how long the field is off now."""

    at_s: float
    energy: float
    off_s: float
    probes: tuple[Warmth, ...]


def wait_s(probe: Probe) -> float:
    """How long after the field is off this probe may still rise, in treatment seconds."""
    if probe.role is Role.TUMOR:
        return probe.lag_s + TUMOR_WAIT_S
    return SKIN_WAITS * prediction_s(probe)


def mean_sigma_c(probe: Probe, speed: float) -> float:
    """Noise of the mean of one bin."""
    samples = max(1.0, BIN_S / (probe.period_s * speed))
    return sigma_c(probe) / math.sqrt(samples)


def warmed(heat: Heat | None, witness: Witness) -> Heat | None:
    """Take in one moment; None while not armed."""
    if not witness.armed:
        return None
    at_s = witness.treatment_s
    passed_s = 0.0 if heat is None else at_s - heat.at_s
    is_gap = not (0.0 <= passed_s <= GAP_S_MAX * witness.envelope.speed)
    if heat is None or is_gap or len(heat.probes) != len(witness.observations):
        return Heat(at_s, 0.0, 0.0, tuple([_fresh(at_s) for _ in witness.observations]))
    is_on = field_is_on(witness.permit_ka_per_m, witness.source, witness.uncertain_s)
    energy = heat.energy + _power(witness) * passed_s
    off_s = 0.0 if is_on else heat.off_s + passed_s
    began = energy > 0.0
    probes = [
        _step(before, seen, (at_s, off_s, began))
        for before, seen in zip(heat.probes, witness.observations, strict=True)
    ]
    return Heat(at_s, energy, off_s, tuple(probes))


def _power(witness: Witness) -> float:
    """The u that heats: the smaller of what is permitted and what is read back."""
    permit, source = witness.permit_ka_per_m or 0.0, witness.source
    measured = None if source is None else source.measured_ka_per_m
    field = permit if measured is None else min(permit, measured)
    return power_fraction(field) if field > 0.0 else 0.0


def _fresh(at_s: float) -> Warmth:
    return Warmth(at_s, 0.0, 0)


def _step(before: Warmth, seen: Observation, given: tuple[float, float, bool]) -> Warmth:
    at_s, off_s, began = given
    value = seen.reading.value
    is_waited = off_s >= wait_s(seen.probe)
    low_c = before.low_c if is_waited else None
    if at_s - before.open_s < BIN_S or not before.count:
        return Warmth(
            before.open_s if before.count else at_s,
            before.sum_c + (value or 0.0),
            before.count + (value is not None),
            before.mean_c,
            before.rest_c,
            before.high_c,
            low_c,
        )
    mean_c = before.sum_c / before.count
    is_after = is_waited and off_s >= wait_s(seen.probe) + BIN_S
    rest_c = mean_c if before.rest_c is None or not began else before.rest_c
    return Warmth(
        at_s,
        value or 0.0,
        1 if value is not None else 0,
        mean_c,
        rest_c,
        _highest(before.high_c, mean_c) if began else None,
        _lowest(low_c, mean_c) if is_after else None,
    )


def _highest(before: float | None, value: float) -> float:
    return value if before is None else max(before, value)


def _lowest(before: float | None, value: float) -> float:
    return value if before is None else min(before, value)
