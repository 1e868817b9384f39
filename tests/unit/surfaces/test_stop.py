# SPDX-License-Identifier: Apache-2.0
"""The STOP listener on a real port: who may, who is told first, and what cannot keep it out."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mnht_controller.surfaces.guard_client import Message
from mnht_controller.surfaces.stop import CONNECTIONS_MAX, StopConfig, StopListener, main

TOKEN = "s3cret-t0ken"
ORIGIN = "http://127.0.0.1:8765"
Answer = tuple[int, dict[str, str], Message]
AUTH = f"Authorization: Bearer {TOKEN}"


class Site:
    """A listener on a free port with a fake guard and controller behind it."""

    def __init__(self, folder: Path) -> None:
        self.told: list[str] = []
        self.obey = True
        self.folder = folder
        self.servers: list[asyncio.AbstractServer] = []
        self.config = StopConfig(
            "127.0.0.1", 0, TOKEN, ORIGIN, str(folder / "guard"), str(folder / "door")
        )
        self.listener = StopListener(self.config)

    async def start(self) -> None:
        for name in ("guard", "door"):
            self.servers.append(
                await asyncio.start_unix_server(self._client(name), self.folder / name)
            )
        listening = await self.listener.listen()
        self.servers.append(listening)
        self.port = listening.sockets[0].getsockname()[1]

    def _client(self, name: str):
        async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            message = json.loads(await reader.readline())
            verb = message.get("intent", {}).get("verb", message["kind"])
            self.told.append(f"{name} {verb}")
            reply = {"ok": self.obey, "reasons": [] if self.obey else ["no"]}
            writer.write(json.dumps(reply).encode() + b"\n")
            writer.close()

        return client

    async def send(self, raw: bytes) -> Answer:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(raw)
        head, _, body = (await asyncio.wait_for(reader.read(), 5)).partition(b"\r\n\r\n")
        writer.close()
        first, *fields = head.decode().split("\r\n")
        headers = dict(field.split(": ", 1) for field in fields)
        return int(first.split()[1]), headers, json.loads(body) if body else {}

    async def ask(self, line: str, *headers: str, body: bytes = b"") -> Answer:
        head = "\r\n".join(
            [f"{line} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}", *headers]
        )
        return await self.send(head.encode() + b"\r\n\r\n" + body)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    site = Site(tmp_path)
    await site.start()
    yield site
    for server in site.servers:
        server.close()


@pytest.mark.shows("stop_has_its_door")
@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ([AUTH], b""),
        ([AUTH, f"Origin: {ORIGIN}"], b""),
        (["Content-Type: application/json"], json.dumps({"token": TOKEN}).encode()),
        (["Content-Type: application/x-www-form-urlencoded"], f"token={TOKEN}".encode()),
    ],
)
async def test_stop_reaches_the_guard_first(site: Site, headers: list[str], body: bytes) -> None:
    status, _, report = await site.ask("POST /stop", *headers, body=body)
    assert status == 200
    assert report["guard"]["ok"]
    assert report["controller"]["ok"]
    assert site.told == ["guard stop", "door stop"]


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ([], b""),
        (["Authorization: Bearer wrong"], b""),
        (["Authorization: Bearer "], b""),
        ([f"Authorization: Basic {TOKEN}"], b""),
        (["Content-Type: application/json"], b'{"token":null}'),
        (["Content-Type: application/json"], b"["),
        (["Content-Type: application/json"], b"[" * 5000),
        ([], b"\xff\xfe"),
        ([AUTH, "Origin: http://evil.example"], b""),
        ([AUTH, "Origin: null"], b""),
    ],
)
async def test_a_stranger_stops_nothing(site: Site, headers: list[str], body: bytes) -> None:
    status, answer, report = await site.ask("POST /stop", *headers, body=body)
    assert status == 403
    assert not report["ok"]
    assert site.told == []
    assert "Access-Control-Allow-Origin" not in answer
    assert (await site.ask("GET /healthz"))[2] == {"ok": True, "stops": 0, "refused": 1}


async def test_preflight_allows_exactly_the_console(site: Site) -> None:
    status, headers, _ = await site.ask("OPTIONS /stop", f"Origin: {ORIGIN}")
    assert status == 204
    assert headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "authorization" in headers["Access-Control-Allow-Headers"]
    status, headers, _ = await site.ask("OPTIONS /stop", f"Origin: {ORIGIN}.evil.example")
    assert status == 403
    assert "Access-Control-Allow-Origin" not in headers


async def test_one_who_obeys_is_enough_none_is_503(site: Site) -> None:
    site.servers[1].close()  # the controller is gone
    status, _, report = await site.ask("POST /stop", AUTH)
    assert (status, report["guard"]["ok"], report["controller"]["ok"]) == (200, True, False)
    site.obey = False
    status, _, report = await site.ask("POST /stop", AUTH)
    assert (status, report["ok"], report["guard"]["reasons"]) == (503, False, ["no"])


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\r\n\r\n", 400),
        (b"POST /stop HTTP/2\r\n\r\n", 400),
        (b"POST /stop HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"POST /stop HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"POST /stop HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /stop HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"POST /stop HTTP/1.1\r\nContent-Length: 9000\r\n\r\n", 413),
        (b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\n\r\n", 400),
        (b"GET /stop HTTP/1.1\r\n\r\n", 405),
        (b"POST /healthz HTTP/1.1\r\n\r\n", 405),
        (b"GET / HTTP/1.1\r\n\r\n", 404),
    ],
)
async def test_bad_requests_get_an_answer(site: Site, raw: bytes, expected: int) -> None:
    assert (await site.send(raw))[0] == expected
    assert site.told == []


async def test_a_slow_request_is_cut(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mnht_controller.surfaces.stop.REQUEST_S_MAX", 0.1)
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write(b"POST /stop HTTP/1.1\r\n")
    assert await asyncio.wait_for(reader.read(), 1.5) == b"", "cut, and without an answer"
    writer.close()


async def test_idle_connections_do_not_keep_stop_out(site: Site) -> None:
    idle = [
        await asyncio.open_connection("127.0.0.1", site.port) for _ in range(CONNECTIONS_MAX + 5)
    ]
    status, _, _ = await site.ask("POST /stop", AUTH)
    assert status == 200
    for _, writer in idle:
        writer.close()
    await asyncio.sleep(0.05)


def config_file(folder: Path, **changes: object) -> str:
    config = {
        "host": "127.0.0.1",
        "port": 0,
        "token": TOKEN,
        "origin": ORIGIN,
        "guard_control_socket": str(folder / "guard"),
        "door_socket": str(folder / "door"),
        "parent_fd": 0,
    }
    path = folder / "stop.json"
    path.write_text(json.dumps(config | changes))
    return str(path)


@pytest.mark.parametrize("changes", [{"token": ""}, {"port": "x"}, {"more": 1}])
def test_a_bad_configuration_is_refused(tmp_path: Path, changes: Message) -> None:
    assert main([config_file(tmp_path, **changes)]) == 78
    assert main([]) == 78


@pytest.mark.real
def test_the_process_serves_and_ends_with_its_parent(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mnht_controller.surfaces.stop", config_file(tmp_path)]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdin is not None
    try:
        ready = json.loads(child.stdout.readline())
        assert ready["ready"] is True
        other = config_file(tmp_path, port=ready["port"])
        taken = subprocess.run(
            [*command[:-1], other], capture_output=True, text=True, stdin=child.stdout, check=False
        )
        assert taken.returncode == 74
        assert str(ready["port"]) in taken.stderr
        child.stdin.close()
        assert child.wait(10) == 0
    finally:
        child.kill()
        child.wait()
        child.stdin.close()
        child.stdout.close()
