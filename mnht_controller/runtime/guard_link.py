# SPDX-License-Identifier: Apache-2.0
"""The controller's end of the lease socket: leases out, the guard's status in."""

import asyncio
from pathlib import Path
from typing import Protocol

import structlog

from mnht_controller.domain.codec import CodecError
from mnht_controller.domain.lease import GuardStatus
from mnht_controller.interlock.lease import LINE_BYTES_MAX, decode_status

log = structlog.get_logger(component="guard")
RETRY_S = 0.2


class GuardLink(Protocol):
    """Anything that carries leases to the guard. `simulate` has one without a socket."""

    @property
    def status(self) -> GuardStatus | None:
        """The last status that arrived, however old it is."""

    def send(self, message: bytes) -> None:
        """Send one encoded message now, or drop it: an old lease is worth nothing."""


class GuardSocket(asyncio.Protocol):
    """The real link. A lost guard is not waited for: its status ages, and that trips."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self.status: GuardStatus | None = None

    async def run(self) -> None:
        """Stay connected for ever; the guard accepts one lease client."""
        loop = asyncio.get_running_loop()
        while True:
            if self._transport is None:
                try:
                    await loop.create_unix_connection(lambda: self, str(self._path))
                except OSError:
                    log.debug("guard.absent", path=str(self._path))
            await asyncio.sleep(RETRY_S)

    def send(self, message: bytes) -> None:
        """Write now. A backlog means that the guard does not read: the lease is dropped."""
        if self._transport is not None and self._transport.get_write_buffer_size() == 0:
            self._transport.write(message)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start clean; nothing of an earlier connection is parsed."""
        self._transport = transport  # type: ignore[assignment]
        self._buffer = b""
        log.info("guard.connected")

    def connection_lost(self, exc: Exception | None) -> None:
        """Keep the last status: its age says that the guard is gone."""
        self._transport = None
        log.warning("guard.lost", error=str(exc) if exc else "end of file")

    def data_received(self, data: bytes) -> None:
        """Take the newest whole status; garbage closes the connection."""
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        try:
            for line in lines:
                self.status = decode_status(line)
        except CodecError as error:
            log.error("guard.garbage", error=str(error))
            self.close()
        if len(self._buffer) > LINE_BYTES_MAX:
            self.close()

    def close(self) -> None:
        """Drop the connection; the guard takes that as the controller's end."""
        if self._transport is not None:
            self._transport.abort()
