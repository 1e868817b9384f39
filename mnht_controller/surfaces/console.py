# SPDX-License-Identifier: Apache-2.0
"""The console process: `python -m mnht_controller.surfaces.console CONFIG.json`.

It has no device access. Its death or overload reaches neither the controller nor the guard.
"""

import asyncio
import contextlib
import errno
import json
import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import uvicorn

from mnht_controller.domain.errors import ConfigError
from mnht_controller.domain.snapshot import Snapshot
from mnht_controller.journal.errors import JournalError
from mnht_controller.journal.records import Header, boot_id, wall_label
from mnht_controller.journal.sink import FileJournal
from mnht_controller.settings.logs import log_to_stderr
from mnht_controller.surfaces.api import Desk, build
from mnht_controller.surfaces.auth import Logins
from mnht_controller.surfaces.config import ConsoleConfig, load
from mnht_controller.surfaces.controller_client import ControllerClient
from mnht_controller.surfaces.hub import Hub
from mnht_controller.surfaces.status import chart_row, status

EXIT_USAGE, EXIT_IO, EXIT_PERMISSION, EXIT_CONFIG = 2, 74, 77, 78
LINK_S = 1.0
GRACE_S = 1
CONNECTIONS_MAX = 100
HEADER_BYTES_MAX = 16_384
SEND_BUFFER_BYTES = 32_768
"""Left to itself the kernel holds megabytes for a slow client: minutes of snapshots, all old."""


class Server(uvicorn.Server):
    """A server that owns neither the process nor its signals."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to `serve`."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Say so, for whoever started this process, once the page can be fetched."""
        await super().startup(sockets)
        host, port = sockets[0].getsockname()[:2] if sockets else ("", 0)
        ready = {"ready": True, "url": f"http://{f'[{host}]' if ':' in host else host}:{port}"}
        print(json.dumps(ready), flush=True)  # noqa: T201 - read by `serve`


def bind(host: str, port: int) -> socket.socket:
    """Bind before anything is started; an address in use must not surface inside the loop."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener


async def run(config: ConsoleConfig, listener: socket.socket) -> None:
    """Serve until SIGTERM, SIGINT, or the end of file of the parent's pipe."""
    loop = asyncio.get_running_loop()
    end = asyncio.Event()

    def parent_gone(pipe: int) -> None:
        if not os.read(pipe, 4096):
            loop.remove_reader(pipe)
            end.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end.set)
    if config.parent_fd is not None:
        loop.add_reader(config.parent_fd, parent_gone, config.parent_fd)
    await serve(config, listener, end)


async def serve(config: ConsoleConfig, listener: socket.socket, end: asyncio.Event) -> None:
    """Serve until `end` is set."""
    loop = asyncio.get_running_loop()
    hub = Hub(loop.time)

    def publish(snapshot: Snapshot) -> None:
        document = status(snapshot, loop.time() - snapshot.at)
        hub.publish(snapshot.tick, json.dumps(document), chart_row(snapshot))

    client = ControllerClient(Path(config.door_socket), publish, hub.is_viewed)
    logins = Logins(Path(config.claim_code_file), loop.time)
    journal = _journal(config)
    desk = Desk(config, client, hub, logins, journal)
    app = build(desk, listener.getsockname()[1])
    server = Server(
        uvicorn.Config(
            app,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            ws="none",
            limit_concurrency=CONNECTIONS_MAX,
            h11_max_incomplete_event_size=HEADER_BYTES_MAX,
            timeout_graceful_shutdown=GRACE_S,
        )
    )
    side = [
        asyncio.create_task(client.run(), name="door"),
        asyncio.create_task(_tell_link(client, hub), name="link"),
        asyncio.create_task(_end_with(end, server, hub), name="end"),
    ]
    try:
        await server.serve(sockets=[listener])
    finally:
        for task in side:
            task.cancel()
        await asyncio.gather(*side, return_exceptions=True)
        await asyncio.to_thread(journal.close)


def _journal(config: ConsoleConfig) -> FileJournal:
    """This run's own chain. JournalError when it cannot be created: nothing is served then."""
    header = Header(process="console", boot=boot_id(), started_at=wall_label())
    return FileJournal(Path(config.journal_dir) / f"console-{config.session}.jsonl", header)


async def _end_with(end: asyncio.Event, server: Server, hub: Hub) -> None:
    await end.wait()
    hub.end()
    server.should_exit = True


async def _tell_link(client: ControllerClient, hub: Hub) -> None:
    """Tell every view once a second that the console lives but the controller does not answer."""
    while True:
        await asyncio.sleep(LINK_S)
        if not client.is_fresh:
            hub.tell("link", {"controller": "lost", "age_s": client.age_s})


def main(arguments: list[str]) -> int:
    """Run; returns the exit code."""
    if len(arguments) != 1:
        return _fail(EXIT_USAGE, "usage: python -m mnht_controller.surfaces.console CONFIG.json")
    try:
        config = load(Path(arguments[0]))
    except ConfigError as error:
        return _fail(EXIT_CONFIG, str(error))
    try:
        listener = bind(config.host, config.port)
    except OSError as error:
        where = f"{config.host}:{config.port}"
        why = f"cannot listen on {where}: {error.strerror}; nothing is served; free it or set port"
        return _fail(EXIT_PERMISSION if error.errno == errno.EACCES else EXIT_IO, why)
    log_to_stderr()
    try:
        with contextlib.closing(listener):
            asyncio.run(run(config, listener))
    except JournalError as error:
        return _fail(EXIT_IO, f"{error}; nothing is served")
    return 0


def _fail(code: int, text: str) -> int:
    print(f"console: {text}", file=sys.stderr)  # noqa: T201 - the process's own last word
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
