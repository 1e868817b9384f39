# SPDX-License-Identifier: Apache-2.0
"""A `Transport` over an asyncio transport: sockets and RFC 2217, without a thread.

Bytes wait in a buffer of our own, so that a time-out or a cancelled read loses none of them.
"""

import asyncio
import errno
import socket
from collections.abc import Callable
from typing import Any, cast

from mnht_controller.devices.port_lock import AddressLock

OPEN_S = 3.0
WRITE_S = 0.15
KEEPALIVE_S = 2
UNACKED_MS = 3000
"""A peer that acknowledges nothing for so long is gone: half-open TCP, catalogue number 10."""


class _Mailbox(asyncio.Protocol):
    """What has come, and whoever waits for it."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.lost: Exception | None = None
        self.can_write = asyncio.Event()
        self.can_write.set()
        self._waiter: asyncio.Future[None] | None = None

    def data_received(self, data: bytes) -> None:
        self.data += data
        self._wake()

    def eof_received(self) -> bool:
        self._end(None)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(exc)

    def pause_writing(self) -> None:
        self.can_write.clear()

    def resume_writing(self) -> None:
        self.can_write.set()

    async def wait(self, timeout_s: float) -> None:
        """Return when something has come, is lost, or the time is over."""
        if self.data or self.lost or timeout_s <= 0.0:
            return
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        timer = loop.call_later(timeout_s, self._wake)
        try:
            await self._waiter
        finally:
            timer.cancel()
            self._waiter = None

    def _end(self, why: Exception | None) -> None:
        if self.lost is None:
            text = f"{type(why).__name__}: {why}" if why else "the other end has closed"
            self.lost = OSError(errno.ECONNRESET, text)
        self.can_write.set()
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


Connect = Callable[[Callable[[], asyncio.Protocol]], Any]
"""From a protocol factory to an awaitable of (asyncio transport, protocol)."""


class StreamTransport:
    """One address, one owner on this host. `connect` opens it; any error means open it again."""

    def __init__(self, resource: str, connect: Connect) -> None:
        self.resource = resource
        self._connect = connect
        self._lock: AddressLock | None = None
        self._wire: asyncio.Transport | None = None
        self._mailbox = _Mailbox()

    async def open(self) -> None:
        """Connect within OPEN_S, else OSError."""
        await self.close()
        self._lock = AddressLock(self.resource)
        try:
            async with asyncio.timeout(OPEN_S):
                wire, mailbox = await self._connect(_Mailbox)
        except TimeoutError as error:
            await self.close()
            why = f"{self.resource} does not answer within {OPEN_S} s"
            raise OSError(errno.ETIMEDOUT, why) from error
        except BaseException as error:
            await self.close()
            if isinstance(error, OSError) or not isinstance(error, Exception):
                raise
            raise OSError(errno.EIO, f"{type(error).__name__}: {error}") from error
        self._wire, self._mailbox = cast(asyncio.Transport, wire), cast(_Mailbox, mailbox)

    async def write(self, data: bytes) -> None:
        """Hand all of it to the kernel within WRITE_S, or raise OSError."""
        wire, mailbox = self._opened(), self._mailbox
        try:
            wire.write(data)
        except OSError:
            raise
        except Exception as error:
            raise OSError(errno.EIO, f"{type(error).__name__}: {error}") from error
        if not mailbox.can_write.is_set():
            try:
                async with asyncio.timeout(WRITE_S):
                    await mailbox.can_write.wait()
            except TimeoutError as error:
                raise OSError(errno.ETIMEDOUT, "the other end takes nothing") from error
        if mailbox.lost is not None:
            raise mailbox.lost

    async def read(self, timeout_s: float) -> bytes:
        """Give what has arrived; TimeoutError, or OSError when the other end is gone."""
        self._opened()
        mailbox = self._mailbox
        await mailbox.wait(timeout_s)
        if mailbox.data:
            data = bytes(mailbox.data)
            mailbox.data.clear()
            return data
        if mailbox.lost is not None:
            raise mailbox.lost
        raise TimeoutError

    async def close(self) -> None:
        """Close at once: what was not sent by now is not sent any more."""
        wire, self._wire = self._wire, None
        if wire is not None:
            wire.abort()
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _opened(self) -> asyncio.Transport:
        if self._wire is None:
            raise OSError(errno.EBADF, f"{self.resource} is not open")
        return self._wire


def tcp(resource: str, _baud: int = 0, _library: str = "") -> StreamTransport:
    """A raw socket, `tcp://host:port`."""
    host, _, port = resource.removeprefix("tcp://").rpartition(":")

    async def connect(make: Callable[[], asyncio.Protocol]) -> object:
        loop = asyncio.get_running_loop()
        wire, mailbox = await loop.create_connection(make, host, int(port))
        _watch(wire.get_extra_info("socket"))
        return wire, mailbox

    return StreamTransport(resource, connect)


def rfc2217(resource: str, baud: int, _library: str = "") -> StreamTransport:
    """A serial port behind a network, `rfc2217://host:port`: 8N1, no flow control."""

    async def connect(make: Callable[[], asyncio.Protocol]) -> object:
        import serialx

        loop = asyncio.get_running_loop()
        return await serialx.create_serial_connection(loop, make, resource, baudrate=baud)

    return StreamTransport(resource, connect)


def _watch(connection: socket.socket) -> None:
    """No delay, and a dead peer is found in seconds."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL):
        connection.setsockopt(socket.IPPROTO_TCP, option, KEEPALIVE_S)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 2)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKED_MS)
