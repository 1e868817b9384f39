# SPDX-License-Identifier: Apache-2.0
"""The electronics behind the generic field source: ramps, arm window, watchdog, limits, trips.

Pure state over loop time; amplitudes are peak A/m. It reads no text and writes none.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntFlag, StrEnum
from typing import Protocol

FULL_SCALE = 18e3
FLOW_L_PER_MIN_MIN = 4.0
OUTLET_C_MAX = 45.0
COIL_C_MAX = 70.0
DEVIATION_S = 0.3
TEST_S = 0.01


class Ques(IntFlag):
    """Bits of STAT:QUES that this twin sets."""

    CURRENT = 1 << 1
    TIME = 1 << 2
    TEMPERATURE = 1 << 4
    FIELD = 1 << 9
    INTERLOCK = 1 << 10
    COOLING = 1 << 11
    WATCHDOG = 1 << 12


class State(StrEnum):
    """State machine of the manual; ramping is part of ON, TRIPPED is OFF with a latch."""

    OFF = "off"
    ARMED = "armed"
    ON = "on"


OFF, ARMED, ON = State
FLOW_OPEN, OUTLET_OPEN = 1 << 2, 1 << 3
"""Bits of STAT:QUES:INT of the two cooling switches."""


class Sensors(Protocol):
    """What is measured at the coil besides its field."""

    def current_a(self, t: float) -> float:
        """Return the peak current at loop time t."""

    @property
    def frequency_khz(self) -> float:
        """Frequency of the field."""

    @property
    def coil_c(self) -> float:
        """Temperature of the coil."""

    @property
    def coolant_out_c(self) -> float:
        """Temperature of the water that comes out."""

    @property
    def coolant_in_c(self) -> float:
        """Temperature of the water that goes in."""

    @property
    def flow_l_per_min(self) -> float:
        """Flow of the water."""


@dataclass(slots=True)
class Watchdog:
    """The communication watchdog. `last` is the last accepted heartbeat; feeding is its time.

    `while_off`: it runs with the output off too.
    """

    enabled: bool = True
    time_s: float = 2.0
    heartbeat_only: bool = True
    last: int = 0
    fed_at: float = 0.0
    test_at: float | None = None
    while_off: bool = False


@dataclass(slots=True)
class Settings:
    """What the host can set. A/m, A/m/s, s."""

    level: float = 0.0
    limit: float = FULL_SCALE
    rise: float = 1e4
    fall: float = 1e4
    protection: float = 1.1 * FULL_SCALE
    on_time_s: float = 60.0


@dataclass(slots=True)
class _Ramp:
    """From `start` towards `target`, begun at `at`."""

    at: float
    start: float
    target: float


class FieldStage:
    """Output stage and protections. `measured(t)`, kA/m, is set by whoever joins it to a coil.

    So are `sensors`; without them nothing watches the cooling.
    Call `elapse(t)` before reading: timers act at their own time, not at the time of the call.
    Faults: `ignores_off` (off commands and a level of 0 have no effect), `lies_off` (they are
    obeyed by everything but the field, and by what is measured), `stuck_full` (once on, full
    scale, deaf to everything including its own watchdog), `ignores_silence` (its watchdog does
    not act).
    """

    def __init__(self, t: float = 0.0) -> None:
        self.ignores_off, self.lies_off, self.stuck_full = False, False, False
        self.ignores_silence = False
        self._secret = 0.0  # what flows while a lying stage says that nothing does
        self.on_trip: Callable[[Ques], None] = lambda _: None
        self.measured: Callable[[float], float] = self.current
        self.sensors: Sensors | None = None
        self.restart(t)

    def restart(self, t: float) -> None:
        """Begin anew as after a power cycle: off, no latches; faults and joints to a coil stay."""
        self.settings, self.watchdog = Settings(), Watchdog(fed_at=t)
        self.state, self.latched, self.first_cause = OFF, Ques(0), Ques(0)
        self.interlocks, self.interlocks_latched = 0, 0
        self._cooling = Ques(0)  # what is wrong with it now
        self.off_at: float | None = t
        self._held: float | None = None  # a faulty stage stays on at this level
        self._ramp = _Ramp(t, 0.0, 0.0)
        self._armed_until, self._on_since = 0.0, 0.0
        self._deviating_since: float | None = None

    @property
    def measured(self) -> Callable[[float], float]:
        """What the stage's own meter shows at a loop time, kA/m."""
        return self._told if self._secret > 0.0 else self._meter

    @measured.setter
    def measured(self, meter: Callable[[float], float]) -> None:
        self._meter = meter

    def _told(self, t: float) -> float:
        self.elapse(t)
        return self._wanted(t) / 1e3

    @property
    def is_energized(self) -> bool:
        """Whether the output stage is on, whatever the logic believes."""
        return self.state is ON or self._held is not None

    def current(self, t: float) -> float:
        """Return the demanded peak field before the enable contact, kA/m."""
        self.elapse(t)
        return self._output(t) / 1e3

    def _output(self, t: float) -> float:
        return max(self._secret, self._wanted(t))

    def _wanted(self, t: float) -> float:
        if self.is_energized and self.stuck_full:
            return FULL_SCALE
        if self._held is not None:
            return self._held
        return self._ramped(t) if self.state is ON else 0.0

    def _ramped(self, t: float) -> float:
        ramp, settings = self._ramp, self.settings
        # Whoever integrates the field looks back to before the command: the ramp began at `at`.
        passed_s = max(0.0, t - ramp.at)
        if ramp.target >= ramp.start:
            return min(ramp.target, ramp.start + settings.rise * passed_s)
        return max(ramp.target, ramp.start - settings.fall * passed_s)

    def settled_at(self) -> float:
        """Return when the present ramp ends."""
        way = self._ramp.target - self._ramp.start
        slope = self.settings.rise if way >= 0.0 else self.settings.fall
        return self._ramp.at + abs(way) / slope

    # ---- commands ------------------------------------------------------------------------

    def set_level(self, level: float, t: float) -> None:
        """Store the target, A/m; a running output ramps to it."""
        self._keep_on(level, t)
        self.settings.level = level
        if self.state is ON and not (self.ignores_off and level <= 0.0):
            self._ramp = _Ramp(t, self._ramped(t), level)

    def arm(self, window_s: float, t: float) -> None:
        """Open the arm window; the watchdog starts anew. Conditions are the caller's."""
        if self.state is OFF:
            self.state = ARMED
        self._armed_until = t + window_s
        self.watchdog.fed_at = t

    def switch_on(self, t: float) -> None:
        """Start the ramp from zero; from ARMED only."""
        self.state, self._on_since, self.off_at = ON, t, None
        self._deviating_since = None
        self._ramp = _Ramp(t, 0.0, self.settings.level)

    def switch_off(self, t: float) -> None:
        """Obey an off command, at once; closes the arm window too."""
        self._keep_on(0.0, t)
        if self.ignores_off and self.state is ON and self._held is None:
            self._held = self._ramped(t)
        self._stop(t)

    def _keep_on(self, level: float, t: float) -> None:
        """A lying stage goes on with what flows when it is told to stop."""
        if self.lies_off and self.state is ON and level <= 0.0:
            self._secret = max(self._secret, self._ramped(t))

    def _stop(self, t: float) -> None:
        if self.stuck_full and self.is_energized:
            self._held = FULL_SCALE
        self.state = OFF
        if self._held is None and self.off_at is None:
            self.off_at = t

    def clear(self) -> None:
        """Clear latches whose cause is gone. Never switches on."""
        self.interlocks_latched = self.interlocks
        self.latched = self._cooling | (Ques.INTERLOCK if self.interlocks else Ques(0))
        self.first_cause = self.latched

    def beat(self, count: int, t: float) -> bool:
        """Feed the watchdog if the count is above the last one; say whether it was."""
        if count <= self.watchdog.last:
            return False
        self.watchdog.last, self.watchdog.fed_at = count, t
        return True

    def set_interlocks(self, bits: int, t: float) -> None:
        """Take the open interlocks (bits of STAT:QUES:INT); any of them trips."""
        self.elapse(t)
        self.interlocks = bits
        self.interlocks_latched |= bits
        if bits:
            self._trip(Ques.INTERLOCK, t)

    def repair(self) -> None:
        """End the faults; a stage that was held on goes off."""
        self.ignores_off = self.lies_off = self.stuck_full = self.ignores_silence = False
        self._secret = 0.0
        self._held = None

    # ---- time ----------------------------------------------------------------------------

    def elapse(self, t: float) -> None:
        """Let timers act, each at its own time, in order."""
        while (due := self._next_timer()) is not None and due[0] <= t:
            at, cause = due
            if cause is None:
                self.state = OFF  # the arm window closed unused
            else:
                self._trip(cause, at)

    def _next_timer(self) -> tuple[float, Ques | None] | None:
        """The first of the timers that run; where two are due at once, the watchdog's."""
        dog = Watchdog(enabled=False) if self.ignores_silence else self.watchdog
        if self.state is OFF:
            expires_at = dog.fed_at + dog.time_s if dog.enabled and dog.while_off else math.inf
            at = min(expires_at, math.inf if dog.test_at is None else dog.test_at)
            is_new = not self.latched & Ques.WATCHDOG or dog.test_at is not None
            return (at, Ques.WATCHDOG) if is_new and at < math.inf else None
        at = self._armed_until
        cause: Ques | None = None
        if self.state is ON:
            at, cause = self._on_since + self.settings.on_time_s, Ques.TIME
        if dog.enabled and dog.fed_at + dog.time_s <= at:
            at, cause = dog.fed_at + dog.time_s, Ques.WATCHDOG
        if dog.test_at is not None and dog.test_at <= at:
            at, cause = dog.test_at, Ques.WATCHDOG
        return at, cause

    def supervise(self, t: float) -> None:
        """Compare the measured with the produced field, and watch the cooling; either trips."""
        self._watch_cooling(t)
        if not self.is_energized:
            return
        measured = self.measured(t) * 1e3
        if measured > self.settings.protection:
            self._trip(Ques.CURRENT, t)
        wanted = self._wanted(t)
        if abs(measured - wanted) <= max(0.1 * wanted, 0.02 * FULL_SCALE):
            self._deviating_since = None
        elif self._deviating_since is None:
            self._deviating_since = t
        elif t - self._deviating_since >= DEVIATION_S and self.state is ON:
            self._trip(Ques.FIELD, t)

    def _watch_cooling(self, t: float) -> None:
        """Too little water, too warm water or too warm a coil trip; water opens interlocks too."""
        if (sensors := self.sensors) is None:
            return
        is_open = FLOW_OPEN if sensors.flow_l_per_min < FLOW_L_PER_MIN_MIN else 0
        is_open |= OUTLET_OPEN if sensors.coolant_out_c > OUTLET_C_MAX else 0
        self._cooling = Ques.COOLING if is_open else Ques(0)
        if sensors.coil_c > COIL_C_MAX:
            self._cooling |= Ques.TEMPERATURE
        if new := self._cooling & ~self.latched:
            self._trip(new, t)
        others = self.interlocks & ~(FLOW_OPEN | OUTLET_OPEN)
        if others | is_open != self.interlocks:
            self.set_interlocks(others | is_open, t)

    def _trip(self, cause: Ques, t: float) -> None:
        """Latch and go off, at once."""
        self.watchdog.test_at = None
        if not self.latched:
            self.first_cause = cause
        is_new = not self.latched & cause
        self.latched |= cause
        self._stop(t)
        if is_new:
            self.on_trip(cause)

    # ---- what is reported -----------------------------------------------------------------

    def watchdog_remaining_s(self, t: float) -> float:
        """Return seconds to expiry; the whole time while it does not run, -0.001 when disabled."""
        if not self.watchdog.enabled:
            return -0.001
        if self.state is OFF:
            return self.watchdog.time_s
        return max(self.watchdog.fed_at + self.watchdog.time_s - t, 0.0)

    def on_time_remaining_s(self, t: float) -> float:
        """Return seconds until the on-time limit, the whole limit while off."""
        spent = t - self._on_since if self.state is ON else 0.0
        return max(self.settings.on_time_s - spent, 0.0)

    def operation(self, t: float) -> int:
        """Return the condition bits of STAT:OPER."""
        is_on = self.state is ON
        ramping = is_on and t < self.settled_at()
        bits = 1 << 1 if ramping else 0
        bits |= (1 << 6 | 1 << 9) if self.state is ARMED else 0
        bits |= 1 << 8 if self.is_energized else 0
        bits |= 1 << 10 if is_on and not ramping else 0
        return bits | (1 << 12 if self.watchdog.enabled else 0)


class StageFaults:
    """The faults of a twin with a `stage`: its output's, and watchdog_dead."""

    stage: FieldStage

    def inject(self, verb: str, argument: str, t: float) -> None:
        """Start a fault."""
        self.stage.elapse(t)
        if verb == "amp_ignores_off":
            self.stage.ignores_off = True
        elif verb == "amp_lies_off":
            self.stage.lies_off = True
        elif verb == "amp_stuck_full":
            self.stage.stuck_full = True
        elif verb == "watchdog_dead":
            self.stage.ignores_silence = True
        else:
            raise ValueError(f"a field source has no fault {verb!r}")

    def clear(self, verb: str) -> None:
        """End the faults; a stage that was held on goes off."""
        self.stage.repair()
