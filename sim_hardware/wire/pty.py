# SPDX-License-Identifier: Apache-2.0
"""A twin on a pseudo terminal: a real serial port path for a real serial driver.

The kernel shows the client's speed (a wrong one garbles both directions) but hides parity and
modem lines.
"""

import asyncio
import os
import random
import termios
import tty
from pathlib import Path

from sim_hardware.devices.core import Core
from sim_hardware.wire.front import LoopFront

CLIENT = 0


class PtyFront(LoopFront):
    """Raw at both ends; our own slave descriptor stays open, else reads end in EIO.

    `alias` is a symbolic link kept on the present path, so that a replugged port keeps its name.
    `baud` None accepts any speed. Fault: link_drop (hang-up; the path is gone until cleared).
    """

    def __init__(
        self,
        core: Core,
        *,
        baud: int | None = None,
        chunk_max: int = 0,
        seed: int = 1,
        alias: Path | None = None,
    ) -> None:
        super().__init__(core, baud=baud, chunk_max=chunk_max, seed=seed)
        self._alias = alias
        self._noise = random.Random(seed)
        self._master = self._slave = -1
        self._path = ""
        self.dropped_bytes = 0

    @property
    def path(self) -> str:
        """The path to open: the alias where there is one."""
        return str(self._alias) if self._alias else self._path

    async def start(self) -> None:
        """Make the port. OSError when the system has no pseudo terminal left."""
        self._plug()

    async def stop(self) -> None:
        """Hang up. Idempotent."""
        self._unplug()

    def inject(self, verb: str, argument: str, t: float) -> None:
        """Start link_drop."""
        if verb != "link_drop":
            raise ValueError(f"a link has no fault {verb!r}: use link_drop")
        self._unplug()

    def clear(self, verb: str) -> None:
        """Plug in again."""
        if self._master < 0:
            self._plug()

    def hang_up(self, client: int, how: str) -> None:
        """Unplug, and plug in again at once: a port that is renumbered keeps its alias."""
        self._unplug()
        self._plug()

    def _plug(self) -> None:
        self._master, self._slave = os.openpty()
        tty.setraw(self._master)
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self._path = os.ttyname(self._slave)
        if self._alias is not None:
            self._alias.unlink(missing_ok=True)
            self._alias.symlink_to(self._path)
        asyncio.get_running_loop().add_reader(self._master, self._readable)
        self._join(CLIENT, self._write)

    def _unplug(self) -> None:
        if self._master < 0:
            return
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._master)
        self._leave(CLIENT, loop.time())
        self._halt()
        if self._alias is not None:
            self._alias.unlink(missing_ok=True)
        os.close(self._master)
        os.close(self._slave)
        self._master = self._slave = -1

    def _readable(self) -> None:
        try:
            data = os.read(self._master, 4096)
        except OSError:  # nothing there after all, or a hang-up in progress
            return
        if data:
            self._receive(self._as_heard(data), CLIENT)

    def _write(self, data: bytes) -> None:
        try:
            sent = os.write(self._master, self._as_heard(data))
        except OSError:  # nobody reads and the buffer is full: a UART would lose them too
            sent = 0
        self.dropped_bytes += len(data) - sent

    def _as_heard(self, data: bytes) -> bytes:
        """Return the bytes as the other side's UART sees them: garbage at a wrong speed."""
        if self.baud is None or termios.tcgetattr(self._master)[5] == speed_of(self.baud):
            return data
        return bytes(
            self._noise.choice((0x00, 0x80, 0xE0, 0xF8, 0xFF)) ^ (byte & 1) for byte in data
        )


def speed_of(baud: int) -> int:
    """Return the termios constant of a line rate; ValueError where there is none."""
    speed = getattr(termios, f"B{baud}", None)
    if not isinstance(speed, int):
        raise ValueError(f"no such line rate: {baud}")
    return speed
