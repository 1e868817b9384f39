# SPDX-License-Identifier: Apache-2.0
"""A twin on a TCP socket of the loopback interface: one core, several clients."""

import asyncio
import itertools
import socket
import struct

from sim_hardware.devices.core import Core
from sim_hardware.wire.front import LoopFront

HOST = "127.0.0.1"
RESET = struct.pack("ii", 1, 0)  # linger on, no time: closing sends RST


class _Client(asyncio.Protocol):
    """Hands a connection's bytes to its front."""

    def __init__(self, front: "TcpFront") -> None:
        self._front, self.number = front, 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Join the front."""
        if isinstance(transport, asyncio.Transport):
            self.number = self._front.joined(transport)

    def data_received(self, data: bytes) -> None:
        """Feed the twin."""
        self._front.heard(data, self.number)

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave the front, whoever ended the connection."""
        self._front.left(self.number)


class TcpFront(LoopFront):
    """Listens on 127.0.0.1; port 0 takes a free one.

    Fault: link_drop (every connection is reset, new ones at once too, until it is cleared).
    """

    def __init__(self, core: Core, *, port: int = 0, chunk_max: int = 0, seed: int = 1) -> None:
        super().__init__(core, chunk_max=chunk_max, seed=seed)
        self.port = port
        self._numbers = itertools.count(1)
        self._transports: dict[int, asyncio.Transport] = {}
        self._server: asyncio.Server | None = None
        self._is_down = False

    async def start(self) -> None:
        """Listen. OSError when the port is taken."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Client(self), HOST, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and reset every connection. Idempotent."""
        self._halt()
        if self._server is not None:
            self._server.close()
            self._server = None
        self.reset()
        await asyncio.sleep(0)  # connection_lost of each client

    def reset(self) -> None:
        """Send RST to every client; new connections are still taken."""
        for transport in self._transports.values():
            _send_reset(transport)

    def inject(self, verb: str, argument: str, t: float) -> None:
        """Start link_drop."""
        if verb != "link_drop":
            raise ValueError(f"a link has no fault {verb!r}: use link_drop")
        self._is_down = True
        self.reset()

    def clear(self, verb: str) -> None:
        """End link_drop."""
        self._is_down = False

    def joined(self, transport: asyncio.Transport) -> int:
        """Take a new connection and return its number; a dropped link resets it at once."""
        number = next(self._numbers)
        if self._is_down:
            _send_reset(transport)
            return number
        self._transports[number] = transport
        self._join(number, transport.write)
        return number

    def heard(self, data: bytes, number: int) -> None:
        """Take bytes from a client."""
        self._receive(data, number)

    def left(self, number: int) -> None:
        """Forget a client."""
        self._transports.pop(number, None)
        self._leave(number, asyncio.get_running_loop().time())


def _send_reset(transport: asyncio.Transport) -> None:
    connection = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    transport.abort()
