# SPDX-License-Identifier: Apache-2.0
"""A field source without bytes: permits act on the twin's electronics, its state is read back.

What stands between a driver and a source on a good link, in one step of time. For the core lane.
"""

from mnht_controller.domain.command import Inhibit, Permit
from mnht_controller.domain.reading import SourceReading
from mnht_controller.domain.self_test import UNTESTED, Outcome, Proof
from mnht_controller.runtime.source import NOT_ACTED
from sim_hardware.bench.world import World
from sim_hardware.devices.field_stage import ARMED, TEST_S, Ques

ARM_S = 5.0
FAULTS = Ques.CURRENT | Ques.TIME | Ques.TEMPERATURE | Ques.FIELD | Ques.COOLING | Ques.WATCHDOG
WATCHDOG_S, ON_TIME_S, SLOPE = 0.5, 7200.0, 1e5
"""What the driver sets before anything heats; SLOPE in A/m/s, up and down."""


class CoreSource:
    """`reading` is what the last exchange has shown; None while nobody is connected."""

    def __init__(self, world: World, now: float) -> None:
        self._world, self._stage = world, world.source.stage
        self._beat = 0
        self._is_ours = False
        self._seq = 0
        self.is_connected = True
        self.watchdog = UNTESTED
        stage = self._stage
        stage.watchdog.time_s, stage.settings.on_time_s = WATCHDOG_S, ON_TIME_S
        stage.settings.rise = stage.settings.fall = SLOPE
        self.reading: SourceReading | None = self._look(now)

    def prepare(self, limit_ka_per_m: float, now: float) -> None:
        """PREPARE: off, latched faults cleared, the limit register set."""
        if self.watchdog.outcome is Outcome.FAILED:
            self.watchdog = UNTESTED
        self._off(now)
        self._stage.set_level(0.0, now)
        self._stage.clear()
        self._stage.settings.limit = limit_ka_per_m * 1e3

    def act(self, verdict: Permit | Inhibit | float, now: float) -> None:
        """Carry a verdict out (a number: an amplitude that nobody permitted), then look."""
        if not self.is_connected:
            return
        stage = self._stage
        stage.elapse(now)
        self._beat += 1
        stage.beat(self._beat, now)
        if isinstance(verdict, Inhibit):
            self._off(now)
        else:
            wanted = verdict.field_ka_per_m if isinstance(verdict, Permit) else verdict
            self._apply(wanted, now)
        self._world.advance(now)
        stage.supervise(now)
        self.reading = self._look(now)
        self._prove(now)

    def prove(self, now: float) -> None:
        """Let the watchdog trip, which the next exchange sees and clears."""
        self._stage.watchdog.test_at = now + TEST_S
        self.watchdog = Proof(Outcome.RUNNING)

    def _prove(self, now: float) -> None:
        if self.watchdog.outcome is not Outcome.RUNNING:
            return
        has_acted = self.reading is not None and "WATCHDOG" in self.reading.faults
        self.watchdog = Proof(Outcome.PROVEN) if has_acted else Proof(Outcome.FAILED, NOT_ACTED)
        self._stage.watchdog.test_at = None
        self._stage.clear()
        self.reading = self._look(now)

    def _apply(self, field_ka_per_m: float, now: float) -> None:
        stage = self._stage
        if not (0.0 <= field_ka_per_m * 1e3 <= stage.settings.limit + 1e-6):
            return  # its limit register refuses
        stage.set_level(field_ka_per_m * 1e3, now)
        if field_ka_per_m > 0.0 and not self._is_ours and not stage.latched:
            stage.arm(ARM_S, now)
            if stage.state is ARMED:
                stage.switch_on(now)
            self._is_ours = True

    def _off(self, now: float) -> None:
        self._stage.switch_off(now)
        self._is_ours = False

    def _look(self, now: float) -> SourceReading:
        stage, coil = self._stage, self._world.coil
        self._seq += 1
        return SourceReading(
            at=now,
            seq=self._seq,
            clock_s=now,
            boot=1,
            heartbeat=self._beat,
            setpoint_ka_per_m=stage.settings.level / 1e3,
            measured_ka_per_m=stage.measured(now),
            output_on=stage.is_energized,
            watchdog_on=stage.watchdog.enabled,
            limit_ka_per_m=stage.settings.limit / 1e3,
            frequency_hz=1e3 * coil.frequency_khz,
            coil_c=coil.coil_c,
            coolant_l_per_min=coil.flow_l_per_min,
            faults=tuple(b.name or "" for b in FAULTS if stage.latched & b)
            if stage.latched
            else (),
            interlocks_open=("COOLANT",) if stage.interlocks else (),
            line_closed=self._world.line.closed(now),
            line_seen_at=now,
        )
