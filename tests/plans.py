# SPDX-License-Identifier: Apache-2.0
"""The reference plan of many tests: Imai's protocol at the neck, three probes, one source."""

from dataclasses import replace

from mnht_controller.domain.codec import digest
from mnht_controller.domain.limits import HARD_LIMITS, Region
from mnht_controller.domain.prescription import Envelope, Gains, Plan, Prescription, SourceSpec
from mnht_controller.domain.probe import Probe, Role
from mnht_controller.domain.tick import Health

PROBES = tuple(
    Probe(
        id=role.value,
        device="thermometer",
        channel=channel,
        role=role,
        required=True,
        noise_c=0.05,
        resolution_c=0.01,
        lag_s=1.0,
        period_s=0.1,
        deposit_depth_mm=4.5 if role is Role.SKIN else None,
    )
    for channel, role in enumerate((Role.SKIN, Role.TUMOR, Role.HEALTHY), start=1)
)

PRESCRIPTION = Prescription(
    protocol="imai_mcl",
    region=Region.NECK,
    control_role=Role.SKIN,
    setpoint_c=43.0,
    plateau_s=1800.0,
    ramp_c_per_min=None,
    ramp_s_max=2400.0,
    tumor_setpoint_c=None,
)

GAINS = Gains(
    gain_per_c=0.03,
    integral_s=500.0,
    derivative_s=30.0,
    filter_s=5.0,
    tracking_s=100.0,
    slew_per_s=0.02,
)

ENVELOPE = Envelope(
    limits=replace(HARD_LIMITS, field_ka_per_m_cap=7.5),
    region=Region.NECK,
    probes=PROBES,
    source=SourceSpec("source", 0.3, 0.01, 0.1, 0.5),
    speed=1.0,
    simulated=True,
    prescription_sha256=digest(PRESCRIPTION),
    settings_sha256="0" * 64,
)

HEALTHY = Health(disk_free_mb=10_000.0)
"""A host that has nothing to say against arming."""


def plan(**changes: object) -> Plan:
    """The reference plan; `changes` go into the envelope."""
    envelope = replace(ENVELOPE, **changes)  # type: ignore[arg-type]
    return Plan(PRESCRIPTION, GAINS, envelope, digest(envelope), 0.1)
