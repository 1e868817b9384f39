# SPDX-License-Identifier: Apache-2.0
"""The cap on the field, and what an envelope must satisfy before anybody enforces it."""

import math

from mnht_controller.domain.command import Reason
from mnht_controller.domain.limits import HARD_LIMITS, region_cap_ka_per_m, wider_than
from mnht_controller.domain.prescription import Envelope
from mnht_controller.domain.probe import Role
from mnht_controller.domain.units import field_cap_at_frequency

SPEED_MAX = 20.0


def cap_ka_per_m(envelope: Envelope) -> float:
    """The session's cap at 100 kHz: the tighter of the envelope's and the region's."""
    return min(envelope.limits.field_ka_per_m_cap, region_cap_ka_per_m(envelope.region))


def is_frequency(frequency_hz: float | None) -> bool:
    """Whether there is a frequency to judge H·f by."""
    return frequency_hz is not None and 0.0 < frequency_hz < math.inf


def cap_at_ka_per_m(envelope: Envelope, frequency_hz: float | None) -> float:
    """The cap by H·f at the measured frequency, never above the cap at 100 kHz.

    An unknown frequency gives the cap at 100 kHz here; the rule `frequency_unknown` refuses it.
    """
    cap = cap_ka_per_m(envelope)
    if frequency_hz is None or not is_frequency(frequency_hz):
        return cap
    return min(cap, field_cap_at_frequency(cap, frequency_hz))


def envelope_faults(envelope: Envelope) -> tuple[Reason, ...]:
    """Why these limits cannot be enforced at all; empty when they can."""
    limits = envelope.limits
    faults = [
        Reason("limit_wider", name, getattr(limits, name), getattr(HARD_LIMITS, name))
        for name in wider_than(limits, HARD_LIMITS)
    ]
    region_cap = region_cap_ka_per_m(envelope.region)
    if not (limits.field_ka_per_m_cap <= region_cap):
        cap = limits.field_ka_per_m_cap
        faults.append(Reason("limit_wider", f"region {envelope.region.value}", cap, region_cap))
    if not (limits.skin_c_setpoint < limits.skin_c_cap < limits.skin_c_trip):
        faults.append(Reason("limit_order", "skin", limits.skin_c_cap, limits.skin_c_trip))
    speed_max = SPEED_MAX if envelope.simulated else 1.0
    if not (1.0 <= envelope.speed <= speed_max):
        faults.append(Reason("speed_refused", "", envelope.speed, speed_max))
    return (*faults, *_probe_faults(envelope), *_source_faults(envelope))


def _probe_faults(envelope: Envelope) -> tuple[Reason, ...]:
    faults = [
        Reason("probe_declaration", probe.id)
        for probe in envelope.probes
        if not (0.0 < probe.period_s < math.inf)
        or not all(
            0.0 <= number < math.inf for number in (probe.noise_c, probe.resolution_c, probe.lag_s)
        )
    ]
    ids = [probe.id for probe in envelope.probes]
    faults += [Reason("probe_duplicate", name) for name in sorted({*ids}) if ids.count(name) > 1]
    if not any(probe.role is Role.SKIN and probe.required for probe in envelope.probes):
        faults.append(Reason("probe_required", Role.SKIN.value))
    return tuple(faults)


def _source_faults(envelope: Envelope) -> tuple[Reason, ...]:
    source = envelope.source
    numbers = (source.settling_s, source.resolution_ka_per_m, source.watchdog_s)
    if 0.0 < source.period_s < math.inf and all(0.0 <= number < math.inf for number in numbers):
        return ()
    return (Reason("source_declaration", source.device),)
