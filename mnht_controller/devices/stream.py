# SPDX-License-Identifier: Apache-2.0
"""A `Transport` over an asyncio transport: sockets and RFC 2217, without a thread.

Bytes wait in a buffer of our own, so that a time-out or a cancelled read loses none of them.
"""

import asyncio
import errno
import select
import socket
from collections.abc import Awaitable, Callable

from mnht_controller.devices.port_lock import AddressLock

OPEN_S = 3.0
WRITE_S = 0.15
KEEPALIVE_S = 2
UNACKED_MS = 3000
"""A peer that acknowledges nothing for so long is gone: half-open TCP, catalogue number 10."""
AT_HAND_S = 0.005
"""So long the loop may take to hand over bytes that the kernel already has."""
HELD_BYTES_MAX = 65536
"""What nobody reads beyond this stays with the kernel, and so with the sender."""


class _Mailbox(asyncio.Protocol):
    """What has come, and whoever waits for it."""

    def __init__(self) -> None:
        self.lost = ""
        self.can_write = asyncio.Event()
        self.can_write.set()
        self._data = bytearray()
        self._waiter: asyncio.Future[None] | None = None
        self._wire: asyncio.Transport | None = None
        self._is_paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._wire = transport
            # Every byte counts: a write is over when the kernel has all of it.
            transport.set_write_buffer_limits(high=0)

    def data_received(self, data: bytes) -> None:
        self._data += data
        if len(self._data) > HELD_BYTES_MAX and self._wire is not None:
            self._is_paused = True
            self._wire.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        self._end(None)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._wire = None
        self._end(exc)

    def pause_writing(self) -> None:
        self.can_write.clear()

    def resume_writing(self) -> None:
        self.can_write.set()

    @property
    def has_news(self) -> bool:
        """Whether something has come, or nothing will any more."""
        return bool(self._data or self.lost)

    def take(self) -> bytes:
        """Give all that has come."""
        data = bytes(self._data)
        self._data.clear()
        if self._is_paused:
            self._is_paused = False
            if self._wire is not None:
                self._wire.resume_reading()
        return data

    async def wait(self, timeout_s: float) -> None:
        """Return when there is news, or the time is over."""
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        timer = loop.call_later(timeout_s, self._wake)
        try:
            await self._waiter
        finally:
            timer.cancel()
            self._waiter = None

    def _end(self, why: Exception | None) -> None:
        if not self.lost:
            self.lost = f"{type(why).__name__}: {why}" if why else "the other end has closed"
        self.can_write.set()
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


Connected = tuple[asyncio.Transport, socket.socket]
Connect = Callable[[Callable[[], asyncio.Protocol]], Awaitable[Connected]]
"""From a protocol factory to the asyncio transport and the socket beneath it."""


class StreamTransport:
    """One address, one owner on this host. `connect` opens it; any error means open it again."""

    def __init__(self, resource: str, connect: Connect) -> None:
        self.resource = resource
        self._connect = connect
        self._lock: AddressLock | None = None
        self._wire: asyncio.Transport | None = None
        self._mailbox = _Mailbox()
        self._input = select.poll()

    async def open(self) -> None:
        """Connect within OPEN_S, else OSError."""
        await self.close()
        self._lock = AddressLock(self.resource)
        self._mailbox = mailbox = _Mailbox()
        try:
            async with asyncio.timeout(OPEN_S):
                self._wire, connection = await self._connect(lambda: mailbox)
            _watch(connection)
        except TimeoutError as error:
            await self.close()
            why = f"{self.resource} does not answer within {OPEN_S} s"
            raise OSError(errno.ETIMEDOUT, why) from error
        except BaseException as error:
            await self.close()
            if isinstance(error, OSError) or not isinstance(error, Exception):
                raise
            raise _as_os_error(error) from error
        self._input = select.poll()
        self._input.register(connection.fileno(), select.POLLIN)

    async def write(self, data: bytes) -> None:
        """Hand all of it to the kernel within WRITE_S, or raise OSError."""
        wire, mailbox = self._opened(), self._mailbox
        self._check(mailbox)
        try:
            wire.write(data)
        except Exception as error:
            raise _as_os_error(error) from error
        if not mailbox.can_write.is_set():
            try:
                async with asyncio.timeout(WRITE_S):
                    await mailbox.can_write.wait()
            except TimeoutError as error:
                raise OSError(errno.ETIMEDOUT, "the other end takes nothing") from error
        self._check(mailbox)

    async def read(self, timeout_s: float) -> bytes:
        """Give what has arrived; TimeoutError, or OSError when the other end is gone.

        Time 0 asks the kernel too: the loop may not have come round since it arrived.
        """
        self._opened()
        mailbox = self._mailbox
        if not mailbox.has_news and timeout_s <= 0.0 and self._input.poll(0):
            timeout_s = AT_HAND_S
        if not mailbox.has_news and timeout_s > 0.0:
            await mailbox.wait(timeout_s)
        if data := mailbox.take():
            return data
        self._check(mailbox)
        raise TimeoutError

    async def close(self) -> None:
        """Close at once: what the kernel has not got by now is not sent any more."""
        wire, self._wire = self._wire, None
        lock, self._lock = self._lock, None
        if wire is not None:
            wire.abort()
        if lock is not None:
            lock.release()
        if wire is not None:
            await asyncio.sleep(0)  # now the loop closes the descriptor

    def _opened(self) -> asyncio.Transport:
        if self._wire is None:
            raise OSError(errno.EBADF, f"{self.resource} is not open")
        return self._wire

    def _check(self, mailbox: _Mailbox) -> None:
        if mailbox.lost:
            raise OSError(errno.ECONNRESET, mailbox.lost)


def tcp(resource: str, _baud: int = 0, _library: str = "") -> StreamTransport:
    """A raw socket, `tcp://host:port`."""
    host, _, port = resource.removeprefix("tcp://").rpartition(":")

    async def connect(make: Callable[[], asyncio.Protocol]) -> Connected:
        wire, _ = await asyncio.get_running_loop().create_connection(make, host, int(port))
        return wire, wire.get_extra_info("socket")

    return StreamTransport(resource, connect)


def rfc2217(resource: str, baud: int, _library: str = "") -> StreamTransport:
    """A serial port behind a network, `rfc2217://host:port`: 8N1, no flow control.

    Modem lines are not offered: what a dead server last said of them would look alive.
    """

    async def connect(make: Callable[[], asyncio.Protocol]) -> Connected:
        import serialx

        loop = asyncio.get_running_loop()
        wire, _ = await serialx.create_serial_connection(loop, make, resource, baudrate=baud)
        # serialx has no other way to the socket, and without it a half-open one stays so.
        beneath = wire._tcp_transport  # type: ignore[attr-defined]  # noqa: SLF001
        return wire, beneath.get_extra_info("socket")

    return StreamTransport(resource, connect)


def _as_os_error(error: Exception) -> OSError:
    if isinstance(error, OSError):
        return error
    return OSError(errno.EIO, f"{type(error).__name__}: {error}")


def _watch(connection: socket.socket) -> None:
    """No delay, and a dead peer is found in seconds."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL):
        connection.setsockopt(socket.IPPROTO_TCP, option, KEEPALIVE_S)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 2)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKED_MS)
