# SPDX-License-Identifier: Apache-2.0
"""What both generator twins share: a wave at a load, and the stage that an amplifier drives.

The amplifier has an input of 50 ohm and no resonance: any periodic wave makes a field.
"""

from dataclasses import dataclass

from sim_hardware.devices.field_stage import FieldStage, State

SOURCE_OHM = 50.0
NEVER_S = 1e9
STEP_A_PER_M_S = 1e6
HIGH_IMPEDANCE = 9.9e37
SILENT = frozenset({"DC", "NOIS", "NOISE", "ARB", "PRBS"})
"""What drives no coil."""


@dataclass(slots=True)
class Wave:
    """Front-panel state. Volts are those shown at the load that is set, not those at the socket."""

    function: str = "SIN"
    frequency_hz: float = 1e3
    vpp: float = 0.1
    offset_v: float = 0.0
    load_ohm: float = SOURCE_OHM
    is_on: bool = False
    limit_high_v: float = 5.0
    limit_low_v: float = -5.0
    is_limited: bool = False

    @property
    def shown_share(self) -> float:
        """Volts shown per volt of the open socket."""
        if self.load_ohm >= HIGH_IMPEDANCE:
            return 1.0
        return self.load_ohm / (self.load_ohm + SOURCE_OHM)

    def set_load(self, ohm: float) -> None:
        """Change what the volts are shown for; the socket's own stay."""
        before = self.shown_share
        self.load_ohm = ohm
        ratio = self.shown_share / before
        self.vpp, self.offset_v = self.vpp * ratio, self.offset_v * ratio
        self.limit_high_v, self.limit_low_v = self.limit_high_v * ratio, self.limit_low_v * ratio

    @property
    def vpp_at_50_ohm(self) -> float:
        """What an amplifier with 50 ohm input really gets."""
        return 0.5 * self.vpp / self.shown_share

    @property
    def high_v(self) -> float:
        """The upper level."""
        return self.offset_v + self.vpp / 2.0

    @property
    def low_v(self) -> float:
        """The lower level."""
        return self.offset_v - self.vpp / 2.0

    def set_levels(self, low_v: float, high_v: float) -> None:
        """Set both levels."""
        self.vpp, self.offset_v = high_v - low_v, (high_v + low_v) / 2.0

    @property
    def room_vpp(self) -> float:
        """The greatest amplitude about this offset that the clamp lets out."""
        if not self.is_limited:
            return float("inf")
        above, below = self.limit_high_v - self.offset_v, self.offset_v - self.limit_low_v
        return max(0.0, 2.0 * min(above, below))


class WaveStage:
    """Joins a wave to a stage: volts times a constant, at once, while the output is on."""

    def __init__(self, t: float, a_per_m_per_vpp: float) -> None:
        self.wave, self.stage = Wave(), FieldStage(t)
        self._a_per_m_per_vpp = a_per_m_per_vpp
        self.restart(t)

    def restart(self, t: float) -> None:
        """Begin anew as after a power cycle; the caller gives the new wave."""
        self.stage.restart(t)
        self.stage.watchdog.enabled = False
        settings = self.stage.settings
        settings.on_time_s, settings.protection = NEVER_S, NEVER_S
        settings.rise = settings.fall = STEP_A_PER_M_S

    def follow(self, t: float) -> None:
        """Bring the stage to what the wave says."""
        wave, stage = self.wave, self.stage
        is_field = wave.is_on and wave.function not in SILENT
        stage.set_level(wave.vpp_at_50_ohm * self._a_per_m_per_vpp if is_field else 0.0, t)
        if is_field and stage.state is not State.ON:
            stage.arm(1.0, t)
            stage.switch_on(t)
        elif not is_field and stage.state is State.ON:
            stage.switch_off(t)
