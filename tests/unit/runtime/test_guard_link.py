# SPDX-License-Identifier: Apache-2.0
"""The controller's end of the lease socket: no backlog, no garbage, and a lost guard only ages."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from mnht_controller.domain.lease import GuardState, GuardStatus
from mnht_controller.interlock.lease import LINE_BYTES_MAX, encode_status
from mnht_controller.runtime.guard_link import GuardSocket

pytestmark = pytest.mark.real
STATUS = GuardStatus(7, 1.5, GuardState.RUN, "ab", 3)


class Guard:
    """A unix socket that notes what it is sent."""

    def __init__(self) -> None:
        self.heard = b""
        self.peers: list[asyncio.Transport] = []

    def make(self) -> asyncio.Protocol:
        """One connection."""
        guard = self

        class Peer(asyncio.Protocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                guard.peers.append(transport)  # type: ignore[arg-type]

            def data_received(self, data: bytes) -> None:
                guard.heard += data

        return Peer()

    def say(self, data: bytes) -> None:
        """Send to the latest client."""
        self.peers[-1].write(data)


async def until(condition: Callable[[], object]) -> None:
    """Wait for a state."""
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.005)
    pytest.fail("it did not come to that")


@pytest.fixture
async def pair(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[GuardSocket, Guard]]:
    monkeypatch.setattr("mnht_controller.runtime.guard_link.RETRY_S", 0.01)
    with tempfile.TemporaryDirectory() as folder:  # a unix socket's path is short
        path, guard = Path(folder) / "guard", Guard()
        server = await asyncio.get_running_loop().create_unix_server(guard.make, path)
        link = GuardSocket(path)
        running = asyncio.create_task(link.run())
        await until(lambda: guard.peers)
        yield link, guard
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        link.close()
        for peer in guard.peers:
            peer.abort()
        server.close()
        await asyncio.sleep(0)
        await until(lambda: link._transport is None)


async def test_what_is_sent_arrives_and_a_status_is_taken(pair) -> None:
    link, guard = pair
    assert link.status is None
    link.send(b"lease\n")
    await until(lambda: guard.heard == b"lease\n")
    guard.say(encode_status(STATUS)[:20])
    await asyncio.sleep(0.01)
    assert link.status is None
    guard.say(encode_status(STATUS)[20:])
    await until(lambda: link.status == STATUS)


async def test_a_guard_that_does_not_read_gets_no_old_leases(pair) -> None:
    link, guard = pair
    guard.peers[-1].pause_reading()
    link.send(b"first\n")
    lease = b"x" * 60_000
    for _ in range(100):
        link.send(lease)
    assert link._transport is not None
    assert link._transport.get_write_buffer_size() <= len(lease), "at most one lease waits"


@pytest.mark.parametrize("noise", [b"hello\n", b"{}\n", b"\xff\xfe\n", b"x" * (LINE_BYTES_MAX + 1)])
async def test_garbage_ends_the_connection_and_never_becomes_a_status(pair, noise: bytes) -> None:
    link, guard = pair
    guard.say(encode_status(STATUS))
    await until(lambda: link.status == STATUS)
    guard.say(noise)
    await until(lambda: len(guard.peers) == 2)
    assert link.status == STATUS


async def test_h28_a_lost_guard_leaves_its_last_status_and_sending_harms_nothing(pair) -> None:
    link, guard = pair
    guard.say(encode_status(STATUS))
    await until(lambda: link.status == STATUS)
    guard.peers[-1].abort()
    await until(lambda: len(guard.peers) == 2)
    link.send(b"lease\n")
    assert link.status == STATUS
