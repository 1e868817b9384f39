# SPDX-License-Identifier: Apache-2.0
"""The live stream: resume and gaps, laggards, who counts as an operator's view."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from mnht_controller.surfaces import hub as module
from mnht_controller.surfaces.hub import BEHIND_TICKS_MAX, HISTORY_MAX, QUEUE_MAX, REPLAY_MAX, Hub
from tests.unit.surfaces.fakes import Bench, bench, until

EVENTS_THAT_FILL_ALL_BUFFERS = 200
ROW = (0.0, 42.0, 47.0, 39.0, 43.0, 5.2)


class Clock:
    """Virtual time for the hub."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def hub(clock: Clock) -> Hub:
    return Hub(clock)


def publish(hub: Hub, clock: Clock, ticks: range) -> None:
    for tick in ticks:
        clock.now += 0.1
        hub.publish(tick, json.dumps({"tick": tick}), (clock.now, *ROW[1:]))


async def take(events: AsyncGenerator[bytes, None], count: int) -> list[tuple[str, str, Any]]:
    async with contextlib.aclosing(events):
        return [parse(await anext(events)) for _ in range(count)]


def parse(event: bytes) -> tuple[str, str, Any]:
    rows = dict(line.split(": ", 1) for line in event.decode().splitlines() if line)
    return rows["event"], rows.get("id", ""), json.loads(rows["data"])


async def test_resume_replays_what_was_missed_as_past(hub: Hub, clock: Clock) -> None:
    """H31: old events never look like the present."""
    publish(hub, clock, range(1, 11))
    stream = hub.join(True, 7, lambda: True)
    publish(hub, clock, range(11, 12))
    events = await take(hub.events(stream), 4)
    assert [(kind, number) for kind, number, _ in events] == [
        ("past", "8"), ("past", "9"), ("past", "10"), ("snapshot", "11"),
    ]  # fmt: skip


async def test_a_hole_that_cannot_be_filled_is_said(hub: Hub, clock: Clock) -> None:
    publish(hub, clock, range(1, REPLAY_MAX + 101))
    events = await take(hub.events(hub.join(True, 50, lambda: True)), 2)
    assert events[0] == ("gap", "", {"missed": 50})
    assert events[1][:2] == ("past", "101")


async def test_another_controller_has_another_past(hub: Hub, clock: Clock) -> None:
    publish(hub, clock, range(900, 910))
    publish(hub, clock, range(1, 3))
    assert hub.tick == 2
    assert len(hub.history) == 1
    events = await take(hub.events(hub.join(True, 909, lambda: True)), 1)
    assert events == [("gap", "", {"missed": None})]


async def test_a_laggard_loses_the_oldest_and_is_told(hub: Hub, clock: Clock) -> None:
    """H53: a client that does not read costs a bounded queue, and sees the gap."""
    stream = hub.join(True, None, lambda: True)
    publish(hub, clock, range(1, QUEUE_MAX + 31))
    events = await take(hub.events(stream), 2)
    assert events[0] == ("gap", "", {"missed": 30})
    assert events[1][:2] == ("snapshot", "31")


@pytest.mark.shows("bounded_queues")
def test_memory_is_bounded(hub: Hub, clock: Clock) -> None:
    """H36: eight hours change nothing."""
    clock.now = 0.0
    for tick in range(HISTORY_MAX + 500):
        clock.now += 0.6
        hub.publish(tick, "{}", ROW)
    assert len(hub.history) == HISTORY_MAX


async def test_more_than_ten_events_a_second_are_thinned(hub: Hub, clock: Clock) -> None:
    stream = hub.join(True, None, lambda: True)
    for tick in range(1, 101):
        clock.now += 0.01
        hub.publish(tick, "{}", ROW)
    assert len(stream.queue) + stream.missed in {10, 11}


async def test_a_stream_ends_with_its_login(hub: Hub, clock: Clock) -> None:
    live = [True]
    events = hub.events(hub.join(True, None, lambda: live[0]))
    publish(hub, clock, range(1, 2))
    await anext(events)
    live[0] = False
    publish(hub, clock, range(2, 3))
    with pytest.raises(StopAsyncIteration):
        await anext(events)


async def test_streams_end_with_the_server(hub: Hub, clock: Clock) -> None:
    events = hub.events(hub.join(True, None, lambda: True))
    waiting = asyncio.create_task(anext(events))
    await asyncio.sleep(0)
    hub.end()
    with pytest.raises(StopAsyncIteration):
        await waiting


def test_an_open_page_is_a_view_only_while_it_draws_the_present(hub: Hub, clock: Clock) -> None:
    """H47: a tab that hangs, or shows what was two seconds ago, is nobody watching."""
    hub.join(True, None, lambda: True)
    publish(hub, clock, range(1, 101))
    assert not hub.is_viewed()
    assert hub.seen(100 - BEHIND_TICKS_MAX - 1) == BEHIND_TICKS_MAX + 1
    assert not hub.is_viewed()
    assert hub.seen(101) == -1
    assert not hub.is_viewed()
    assert hub.seen(100 - BEHIND_TICKS_MAX) == BEHIND_TICKS_MAX
    assert hub.is_viewed()
    clock.now += 3.0
    assert not hub.is_viewed()


async def test_a_reading_script_is_a_view_until_it_stops_reading(hub: Hub, clock: Clock) -> None:
    """H47."""
    stream = hub.join(False, None, lambda: True)
    publish(hub, clock, range(1, 2))
    await take(hub.events(stream), 1)
    assert hub.is_viewed()
    publish(hub, clock, range(2, 20))
    assert not hub.is_viewed()


# ---- over real sockets ---------------------------------------------------------------------


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench(tmp_path) as made:
        yield made


async def read(answer: httpx2.Response, count: int) -> list[tuple[str, str, Any]]:
    buffer = b""
    async for chunk in answer.aiter_raw():
        buffer += chunk
        if buffer.count(b"\n\n") >= count:
            break
    return [parse(event) for event in buffer.split(b"\n\n")[:count]]


async def snapshot(answer: httpx2.Response) -> tuple[str, Any]:
    """Give the first snapshot; on a busy machine word of a link may come before it."""
    buffer = b""
    async for chunk in answer.aiter_raw():
        buffer += chunk
        for event in buffer.split(b"\n\n")[:-1]:
            kind, number, shown = parse(event)
            if kind == "snapshot":
                return number, shown
    raise AssertionError(f"the stream ended without a snapshot: {buffer!r}")


async def test_snapshots_come_live_with_the_tick_as_id(desk: Bench) -> None:
    headers = await desk.login()
    await desk.publish()
    async with desk.http.stream("GET", "/api/v1/stream", headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-cache"
        reader = asyncio.create_task(snapshot(answer))
        # One that follows another within 100 ms is left out, so one alone may never come.
        await until(lambda: desk.fakes.publish() and reader.done())
        number, shown = await reader
    assert number == str(shown["tick"])
    assert shown["tick"] >= 2
    assert shown["temperatures"]["skin"]["value"] == 42.8
    assert 0.0 <= shown["age_s"] < 5.0


async def test_view_is_said_to_the_controller_only_while_somebody_watches(desk: Bench) -> None:
    """H47: the controller hears of a view when there is one, and not before."""
    headers = await desk.login()
    await desk.publish()
    assert desk.fakes.kinds("view") == []
    async with desk.http.stream("GET", "/api/v1/stream", headers=headers) as answer:
        reader = asyncio.create_task(read(answer, 10_000))
        await until(lambda: desk.fakes.publish() and desk.fakes.kinds("view"))
        reader.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await reader


async def test_a_slow_client_does_not_hold_up_another(
    desk: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """H53: one that reads nothing fills its own buffers; the other gets every event."""
    monkeypatch.setattr(module, "PERIOD_S", 0.0)
    headers = await desk.login()
    await desk.publish()
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(("127.0.0.1", desk.config.port))
    reader, writer = await asyncio.open_connection(sock=connection, limit=2048)
    host = f"host: 127.0.0.1:{desk.config.port}"
    token = f"authorization: {headers['authorization']}"
    writer.write(f"GET /api/v1/stream HTTP/1.1\r\n{host}\r\n{token}\r\n\r\n".encode())
    await reader.readline()
    got = b""
    async with desk.http.stream("GET", "/api/v1/stream", headers=headers) as answer:
        chunks = answer.aiter_raw()
        for _ in range(EVENTS_THAT_FILL_ALL_BUFFERS):
            wanted = f"id: {desk.fakes.publish()}\n\n".encode()
            tail = b""
            while wanted not in tail:
                tail = tail[-20:] + await anext(chunks)
                got += tail if b"gap" in tail else b""
    assert got == b""
    while b"event: gap" not in got:
        got = got[-20:] + await reader.read(65_536)
    writer.transport.abort()


async def test_silence_of_the_controller_is_told_to_every_view(desk: Bench) -> None:
    """H49: the page learns that the console lives and the controller does not."""
    headers = await desk.login()
    async with desk.http.stream("GET", "/api/v1/stream", headers=headers) as answer:
        [(kind, _, told)] = await read(answer, 1)
    assert (kind, told["controller"]) == ("link", "lost")
