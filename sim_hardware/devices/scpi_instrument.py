# SPDX-License-Identifier: Apache-2.0
"""What every SCPI twin shares: messages in, one line of answers out, IEEE 488.2 status.

An instrument is this plus a table of its manual's headers.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sim_hardware.devices.core import Chunks, QuietCore
from sim_hardware.devices.lines import LATENCY_S, twin_serial
from sim_hardware.devices.scpi_status import Status
from sim_hardware.devices.scpi_syntax import ScpiError, Unit, one, spellings, units_of, whole

LINE_MAX = 256


@dataclass(frozen=True, slots=True)
class Row:
    """One header of a manual: what it sets, what it answers; each takes twin, arguments, time."""

    pattern: str
    set: Callable[[Any, list[str], float], None] | None = None
    query: Callable[[Any, list[str], float], str] | None = None


class ScpiInstrument(QuietCore):
    """Bytes in, bytes out; one line buffer per client, one instrument behind them.

    `identity` has its four fields without the serial number's place filled: `maker,model,{},1.0`.
    """

    headers: Mapping[str, Row] = MappingProxyType({})
    latency_s = LATENCY_S
    line_max = LINE_MAX

    def __init__(self, identity: str, serial: str, start_s: float = 0.0) -> None:
        self.serial = twin_serial(serial)
        self.identity = identity.format(serial)
        self.status = Status()
        self.ready_at = start_s
        self.lines: dict[int, bytes] = {}
        self._overlong: set[int] = set()

    # ---- bytes ---------------------------------------------------------------------------------

    def disconnect(self, t: float, client: int) -> None:
        """Forget the client's half line."""
        self.lines.pop(client, None)
        self._overlong.discard(client)

    def feed(self, data: bytes, t: float, client: int = 0) -> Chunks:
        """Run every complete line at t; each line with queries answers one line."""
        *lines, rest = (self.lines.get(client, b"") + data).split(b"\n")
        replies: Chunks = []
        for line in lines:
            if client in self._overlong or len(line) > self.line_max:
                self._overlong.discard(client)
                self.status.error(ScpiError(-363, "Input buffer overrun"))
            elif reply := self._line(line, t):
                replies.append((max(t + self.latency_s, self.ready_at), reply))
        if len(rest) > self.line_max:
            self._overlong.add(client)
            rest = b""
        self.lines[client] = rest
        return replies

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
                    self.refresh(t)
            if answer is not None:
                answers.append(answer)
        return (";".join(answers) + "\n").encode() if answers else b""

    def _run(self, unit: Unit, t: float) -> str | None:
        row = self.headers.get(self.header(unit.header))
        action = None if row is None else row.query if unit.is_query else row.set
        if action is None:
            self.unknown(t)
            raise ScpiError(-113, f"Undefined header;{unit.header}")
        self.heard(t)
        return action(self, unit.arguments, t)

    # ---- what an instrument adds ---------------------------------------------------------------

    def header(self, text: str) -> str:
        """Bring a header into the table's form; an instrument may number its channels."""
        return text

    def heard(self, t: float) -> None:
        """A known command came; a watchdog may be fed by it."""

    def unknown(self, t: float) -> None:
        """Something came that is no command here."""

    def refresh(self, t: float) -> None:
        """Bring the status registers up to date."""

    def reset(self, t: float) -> None:
        """Do *RST."""

    def complete(self, t: float) -> None:
        """Do *OPC: set the bit (operations that overlap end within their ramp)."""
        self.status.standard |= 1

    def when_settled(self, t: float) -> str:
        """Answer *OPC? once everything pending has ended."""
        return "1"


def table(rows: Iterable[Row]) -> Mapping[str, Row]:
    """Every accepted spelling of the rows' headers, the common commands included."""
    return MappingProxyType(
        {form: row for row in (*COMMON, *rows) for form in spellings(row.pattern)}
    )


def _standard_enable(twin: ScpiInstrument, arguments: list[str], t: float) -> None:
    twin.status.standard_enable = whole(one(arguments), 255)


def _service_enable(twin: ScpiInstrument, arguments: list[str], t: float) -> None:
    twin.status.service_enable = whole(one(arguments), 255)


COMMON: tuple[Row, ...] = (
    Row("*IDN", query=lambda twin, *_: str(twin.identity)),
    Row("*RST", lambda twin, _, t: twin.reset(t)),
    Row("*CLS", lambda twin, *_: twin.status.clear()),
    Row("*ESE", _standard_enable, lambda twin, *_: str(twin.status.standard_enable)),
    Row("*SRE", _service_enable, lambda twin, *_: str(twin.status.service_enable)),
    Row("*ESR", query=lambda twin, *_: str(twin.status.read_standard())),
    Row("*STB", query=lambda twin, *_: str(twin.status.byte())),
    Row("*OPC", lambda twin, _, t: twin.complete(t), lambda twin, _, t: twin.when_settled(t)),
    Row("*WAI", lambda *_: None),
    Row("*TST", query=lambda *_: "0"),
    Row("SYSTem:ERRor[:NEXT]", query=lambda twin, *_: str(twin.status.next_error())),
    Row("SYSTem:VERSion", query=lambda *_: "1999.0"),
)
"""IEEE 488.2's mandatory commands, and SCPI's error queue."""
