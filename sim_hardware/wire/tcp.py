# SPDX-License-Identifier: Apache-2.0
"""A twin on a TCP socket of the loopback interface: one core, several clients."""

import asyncio

from sim_hardware.devices.core import Core
from sim_hardware.wire.front import LoopFront
from sim_hardware.wire.sockets import HOST, Sockets

__all__ = ("HOST", "TcpFront")


class TcpFront(Sockets, LoopFront):
    """Listens on 127.0.0.1; port 0 takes a free one. Faults: see `Sockets`."""

    def __init__(self, core: Core, *, port: int = 0, chunk_max: int = 0, seed: int = 1) -> None:
        LoopFront.__init__(self, core, chunk_max=chunk_max, seed=seed)
        Sockets.__init__(self, port)

    async def stop(self) -> None:
        """Stop listening and reset every connection. Idempotent."""
        self._halt()
        await self.stop_sockets()

    def joined(self, number: int, transport: asyncio.Transport) -> None:
        """Take a new connection."""
        self._join(number, transport.write)

    def heard(self, data: bytes, number: int) -> None:
        """Take bytes from a client."""
        self._receive(data, number)

    def left(self, number: int) -> None:
        """Forget a client."""
        self._leave(number, asyncio.get_running_loop().time())
