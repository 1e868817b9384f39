# SPDX-License-Identifier: Apache-2.0
"""Sockets and RFC 2217 without a thread: what arrives is kept, what is gone is an OSError."""

import asyncio
import errno
import time

import pytest

from mnht_controller.devices.open import transport_for
from sim_hardware.devices.core import Chunks, QuietCore
from sim_hardware.wire.rfc2217 import Rfc2217Front
from sim_hardware.wire.tcp import TcpFront

pytestmark = pytest.mark.real


class Slow(QuietCore):
    """Answers with what it got, in two halves a little apart."""

    def feed(self, data: bytes, t: float, client: int = 0) -> Chunks:
        half = len(data) // 2
        return [(t, data[:half]), (t + 0.06, data[half:])]


async def opened(kind):
    front = TcpFront(Slow()) if kind == "tcp" else Rfc2217Front(Slow(), baud=57600)
    await front.start()
    transport = transport_for(f"{kind}://127.0.0.1:{front.port}", 57600)
    await transport.open()
    return front, transport


KINDS = pytest.mark.parametrize("kind", ["tcp", "rfc2217"])


@KINDS
async def test_halves_survive_time_outs_and_cancelled_reads(kind):
    """The trap of partial lines: `12.3` and a pause and `45` are six bytes in order."""
    front, transport = await opened(kind)
    await transport.write(b"12.3\xff45")
    got = await transport.read(1.0)
    with pytest.raises(TimeoutError):
        await transport.read(0.0)
    reading = asyncio.create_task(transport.read(5.0))
    await asyncio.sleep(0.01)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    await asyncio.sleep(0.1)
    assert got + await transport.read(1.0) == b"12.3\xff45"
    await transport.close()
    await front.stop()


@KINDS
async def test_a_closed_peer_is_an_error_at_once_and_costs_no_processor(kind):
    """The trap of closed peers: pyvisa-py spins a core and reports a time-out."""
    front, transport = await opened(kind)
    await front.stop()
    before, spent = time.monotonic(), time.process_time()
    with pytest.raises(OSError, match=r"closed|reset|Reset|lost|EOF|broken") as caught:
        await transport.read(2.0)
    assert not isinstance(caught.value, TimeoutError)
    assert time.monotonic() - before < 1.0
    assert time.process_time() - spent < 0.5
    await transport.close()


@KINDS
async def test_nobody_listens(kind):
    front, transport = await opened(kind)
    await transport.close()
    await front.stop()
    with pytest.raises(OSError, match=r".") as caught:
        await transport.open()
    assert caught.value.errno in {errno.ECONNREFUSED, errno.EIO}


@pytest.mark.shows("one_owner")
@KINDS
async def test_one_owner_on_this_host(kind):
    """Catalogue 15."""
    front, transport = await opened(kind)
    second = transport_for(transport.resource, 57600)
    with pytest.raises(OSError, match="another process"):
        await second.open()
    await transport.close()
    await second.open()
    await second.close()
    await front.stop()


@KINDS
async def test_what_is_not_open_says_so(kind):
    transport = transport_for(f"{kind}://127.0.0.1:1", 9600)
    for call in (transport.read(0.1), transport.write(b"x")):
        with pytest.raises(OSError, match="not open"):
            await call
    await transport.close()
