# SPDX-License-Identifier: Apache-2.0
"""A twin without operating system: a transport on the running loop's clock, virtual or real.

Structurally the product's Transport protocol; raises nothing but TimeoutError and OSError.
"""

import asyncio
import errno
import math
from collections import deque

from sim_hardware.devices.core import Chunks, Core
from sim_hardware.wire.faulty import FaultyWire
from sim_hardware.wire.front import HANG_UP_S
from sim_hardware.wire.pace import Outlet, Traffic


class MemoryTransport:
    """One connection to one core. Only the loop's timers are used: no task, no thread, no file.

    Fault: link_drop (open, write and read raise OSError until it is cleared).
    """

    def __init__(
        self,
        core: Core,
        resource: str,
        *,
        baud: int | None = None,
        chunk_max: int = 0,
        seed: int = 1,
    ) -> None:
        self.resource = resource
        self.traffic = Traffic()
        self._core, self._outlet = core, Outlet(baud, chunk_max, seed)
        self._queue: deque[tuple[float, bytes]] = deque()
        self._is_open, self._is_down = False, False
        self._client = 0
        if isinstance(core, FaultyWire):
            core.hang_up = self._hang_up

    async def open(self) -> None:
        """Connect; what an earlier connection left unread is gone."""
        if self._is_down:
            raise OSError(errno.ENOENT, f"{self.resource}: no such device")
        if self._is_open:
            raise OSError(errno.EBUSY, f"{self.resource}: already open")
        self._is_open = True
        self._client += 1
        self._queue.clear()
        self._put(self._core.connect(_now(), self._client), 0)

    async def write(self, data: bytes) -> None:
        """Hand the bytes to the twin at once; replies take the time they take."""
        self._check()
        self.traffic.bytes_in += len(data)
        self._put(self._core.feed(data, _now(), self._client), len(data))

    async def read(self, timeout_s: float) -> bytes:
        """Return what has arrived, waiting for it at most `timeout_s` seconds of the loop."""
        self._check()
        loop = asyncio.get_running_loop()
        now = loop.time()
        limit = now + timeout_s
        while True:
            if self._core.next_at() is not None:
                self._put(self._core.advance(now), 0)
            if self._queue and self._queue[0][0] <= now:
                return self._take(now)
            if not (now < limit):
                raise TimeoutError("nothing came in time")
            target = min(self._due(), limit)
            await asyncio.sleep(target - now)
            self._check()
            now = max(loop.time(), target)  # rounding must not wake us a hair too early

    async def close(self) -> None:
        """Disconnect; the twin forgets a half-sent line."""
        if self._is_open:
            self._is_open = False
            self._core.disconnect(_now(), self._client)

    def _hang_up(self, at: float, client: int, how: str) -> None:
        asyncio.get_running_loop().call_at(at + HANG_UP_S, self._drop, client)

    def _drop(self, client: int) -> None:
        if self._is_open and client == self._client:
            self._is_open = False
            self._core.disconnect(_now(), client)

    def inject(self, verb: str, argument: str, t: float) -> None:
        """Start link_drop."""
        if verb != "link_drop":
            raise ValueError(f"a link has no fault {verb!r}: use link_drop")
        self._is_down = True
        if self._is_open:
            self._core.disconnect(t, self._client)
        self._is_open = False

    def clear(self, verb: str) -> None:
        """Plug the link in again; it must be opened anew."""
        self._is_down = False

    def _check(self) -> None:
        if not self._is_open:
            raise OSError(errno.EIO, f"{self.resource}: not connected")

    def _due(self) -> float:
        return self._queue[0][0] if self._queue else self._core.next_at() or math.inf

    def _put(self, chunks: Chunks, inbound: int) -> None:
        for due, data in chunks:
            self._queue.extend(self._outlet.cut(due, data, inbound))

    def _take(self, now: float) -> bytes:
        pieces = [self._queue.popleft()[1]]
        while self._queue and self._queue[0][0] <= now:
            pieces.append(self._queue.popleft()[1])
        data = b"".join(pieces)
        self.traffic.bytes_out += len(data)
        return data


def _now() -> float:
    return asyncio.get_running_loop().time()
