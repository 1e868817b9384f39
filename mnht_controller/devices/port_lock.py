# SPDX-License-Identifier: Apache-2.0
"""One owner of one address on this host: a serial port or a network instrument.

For a port it is the flock that pyserial's `exclusive=True` takes, on a descriptor of our own,
because pyvisa takes none and root ignores TIOCEXCL. Programs that lock nothing are not kept out.
"""

import errno
import fcntl
import os
import re
import socket
from pathlib import Path
from typing import Protocol

LOCK_TABLE = Path("/proc/locks")
SOCKET_FORM = re.compile(
    r"(?:TCPIP\d*::([^:]+)::(\d+)::SOCKET|(?:tcp|rfc2217)://([^:/]+):(\d+))", re.IGNORECASE
)
"""The ways to write a host and a port."""


def place_of(resource: str) -> str:
    """Name what an address stands for: `host:port` however it is written, else the address."""
    found = SOCKET_FORM.fullmatch(resource)
    if found is None:
        return resource.lower()
    host, port = found[1] or found[3], found[2] or found[4]
    return f"{host.lower()}:{int(port)}"


class Lock(Protocol):
    """Held from construction until `release`."""

    def release(self) -> None:
        """Give the lock up. Idempotent."""


class AddressLock:
    """Keeps a second process of ours off a network instrument. OSError (EBUSY) when it is taken.

    A name in the kernel's abstract socket space: it ends with its process, however that ends.
    """

    def __init__(self, resource: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            self._socket.bind(f"\0mnht:{place_of(resource)}")
        except OSError as error:
            self._socket.close()
            why = f"{resource} is held by another process on this host: end its session first"
            raise OSError(errno.EBUSY, why) from error

    def release(self) -> None:
        """Give the lock up. Idempotent."""
        self._socket.close()


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
