# SPDX-License-Identifier: Apache-2.0
"""What the rules look for at the probes: too hot, too fast, or not to be trusted."""

import math
from collections.abc import Callable, Iterable

from mnht_controller.domain.probe import Role
from mnht_controller.domain.reading import Quality
from mnht_controller.interlock.findings import Finding, over
from mnht_controller.interlock.memory import Memory
from mnht_controller.interlock.witness import Witness
from mnht_controller.thermometry.observe import Observation, Why

RATE_C_PER_S_MAX = 0.5
RELEASE_C = 0.2
"""Hysteresis of the cut-back."""
SLOW_PERIOD_S = 0.25
"""A thermometer slower than 4 Hz widens the cut-back by the largest slope times its period."""

_SKIN = Role.SKIN  # looking up a member costs as much as a short function
_STALE = frozenset({Why.STALE, Why.COUNTER_STOPPED})
_OUT_OF_RANGE = frozenset({Why.RANGE})
_FLAT = frozenset({Why.FLAT})
_IMPLAUSIBLE = frozenset({Why.JUMP, Why.FALLING})
_USABLE = frozenset({Quality.GOOD, Quality.SUSPECT})


def skin_trip(witness: Witness, _memory: Memory) -> Iterable[Finding]:
    """One physically possible raw sample of any skin probe is enough."""
    limit = witness.envelope.limits.skin_c_trip
    return [
        (seen.probe.id, seen.raw_c, limit)
        for seen in witness.observations
        if seen.probe.role is _SKIN and seen.raw_c is not None and over(seen.raw_c, limit)
    ]


def skin_cap(witness: Witness, memory: Memory) -> Iterable[Finding]:
    """Measured skin at the cut-back."""
    return _cut_back("skin_cap", witness, memory, lambda seen: seen.reading.value)


def skin_predicted(witness: Witness, memory: Memory) -> Iterable[Finding]:
    """Predicted skin at the cut-back."""
    return _cut_back("skin_predicted", witness, memory, lambda seen: seen.predicted_c)


def _cut_back(
    code: str, witness: Witness, memory: Memory, read: Callable[[Observation], float | None]
) -> list[Finding]:
    """Once over, a probe stays over until it is 0.2 °C below; a missing value frees nothing."""
    cap = witness.envelope.limits.skin_c_cap
    found: list[Finding] = []
    for seen in witness.observations:
        if seen.probe.role is not _SKIN:
            continue
        period_s = seen.probe.period_s
        slope_c = RATE_C_PER_S_MAX * period_s if period_s > SLOW_PERIOD_S else 0.0
        is_held = bool(memory.since) and memory.first_true(code, seen.probe.id) is not None
        limit = cap - slope_c - (RELEASE_C if is_held else 0.0)
        value = read(seen)
        if is_held if value is None else over(value, limit):
            found.append((seen.probe.id, value, limit))
    return found


def tumor_cap(witness: Witness, _memory: Memory) -> Iterable[Finding]:
    """Any tumor probe above its cap."""
    return _too_hot(witness, Role.TUMOR, witness.envelope.limits.tumor_c_cap)


def healthy_cap(witness: Witness, _memory: Memory) -> Iterable[Finding]:
    """Any probe in healthy tissue above its cap."""
    return _too_hot(witness, Role.HEALTHY, witness.envelope.limits.healthy_c_cap)


def _too_hot(witness: Witness, role: Role, limit: float) -> list[Finding]:
    return [
        (seen.probe.id, seen.reading.value, limit)
        for seen in witness.observations
        if seen.probe.role is role
        and seen.reading.value is not None
        and over(seen.reading.value, limit)
    ]


def rate_of_rise(witness: Witness, _memory: Memory) -> Iterable[Finding]:
    """Any probe rises faster than tissue can; observe has taken off five sigma of the noise."""
    return [
        (seen.probe.id, seen.fast_rate_c_per_s, RATE_C_PER_S_MAX)
        for seen in witness.observations
        if seen.rising_too_fast
    ]


def skin_dose(witness: Witness, _memory: Memory) -> Iterable[Finding]:
    """Thermal dose of any skin probe."""
    limit = witness.envelope.limits.skin_cem43_min_cap
    return [
        (seen.probe.id, seen.cem43_min, limit)
        for seen in witness.observations
        if seen.probe.role is _SKIN and over(seen.cem43_min, limit)
    ]


def probe_range(witness: Witness, _memory: Memory) -> Iterable[Finding]:
    """A required probe says what no tissue can have."""
    return _required(witness, _OUT_OF_RANGE)


def probe_implausible(witness: Witness, _memory: Memory) -> Iterable[Finding]:
    """A required probe jumps or falls: it is coming off."""
    return _required(witness, _IMPLAUSIBLE)


def probe_flat(witness: Witness, _memory: Memory) -> Iterable[Finding]:
    """A required probe repeats itself more exactly than its noise allows."""
    return _required(witness, _FLAT)


def probe_stale(witness: Witness, _memory: Memory) -> Iterable[Finding]:
    """A required probe is silent, its counter stands still, or nobody reads it."""
    found: list[Finding] = [
        (seen.probe.id, seen.raw_c, None)
        for seen in witness.observations
        if seen.probe.required and _is_silent(seen)
    ]
    if len(witness.observations) != len(witness.envelope.probes):
        found.append(("probes", None, None))
    return found


def probe_bad(witness: Witness, _memory: Memory) -> Iterable[Finding]:
    """A required probe has no usable value, for whatever reason."""
    return [
        (seen.probe.id, seen.raw_c, None)
        for seen in witness.observations
        if seen.probe.required and not _has_value(seen)
    ]


def _required(witness: Witness, codes: frozenset[Why]) -> list[Finding]:
    return [
        (seen.probe.id, seen.raw_c, None)
        for seen in witness.observations
        if seen.codes and seen.probe.required and not codes.isdisjoint(seen.codes)
    ]


def _is_silent(seen: Observation) -> bool:
    if seen.codes and not _STALE.isdisjoint(seen.codes):
        return True
    return seen.reading.quality is Quality.STALE and Why.FLAT not in seen.codes


def _has_value(seen: Observation) -> bool:
    value = seen.reading.value
    usable = seen.reading.quality in _USABLE
    return usable and value is not None and math.isfinite(value)
