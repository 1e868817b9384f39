# SPDX-License-Identifier: Apache-2.0
"""A supply in constant current before an inverter and a coil: amperes become field.

Documented: nothing, it is no product. Assumed: inverter and coil draw like a resistor, and the coil
follows within a tenth of a second.
"""

from sim_hardware.devices.field_stage import FieldStage, State

NEVER_S = 1e9
RAMP_A_PER_M_S = 2e5
RESISTANCE_OHM = 0.5


class DcStage:
    """What all supply twins have: set amperes and volts, an output, a stage that follows.

    `is_on` is whether current may flow now. `measured_a(t)` comes from what really flows.
    """

    def __init__(self, t: float, field_a_per_m_per_a: float) -> None:
        self.stage = FieldStage(t)
        self.field_a_per_m_per_a = field_a_per_m_per_a
        self.set_v, self.set_a = 0.0, 0.0
        self.is_on = False
        settings = self.stage.settings
        settings.on_time_s, settings.protection = NEVER_S, NEVER_S
        settings.rise = settings.fall = RAMP_A_PER_M_S
        self.stage.watchdog.enabled = False
        self.stage.watchdog.heartbeat_only = False
        self.stage.watchdog.while_off = True

    @property
    def is_cc(self) -> bool:
        """Whether the set current is reached before the set volts."""
        return self.set_a * RESISTANCE_OHM <= self.set_v

    def follow(self, t: float) -> None:
        """Bring the stage to what is set; a latched stage stays off."""
        stage = self.stage
        amps = min(self.set_a, self.set_v / RESISTANCE_OHM)
        level = amps * self.field_a_per_m_per_a
        if level != stage.settings.level:
            stage.set_level(level, t)
        if self.is_on and stage.state is not State.ON and not stage.latched:
            fed_at = stage.watchdog.fed_at
            stage.arm(1.0, t)
            stage.watchdog.fed_at = fed_at if stage.watchdog.enabled else t
            stage.switch_on(t)
        elif not self.is_on and (stage.state is State.ON or stage.is_energized):
            stage.switch_off(t)

    def measured_a(self, t: float) -> float:
        """What flows, A."""
        return 1e3 * self.stage.measured(t) / self.field_a_per_m_per_a

    def measured_v(self, t: float) -> float:
        """What stands at the output, V."""
        return self.measured_a(t) * RESISTANCE_OHM
