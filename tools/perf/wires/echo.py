# SPDX-License-Identifier: Apache-2.0
"""The other end of a latency measurement: a process that sends back what it gets, at once.

`python -m tools.perf.wires.echo`: prints `{"tcp": port, "pty": path, "rfc2217": port}` and serves
until its standard input ends.
"""

import asyncio
import json
import os
import sys
import tty

from sim_hardware.devices.core import Chunks, QuietCore
from sim_hardware.wire.rfc2217 import Rfc2217Front


class _Echo(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if isinstance(self._transport, asyncio.Transport):
            self._transport.write(data)


class _EchoCore(QuietCore):
    def feed(self, data: bytes, t: float, client: int = 0) -> Chunks:
        """Send it back now."""
        return [(t, data)]


async def serve() -> None:
    """Serve all three until standard input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Echo, "127.0.0.1", 0)
    master, slave = os.openpty()
    tty.setraw(master)
    tty.setraw(slave)
    loop.add_reader(master, lambda: os.write(master, os.read(master, 4096)))
    front = Rfc2217Front(_EchoCore())
    await front.start()
    places = {"tcp": server.sockets[0].getsockname()[1], "pty": os.ttyname(slave)}
    sys.stdout.write(json.dumps(places | {"rfc2217": front.port}) + "\n")
    sys.stdout.flush()
    ended = asyncio.Event()
    loop.add_reader(0, lambda: ended.set() if not os.read(0, 64) else None)
    await ended.wait()
    await front.stop()
    server.close()


if __name__ == "__main__":
    asyncio.run(serve())
