# SPDX-License-Identifier: Apache-2.0
"""The link: no late, partial or foreign reply is ever an answer (H11, H12), and OFF goes first."""

import asyncio
import re

import pytest

from mnht_controller.devices import errors
from mnht_controller.devices.dialect import Dialect
from mnht_controller.devices.framing import LineFramer
from mnht_controller.devices.link import DRAIN_S_MAX, Link, LinkState
from tests.support import run_virtual
from tests.unit.devices.wires import IDN, Script, Wire, device, dialect, instead, ready, tag


def test_a_query_gives_its_reply_and_when_it_came():
    async def main():
        wire, link = await ready()
        assert link.state is LinkState.CLEAN
        assert await link.query(b"Q\n") == b"41.2"
        assert link.answered_at == asyncio.get_running_loop().time()
        assert wire.written == [b"*IDN?\n", b"Q\n"]

    run_virtual(main())


@pytest.mark.shows("dirty_link")
@pytest.mark.parametrize("gap_s", [0.16, 0.3, 0.5, 1.0, 3.0])
def test_partial_then_silence_never_gives_the_tail(gap_s):
    """Wire fault 1: `12.3`, silence, `45` must not become 45 (H12)."""

    async def main():
        cut = instead(b"Q", [(0.01, b"12.3"), (gap_s, b"45\n")])
        _, link = await ready(cut)
        with pytest.raises(errors.ReplyTimeoutError):
            await link.query(b"Q\n")
        assert link.state is LinkState.DIRTY
        got = []
        for _ in range(40):
            try:
                got.append(await link.query(b"Q\n"))
            except errors.LinkLostError:
                await link.open()
                await link.identify(*IDN)
            except errors.DeviceError:
                continue
            await asyncio.sleep(0.1)
        assert set(got) == {b"41.2"}
        assert len(got) > 30

    run_virtual(main())


@pytest.mark.shows("dirty_link")
@pytest.mark.parametrize("late_s", [0.151, 0.2, 0.29, 0.301, 0.31, 0.45, 1.0, 2.5])
def test_a_late_reply_is_never_the_next_answer(late_s):
    """Wire fault 2: an instrument that answers in order, one answer late (H11)."""

    async def main():
        free_at = [0.0]

        def answers(request):
            now = asyncio.get_running_loop().time()
            rows = device(request) if request != b"A\n" else [(late_s, b"99.9\n")]
            free_at[0] = max(free_at[0], now + (rows[0][0] if rows else 0.0))
            return [(free_at[0] - now, data) for _, data in rows]

        wire, link = await ready(answers)
        with pytest.raises(errors.ReplyTimeoutError):
            await link.query(b"A\n")
        for _ in range(30):
            try:
                assert await link.query(b"Q\n") == b"41.2"
            except errors.LinkLostError:
                await link.open()
                try:
                    await link.identify(*IDN)
                except errors.ReplyTimeoutError:
                    continue
            except errors.ReplyTimeoutError:
                continue
        assert await link.query(b"Q\n") == b"41.2"
        assert any(request.startswith(b"TAG") for request in wire.written)

    run_virtual(main())


def test_input_that_nobody_asked_for_forces_a_resync():
    """Wire fault 3: a line of its own between two queries is not the answer to the second."""

    async def main():
        wire, link = await ready()
        wire.arrive(0.0, b"99.9\n")
        await asyncio.sleep(0.01)
        assert await link.query(b"Q\n") == b"41.2"
        assert wire.written[1:] == [b"TAG 1\n", b"Q\n"]
        assert link.tally.discarded == 1

    run_virtual(main())


def test_known_event_lines_are_counted_and_skipped():
    async def main():

        wire, link = await ready(instead(b"Q", [(0.0, b"!06\n41.2\n")]))
        link.speak(Dialect(LineFramer(), tag, re.compile(rb"!\d\d")))
        wire.arrive(0.0, b"!07\n")
        await asyncio.sleep(0.01)
        assert await link.query(b"Q\n") == b"41.2"
        assert link.tally.unsolicited == 2
        assert wire.written == [b"*IDN?\n", b"Q\n"]

    run_virtual(main())


def test_two_replies_to_one_request_are_both_refused():
    async def main():
        _, link = await ready(instead(b"Q", [(0.0, b"99.9\n41.2\n")]))
        with pytest.raises(errors.ProtocolError):
            await link.query(b"Q\n")
        assert await link.query(b"Q\n") == b"41.2"

    run_virtual(main())


def test_an_endless_line_is_noise_and_does_not_stop_the_loop():
    """Wire fault 4."""

    async def main():
        noise = [(0.0, b"\xff" * 5000), (0.01, b"\xff" * 5000), (0.02, b"\n41.2\n")]
        _, link = await ready(instead(b"Q", noise))
        with pytest.raises(errors.ProtocolError):
            await link.query(b"Q\n")
        assert await link.query(b"Q\n") == b"41.2"

    run_virtual(main())


@pytest.mark.parametrize(
    "answer",
    [b"", OSError(5, "EIO"), ConnectionResetError(104, "reset"), OSError(110, "ETIMEDOUT")],
)
def test_hang_up_closes_until_it_is_opened_again(answer):
    """Wire fault 9: end of file is a state, not a time-out (H10)."""

    async def main():
        wire, link = await ready(instead(b"Q", [(0.01, b"41"), (0.02, answer)]))
        with pytest.raises(errors.LinkLostError):
            await link.query(b"Q\n")
        assert link.state is LinkState.CLOSED
        with pytest.raises(errors.LinkLostError):
            await link.query(b"Q\n")
        with pytest.raises(errors.LinkLostError):
            await link.send(b"OFF\n")
        await link.open()
        await link.identify(*IDN)
        assert await link.query(b"Q\n") == b"41.2"
        assert wire.opened == 2

    run_virtual(main())


def test_a_link_that_cannot_resynchronize_closes():
    async def main():
        dead = [False]
        _, link = await ready(lambda request: [] if dead[0] else device(request))
        dead[0] = True
        with pytest.raises(errors.ReplyTimeoutError):
            await link.query(b"Q\n")
        with pytest.raises(errors.LinkLostError):
            await link.query(b"Q\n")
        assert link.state is LinkState.CLOSED

    run_virtual(main())


def test_wrong_instrument_gets_the_identification_query_only():
    """Wire fault 17 (H20)."""

    async def main():
        wire = Wire(Script(**{"*IDN?": [[(0.01, b"ACME,1\n")]]}))
        link = Link(wire, dialect=dialect())
        await link.open()
        with pytest.raises(errors.IdentityError):
            await link.identify(*IDN)
        assert set(wire.written) == {b"*IDN?\n"}
        assert link.state is LinkState.CLOSED

    run_virtual(main())


def test_noise_before_the_identity_costs_one_more_try():
    async def main():
        noise = [(0.0, b"12.3"), (0.01, b"TEST,1\n")]
        wire = Wire(instead(b"*IDN?", noise))
        link = Link(wire, dialect=dialect())
        await link.open()
        await link.identify(*IDN)
        assert wire.written == [b"*IDN?\n"] * 2

    run_virtual(main())


def test_a_stream_is_told_from_silence():
    async def main():
        wire = Wire(device)
        link = Link(wire, dialect=dialect())

        async def stream():
            for _ in range(60):
                wire.arrive(0.0, b"23.4\n")
                await asyncio.sleep(0.05)

        streaming = asyncio.create_task(stream())
        start = asyncio.get_running_loop().time()
        await link.open()
        assert link.is_streaming
        assert asyncio.get_running_loop().time() - start < DRAIN_S_MAX + 0.2
        await streaming
        await link.open()
        assert not link.is_streaming

    run_virtual(main())


@pytest.mark.shows("off_overtakes")
def test_off_goes_before_everything_queued():
    async def main():
        wire, link = await ready()
        queries = [asyncio.create_task(link.query(b"Q\n")) for _ in range(5)]
        await asyncio.sleep(0)
        await link.send(b"OFF\n", urgent=True)
        assert wire.written[1:] == [b"Q\n", b"OFF\n"]
        await asyncio.gather(*queries)

    run_virtual(main())


def test_off_does_not_wait_for_a_resync():
    async def main():
        wire, link = await ready(instead(b"Q", []))
        with pytest.raises(errors.ReplyTimeoutError):
            await link.query(b"Q\n")
        for _ in range(100):  # a line that will not become quiet
            wire.arrive(0.05 * _, b"noise\n")
        query = asyncio.create_task(link.query(b"Q\n"))
        await asyncio.sleep(0.01)
        start = asyncio.get_running_loop().time()
        await link.send(b"OFF\n", urgent=True)
        assert asyncio.get_running_loop().time() - start < 0.16
        with pytest.raises(errors.ReplyTimeoutError):
            await query

    run_virtual(main())


def test_off_is_sent_on_a_dirty_link():
    async def main():
        wire, link = await ready(instead(b"Q", []))
        with pytest.raises(errors.ReplyTimeoutError):
            await link.query(b"Q\n")
        await link.send(b"OFF\n", urgent=True)
        assert wire.written[-1] == b"OFF\n"
        assert link.state is LinkState.DIRTY

    run_virtual(main())


def test_cancelling_a_query_leaves_the_link_dirty_and_the_turn_free():
    async def main():
        _, link = await ready(instead(b"Q", [(0.1, b"99.9\n")]))
        query = asyncio.create_task(link.query(b"Q\n"))
        waiting = asyncio.create_task(link.query(b"Q\n"))
        await asyncio.sleep(0.05)
        waiting.cancel()
        query.cancel()
        await asyncio.gather(query, waiting, return_exceptions=True)
        assert link.state is LinkState.DIRTY
        assert await link.query(b"Q\n") == b"41.2"

    run_virtual(main())


def test_close_says_off_first_and_is_idempotent():
    async def main():
        wire, link = await ready()
        await link.close(last=b"OFF\n")
        await link.close(last=b"OFF\n")
        assert wire.written[-1] == b"OFF\n"
        assert wire.written.count(b"OFF\n") == 1

    run_virtual(main())
