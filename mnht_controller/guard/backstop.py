# SPDX-License-Identifier: Apache-2.0
"""Four limits on the raw lease, written apart: it shares no code with the rule table."""

from mnht_controller.domain.lease import Lease
from mnht_controller.domain.prescription import Envelope
from mnht_controller.domain.probe import Role


def on_s(before: Lease | None, lease: Lease, speed: float) -> float:
    """Treatment seconds that this lease adds to the time with a permit above zero."""
    if before is None or before.permit_ka_per_m in {None, 0.0}:
        return 0.0
    return max(0.0, lease.sent_at - before.sent_at) * speed


def why_stop(envelope: Envelope, lease: Lease, now: float, field_s: float) -> str | None:
    """Skin 44 °C, a silent probe, too much field, too long: the code, or None to go on."""
    for probe, reading in zip(envelope.probes, lease.probes, strict=False):
        celsius = reading.value
        is_hot = celsius is not None and not (celsius < 44.0 or celsius > 60.0)
        if probe.role is Role.SKIN and is_hot:  # above 60 °C it is no skin, but the rules' business
            return "backstop_skin"
        if probe.required and not (now - reading.at < min(2.5, max(0.8, 2.5 * probe.period_s))):
            return "backstop_stale"
    source = lease.source
    hertz = 1e5 if source is None or source.frequency_hz is None else source.frequency_hz
    cap = min(18.0, envelope.limits.field_ka_per_m_cap) * min(1.0, 1e5 / max(hertz, 1e5))
    measured = 0.0 if source is None else source.measured_ka_per_m or 0.0
    for kiloamperes in (lease.permit_ka_per_m or 0.0, measured):
        if not (kiloamperes <= 1.05 * cap + 0.1):
            return "backstop_field"
    if not (field_s <= min(6000.0, envelope.limits.field_s_max)):
        return "backstop_time"
    return None
