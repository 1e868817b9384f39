# SPDX-License-Identifier: Apache-2.0
"""An exclusive lock on a serial port, and who holds it when it is taken.

It is the flock that pyserial's `exclusive=True` takes, on a descriptor of our own, because pyvisa
takes none and root ignores TIOCEXCL. Programs that lock nothing are not kept out.
"""

import errno
import fcntl
import os
from pathlib import Path

LOCK_TABLE = Path("/proc/locks")


class PortLock:
    """Held from construction until `release`. OSError (EBUSY, ENOENT, …) when it cannot be had."""

    def __init__(self, path: str) -> None:
        descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            status = os.fstat(descriptor)
            os.close(descriptor)
            who = holder(status.st_dev, status.st_ino)
            raise OSError(errno.EBUSY, f"{path} is held by {who}") from error
        except OSError:
            os.close(descriptor)
            raise
        self._descriptor: int | None = descriptor

    def release(self) -> None:
        """Give the lock up. Idempotent."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


def holder(device: int, inode: int) -> str:
    """Name the process that holds a flock on a file, as far as the kernel's table tells."""
    place = f"{os.major(device):02x}:{os.minor(device):02x}:{inode}"
    try:
        lines = LOCK_TABLE.read_text().splitlines()
    except OSError:
        lines = []
    for line in lines:
        words = line.split()
        if len(words) > 5 and words[1] == "FLOCK" and words[5] == place:
            return f"process {words[4]} ({_command(words[4])})"
    return "another process"


def _command(pid: str) -> str:
    try:
        return Path("/proc", pid, "comm").read_text().strip()
    except OSError:
        return "unknown program"
