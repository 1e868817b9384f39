# SPDX-License-Identifier: Apache-2.0
"""Requests to the guard and STOP to both: order, refusals, nobody there. H36 (STOP path)."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from mnht_controller.domain.codec import from_plain
from mnht_controller.domain.intent import Intent, Verb
from mnht_controller.surfaces.guard_client import (
    CONTROL_SOCKET,
    DOOR_SOCKET,
    Message,
    NoAnswer,
    request,
    request_now,
    stop_all,
    stop_intent,
    stop_now,
)

OK = b'{"ok":true}\n'
Heard = list[tuple[str, Message]]
Serve = Callable[[str, list[bytes]], Awaitable[Path]]


@pytest.fixture
async def heard() -> Heard:
    return []


@pytest.fixture
async def serve(tmp_path: Path, heard: Heard) -> AsyncIterator[Serve]:
    servers: list[asyncio.AbstractServer] = []

    async def start(name: str, replies: list[bytes]) -> Path:
        async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heard.append((name, json.loads(await reader.readline())))
            for reply in replies:
                writer.write(reply)
                await writer.drain()
            if not replies or replies[-1] != b"":
                writer.close()
            else:
                await reader.read()
                writer.close()

        server = await asyncio.start_unix_server(client, tmp_path / name)
        servers.append(server)
        return tmp_path / name

    yield start
    for server in servers:
        server.close()


def both(kind: str) -> Callable[[Path, Message], Awaitable[Message]]:
    async def blocking(path: Path, message: Message) -> Message:
        return await asyncio.to_thread(request_now, path, message, 0.3)

    async def on_the_loop(path: Path, message: Message) -> Message:
        return await request(path, message, 0.3)

    return blocking if kind == "blocking" else on_the_loop


@pytest.mark.parametrize("kind", ["blocking", "asyncio"])
async def test_one_request_one_reply(serve: Serve, heard: Heard, kind: str) -> None:
    path = await serve("guard.sock", [b'{"ok":false,"reasons":["latched"]}\n'])
    reply = await both(kind)(path, {"kind": "reset", "actor": "a"})
    assert reply == {"ok": False, "reasons": ["latched"]}
    assert heard == [("guard.sock", {"kind": "reset", "actor": "a"})]


@pytest.mark.parametrize("kind", ["blocking", "asyncio"])
async def test_snapshots_are_passed_over(serve: Serve, kind: str) -> None:
    noise = b'{"kind":"snapshot","snapshot":{"big":"' + b"x" * 200_000 + b'"}}\n'
    path = await serve("door", [noise[:5], noise[5:], noise, b'{"kind":"ack","id":1,"ok":true}\n'])
    assert (await both(kind)(path, {"kind": "view"}))["kind"] == "ack"


@pytest.mark.parametrize("kind", ["blocking", "asyncio"])
@pytest.mark.parametrize(
    ("replies", "why"),
    [
        ([], "without an answer"),
        ([b'{"ok":tr'], "without an answer"),
        ([b"garbage\n"], "Expecting value"),
        ([b'{"kind":"snapshot"}\n', b""], "no answer within"),
    ],
)
async def test_no_answer(serve: Serve, kind: str, replies: list[bytes], why: str) -> None:
    path = await serve("guard.sock", replies)
    with pytest.raises(NoAnswer, match=why) as caught:
        await both(kind)(path, {"kind": "status"})
    assert not caught.value.missing


@pytest.mark.parametrize("kind", ["blocking", "asyncio"])
async def test_nobody_there(tmp_path: Path, kind: str) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "dead"))
    for name in ("none", "dead"):
        with pytest.raises(NoAnswer, match="nobody listens") as caught:
            await both(kind)(tmp_path / name, {"kind": "status"})
        assert caught.value.missing


def test_the_stop_intent_is_what_the_door_decodes() -> None:
    message = stop_intent("somebody")
    assert from_plain(Intent, message["intent"]) == Intent(Verb.STOP, "somebody")


async def test_stop_tells_the_guard_first(serve: Serve, heard: Heard, tmp_path: Path) -> None:
    control = await serve(CONTROL_SOCKET, [OK])
    door = await serve(DOOR_SOCKET, [OK])
    report = await stop_all(control, door, "tester")
    assert [name for name, _ in heard] == [CONTROL_SOCKET, DOOR_SOCKET]
    assert report == {
        "ok": True,
        "running": True,
        "guard": {"ok": True, "reasons": []},
        "controller": {"ok": True, "reasons": []},
    }
    assert await asyncio.to_thread(stop_now, tmp_path) == report
    assert [name for name, _ in heard[2:]] == [CONTROL_SOCKET, DOOR_SOCKET]


async def test_a_hung_guard_does_not_keep_stop_from_the_controller(
    serve: Serve, heard: Heard, tmp_path: Path
) -> None:
    control = await serve(CONTROL_SOCKET, [b""])
    door = await serve(DOOR_SOCKET, [OK])
    report = await stop_all(control, door, "tester")
    assert report["ok"]
    assert report["controller"]["ok"]
    assert not report["guard"]["ok"]
    assert "no answer" in report["guard"]["reasons"][0]


async def test_stop_with_nothing_running_says_so(tmp_path: Path) -> None:
    for report in (stop_now(tmp_path), await stop_all(tmp_path / "a", tmp_path / "b", "tester")):
        assert not report["ok"]
        assert not report["running"]
        assert "nobody listens" in report["guard"]["reasons"][0]
