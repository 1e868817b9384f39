# SPDX-License-Identifier: Apache-2.0
"""Twin of the generic SCPI field source (this project's own dialect; no vendor's).

Documented in docs/reference: the dialect is ours, so every byte is documented. Internal time is
loop time: an instrument does not speed up with the treatment.
"""

from collections.abc import Callable

from sim_hardware.devices.core import Chunks
from sim_hardware.devices.field_stage import FieldStage, Ques, Settings, StageFaults, State
from sim_hardware.devices.scpi_instrument import ScpiInstrument
from sim_hardware.devices.scpi_status import PON, Status
from sim_hardware.devices.scpi_syntax import ScpiError
from sim_hardware.devices.sources.generic_scpi_commands import HEADERS

TRIP_ERRORS = (
    (Ques.WATCHDOG, ScpiError(303, "Watchdog timeout")),
    (Ques.INTERLOCK, ScpiError(301, "Interlock open")),
    (Ques.TIME, ScpiError(307, "On-time limit")),
)
OTHER_TRIP = ScpiError(304, "Latched fault")


class ScpiSource(StageFaults, ScpiInstrument):
    """Bytes in, bytes out; one line buffer per client, one instrument behind them.

    `stage` is the electronics: `stage.current(t)` is the peak field before the enable contact, and
    `stage.measured` is to be set to the field after it. `enable_contact(t)` is that contact as the
    instrument reads it back. Faults: those of StageFaults; reboot; panel_change (`off`,
    `watchdog:off`, `limit:kA/m`, `level:kA/m` as far as the limit goes).
    """

    headers = HEADERS
    stage: FieldStage
    booted_at: float
    boots: int
    sequence: int
    flow_l_per_min: float

    def __init__(self, serial: str = "SIM0001", start_s: float = 0.0, boots: int = 1) -> None:
        super().__init__("OPENMFH,FS100K,{},1.0", serial, start_s)
        self.booted_at, self.boots = start_s, boots
        self.flow_l_per_min = 8.0
        self.sequence = 0
        self.enable_contact: Callable[[float], bool] = lambda _: False
        self.stage = FieldStage(start_s)
        self.stage.on_trip = self._tripped

    def advance(self, t: float) -> Chunks:
        """Let timers and protections act; this instrument says nothing unasked."""
        self.stage.elapse(t)
        self.stage.supervise(t)
        self.refresh(t)
        return []

    def heard(self, t: float) -> None:
        """Any known command feeds the watchdog, unless only heartbeats do."""
        if not self.stage.watchdog.heartbeat_only:
            self.stage.watchdog.fed_at = t

    # ---- what commands need of the whole instrument ---------------------------------------

    def reset(self, t: float) -> None:
        """Do *RST: off, zero, watchdog on with its defaults; latches, errors and limits stay."""
        self.stage.switch_off(t)
        limit, last = self.stage.settings.limit, self.stage.watchdog.last
        self.stage.settings = Settings(limit=limit)
        self.stage.watchdog = type(self.stage.watchdog)(fed_at=t, last=last)

    def reboot(self, t: float) -> None:
        """Power-cycle: counters and settings start anew, the boot count does not."""
        self.stage.restart(t)
        self.status = Status(standard=PON)
        self.booted_at, self.boots, self.sequence = t, self.boots + 1, 0
        self.lines.clear()

    def inject(self, verb: str, argument: str, t: float) -> None:
        """Start a fault."""
        if verb == "reboot":
            self.stage.elapse(t)
            self.reboot(t)
        elif verb == "panel_change":
            self.stage.elapse(t)
            self.turn_knob(argument, t)
        else:
            super().inject(verb, argument, t)

    def turn_knob(self, argument: str, t: float) -> None:
        """What somebody does at the front panel; it feeds no watchdog."""
        name, _, value = argument.partition(":")
        if argument == "off":
            self.stage.switch_off(t)
        elif argument == "watchdog:off":
            self.stage.watchdog.enabled = False
        elif name == "limit":
            self.stage.settings.limit = 1e3 * float(value)
        elif name == "level":
            self.stage.set_level(min(1e3 * float(value), self.stage.settings.limit), t)
        else:
            raise ValueError(f"panel_change: {argument!r} is no off, watchdog:off, limit:, level:")
        self.refresh(t)

    def operation(self, t: float) -> int:
        """The condition bits of STAT:OPER."""
        return self.stage.operation(t) | (1 << 13 if self.enable_contact(t) else 0)

    def when_settled(self, t: float) -> str:
        """Answer *OPC? once the ramp has ended."""
        if self.stage.state is State.ON:
            self.ready_at = max(t, self.stage.settled_at()) + self.latency_s
        return "1"

    def _tripped(self, cause: Ques) -> None:
        error = next((entry for bit, entry in TRIP_ERRORS if cause & bit), OTHER_TRIP)
        self.status.error(error)

    def refresh(self, t: float) -> None:
        """Bring the status registers up to date."""
        self.status.operation.update(self.operation(t))
        self.status.questionable.update(int(self.stage.latched))
        self.status.interlock.update(self.stage.interlocks)
