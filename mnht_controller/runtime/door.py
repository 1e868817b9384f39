# SPDX-License-Identifier: Apache-2.0
"""The door for surfaces: intents in, snapshots out. A slow or hostile client cannot hold a tick."""

import asyncio
import json
import os
import socket
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import structlog

from mnht_controller.domain.alarm import AlarmAct
from mnht_controller.domain.codec import CodecError, dumps, from_plain
from mnht_controller.domain.intent import Intent, Verb
from mnht_controller.domain.snapshot import Snapshot

log = structlog.get_logger(component="door")

LINE_BYTES_MAX = 16_384
BACKLOG_BYTES_MAX = 1_048_576
CLIENTS_MAX = 8
INTENTS_MAX = 32
"""Intents waiting for the next tick, and as many acts on alarms; one more is refused."""


class Door(asyncio.Protocol):
    """One client's connection."""

    def __init__(self, hall: "Hall") -> None:
        self._hall = hall
        self._buffer = b""
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Admit a peer of our own user only."""
        self.transport = transport  # type: ignore[assignment]
        if self._hall.admits(self.transport):
            self._hall.clients.append(self)
        else:
            self.transport.abort()

    def connection_lost(self, _exc: Exception | None) -> None:
        """Forget the client."""
        if self in self._hall.clients:
            self._hall.clients.remove(self)

    def data_received(self, data: bytes) -> None:
        """Take whole lines; anything that is not one of the messages ends the connection."""
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        if len(self._buffer) > LINE_BYTES_MAX:
            self.transport.abort()
        for line in lines:
            try:
                self._take(line)
            except (CodecError, ValueError, KeyError, TypeError, RecursionError) as error:
                log.warning("door.garbage", error=str(error))
                self.transport.abort()
                return

    def _take(self, line: bytes) -> None:
        if len(line) > LINE_BYTES_MAX:
            raise ValueError(f"a line of {len(line)} bytes; at most {LINE_BYTES_MAX}")
        message = json.loads(line)
        if message["kind"] == "view":
            self._hall.seen_at = asyncio.get_running_loop().time()
        elif message["kind"] == "intent":
            number = message["id"]
            if not self._hall.offer(Asked(self, number, from_plain(Intent, message["intent"]))):
                self.acknowledge(number, ("too many intents are waiting; this one is dropped",))
        elif message["kind"] == "alarm":
            number = message["id"]
            if not self._hall.offer_act(
                AskedAct(self, number, from_plain(AlarmAct, message["act"]))
            ):
                self.acknowledge(number, ("too many acts are waiting; this one is dropped",))
        else:
            raise ValueError(f"unknown kind {message['kind']!r}")

    def acknowledge(self, number: int, refusal: tuple[str, ...]) -> None:
        """Answer one intent; no reasons means that the tick took it."""
        self.send(_line(kind="ack", id=number, ok=not refusal, reasons=refusal))

    def send(self, data: bytes) -> None:
        """Send; a client that does not read is cut, so that it cannot fill the memory."""
        if self.transport.get_write_buffer_size() > BACKLOG_BYTES_MAX:
            log.warning("door.laggard")
            self.transport.abort()
        elif not self.transport.is_closing():
            self.transport.write(data)


class Answerable(Protocol):
    """Who asked, as far as answering goes."""

    def acknowledge(self, number: int, refusal: tuple[str, ...]) -> None:
        """Take the answer to the intent of this number."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One intent with the client and number to answer."""

    client: Answerable
    number: int
    intent: Intent


@dataclass(frozen=True, slots=True)
class AskedAct:
    """One act on an alarm with the client and number to answer."""

    client: Answerable
    number: int
    act: AlarmAct


class Hall:
    """All doors, what waits for the next tick, and when an operator last looked."""

    def __init__(self) -> None:
        self.clients: list[Door] = []
        self.seen_at = -1e9
        self._waiting: list[Asked] = []
        self._acts: list[AskedAct] = []

    async def listen(self, path: Path) -> asyncio.AbstractServer:
        """Listen on a unix socket of mode 0600."""
        return await asyncio.get_running_loop().create_unix_server(
            lambda: Door(self), sock=_private_socket(path)
        )

    def admits(self, transport: asyncio.Transport) -> bool:
        """Our own user (or root), and not too many."""
        sock = transport.get_extra_info("socket")
        peer = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        uid = struct.unpack("3i", peer)[1]
        return uid in {0, os.getuid()} and len(self.clients) < CLIENTS_MAX

    def offer(self, asked: Asked) -> bool:
        """Queue an intent for the next tick. A full queue refuses; it never blocks.

        STOP has as many places again, which nothing else can take.
        """
        places = 2 * INTENTS_MAX if asked.intent.verb is Verb.STOP else INTENTS_MAX
        if len(self._waiting) >= places:
            return False
        self._waiting.append(asked)
        return True

    def offer_act(self, asked: AskedAct) -> bool:
        """Queue an act on an alarm; a queue of its own, so that neither kind crowds the other."""
        if len(self._acts) >= INTENTS_MAX:
            return False
        self._acts.append(asked)
        return True

    def take_acts(self) -> tuple[AskedAct, ...]:
        """The acts on alarms of this tick."""
        asked, self._acts = tuple(self._acts), []
        return asked

    def take(self) -> tuple[Asked, ...]:
        """The intents of this tick."""
        asked, self._waiting = tuple(self._waiting), []
        return asked

    def publish(self, snapshot: Snapshot) -> None:
        """Encode once, send to all."""
        if self.clients:
            data = b'{"kind":"snapshot","snapshot":' + dumps(snapshot).encode() + b"}\n"
            for client in tuple(self.clients):
                client.send(data)


def _private_socket(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    sock = socket.socket(socket.AF_UNIX)
    mask = os.umask(0o177)
    try:
        sock.bind(str(path))
    finally:
        os.umask(mask)
    return sock


def _line(**message: object) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"
