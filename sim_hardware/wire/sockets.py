# SPDX-License-Identifier: Apache-2.0
"""What fronts on sockets share: they listen on loopback, number their clients, and can hang up."""

import asyncio
import itertools
import socket
import struct

HOST = "127.0.0.1"
RESET = struct.pack("ii", 1, 0)  # linger on, no time: closing sends RST


class _Client(asyncio.Protocol):
    """Hands a connection's bytes to its front."""

    def __init__(self, front: "Sockets") -> None:
        self._front, self.number = front, 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Join the front."""
        if isinstance(transport, asyncio.Transport):
            self.number = self._front.accept(transport)

    def data_received(self, data: bytes) -> None:
        """Feed the twin."""
        self._front.heard(data, self.number)

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave the front, whoever ended the connection."""
        self._front.gone(self.number)


class Sockets:
    """Listens; a front says what happens with a client by `joined`, `heard` and `left`.

    Fault: link_drop (every connection is reset, new ones at once too, until it is cleared).
    """

    def __init__(self, port: int = 0) -> None:
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

    async def stop_sockets(self) -> None:
        """Stop listening and reset every connection. Idempotent."""
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

    def accept(self, transport: asyncio.Transport) -> int:
        """Take a new connection and return its number; a dropped link resets it at once."""
        number = next(self._numbers)
        if self._is_down:
            _send_reset(transport)
            return number
        self._transports[number] = transport
        self.joined(number, transport)
        return number

    def gone(self, number: int) -> None:
        """A connection has ended."""
        self._transports.pop(number, None)
        self.left(number)

    def hang_up(self, number: int, how: str) -> None:
        """End one connection as the instrument would: `fin` closes, `rst` resets."""
        transport = self._transports.get(number)
        if transport is not None and how == "rst":
            _send_reset(transport)
        elif transport is not None:
            transport.close()

    def joined(self, number: int, transport: asyncio.Transport) -> None:
        """A client has come."""
        raise NotImplementedError

    def heard(self, data: bytes, number: int) -> None:
        """A client has sent bytes."""
        raise NotImplementedError

    def left(self, number: int) -> None:
        """A client has gone."""
        raise NotImplementedError


def _send_reset(transport: asyncio.Transport) -> None:
    connection = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    transport.abort()
