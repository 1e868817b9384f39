# SPDX-License-Identifier: Apache-2.0
"""A twin on a serial port behind a network (RFC 2217), with modem lines, on loopback.

A wrong speed or parity garbles both directions, which a pty can show for the speed only.
"""

import asyncio
import random
from dataclasses import dataclass
from types import MappingProxyType

from sim_hardware.devices.core import Core
from sim_hardware.wire.com_port import CD, CTS, DSR, RESUME, RI, ComPort
from sim_hardware.wire.front import LoopFront
from sim_hardware.wire.sockets import Sockets
from sim_hardware.wire.telnet import COM_PORT, Telnet, escaped, sub_negotiation

LINES = MappingProxyType({"cts": CTS, "dsr": DSR, "ri": RI, "cd": CD})
GARBAGE = (0x00, 0x80, 0xE0, 0xF8, 0xFF)


@dataclass(slots=True)
class _Client:
    """A connection: its codec, what it has set, and where its bytes go."""

    telnet: Telnet
    port: ComPort
    wire: asyncio.Transport


class Rfc2217Front(Sockets, LoopFront):
    """Listens on 127.0.0.1; port 0 takes a free one. `baud` None accepts any speed.

    `set_lines(cts=True)` moves the instrument's lines; `rts`, `dtr` are the clients', low when
    none is there. Fault: link_drop (every connection is reset, new ones at once too, until it is
    cleared).
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
        self.modem = CTS | DSR | CD
        self._behind: dict[int, _Client] = {}
        self._noise = random.Random(seed)

    @property
    def rts(self) -> bool:
        """Whether a client holds RTS up."""
        return any(client.port.rts for client in self._behind.values())

    @property
    def dtr(self) -> bool:
        """Whether a client holds DTR up."""
        return any(client.port.dtr for client in self._behind.values())

    async def stop(self) -> None:
        """Stop listening and reset every connection. Idempotent."""
        self._halt()
        await self.stop_sockets()

    def set_lines(self, **lines: bool) -> None:
        """Move CTS, DSR, RI, CD as the instrument would; clients are told at once."""
        before = self.modem
        for name, is_on in lines.items():
            self.modem = self.modem | LINES[name] if is_on else self.modem & ~LINES[name]
        if before != self.modem:
            for client in self._behind.values():
                client.port.tell_modem(before, self.modem)

    def joined(self, number: int, transport: asyncio.Transport) -> None:
        """Take a new connection."""

        def say(payload: bytes) -> None:
            transport.write(sub_negotiation(COM_PORT, payload))

        port = ComPort(say, lambda: self.modem)

        def agreed(option: int) -> None:
            if option == COM_PORT:  # some clients never ask for the lines they start from
                port.report_modem()

        def said(data: bytes) -> None:
            self._receive(self._as_heard(port, data), number)

        telnet = Telnet(
            transport.write, said, lambda option, sub: self._negotiate(number, option, sub), agreed
        )
        self._behind[number] = client = _Client(telnet, port, transport)
        self._join(number, lambda data: self._to(client, data))

    def heard(self, data: bytes, number: int) -> None:
        """Take bytes from a client: settings, and what is meant for the twin."""
        client = self._behind.get(number)
        if client is not None:
            client.telnet.feed(data)

    def left(self, number: int) -> None:
        """Forget a client: its RTS and DTR fall."""
        self._behind.pop(number, None)
        self._leave(number, asyncio.get_running_loop().time())

    def _to(self, client: _Client, data: bytes) -> None:
        client.port.tell_line(client.port.error_for(self.baud))
        said = client.port.outgoing(self._as_heard(client.port, data))
        if said:
            client.wire.write(escaped(said))

    def _negotiate(self, number: int, option: int, sub: bytes) -> None:
        client = self._behind.get(number)
        if client is None or option != COM_PORT:
            return
        port = client.port
        if sub[:1] == bytes((RESUME,)):
            port.is_suspended = False
            client.wire.write(escaped(bytes(port.held)))
            port.held.clear()
        port.hear(sub)

    def _as_heard(self, port: ComPort, data: bytes) -> bytes:
        """Return the bytes as the UART on the other side sees them."""
        if not port.error_for(self.baud):
            return data
        return bytes(self._noise.choice(GARBAGE) ^ (byte & 1) for byte in data)
