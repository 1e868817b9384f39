# SPDX-License-Identifier: Apache-2.0
"""What the rules look for in the course of temperatures, or in several of them together.

Heat without a field, a field without heat, probes of one place that differ. Judged only where
physics leaves no other answer; each threshold says which.
"""

import math
from collections.abc import Iterable
from itertools import combinations

from mnht_controller.domain.probe import Probe, Role
from mnht_controller.interlock.findings import Finding, over
from mnht_controller.interlock.heat import BIN_S, Heat, Warmth, noise_c
from mnht_controller.interlock.memory import Memory
from mnht_controller.interlock.witness import Witness
from mnht_controller.thermometry import rate
from mnht_controller.thermometry.observe import Observation
from mnht_controller.thermometry.plausibility import sigma_c
from mnht_controller.thermometry.prediction import prediction_s

BODY_C_MAX = 38.5
"""Warmer tissue than this has been heated; cooler tissue may warm by itself, under a blanket."""
RISE_C = ((Role.TUMOR, 0.15), (Role.SKIN, 0.3))
"""Largest rise of a mean of 1 s over the lowest one, in heated tissue with the field off."""
COOL_RISE_C = 0.5
"""The same in tissue at or below 38.5 °C."""
SIGMAS = 6.0
DEPOSIT_SHARE = 0.5
"""A tumor probe in the deposit has warmed at least half as much as the hottest one."""
GAIN_C_PER_S_MIN = 0.003
"""Least °C/s per unit u of a tumor probe: a metastasis behind bone has twice as much."""
HEAT_SIGMAS = 5.0
COOLING_SHARE = 0.25
COOLING_S_MAX = 30.0
"""Later, perfusion and conduction have bent the course too far for a first rise to judge it."""
FALL_C_PER_S_MAX = 0.12
"""Skin that is no longer heated sinks by 0.05 °C/s at most; the slope is that of 10 s or more."""
FALL_SIGMAS = 5.0
ZONE_C_MAX = 1.0
BASELINE_C_MAX = 37.8
"""At rest and nowhere warmer than this, nothing has been heated yet."""
BASELINE_RATE_C_PER_S_MAX = 0.02
BASELINE_ZONE_C = 0.5
BASELINE_INNER_C = 1.0
BASELINE_SKIN_C = 1.0
"""How much warmer than a probe inside the body bare skin can be: heat flows outwards."""


def heat_when_off(witness: Witness, memory: Memory) -> Iterable[Finding]:
    """The field is said to be off, and yet a probe warms, or a steady tumor does not cool.

    It warms when no more heat can arrive. It does not cool when it loses less than a quarter of
    what its own first rise says that the power which went off has made.
    """
    heat = memory.heat
    if heat is None or heat.off_s <= 0.0:
        return ()
    deposit_c = DEPOSIT_SHARE * max([item.risen_c for item, _ in _tumors(witness, heat)], default=0)
    found: list[Finding] = []
    for warmth, seen in zip(heat.probes, witness.observations, strict=False):
        is_tumor = seen.probe.role is Role.TUMOR
        if warmth.mean_c is None or (is_tumor and warmth.risen_c < deposit_c):
            continue
        speed = witness.envelope.speed
        limits = (
            _warming_c_max(warmth, seen.probe, speed),
            _uncooled_c_max(warmth, seen.probe, heat, speed),
        )
        limit = min([limit for limit in limits if limit is not None], default=None)
        if limit is not None and over(warmth.mean_c, limit):
            found.append((seen.probe.id, warmth.mean_c, limit))
    return found


def _warming_c_max(warmth: Warmth, probe: Probe, speed: float) -> float | None:
    """What a probe may show that nothing heats; None while heat may still arrive."""
    if warmth.low_c is None:
        return None
    own = next((rise for role, rise in RISE_C if role is probe.role), math.inf)
    least = own if warmth.low_c > BODY_C_MAX else max(own, COOL_RISE_C)
    return warmth.low_c + max(least, noise_c(probe, speed, SIGMAS))


def _uncooled_c_max(warmth: Warmth, probe: Probe, heat: Heat, speed: float) -> float | None:
    """Where a steady tumor must have cooled to by now; None while noise could hide it."""
    if (
        probe.role is not Role.TUMOR
        or warmth.off_c is None
        or warmth.gain is None
        or heat.off_u is None
    ):
        return None
    passed_s = heat.off_s - probe.lag_s - 2.0 * BIN_S
    least_c = COOLING_SHARE * warmth.gain * heat.off_u * passed_s
    if passed_s > COOLING_S_MAX or least_c < noise_c(probe, speed, HEAT_SIGMAS):
        return None
    return warmth.off_c - least_c


def no_heat(witness: Witness, memory: Memory) -> Iterable[Finding]:
    """Since the field first went on in cool tissue, no tumor probe has warmed beyond its noise.

    Judged once even the least gain would have shown. One probe that has warmed ends it for good:
    later on losses balance heat, and a steady tumor says nothing. One that has never read anything
    excuses no other.
    """
    heat = memory.heat
    if heat is None or not (heat.energy > 0.0):
        return ()
    tumors = _tumors(witness, heat)
    found: list[Finding] = []
    for warmth, probe in tumors:
        limit = noise_c(probe, witness.envelope.speed, HEAT_SIGMAS)
        if warmth.rest_c is None:
            continue
        is_cool = warmth.rest_c <= BODY_C_MAX
        is_due = GAIN_C_PER_S_MIN * heat.energy >= limit
        if not (is_cool and is_due) or warmth.risen_c > limit:
            return ()
        found.append((probe.id, warmth.risen_c, limit))
    return found


def skin_falls(witness: Witness, _memory: Memory) -> Iterable[Finding]:
    """A skin probe sinks more steadily than skin does, field or not: it is losing its contact."""
    found: list[Finding] = []
    for seen in witness.observations:
        slope = seen.rate_c_per_s
        if seen.probe.role is not Role.SKIN or slope is None:
            continue
        limit = FALL_C_PER_S_MAX + FALL_SIGMAS * _slope_sigma(seen.probe, witness.envelope.speed)
        if over(-slope, limit):
            found.append((seen.probe.id, slope, -limit))
    return found


def _slope_sigma(probe: Probe, speed: float) -> float:
    sigma, spacing_s = sigma_c(probe), probe.period_s * speed
    window_s = rate.window_s(sigma, spacing_s, prediction_s(probe))
    return rate.sigma_c_per_s(sigma, spacing_s, window_s)


def zone_disagrees(witness: Witness, _memory: Memory) -> Iterable[Finding]:
    """Two good probes of one place are further apart than 1 °C; both are named."""
    return _pairs_apart(witness.observations, ZONE_C_MAX)


def baseline_faults(observations: tuple[Observation, ...]) -> tuple[Finding, ...]:
    """What cannot be before anything is heated: an offset, or channels that are exchanged.

    Probes of one zone within 0.5 °C, tumor probes among themselves and healthy ones within 1 °C,
    and no skin 1 °C warmer than a probe inside. Silent while a probe changes or is
    warm; a slope that is not known yet excuses nothing.
    """
    known = [seen for seen in observations if seen.control_c is not None]
    if not all(_is_at_rest(seen) for seen in known):
        return ()
    faults = _pairs_apart(observations, BASELINE_ZONE_C)
    for role in (Role.TUMOR, Role.HEALTHY):
        inner = [seen for seen in known if seen.probe.role is role]
        faults += _differing(inner, BASELINE_INNER_C)
    for skin in (seen for seen in known if seen.probe.role is Role.SKIN):
        for inner_one in (seen for seen in known if seen.probe.role is not Role.SKIN):
            excess_c = _celsius(skin) - _celsius(inner_one)
            if over(excess_c, BASELINE_SKIN_C):
                names = f"{skin.probe.id}, {inner_one.probe.id}"
                faults.append((names, excess_c, BASELINE_SKIN_C))
    return tuple(faults)


def _is_at_rest(seen: Observation) -> bool:
    slope = seen.rate_c_per_s
    is_steady = slope is None or abs(slope) <= BASELINE_RATE_C_PER_S_MAX
    return is_steady and _celsius(seen) <= BASELINE_C_MAX


def _tumors(witness: Witness, heat: Heat) -> list[tuple[Warmth, Probe]]:
    return [
        (warmth, seen.probe)
        for warmth, seen in zip(heat.probes, witness.observations, strict=False)
        if seen.probe.role is Role.TUMOR
    ]


def _pairs_apart(observations: tuple[Observation, ...], limit_c: float) -> list[Finding]:
    zones = {seen.probe.zone for seen in observations if seen.probe.zone is not None}
    found: list[Finding] = []
    for zone in sorted(zones):
        mine = [seen for seen in observations if seen.probe.zone == zone]
        found += _differing([seen for seen in mine if seen.control_c is not None], limit_c)
    return found


def _differing(group: list[Observation], limit_c: float) -> list[Finding]:
    return [
        (f"{one.probe.id}, {other.probe.id}", apart_c, limit_c)
        for one, other in combinations(group, 2)
        if over(apart_c := abs(_celsius(one) - _celsius(other)), limit_c)
    ]


def _celsius(seen: Observation) -> float:
    return math.nan if seen.control_c is None else seen.control_c
