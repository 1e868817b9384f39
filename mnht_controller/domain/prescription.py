# SPDX-License-Identifier: Apache-2.0
"""The values for this patient, and the plan that a session is bound to."""

from dataclasses import dataclass

from mnht_controller.domain.limits import Limits, Region
from mnht_controller.domain.probe import Probe, Role


@dataclass(frozen=True, slots=True)
class Prescription:
    """What the clinician asks for. Ramp None: as fast as limits, slew and control allow.

    The session begins with a pulse of known u, `pulse_power`, for `pulse_s_max` s of treatment
    time at most, from which probes are identified. 0: no pulse, nothing is identified.
    """

    protocol: str
    region: Region
    control_role: Role
    setpoint_c: float
    plateau_s: float
    ramp_c_per_min: float | None
    ramp_s_max: float
    tumor_setpoint_c: float | None
    cooldown_c: float = 40.0
    cooldown_s_max: float = 600.0
    pulse_power: float = 0.08
    pulse_s_max: float = 60.0


@dataclass(frozen=True, slots=True)
class Gains:
    """PID on u = (H / full scale)²; time constants in seconds of treatment time."""

    gain_per_c: float
    integral_s: float
    derivative_s: float
    filter_s: float
    tracking_s: float
    slew_per_s: float
    """Largest rise of u per second; falling is never limited."""


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """What the field source's driver declares, as far as limits and rules need it.

    `watchdog_s` 0: it has no watchdog of its own. `has_limit`: it has a limit register.
    """

    device: str
    settling_s: float
    resolution_ka_per_m: float
    period_s: float
    watchdog_s: float
    has_limit: bool = True


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the guard enforces and a human confirms by its hash. `speed` is 1 with real devices."""

    limits: Limits
    region: Region
    probes: tuple[Probe, ...]
    source: SourceSpec
    speed: float
    simulated: bool
    prescription_sha256: str
    settings_sha256: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything constant during a session: copied and hashed at ARM, changed by nothing after."""

    prescription: Prescription
    gains: Gains
    envelope: Envelope
    envelope_sha256: str
    period_s: float
