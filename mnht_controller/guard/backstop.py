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


def is_hot(envelope: Envelope, lease: Lease) -> bool:
    """Whether a skin probe says 44 °C or more; above 60 °C it is no skin, but the rules' task."""
    skin = [reading.value for probe, reading in zip(envelope.probes, lease.probes, strict=False)
            if probe.role is Role.SKIN and reading.value is not None]  # fmt: skip
    return any(not (celsius < 44.0 or celsius > 60.0) for celsius in skin)


def why_stop(envelope: Envelope, lease: Lease, now: float, hot_s: float, field_s: float) -> str:
    """Hot for 0.3 s, a silent probe (0.1 s after the rules), too much field, too long; or empty."""
    if not (hot_s < 0.3):
        return "backstop_skin"
    for probe, reading in zip(envelope.probes, lease.probes, strict=False):
        limit_s = 0.1 + min(2.5, max(0.8, 2.5 * probe.period_s))
        if probe.required and not (now - reading.at < limit_s):
            return "backstop_stale"
    source, cap = lease.source, min(18.0, envelope.limits.field_ka_per_m_cap)
    cap *= 1.0 if source is None else 1e5 / max(source.frequency_hz or 1e5, 1e5)
    measured = 0.0 if source is None else source.measured_ka_per_m or 0.0
    if any(not (field <= 1.05 * cap + 0.1) for field in (lease.permit_ka_per_m or 0.0, measured)):
        return "backstop_field"
    return "" if field_s <= min(6000.0, envelope.limits.field_s_max) else "backstop_time"
