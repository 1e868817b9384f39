# SPDX-License-Identifier: Apache-2.0
"""The STOP listener: an own process and port with one duty, so that STOP shares no queue.

`python -m mnht_controller.surfaces.stop CONFIG.json`. Standard library only. `POST /stop` with the
token (bearer, JSON `{"token"}` or form) tells the guard first and the controller second;
`GET /healthz` says that it is alive. Not a web server: one request a connection, then it closes.
"""

import asyncio
import hmac
import json
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from mnht_controller.domain.codec import CodecError, loads
from mnht_controller.surfaces.guard_client import stop_all

REQUEST_BYTES_MAX = 8192
REQUEST_S_MAX = 2.0
CONNECTIONS_MAX = 32

_STATUS = {
    200: "OK",
    204: "No Content",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    413: "Content Too Large",
    503: "Service Unavailable",
}
_PATHS = {"/stop": "POST", "/healthz": "GET"}


@dataclass(frozen=True, slots=True)
class StopConfig:
    """Where to listen, whom to tell. `origin` is the console's, the only one browsers may use."""

    host: str
    port: int
    token: str
    origin: str
    guard_control_socket: str
    door_socket: str
    parent_fd: int | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One parsed request; header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class BadRequest(Exception):
    """What arrived is no request that this listener takes."""

    def __init__(self, status: int, why: str) -> None:
        """Keep the status to answer with."""
        super().__init__(why)
        self.status = status


class StopListener:
    """Serves the port. Idle connections cannot keep a STOP out: the oldest is cut for a new one."""

    def __init__(self, config: StopConfig) -> None:
        self._config = config
        self._open: dict[asyncio.StreamWriter, None] = {}
        self.stops = 0
        self.refused = 0

    async def listen(self) -> asyncio.Server:
        """Bind and serve. OSError when the port is taken."""
        config = self._config
        return await asyncio.start_server(
            self._serve, config.host, config.port, limit=REQUEST_BYTES_MAX
        )

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._open) >= CONNECTIONS_MAX:
            oldest = next(iter(self._open))
            del self._open[oldest]
            oldest.transport.abort()
        self._open[writer] = None
        try:
            async with asyncio.timeout(REQUEST_S_MAX):
                writer.write(await self._answer(reader))
                await writer.drain()
        except (TimeoutError, OSError):
            writer.transport.abort()
        finally:
            self._open.pop(writer, None)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader) -> bytes:
        try:
            request = await read_request(reader)
        except BadRequest as error:
            return self._response(error.status, {"ok": False, "reasons": [str(error)]}, None)
        status, body = await self._act(request)
        return self._response(status, body, request.headers.get("origin"))

    async def _act(self, request: Request) -> tuple[int, dict[str, Any] | None]:
        method = _PATHS.get(request.path)
        if method is None:
            return 404, _no("only /stop and /healthz are here")
        if request.headers.get("origin", self._config.origin) != self._config.origin:
            return self._forbidden("this origin may not stop; use the console's own page")
        if request.method == "OPTIONS":
            return 204, None
        if request.method != method:
            return 405, _no(f"{request.path} takes {method}")
        if request.path == "/healthz":
            return 200, {"ok": True, "stops": self.stops, "refused": self.refused}
        if not hmac.compare_digest(_token(request), self._config.token.encode()):
            return self._forbidden("wrong or missing token; use STOP at the console or `mnht stop`")
        return await self._stop()

    async def _stop(self) -> tuple[int, dict[str, Any]]:
        self.stops += 1
        config = self._config
        report = await stop_all(config.guard_control_socket, config.door_socket, "stop listener")
        print(json.dumps({"stop": report}), file=sys.stderr, flush=True)  # noqa: T201 - its log
        return (200 if report["ok"] else 503), report

    def _forbidden(self, why: str) -> tuple[int, dict[str, Any]]:
        self.refused += 1
        return 403, _no(why)

    def _response(self, status: int, body: dict[str, Any] | None, origin: str | None) -> bytes:
        payload = b"" if body is None else json.dumps(body).encode()
        head = [
            f"HTTP/1.1 {status} {_STATUS[status]}",
            "Content-Type: application/json",
            f"Content-Length: {len(payload)}",
            "Cache-Control: no-store",
            "X-Content-Type-Options: nosniff",
            "Connection: close",
            "Vary: Origin",
        ]
        if origin == self._config.origin:
            head += [
                f"Access-Control-Allow-Origin: {origin}",
                "Access-Control-Allow-Methods: POST, GET",
                "Access-Control-Allow-Headers: authorization, content-type",
                "Access-Control-Max-Age: 600",
            ]
        return "\r\n".join([*head, "", ""]).encode() + payload


def _no(why: str) -> dict[str, Any]:
    return {"ok": False, "reasons": [why]}


async def read_request(reader: asyncio.StreamReader) -> Request:
    """Read one request within REQUEST_BYTES_MAX. Raises BadRequest."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii")
        first, *fields = head[:-4].split("\r\n")
        method, target, version = first.split(" ")
    except (asyncio.LimitOverrunError, asyncio.IncompleteReadError, ValueError) as error:
        raise BadRequest(400, "no HTTP request, or more than 8 KiB of it") from error
    if not version.startswith("HTTP/1."):
        raise BadRequest(400, "HTTP/1 only")
    headers: dict[str, str] = {}
    for field in fields:
        name, colon, value = field.partition(":")
        if not colon or name.lower() in headers:
            raise BadRequest(400, f"bad or repeated header {name!r}")
        headers[name.lower()] = value.strip()
    return Request(method, target.partition("?")[0], headers, await _body(reader, headers))


async def _body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    length = headers.get("content-length", "0")
    if "transfer-encoding" in headers or not (length.isascii() and length.isdigit()):
        raise BadRequest(400, "a body needs its Content-Length")
    if len(length) > 5 or int(length) > REQUEST_BYTES_MAX:
        raise BadRequest(413, "more than 8 KiB")
    try:
        return await reader.readexactly(int(length))
    except asyncio.IncompleteReadError as error:
        raise BadRequest(400, "the body ended early") from error


def _token(request: Request) -> bytes:
    """Find the token in header or body; empty when there is none."""
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return bearer.strip().encode()
    try:
        if request.headers.get("content-type", "").startswith("application/json"):
            return str(json.loads(request.body)["token"]).encode()
        return parse_qs(request.body.decode("ascii"))["token"][0].encode()
    except (ValueError, KeyError, TypeError, RecursionError):
        return b""


async def serve(config: StopConfig) -> None:
    """Serve until the parent is gone or a signal asks to end."""
    loop = asyncio.get_running_loop()
    end = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end.set)
    if config.parent_fd is not None:
        loop.add_reader(config.parent_fd, _parent, config.parent_fd, end)
    server = await StopListener(config).listen()
    port = server.sockets[0].getsockname()[1]
    print(json.dumps({"ready": True, "port": port}), flush=True)  # noqa: T201 - the contract
    await end.wait()
    server.close()


def _parent(fd: int, end: asyncio.Event) -> None:
    if os.read(fd, 4096) == b"":
        asyncio.get_running_loop().remove_reader(fd)
        end.set()


def main(arguments: list[str]) -> int:
    """Run the listener. Exit codes: 0 ended as asked, 74 port taken, 78 bad configuration."""
    try:
        config = loads(StopConfig, Path(arguments[0]).read_bytes())
        if not config.token:
            raise CodecError("the token is empty")
    except (IndexError, OSError, CodecError) as error:
        print(f"stop listener: bad configuration: {error}", file=sys.stderr)  # noqa: T201
        return 78
    try:
        asyncio.run(serve(config))
    except OSError as error:
        print(f"stop listener: {config.host}:{config.port}: {error}", file=sys.stderr)  # noqa: T201
        return 74
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
