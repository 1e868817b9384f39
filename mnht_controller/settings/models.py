# SPDX-License-Identifier: Apache-2.0
"""What each kind of profile may say. The site file, which composes them, is in site.py."""

from typing import Annotated

from pydantic import Field

from mnht_controller.domain.limits import Region
from mnht_controller.domain.probe import Role
from mnht_controller.settings import values as v


class Applicator(v.Profile):
    """The coil assembly."""

    frequency_hz: v.Hertz
    field_ka_per_m_max: v.KiloAmperePerMetre
    bore_diameter_mm: v.SizeMillimetre
    aperture_mm_max: v.SizeMillimetre


class DeviceProfile(v.Profile):
    """An instrument: which driver speaks to it, how fast, and what the driver is told."""

    driver: v.Name
    baud: v.Baud | None = None
    options: v.DriverOptions = v.NO_OPTIONS


class Auxiliary(DeviceProfile):
    """What stands beside the source: chiller, pick-up coil, interlock inputs and run-permit."""


class Amplifier(DeviceProfile):
    """A field source's dialect and ceiling. What the wire does is the driver's to say."""

    field_ka_per_m_max: v.KiloAmperePerMetre


class Thermometer(DeviceProfile):
    """A thermometer with its probes. A number left out is the driver's declared one."""

    channels: Annotated[int, Field(ge=1, le=64, description="how many channels it has")]
    lag_s: v.ShortSeconds
    accuracy_c: v.NoiseCelsius
    noise_c: v.NoiseCelsius | None = None
    resolution_c: v.NoiseCelsius | None = None
    period_s: v.ShortSeconds | None = None


class Bounds(v.Part):
    """The bounds of `domain.limits.Limits`, as far as a file gives them."""

    skin_c_setpoint: v.Celsius | None = None
    skin_c_cap: v.Celsius | None = None
    skin_c_trip: v.Celsius | None = None
    tumor_c_cap: v.Celsius | None = None
    healthy_c_cap: v.Celsius | None = None
    skin_cem43_min_cap: v.CemMinutes | None = None
    field_ka_per_m_cap: v.KiloAmperePerMetre | None = None
    field_s_max: v.SessionSeconds | None = None


class LimitsProfile(v.Profile, Bounds):
    """An institution's limits: tighter than the compiled hard limits, or equal."""


class GainsTable(v.Part):
    """PID on u = (H / full scale)²; see `domain.prescription.Gains`."""

    gain_per_c: v.GainPerCelsius
    integral_s: v.PositiveLoopSeconds
    derivative_s: v.LoopSeconds
    filter_s: v.PositiveLoopSeconds
    tracking_s: v.PositiveLoopSeconds
    slew_per_s: v.SlewPerSecond


class Evidence(v.Part):
    """A published claim this protocol rests on."""

    claim: v.Text
    source: v.Text


class Protocol(v.Profile):
    """A reusable prescription."""

    region: Region
    control_role: Role
    setpoint_c: v.Celsius
    plateau_s: v.SessionSeconds
    ramp_s_max: v.SessionSeconds
    ramp_c_per_min: v.CelsiusPerMinute | None = None
    tumor_setpoint_c: v.Celsius | None = None
    cooldown_c: v.Celsius = 40.0
    cooldown_s_max: v.Seconds = 600.0
    pulse_power: v.PulsePower = 0.08
    pulse_s_max: v.PulseSeconds = 60.0
    caps: Bounds = Bounds()
    gains: GainsTable
    evidence: tuple[Evidence, ...] = ()
