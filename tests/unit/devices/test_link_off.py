# SPDX-License-Identifier: Apache-2.0
"""What a link refuses to write: to a stranger, too late, ahead of OFF, or behind half a line."""

import asyncio
import re
from dataclasses import replace

import pytest

from mnht_controller.devices import errors
from mnht_controller.devices.identity import Expected
from mnht_controller.devices.link import Link, LinkState
from tests.support import run_virtual
from tests.unit.devices.wires import IDN, Script, Wire, device, dialect, instead, ready


async def torn():
    """A link whose last write was cancelled half way."""
    wire, link = await ready()
    write = wire.write

    async def stuck(data):
        await asyncio.sleep(10)

    wire.write = stuck
    query = asyncio.create_task(link.query(b"Q\n"))
    await asyncio.sleep(0.01)
    query.cancel()
    await asyncio.gather(query, return_exceptions=True)
    wire.write = write
    wire.written.clear()
    assert link.state is LinkState.DIRTY
    return wire, link


@pytest.mark.parametrize("request_", ["query", "send"])
def test_after_a_cancelled_write_nothing_joins_the_half_line(request_):
    """Half a command may be out: the next one would complete it."""

    async def main():
        wire, link = await torn()
        with pytest.raises(errors.LinkLostError, match="half line"):
            await getattr(link, request_)(b"Q\n")
        assert wire.written == []
        assert link.state is LinkState.CLOSED

    run_virtual(main())


def test_h16_a_cancelled_write_does_not_cost_the_last_off():
    """Shutdown cancels whatever runs; the OFF that follows ends the half line first."""

    async def main():
        wire, link = await torn()
        await link.close(last=b"\nOFF\n")
        assert wire.written == [b"\nOFF\n"]
        wire, link = await torn()
        assert await link.query(b"Q\n", urgent=True, lead=b"\nOFF\n") == b"41.2"
        assert wire.written == [b"\nOFF\n", b"TAG 1\n", b"Q\n"]

    run_virtual(main())


@pytest.mark.parametrize("is_cancelled", [False, True])
def test_h16_the_last_off_keeps_the_gap_between_two_writes(is_cancelled):
    """An instrument that is still busy would not hear it. Who is cancelled says it all the same."""

    async def main():
        wire, link = await ready()
        link.speak(replace(dialect(), gap_s=0.03))
        loop = asyncio.get_running_loop()
        await link.send(b"Q\n")
        begun = loop.time()
        closing = asyncio.create_task(link.close(last=b"\nOFF\n"))
        await asyncio.sleep(0.02)
        assert wire.written[-1] == b"Q\n"
        if is_cancelled:
            closing.cancel()
        await asyncio.gather(closing, return_exceptions=True)
        assert wire.written[-1] == b"\nOFF\n"
        assert is_cancelled or loop.time() - begun >= 0.03 - 1e-9

    run_virtual(main())


@pytest.mark.shows("permit_expires")
@pytest.mark.parametrize("is_dirty", [False, True])
def test_h17_what_expired_before_it_could_be_written_is_not_written(is_dirty):
    """Waiting for the turn or for a resync takes time, and a permit runs out meanwhile."""

    async def main():
        wire, link = await ready()
        if is_dirty:
            link.distrust()
        loop = asyncio.get_running_loop()
        first = asyncio.create_task(link.query(b"S\n"))  # holds the turn for its whole time-out
        await asyncio.sleep(0)
        with pytest.raises(errors.RangeRefusedError, match="expired"):
            await link.query(b"HEAT\n", not_after=loop.time() + 0.1)
        with pytest.raises(errors.RangeRefusedError):
            await link.query(b"HEAT\n", not_after=loop.time())
        with pytest.raises(errors.RangeRefusedError):
            await link.query(b"HEAT\n", not_after=float("nan"))
        assert b"HEAT\n" not in wire.written
        assert await link.query(b"Q\n", not_after=loop.time() + 0.1) == b"41.2"
        await asyncio.gather(first, return_exceptions=True)

    run_virtual(main())


def test_h16_a_request_that_resynchronized_meanwhile_gives_way_to_off():
    """The resync succeeds, but OFF has come: what would heat is not written before it."""

    async def main():
        wire, link = await ready()
        link.distrust()
        wire.answers = instead(b"TAG 1", [(0.1, b"T1\n")])
        heat = asyncio.create_task(link.query(b"HEAT\n"))
        await asyncio.sleep(0.08)  # drained; the tag's answer is under way
        assert wire.written[-1] == b"TAG 1\n"
        await link.send(b"OFF\n", urgent=True)
        with pytest.raises(errors.ReplyTimeoutError, match="gave way"):
            await heat
        assert b"HEAT\n" not in wire.written

    run_virtual(main())


SERIAL = re.compile(rb"TEST,(?P<serial>.*)")


@pytest.mark.shows("never_mixed")
@pytest.mark.parametrize(
    ("answer", "pattern", "simulated", "why"),
    [
        (b"TEST,4711\n", SERIAL, True, "a real instrument"),
        (b"TEST, SIM1\n", SERIAL, False, "a simulated instrument"),
        (b"TEST,SIM1\n", IDN[1], True, "no group `serial`"),
        (b"TEST,4711\n", SERIAL, False, ""),
        (b"TEST,SIM1\n", SERIAL, True, ""),
        (b"TEST,SIM1\n", IDN[1], None, ""),
    ],
)
def test_h50_the_other_kind_gets_the_identity_query_and_nothing_else(
    answer, pattern, simulated, why
):
    async def main():
        wire = Wire(Script(**{"*IDN?": [[(0.01, answer)]]}))
        link = Link(wire, dialect=dialect(), expected=Expected(simulated))
        await link.open()
        if not why:
            await link.identify(IDN[0], pattern)
            assert link.state is LinkState.CLEAN
            return
        with pytest.raises(errors.IdentityError, match=why) as caught:
            await link.identify(IDN[0], pattern)
        assert "nothing but the identity query was written" in str(caught.value)
        assert link.state is LinkState.CLOSED
        await link.close(last=b"OFF\n")
        assert wire.written == [b"*IDN?\n"]

    run_virtual(main())


@pytest.mark.shows("identity_first")
def test_h20_before_the_identity_nothing_is_written_not_even_off():
    async def main():
        wire = Wire(device)
        link = Link(wire, dialect=dialect())
        await link.open()
        for call in (
            link.query(b"Q\n"),
            link.query(b"Q\n", urgent=True, lead=b"OFF\n"),
            link.send(b"OFF\n"),
        ):
            with pytest.raises(errors.LinkLostError, match="unknown"):
                await call
        await link.close(last=b"OFF\n")
        assert wire.written == []

    run_virtual(main())
