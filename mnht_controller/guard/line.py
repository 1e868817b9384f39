# SPDX-License-Identifier: Apache-2.0
"""The enable line as bytes: a tty or pty, or a framed TCP connection. Bytes must not outlive us.

Before each payload the kernel's output queue must be empty: a byte that waits there could leave
after the guard has died. On TCP each frame is the receiver's nonce (8 bytes, sent by it at
connect), a u32 big-endian counter from 1, one length byte and the payload, so that a frame which
the network kept back closes nothing in a later connection.
"""

import fcntl
import os
import socket
import struct
import termios
from collections.abc import Callable
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from mnht_controller.domain.errors import MnhtError

NONCE_BYTES = 8
CONNECT_S = 0.15
"""Longest wait for a TCP receiver. Connecting happens while nothing is fed."""

_SIOCOUTQ = termios.TIOCOUTQ  # Linux gives both the same number
_BAUDS = {
    9600: termios.B9600,
    19200: termios.B19200,
    57600: termios.B57600,
    115200: termios.B115200,
}


class LineError(MnhtError):
    """The enable line cannot be opened, so the guard refuses to arm. The text says what to do."""


class Line(Protocol):
    """One enable line. Nothing here blocks but `open`."""

    def open(self) -> None:
        """Be ready to feed; no effect when open. Raises LineError."""

    def feed(self, payload: bytes) -> bool:
        """Send now. False: blocked or broken, nothing was sent, and the caller must latch."""

    def abort(self) -> None:
        """Discard whatever has not left yet. Never raises."""

    def close(self) -> None:
        """Abort and release. Never raises."""


def unsent(fd: int) -> int:
    """Bytes in the kernel's output queue of a tty or socket (TIOCOUTQ, SIOCOUTQ)."""
    return int(struct.unpack("i", fcntl.ioctl(fd, _SIOCOUTQ, b"\0\0\0\0"))[0])


class TtyLine:
    """TXD of a serial port or pty: raw, 8N1, no flow control, one owner."""

    def __init__(self, path: str, baud: int = 9600, queued: Callable[[int], int] = unsent) -> None:
        self._path, self._baud, self._queued = path, baud, queued
        self._fd: int | None = None

    def open(self) -> None:
        """Open and lock the port. Raises LineError when it is missing or busy."""
        if self._is_alive():
            return
        self._release()
        self._fd = open_tty("enable line", self._path, self._baud)

    def feed(self, payload: bytes) -> bool:
        """Write the payload if the output queue is empty."""
        if self._fd is None:
            return False
        try:
            return self._queued(self._fd) == 0 and os.write(self._fd, payload) == len(payload)
        except OSError:
            return False

    def _is_alive(self) -> bool:
        """Whether an open port is still there: a hung-up one answers no question."""
        try:
            return self._fd is not None and termios.tcgetattr(self._fd) != []
        except termios.error:
            return False

    def abort(self) -> None:
        """Flush the output queue, so that nothing leaves any more."""
        if self._fd is not None:
            try:
                termios.tcflush(self._fd, termios.TCOFLUSH)
            except (OSError, termios.error):
                self._release()

    def close(self) -> None:
        """Flush and close."""
        self.abort()
        self._release()

    def _release(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def open_tty(name: str, path: str, baud: int, mode: int = os.O_RDWR) -> int:
    """Open and lock a port, 8N1 and raw. Raises LineError: it is missing or busy."""
    try:
        fd = os.open(path, mode | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise LineError(f"{name} {path}: {error.strerror}; check the port") from error
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)  # root ignores TIOCEXCL
        _make_raw(fd, _BAUDS[baud])
    except (OSError, termios.error) as error:
        os.close(fd)
        raise LineError(f"{name} {path}: busy or no serial port ({error})") from error
    return fd


def _make_raw(fd: int, speed: int) -> None:
    cflag = termios.CS8 | termios.CREAD | termios.CLOCAL | termios.HUPCL
    control = termios.tcgetattr(fd)[6]
    control[termios.VMIN], control[termios.VTIME] = 1, 0  # no bytes are EAGAIN, not end of file
    termios.tcsetattr(fd, termios.TCSANOW, [0, 0, cflag, 0, speed, speed, control])


class TcpLine:
    """A receiver behind TCP. It must acknowledge within one tick, or the line counts as blocked."""

    def __init__(self, host: str, port: int, queued: Callable[[int], int] = unsent) -> None:
        self._address, self._queued = (host, port), queued
        self._socket: socket.socket | None = None
        self._nonce = b""
        self._counter = 0

    def open(self) -> None:
        """Connect and take the receiver's nonce. Raises LineError."""
        if not self._has_hung_up():
            return
        self.abort()
        try:
            connection = socket.create_connection(self._address, CONNECT_S)
        except OSError as error:
            raise LineError(f"enable line tcp {self._address}: {error}; check receiver") from error
        try:
            # A reset, not a drain, whenever this socket closes: also when the process is killed.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            nonce = connection.recv(NONCE_BYTES, socket.MSG_WAITALL)
            if len(nonce) != NONCE_BYTES:
                raise OSError(f"sent {len(nonce)} of {NONCE_BYTES} nonce bytes")
        except OSError as error:
            connection.close()
            raise LineError(f"enable line tcp {self._address}: no nonce ({error})") from error
        connection.setblocking(False)
        self._socket, self._nonce, self._counter = connection, nonce, 0

    def feed(self, payload: bytes) -> bool:
        """Send one frame if everything before it has been acknowledged."""
        if self._socket is None:
            return False
        self._counter += 1
        frame = self._nonce + struct.pack(">IB", self._counter, len(payload)) + payload
        try:
            return self._queued(self._socket.fileno()) == 0 and (
                self._socket.send(frame) == len(frame)
            )
        except OSError:
            return False

    def _has_hung_up(self) -> bool:
        try:
            return self._socket is None or self._socket.recv(1) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True

    def abort(self) -> None:
        """Reset the connection: what the kernel still holds is thrown away."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def close(self) -> None:
        """Same as abort: nothing of this connection is worth keeping."""
        self.abort()


def make_line(resource: str, baud: int = 9600) -> Line:
    """Pick the line for `tcp://host:port`, `ASRL<path>` or a plain path. Raises LineError."""
    if not resource.startswith("tcp://"):
        return TtyLine(path_of("enable line", resource, baud), baud)
    try:
        target = urlsplit(resource)
        if target.hostname and target.port:
            return TcpLine(target.hostname, target.port)
    except ValueError:
        pass
    raise LineError(f"enable line {resource!r}: write tcp://host:port")


def path_of(name: str, resource: str, baud: int) -> str:
    """The path behind `ASRL<path>` or a plain path. Raises LineError for another form or baud."""
    path = resource.removeprefix("ASRL").removesuffix("::INSTR")
    if not Path(path).is_absolute() or baud not in _BAUDS:
        bauds = ", ".join(map(str, _BAUDS))
        raise LineError(f"{name} {resource!r} at {baud} baud: a path, and one of {bauds}")
    return path
