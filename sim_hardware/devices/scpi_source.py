# SPDX-License-Identifier: Apache-2.0
"""Twin of the generic SCPI field source (this project's own dialect; no vendor's).

Documented in docs/reference: the dialect is ours, so every byte is documented. Internal time is
loop time: an instrument does not speed up with the treatment.
"""

from sim_hardware.devices.core import Chunks, QuietCore
from sim_hardware.devices.field_stage import FieldStage, Ques, Settings, State
from sim_hardware.devices.scpi_commands import HEADERS
from sim_hardware.devices.scpi_status import PON, Status
from sim_hardware.devices.scpi_syntax import ScpiError, Unit, units_of

LINE_MAX = 256
LATENCY_S = 0.002
TRIP_ERRORS = (
    (Ques.WATCHDOG, ScpiError(303, "Watchdog timeout")),
    (Ques.INTERLOCK, ScpiError(301, "Interlock open")),
    (Ques.TIME, ScpiError(307, "On-time limit")),
)
OTHER_TRIP = ScpiError(304, "Latched fault")


class ScpiSource(QuietCore):
    """Bytes in, bytes out; one line buffer per client, one instrument behind them.

    `stage` is the electronics: `stage.current(t)` is the peak field before the enable contact, and
    `stage.measured` is to be set to the field after it. Faults: amp_ignores_off, amp_stuck_full.
    """

    stage: FieldStage
    status: Status
    booted_at: float
    boots: int
    sequence: int
    flow_l_per_min: float

    def __init__(self, serial: str = "SIM0001", start_s: float = 0.0, boots: int = 1) -> None:
        if not serial.startswith("SIM"):
            raise ValueError(f"a twin's serial number begins with SIM, not {serial!r}")
        self.serial, self.firmware = serial, "1.0"
        self.booted_at, self.boots = start_s, boots
        self.flow_l_per_min = 8.0
        self.sequence = 0
        self.stage, self.status = FieldStage(start_s), Status()
        self.stage.on_trip = self._tripped
        self._lines: dict[int, bytes] = {}
        self._overlong: set[int] = set()
        self._ready_at = start_s

    # ---- bytes --------------------------------------------------------------------------------

    def disconnect(self, t: float, client: int) -> None:
        """Forget the client's half line; the output is the watchdog's business."""
        self._lines.pop(client, None)
        self._overlong.discard(client)

    def feed(self, data: bytes, t: float, client: int = 0) -> Chunks:
        """Run every complete line at t; each line with queries answers one line."""
        *lines, rest = (self._lines.get(client, b"") + data).split(b"\n")
        replies: Chunks = []
        for line in lines:
            if client in self._overlong or len(line) > LINE_MAX:
                self._overlong.discard(client)
                self.status.error(ScpiError(-363, "Input buffer overrun"))
            elif reply := self._line(line, t):
                replies.append((max(t + LATENCY_S, self._ready_at), reply))
        if len(rest) > LINE_MAX:
            self._overlong.add(client)
            rest = b""
        self._lines[client] = rest
        return replies

    def advance(self, t: float) -> Chunks:
        """Let timers and protections act; this instrument says nothing unasked."""
        self.stage.elapse(t)
        self.stage.supervise(t)
        self._refresh(t)
        return []

    def _line(self, line: bytes, t: float) -> bytes:
        self.advance(t)
        answers: list[str] = []
        try:
            text = line.decode("ascii").replace("\r", " ").replace("\t", " ")
        except UnicodeDecodeError:
            self.status.error(ScpiError(-101, "Invalid character"))
            return b""
        for unit in units_of(text):
            try:
                answer = self._run(unit, t)
            except ScpiError as error:
                self.status.error(error)
                if error.is_command_error:
                    break
                continue
            finally:
                if not unit.is_query:
                    self._refresh(t)
            if answer is not None:
                answers.append(answer)
        return (";".join(answers) + "\n").encode() if answers else b""

    def _run(self, unit: Unit, t: float) -> str | None:
        row = HEADERS.get(unit.header)
        action = None if row is None else row.query if unit.is_query else row.set
        if action is None:
            raise ScpiError(-113, f"Undefined header;{unit.header}")
        if not self.stage.watchdog.heartbeat_only:
            self.stage.watchdog.fed_at = t
        return action(self, unit.arguments, t)

    # ---- what commands need of the whole instrument ---------------------------------------

    def reset(self, t: float) -> None:
        """Do *RST: off, zero, watchdog on with its defaults; latches, errors and limits stay."""
        self.stage.switch_off(t)
        limit, last = self.stage.settings.limit, self.stage.watchdog.last
        self.stage.settings = Settings(limit=limit)
        self.stage.watchdog = type(self.stage.watchdog)(fed_at=t, last=last)

    def reboot(self, t: float) -> None:
        """Power-cycle: counters and settings start anew, the boot count does not."""
        measured, sensors = self.stage.measured, self.stage.sensors
        own = self.stage.current
        self.stage, self.status = FieldStage(t), Status(standard=PON)
        self.stage.on_trip, self.stage.sensors = self._tripped, sensors
        if measured != own:
            self.stage.measured = measured
        self.booted_at, self.boots, self.sequence = t, self.boots + 1, 0
        self._lines.clear()

    def complete(self, t: float) -> None:
        """Do *OPC: set the bit (operations that overlap end within their ramp)."""
        self.status.standard |= 1

    def when_settled(self, t: float) -> str:
        """Answer *OPC? once the ramp has ended."""
        if self.stage.state is State.ON:
            self._ready_at = max(t, self.stage.settled_at()) + LATENCY_S
        return "1"

    def inject(self, verb: str, argument: str, t: float) -> None:
        """Start a fault: amp_ignores_off or amp_stuck_full."""
        self.stage.elapse(t)
        if verb == "amp_ignores_off":
            self.stage.ignores_off = True
        elif verb == "amp_stuck_full":
            self.stage.stuck_full = True
        else:
            raise ValueError(f"a field source has no fault {verb!r}")

    def clear(self, verb: str) -> None:
        """End the faults; a stage that was held on goes off."""
        self.stage.repair()

    def _tripped(self, cause: Ques) -> None:
        error = next((entry for bit, entry in TRIP_ERRORS if cause & bit), OTHER_TRIP)
        self.status.error(error)

    def _refresh(self, t: float) -> None:
        self.status.operation.update(self.stage.operation(t))
        self.status.questionable.update(int(self.stage.latched))
        self.status.interlock.update(self.stage.interlocks)
