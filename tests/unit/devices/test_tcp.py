# SPDX-License-Identifier: Apache-2.0
"""Sockets without a library: what a transport promises, on loopback."""

import asyncio
import errno
import socket
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from mnht_controller.devices import stream
from mnht_controller.devices.stream import StreamTransport, tcp

pytestmark = pytest.mark.real
Peer = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[StreamTransport, Peer]]:
    """A transport and the instrument's end of its connection."""
    peers: list[Peer] = []
    arrived = asyncio.Event()

    def accept(*peer: Any) -> None:
        peers.append(peer)
        arrived.set()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    transport = tcp(f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    await transport.open()
    await arrived.wait()
    try:
        yield transport, peers[0]
    finally:
        await transport.close()
        for _, writer in peers:
            writer.transport.abort()
        server.close()
        await asyncio.sleep(0)


def kernel_socket(transport: StreamTransport) -> socket.socket:
    """The socket beneath."""
    wire = transport._wire
    assert wire is not None
    return wire.get_extra_info("socket")  # type: ignore[no-any-return]


def deaf(writer: asyncio.StreamWriter) -> None:
    """Let the instrument's end take nothing any more."""
    assert isinstance(writer.transport, asyncio.Transport)
    writer.transport.pause_reading()


async def test_bytes_both_ways_and_none_is_lost_by_a_timeout() -> None:
    async with connected() as (transport, (reader, writer)):
        await transport.write(b"Q\xff\x00\n")
        assert await reader.readexactly(4) == b"Q\xff\x00\n"
        with pytest.raises(TimeoutError) as caught:
            await transport.read(0.01)
        assert caught.value.errno is None  # nothing came; the link is well
        writer.write(b"12.3")
        assert await transport.read(1.0) == b"12.3"
        writer.write(b"45\n")
        assert await transport.read(1.0) == b"45\n"


async def test_a_cancelled_read_loses_nothing() -> None:
    async with connected() as (transport, (_, writer)):
        reading = asyncio.create_task(transport.read(5.0))
        await asyncio.sleep(0.01)
        writer.write(b"41.2\n")
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert await transport.read(1.0) == b"41.2\n"


async def test_a_read_without_time_sees_what_the_kernel_has() -> None:
    """H11: else a late reply would be taken for the answer to the next request."""
    async with connected() as (transport, (_, writer)):
        peer = socket.socket(fileno=socket.dup(writer.get_extra_info("socket").fileno()))
        peer.send(b"late\n")
        assert await transport.read(0.0) == b"late\n"
        peer.close()
        began = time.perf_counter()
        with pytest.raises(TimeoutError):
            await transport.read(0.0)
        assert time.perf_counter() - began < stream.AT_HAND_S


@pytest.mark.parametrize("end", ["close", "abort"])
async def test_the_last_bytes_come_before_the_end_does(end: str) -> None:
    """Wire fault 9: FIN and RST are errors at once, on reading and on writing (H10)."""
    async with connected() as (transport, (_, writer)):
        writer.write(b"12.3")
        await asyncio.sleep(0.01)
        if end == "abort":
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        getattr(writer.transport, end)()
        assert await transport.read(1.0) == b"12.3"
        for _ in range(2):
            with pytest.raises(OSError, match=r"closed|Reset") as caught:
                await transport.read(1.0)
            assert caught.value.errno == errno.ECONNRESET
        with pytest.raises(OSError, match=r"closed|Reset"):
            await transport.write(b"OFF\n")


async def test_a_read_that_waits_learns_of_the_end_at_once() -> None:
    async with connected() as (transport, (_, writer)):
        asyncio.get_running_loop().call_later(0.01, writer.transport.abort)
        began = time.perf_counter()
        with pytest.raises(OSError, match="closed"):
            await transport.read(5.0)
        assert time.perf_counter() - began < 1.0


async def test_a_write_is_over_when_the_kernel_has_all_of_it() -> None:
    """Wire fault 16: a peer that takes nothing is an error within the deadline (H16)."""
    async with connected() as (transport, (_, writer)):
        deaf(writer)
        began = time.perf_counter()
        with pytest.raises(OSError, match="takes nothing"):
            await transport.write(b"x" * 30_000_000)
        assert time.perf_counter() - began < stream.WRITE_S + 1.0


async def test_a_small_write_behind_a_full_buffer_is_no_success() -> None:
    """An OFF that lies in our own buffer has not been sent."""
    async with connected() as (transport, (_, writer)):
        deaf(writer)
        with pytest.raises(OSError, match="takes nothing"):
            await transport.write(b"x" * 30_000_000)
        with pytest.raises(OSError, match="takes nothing"):
            await transport.write(b"OFF\n")


async def test_a_flood_that_nobody_reads_stays_outside() -> None:
    async with connected() as (transport, (_, writer)):
        sent = bytes(range(256)) * 80_000
        writer.write(sent)
        await asyncio.sleep(0.05)
        assert writer.transport.get_write_buffer_size() > 0
        got = b""
        while len(got) < len(sent):
            piece = await transport.read(1.0)
            assert len(piece) < stream.HELD_BYTES_MAX + 1_000_000
            got += piece
        assert got == sent


async def test_half_open_connections_are_found_by_the_kernel() -> None:
    """Wire fault 10 (H10): no way to pull a loopback cable, so the options are read back."""
    async with connected() as (transport, _):
        beneath = kernel_socket(transport)

        def option(name: int) -> int:
            return beneath.getsockopt(socket.IPPROTO_TCP, name)

        assert beneath.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert option(socket.TCP_NODELAY) != 0
        assert option(socket.TCP_USER_TIMEOUT) == stream.UNACKED_MS
        found_s = option(socket.TCP_KEEPIDLE) + option(socket.TCP_KEEPINTVL) * option(
            socket.TCP_KEEPCNT
        )
        assert found_s <= 6


async def test_a_host_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A full backlog drops further SYNs, as a dead host does."""
    monkeypatch.setattr(stream, "OPEN_S", 0.1)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        place = listener.getsockname()
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(place)
        transport = tcp(f"tcp://127.0.0.1:{place[1]}")
        try:
            with pytest.raises(OSError, match="does not answer within") as caught:
                await transport.open()
            assert caught.value.errno == errno.ETIMEDOUT
        finally:
            for filler in fillers:
                filler.close()
        monkeypatch.setattr(stream, "OPEN_S", 3.0)
    await refused(transport.open)  # and the address is free again


async def refused(call: Callable[[], Awaitable[None]]) -> None:
    """Check that nothing listens any more, and nobody of ours holds the address."""
    with pytest.raises(ConnectionRefusedError):
        await call()


async def test_an_open_that_is_cancelled_leaves_the_address_free() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    transport = tcp(f"tcp://127.0.0.1:{port}")
    opening = asyncio.create_task(transport.open())
    await asyncio.sleep(0)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    await refused(transport.open)


async def test_not_open_and_closed_twice() -> None:
    transport = tcp("tcp://127.0.0.1:1")
    await transport.close()
    for call in (transport.read(0.1), transport.write(b"x")):
        with pytest.raises(OSError, match="not open"):
            await call
    async with connected() as (opened, _):
        beneath = kernel_socket(opened)
        await opened.close()
        assert beneath.fileno() == -1
        await opened.close()


async def test_opening_again_forgets_what_was_left() -> None:
    async with connected() as (transport, (_, writer)):
        writer.write(b"old\n")
        await asyncio.sleep(0.01)
        await transport.open()
        with pytest.raises(TimeoutError):
            await transport.read(0.02)
