# SPDX-License-Identifier: Apache-2.0
"""What the fronts on real files share: replies leave when they are due, streams are kept going.

Runs on the loop's timers; no task per client.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from sim_hardware.devices.core import Chunks, Core
from sim_hardware.wire.faulty import FaultyWire
from sim_hardware.wire.pace import Outlet, Traffic

Write = Callable[[bytes], None]
HANG_UP_S = 0.001
"""So much later than the last byte: it still gets out."""


@dataclass(slots=True)
class _Client:
    """A connection: where its bytes go, its line, and what is on it (in order, also at ties)."""

    write: Write
    outlet: Outlet
    pending: deque[bytes] = field(default_factory=deque)


class LoopFront:
    """One core, any number of clients. Subclasses deliver bytes to `_receive` and `_join`."""

    def __init__(
        self, core: Core, *, baud: int | None = None, chunk_max: int = 0, seed: int = 1
    ) -> None:
        self.traffic = Traffic()
        self.baud = baud
        self._core, self._chunk_max, self._seed = core, chunk_max, seed
        self._clients: dict[int, _Client] = {}
        self._stream: asyncio.TimerHandle | None = None
        if isinstance(core, FaultyWire):
            core.hang_up = self._plan_hang_up

    def hang_up(self, client: int, how: str) -> None:
        """End one connection as the instrument would: `fin` closes, `rst` resets."""

    def _plan_hang_up(self, at: float, client: int, how: str) -> None:
        asyncio.get_running_loop().call_at(at + HANG_UP_S, self.hang_up, client, how)

    def _join(self, client: int, write: Write) -> None:
        loop = asyncio.get_running_loop()
        outlet = Outlet(self.baud, self._chunk_max, self._seed + client)
        self._clients[client] = _Client(write, outlet)
        self._send(self._core.connect(loop.time(), client), client, 0)
        self.keep_streaming()  # for who only listens

    def _leave(self, client: int, t: float) -> None:
        if self._clients.pop(client, None) is not None:
            self._core.disconnect(t, client)

    def _receive(self, data: bytes, client: int) -> None:
        loop = asyncio.get_running_loop()
        self.traffic.bytes_in += len(data)
        self._send(self._core.feed(data, loop.time(), client), client, len(data))
        self.keep_streaming()

    def _send(self, chunks: Chunks, client: int, inbound: int) -> None:
        connection = self._clients.get(client)
        if connection is None:
            return
        loop = asyncio.get_running_loop()
        for due, data in chunks:
            for at, piece in connection.outlet.cut(due, data, inbound):
                connection.pending.append(piece)
                loop.call_at(at, self._deliver, client, connection)

    def _deliver(self, client: int, connection: _Client) -> None:
        """Send the oldest piece, unless its connection has gone meanwhile."""
        piece = connection.pending.popleft()
        if self._clients.get(client) is connection:
            self.traffic.bytes_out += len(piece)
            connection.write(piece)

    def keep_streaming(self) -> None:
        """Wait for what the core will say unasked. Call it when that may have changed."""
        if self._stream is not None:
            self._stream.cancel()
            self._stream = None
        due = self._core.next_at()
        if due is not None and self._clients:
            self._stream = asyncio.get_running_loop().call_at(due, self._tick)

    def _tick(self) -> None:
        chunks = self._core.advance(asyncio.get_running_loop().time())
        for client in self._clients:
            self._send(chunks, client, 0)
        self._stream = None
        self.keep_streaming()

    def _halt(self) -> None:
        if self._stream is not None:
            self._stream.cancel()
            self._stream = None
