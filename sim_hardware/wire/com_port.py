# SPDX-License-Identifier: Apache-2.0
"""The COM-PORT-OPTION of RFC 2217, the access server's half for one client. Pure.

Every setting is acknowledged, the masks too: strict clients wait for those. As in RFC 2217, 0 asks
for a setting, masks begin at 0 (line) and 255 (modem), and a refused value is answered by the one
that stays.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from types import MappingProxyType

SIGNATURE, BAUD, SIZE, PARITY, STOP, CONTROL, NOTIFY_LINE, NOTIFY_MODEM = range(8)
SUSPEND, RESUME, LINE_MASK, MODEM_MASK, PURGE = range(8, 13)
ANSWER = 100
SIZES, PARITIES, STOPS = range(5, 9), range(1, 6), range(1, 4)
NONE, EIGHT, ONE = 1, 8, 1
CTS, DSR, RI, CD = 16, 32, 64, 128
DELTAS = CTS >> 4 | DSR >> 4 | CD >> 4
RI_FELL = RI >> 4
PARITY_ERROR, FRAMING_ERROR, BREAK = 4, 8, 16
PURGE_INPUT = 1
HELD_BYTES_MAX = 4096
"""What a port keeps for a client that has suspended it."""

FLOW, BREAK_STATE, DTR, RTS, FLOW_IN = 0, 4, 7, 10, 13
CONTROL_GROUPS = MappingProxyType(
    {FLOW: (1, 2, 3, 17, 19), BREAK_STATE: (5, 6), DTR: (8, 9), RTS: (11, 12),
     FLOW_IN: (14, 15, 16, 18)}
)  # fmt: skip
"""By the value that asks: the values that set."""


def modem_change(before: int, after: int) -> int:
    """Return the modem state with its delta bits; RI's only marks the end of a ring."""
    changed = before ^ after
    return after | (changed >> 4) & DELTAS | (RI_FELL if changed & before & RI else 0)


@dataclass(slots=True)
class ComPort:
    """What one client has set. `say` takes a payload to send as a sub-negotiation."""

    say: Callable[[bytes], None]
    modem: Callable[[], int]
    baud: int = 9600
    size: int = EIGHT
    parity: int = NONE
    stop: int = ONE
    line_mask: int = 0
    modem_mask: int = 255
    is_suspended: bool = False
    held: bytearray = field(default_factory=bytearray)
    control: dict[int, int] = field(
        default_factory=lambda: {FLOW: 1, BREAK_STATE: 6, DTR: 9, RTS: 12, FLOW_IN: 14}
    )

    @property
    def rts(self) -> bool:
        """Whether the client has raised RTS."""
        return self.control[RTS] == 11

    @property
    def dtr(self) -> bool:
        """Whether the client has raised DTR."""
        return self.control[DTR] == 8

    def hear(self, sub: bytes) -> None:
        """Take a sub-negotiation; an unknown or empty one is ignored."""
        act = COMMANDS.get(sub[0]) if sub else None
        if act is not None:
            act(self, sub[1:])

    def error_for(self, baud: int | None) -> int:
        """Return the line error that everything from an 8N1 instrument shows; 0 where none."""
        if self.size != EIGHT or baud not in (None, self.baud):
            return FRAMING_ERROR
        return 0 if self.parity == NONE else PARITY_ERROR

    def tell(self, command: int, value: int) -> None:
        """Answer or notify one byte."""
        self.say(bytes((command + ANSWER, value)))

    def tell_line(self, state: int) -> None:
        """Push errors on the line, as far as the client wants to know."""
        if state & self.line_mask:
            self.tell(NOTIFY_LINE, state & self.line_mask)

    def tell_modem(self, before: int, after: int) -> None:
        """Push a change of the modem lines, as far as the client wants to know."""
        state = modem_change(before, after)
        news = (state & 0x0F) | (before ^ after)
        if news & self.modem_mask:
            self.tell(NOTIFY_MODEM, state & self.modem_mask)

    def outgoing(self, data: bytes) -> bytes:
        """Return what of the instrument's bytes goes to the client now."""
        if not self.is_suspended:
            return data
        self.held += data[: max(0, HELD_BYTES_MAX - len(self.held))]
        return b""

    # ---- commands ------------------------------------------------------------------------------

    def sign(self, payload: bytes) -> None:
        """Say who we are; the client's own name needs no answer."""
        if not payload:
            self.say(bytes((SIGNATURE + ANSWER,)) + b"SIM port")

    def set_baud(self, payload: bytes) -> None:
        """Set or ask."""
        if len(payload) == 4:
            (wanted,) = struct.unpack(">I", payload)
            self.baud = wanted or self.baud
        self.say(bytes((BAUD + ANSWER,)) + struct.pack(">I", self.baud))

    def set_size(self, payload: bytes) -> None:
        """Set or ask."""
        self.size = _chosen(payload, SIZES, self.size)
        self.tell(SIZE, self.size)

    def set_parity(self, payload: bytes) -> None:
        """Set or ask."""
        self.parity = _chosen(payload, PARITIES, self.parity)
        self.tell(PARITY, self.parity)

    def set_stop(self, payload: bytes) -> None:
        """Set or ask."""
        self.stop = _chosen(payload, STOPS, self.stop)
        self.tell(STOP, self.stop)

    def set_control(self, payload: bytes) -> None:
        """Set or ask flow control, break, DTR or RTS."""
        wanted = payload[0] if payload else FLOW
        for group, values in CONTROL_GROUPS.items():
            if wanted in values:
                self.control[group] = wanted
            if wanted == group or wanted in values:
                self.tell(CONTROL, self.control[group])

    def set_line_mask(self, payload: bytes) -> None:
        """Choose which errors are pushed."""
        self.line_mask = payload[0] if payload else self.line_mask
        self.tell(LINE_MASK, self.line_mask)

    def set_modem_mask(self, payload: bytes) -> None:
        """Choose which changes are pushed; the present state follows at once."""
        self.modem_mask = payload[0] if payload else self.modem_mask
        self.tell(MODEM_MASK, self.modem_mask)
        self.report_modem()

    def report_modem(self, payload: bytes = b"") -> None:
        """Tell the present state of the modem lines."""
        if self.modem_mask:
            self.tell(NOTIFY_MODEM, self.modem() & self.modem_mask)

    def report_line(self, payload: bytes) -> None:
        """Tell that nothing is wrong now: errors are events here."""
        self.tell(NOTIFY_LINE, 0)

    def purge(self, payload: bytes) -> None:
        """Forget what is held for the client."""
        if payload and payload[0] & PURGE_INPUT:
            self.held.clear()
        self.say(bytes((PURGE + ANSWER,)) + payload[:1])

    def suspend(self, payload: bytes) -> None:
        """Hold what comes for the client."""
        self.is_suspended = True


def _chosen(payload: bytes, allowed: range, present: int) -> int:
    """Return the value that holds from now on: a wanted one if it is possible."""
    return payload[0] if payload and payload[0] in allowed else present


COMMANDS: MappingProxyType[int, Callable[[ComPort, bytes], None]] = MappingProxyType(
    {
        SIGNATURE: ComPort.sign,
        BAUD: ComPort.set_baud,
        SIZE: ComPort.set_size,
        PARITY: ComPort.set_parity,
        STOP: ComPort.set_stop,
        CONTROL: ComPort.set_control,
        NOTIFY_LINE: ComPort.report_line,
        NOTIFY_MODEM: ComPort.report_modem,
        SUSPEND: ComPort.suspend,
        LINE_MASK: ComPort.set_line_mask,
        MODEM_MASK: ComPort.set_modem_mask,
        PURGE: ComPort.purge,
    }
)
"""RESUME is the front's: it sends what was held."""
