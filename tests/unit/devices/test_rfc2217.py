# SPDX-License-Identifier: Apache-2.0
"""A serial port behind a network: serialx under our promises, against our server."""

import asyncio
import errno
import re
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from mnht_controller.devices import errors, stream
from mnht_controller.devices.dialect import Dialect
from mnht_controller.devices.framing import LineFramer
from mnht_controller.devices.link import Link
from mnht_controller.devices.scpi import tag
from mnht_controller.devices.stream import StreamTransport, rfc2217
from sim_hardware.devices.core import Chunks, QuietCore
from sim_hardware.devices.sources.generic_scpi import ScpiSource
from sim_hardware.wire.rfc2217 import Rfc2217Front

pytestmark = pytest.mark.real
ALL_BYTES = bytes(range(256))
BAUD = 115200


class Echo(QuietCore):
    """Sends back what it hears, `after_s` later."""

    def __init__(self, after_s: float = 0.0) -> None:
        self.after_s = after_s

    def feed(self, data: bytes, t: float, client: int = 0) -> Chunks:
        """Send it back."""
        return [(t + self.after_s, data)]


@asynccontextmanager
async def connected(
    after_s: float = 0.0, baud: int | None = None
) -> AsyncIterator[tuple[StreamTransport, Rfc2217Front]]:
    """A transport at BAUD and an echo at `baud`."""
    front = Rfc2217Front(Echo(after_s), baud=baud)
    await front.start()
    transport = rfc2217(f"rfc2217://127.0.0.1:{front.port}", BAUD)
    await transport.open()
    try:
        yield transport, front
    finally:
        await transport.close()
        await front.stop()


async def exactly(transport: StreamTransport, count: int) -> bytes:
    """Read so many bytes."""
    data = b""
    while len(data) < count:
        data += await transport.read(1.0)
    return data


async def test_every_byte_passes_at_8n1_and_the_speed_is_set() -> None:
    async with connected(baud=BAUD) as (transport, front):
        await transport.write(ALL_BYTES)
        assert await exactly(transport, 256) == ALL_BYTES
        assert (front.traffic.bytes_in, front.traffic.bytes_out) == (256, 256)


async def test_a_wrong_speed_is_garbage() -> None:
    async with connected(baud=9600) as (transport, _):
        await transport.write(b"41.2\n")
        assert await exactly(transport, 5) != b"41.2\n"


async def test_time_outs_and_cancelled_reads_lose_nothing() -> None:
    async with connected(after_s=0.03) as (transport, _):
        await transport.write(b"12.345\n")
        with pytest.raises(TimeoutError) as caught:
            await transport.read(0.01)
        assert caught.value.errno is None
        reading = asyncio.create_task(transport.read(1.0))
        await asyncio.sleep(0)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert await exactly(transport, 7) == b"12.345\n"


async def test_news_of_modem_lines_are_no_data() -> None:
    async with connected() as (transport, front):
        front.set_lines(cts=False, ri=True)
        front.set_lines(cts=True, ri=False)
        with pytest.raises(TimeoutError):
            await transport.read(0.02)
        assert not any(hasattr(transport, name) for name in ("cts", "dsr", "get_modem_pins"))


@pytest.mark.parametrize("how", ["fin", "rst"])
async def test_a_dead_server_is_an_error_at_once(how: str) -> None:
    """Wire fault 9 (H10): on reading and on writing, with no cached state in between."""
    async with connected() as (transport, front):
        asyncio.get_running_loop().call_later(0.01, front.hang_up, 1, how)
        began = time.perf_counter()
        for call in (transport.read(5.0), transport.read(0.0), transport.write(b"OFF\n")):
            with pytest.raises(OSError, match=r"closed|reset") as caught:
                await call
            assert caught.value.errno == errno.ECONNRESET
        assert time.perf_counter() - began < 1.0


async def test_half_open_connections_are_found_by_the_kernel() -> None:
    """Wire fault 10: the options are on serialx's own socket too."""
    async with connected() as (transport, _):
        beneath = socket.socket(fileno=socket.dup(_descriptor(transport)))
        with beneath:
            user = beneath.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
            assert user == stream.UNACKED_MS
            assert beneath.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            assert beneath.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


def _descriptor(transport: StreamTransport) -> int:
    wire = transport._wire
    assert wire is not None
    return int(wire._tcp_transport.get_extra_info("socket").fileno())  # type: ignore[attr-defined]


async def test_a_write_that_the_server_does_not_take_is_an_error() -> None:
    async with connected() as (transport, front):
        for client in front._transports.values():
            client.pause_reading()
        with pytest.raises(OSError, match="takes nothing"):
            await transport.write(b"x" * 30_000_000)
        with pytest.raises(OSError, match="takes nothing"):
            await transport.write(b"OFF\n")


@pytest.mark.parametrize("says", [b"", b"SSH-2.0-OpenSSH\r\n", bytes((255, 254, 0, 255, 254, 44))])
async def test_what_is_no_such_server_is_given_up(
    says: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A raw socket, another service, a telnet server without the option."""
    monkeypatch.setattr(stream, "OPEN_S", 0.2)

    clients: list[asyncio.StreamWriter] = []

    def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        clients.append(writer)
        writer.write(says)

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    transport = rfc2217(f"rfc2217://127.0.0.1:{server.sockets[0].getsockname()[1]}", BAUD)
    for _ in range(2):  # the second time too: the address is free again
        with pytest.raises(OSError, match=r"does not answer|refused"):
            await transport.open()
    for writer in clients:
        writer.transport.abort()
    server.close()
    await asyncio.sleep(0)


async def test_a_link_over_it_keeps_requests_and_replies_together() -> None:
    """Query, a reply that is late, resynchronization, a server that dies, and its return."""
    twin = ScpiSource()
    front = Rfc2217Front(twin, baud=BAUD)
    await front.start()
    link = Link(
        rfc2217(f"rfc2217://127.0.0.1:{front.port}", BAUD), dialect=Dialect(LineFramer(), tag)
    )
    who = (b"*IDN?\n", re.compile(rb"OPENMFH,.*"))
    try:
        await link.open()
        await link.identify(*who)
        twin.latency_s = 0.2
        with pytest.raises(errors.ReplyTimeoutError):
            await link.query(b"FIEL?\n", timeout_s=0.05)
        twin.latency_s = 0.001
        assert await link.query(b"*OPC?\n") == b"1"
        front.inject("link_drop", "", 0.0)
        with pytest.raises(errors.LinkLostError):
            await link.query(b"*OPC?\n")
        with pytest.raises(errors.ConnectError):
            await link.open()
        front.clear("link_drop")
        await link.open()
        await link.identify(*who)
        assert await link.query(b"*OPC?\n") == b"1"
    finally:
        await link.close()
        await front.stop()
