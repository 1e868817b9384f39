# SPDX-License-Identifier: Apache-2.0
"""A twin on a serial port behind a network (RFC 2217), with modem lines, on loopback.

Every setting is acknowledged, the masks too: strict clients wait for those. A wrong speed or
parity garbles both directions, which a pty can show for the speed only.
"""

import asyncio
import random
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from sim_hardware.devices.core import Core
from sim_hardware.wire.front import LoopFront
from sim_hardware.wire.sockets import Sockets
from sim_hardware.wire.telnet import COM_PORT, Telnet, escaped, sub_negotiation

SIGNATURE, BAUD, SIZE, PARITY, STOP, CONTROL = 0, 1, 2, 3, 4, 5
NOTIFY_MODEM, LINE_MASK, MODEM_MASK, PURGE = 7, 10, 11, 12
ANSWER = 100
NONE, EIGHT, ONE = 1, 8, 1
CTS, DSR, RI, CD = 16, 32, 64, 128
LINES = {"cts": CTS, "dsr": DSR, "ri": RI, "cd": CD}
DTR_ON, DTR_OFF, RTS_ON, RTS_OFF = 8, 9, 11, 12
GARBAGE = (0x00, 0x80, 0xE0, 0xF8, 0xFF)


@dataclass(slots=True)
class _Port:
    """What one client has set."""

    telnet: Telnet
    baud: int = 9600
    size: int = EIGHT
    parity: int = NONE
    stop: int = ONE
    control: dict[int, int] = field(default_factory=lambda: {0: 1, 4: 6, 7: 9, 10: 12})
    line_mask: int = 0
    modem_mask: int = 255


class Rfc2217Front(Sockets, LoopFront):
    """Listens on 127.0.0.1; port 0 takes a free one. `baud` None accepts any speed.

    `set_lines(cts=True)` moves the instrument's lines; `rts`, `dtr` are the client's. Fault:
    link_drop (every connection is reset, new ones at once too, until it is cleared).
    """

    def __init__(
        self,
        core: Core,
        *,
        baud: int | None = None,
        port: int = 0,
        chunk_max: int = 0,
        seed: int = 1,
    ) -> None:
        LoopFront.__init__(self, core, baud=baud, chunk_max=chunk_max, seed=seed)
        Sockets.__init__(self, port)
        self.rts = self.dtr = False
        self.modem = CTS | DSR | CD
        self._ports: dict[int, _Port] = {}
        self._noise = random.Random(seed)

    async def stop(self) -> None:
        """Stop listening and reset every connection. Idempotent."""
        self._halt()
        await self.stop_sockets()

    def set_lines(self, **lines: bool) -> None:
        """Move CTS, DSR, RI, CD as the instrument would; clients that asked are told at once."""
        before = self.modem
        for name, is_on in lines.items():
            self.modem = self.modem | LINES[name] if is_on else self.modem & ~LINES[name]
        changed = (before ^ self.modem) >> 4
        if changed:
            for port in self._ports.values():
                self._tell(port, NOTIFY_MODEM, (self.modem | changed) & port.modem_mask)

    # ---- connections ---------------------------------------------------------------------------

    def joined(self, number: int, transport: asyncio.Transport) -> None:
        """Take a new connection."""
        telnet = Telnet(transport.write, lambda option, sub: self._negotiate(number, option, sub))
        self._ports[number] = _Port(telnet)
        self._join(number, lambda data: transport.write(escaped(self._as_heard(number, data))))

    def heard(self, data: bytes, number: int) -> None:
        """Take bytes from a client: settings, and what is meant for the twin."""
        port = self._ports.get(number)
        plain = port.telnet.feed(data) if port else b""
        if plain:
            self._receive(self._as_heard(number, plain), number)

    def left(self, number: int) -> None:
        """Forget a client."""
        self._ports.pop(number, None)
        self._leave(number, asyncio.get_running_loop().time())

    def _as_heard(self, number: int, data: bytes) -> bytes:
        port = self._ports.get(number)
        is_right = port is not None and (port.size, port.parity) == (EIGHT, NONE)
        if port is not None and is_right and self.baud in (None, port.baud):
            return data
        return bytes(self._noise.choice(GARBAGE) ^ (byte & 1) for byte in data)

    # ---- the COM-PORT option ---------------------------------------------------------------------

    def _negotiate(self, number: int, option: int, sub: bytes) -> None:
        port = self._ports.get(number)
        if port is None or option != COM_PORT or not sub:
            return
        answer = ANSWERS.get(sub[0])
        if answer is not None:
            answer(self, port, sub[1:])

    def _tell(self, port: _Port, command: int, value: int) -> None:
        self._say(port, command, bytes((value,)))

    def _say(self, port: _Port, command: int, payload: bytes) -> None:
        port.telnet.send(sub_negotiation(COM_PORT, bytes((command + ANSWER,)) + payload))

    def _signature(self, port: _Port, payload: bytes) -> None:
        if not payload:
            self._say(port, SIGNATURE, b"SIM port")

    def _set_baud(self, port: _Port, payload: bytes) -> None:
        if len(payload) == 4:
            (wanted,) = struct.unpack(">I", payload)
            port.baud = wanted or port.baud
        self._say(port, BAUD, struct.pack(">I", port.baud))

    def _set_control(self, port: _Port, payload: bytes) -> None:
        wanted = payload[0] if payload else 0
        group = max((first for first in (0, 4, 7, 10, 13) if first <= wanted), default=0)
        if wanted != group:
            port.control[group] = wanted
        self.dtr = {DTR_ON: True, DTR_OFF: False}.get(wanted, self.dtr)
        self.rts = {RTS_ON: True, RTS_OFF: False}.get(wanted, self.rts)
        self._tell(port, CONTROL, port.control.get(group, wanted))

    def _set_modem_mask(self, port: _Port, payload: bytes) -> None:
        port.modem_mask = payload[0] if payload else port.modem_mask
        self._tell(port, MODEM_MASK, port.modem_mask)
        self._tell(port, NOTIFY_MODEM, self.modem & port.modem_mask)

    def _purge(self, port: _Port, payload: bytes) -> None:
        self._say(port, PURGE, payload[:1])


def _setting(command: int, name: str) -> Callable[[Rfc2217Front, _Port, bytes], None]:
    """A setting of one byte, where 0 asks."""

    def answer(front: Rfc2217Front, port: _Port, payload: bytes) -> None:
        if payload and payload[0]:
            setattr(port, name, payload[0])
        front._tell(port, command, getattr(port, name))  # noqa: SLF001 - the table's own class

    return answer


ANSWERS: dict[int, Callable[[Rfc2217Front, _Port, bytes], None]] = {
    SIGNATURE: Rfc2217Front._signature,  # noqa: SLF001 - the table of this class
    BAUD: Rfc2217Front._set_baud,  # noqa: SLF001
    SIZE: _setting(SIZE, "size"),
    PARITY: _setting(PARITY, "parity"),
    STOP: _setting(STOP, "stop"),
    CONTROL: Rfc2217Front._set_control,  # noqa: SLF001
    LINE_MASK: _setting(LINE_MASK, "line_mask"),
    MODEM_MASK: Rfc2217Front._set_modem_mask,  # noqa: SLF001
    PURGE: Rfc2217Front._purge,  # noqa: SLF001
}
