# SPDX-License-Identifier: Apache-2.0
"""What the pyserial and pyvisa fronts share: one thread, short calls, a wall-clock deadline.

A blocking read lasts at most SLICE_S by itself and CALL_S by our clock: so much a busy host may
delay its thread before the call counts as hung. Bytes survive time-outs and cancelled reads.
"""

import asyncio
import errno
import fcntl
import math
import select
import struct
import termios
from collections.abc import Callable
from typing import Protocol, TypeVar

from mnht_controller.devices.worker import Worker

SLICE_S = 0.03
WRITE_S = 0.1
CALL_S = 0.15
OPEN_S = 3.0
CLOSE_S = 0.5

T = TypeVar("T")


class Port(Protocol):
    """An open port as its library offers it. Any exception means that the port is gone."""

    def write(self, data: bytes) -> None:
        """Send all of it, or raise."""

    def read(self, timeout_s: float) -> bytes:
        """Wait up to `timeout_s`; give what has arrived, or nothing. Zero never blocks."""

    def close(self) -> None:
        """Close and give up the lock."""

    def unlock(self) -> None:
        """Give up the lock only: the port's own thread hangs. Never blocks, never raises."""


class ThreadedTransport:
    """A `Transport` over a blocking library; subclasses say how to connect."""

    def __init__(self, resource: str) -> None:
        self._resource = resource
        self._worker = Worker(f"link {resource}")
        self._port: Port | None = None
        self._kept = b""

    @property
    def resource(self) -> str:
        """The address, for messages."""
        return self._resource

    def connect(self) -> Port:
        """Open the port; runs on the thread, and may raise anything."""
        raise NotImplementedError

    async def open(self) -> None:
        """Connect within OPEN_S, else OSError."""
        await self.close()
        self._port = await self._worker.run(
            lambda: os_errors_only(self.connect), OPEN_S, lambda port: port.close()
        )

    async def write(self, data: bytes) -> None:
        """Send all of it within CALL_S, or raise OSError."""
        port = self._opened()
        await self._call(port, lambda: port.write(data), lambda _: None)

    async def read(self, timeout_s: float) -> bytes:
        """Give what has arrived, in slices: no blocking call outlives SLICE_S."""
        port = self._opened()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        if not self._kept and not self._worker.is_busy:
            self._kept = os_errors_only(lambda: port.read(0.0))
        while not self._kept:
            slice_s = min(SLICE_S, deadline - loop.time())
            if slice_s <= 0.0:
                raise TimeoutError
            await self._read_slice(port, slice_s)
        data, self._kept = self._kept, b""
        return data

    async def close(self) -> None:
        """Close on the thread, behind its last call. A port that hangs is left to its thread."""
        port, self._port = self._port, None
        self._kept = b""
        if port is not None:
            try:
                await self._worker.run(port.close, CLOSE_S, lambda _: None)
            except Exception:  # noqa: BLE001 - closing never fails: the port is gone either way
                port.unlock()
        self._worker.stop()

    async def _read_slice(self, port: Port, slice_s: float) -> None:
        def keep(data: bytes) -> None:
            if self._port is port:
                self._kept += data

        keep(await self._call(port, lambda: port.read(slice_s), keep))

    async def _call(self, port: Port, call: Callable[[], T], late: Callable[[T], None]) -> T:
        def settle(result: T) -> None:
            if self._port is port:
                late(result)
            else:
                port.close()  # the thread was given up and came back

        try:
            return await self._worker.run(lambda: os_errors_only(call), CALL_S, settle)
        except TimeoutError as error:
            self._port = None
            port.unlock()
            raise OSError(errno.EIO, f"no answer from the port's library: {error}") from error

    def _opened(self) -> Port:
        if self._port is None:
            raise OSError(errno.EBADF, f"{self._resource} is not open")
        return self._port


def os_errors_only(call: Callable[[], T]) -> T:
    """Run a library's call; whatever it raises becomes OSError."""
    try:
        return call()
    except OSError:
        raise
    except Exception as error:
        raise OSError(errno.EIO, f"{type(error).__name__}: {error}") from error


def waiting_bytes(descriptor: int, timeout_s: float) -> int:
    """Wait for input; give how many bytes are there, 0 when none came. OSError on hang-up.

    Asking for exactly what is there is the one read that neither blocks nor loses a part.
    """
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    if not poll.poll(math.ceil(timeout_s * 1000.0)):
        return 0
    answer = fcntl.ioctl(descriptor, termios.FIONREAD, struct.pack("i", 0))
    count = int(struct.unpack("i", answer)[0])
    if count == 0:
        raise OSError(errno.ECONNRESET, "hang-up: the other end is gone")
    return count
