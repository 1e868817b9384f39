# SPDX-License-Identifier: Apache-2.0
"""Unix sockets of the guard: mode 0600, our own user (or root) only, whole lines of bounded length.

Nothing here blocks, and nothing here decides: a client that misbehaves is only cut off.
"""

import os
import socket
import stat
import struct
from pathlib import Path

from mnht_controller.domain.errors import MnhtError
from mnht_controller.interlock.lease import LINE_BYTES_MAX

LINES_PER_TURN_MAX = 64
"""More lines than this in one read is a flood; its sender is cut off."""


class DoorError(MnhtError):
    """A socket cannot be offered. The text says which and what to do."""


class Peer:
    """One connected client; `gone` says that it ended, broke the rules or does not read."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self.socket = connection
        self.gone = False
        self._buffer = b""

    def lines(self) -> list[bytes]:
        """Take what has arrived, as whole lines. Sets `gone` on end of file or an abuse."""
        try:
            data = self.socket.recv(LINE_BYTES_MAX)
        except BlockingIOError:
            return []
        except OSError:
            data = b""
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        flood = len(lines) > LINES_PER_TURN_MAX or len(self._buffer) > LINE_BYTES_MAX
        self.gone = self.gone or flood or not data
        return [] if flood else lines

    def send(self, data: bytes) -> None:
        """Send all of it now; a client that leaves no room for it is gone."""
        try:
            self.gone = self.gone or self.socket.send(data) != len(data)
        except OSError:
            self.gone = True

    def close(self) -> None:
        """Close. Idempotent."""
        self.gone = True
        self.socket.close()


class Door:
    """A listening socket with at most `peers_max` clients.

    A full door refuses the newcomer (lease: the first one stays) or, if it `evicts`, cuts off the
    oldest (control: idle clients must not keep a STOP out).
    """

    def __init__(
        self, path: str, peers_max: int, *, evicts: bool = False, uids: frozenset[int] | None = None
    ) -> None:
        """Listen at once. Raises DoorError when the path is taken by a living process or unfit."""
        self.path, self._peers_max, self._evicts = Path(path), peers_max, evicts
        self._uids = frozenset({0, os.getuid()}) if uids is None else uids
        self.peers: list[Peer] = []
        self.socket = _listen(self.path)

    def accept(self) -> Peer | None:
        """Admit a client of an admitted user; None when it was refused."""
        try:
            connection, _ = self.socket.accept()
        except OSError:
            return None
        living = [peer for peer in self.peers if not peer.gone]
        is_full = len(living) >= self._peers_max
        if peer_uid(connection) not in self._uids or (is_full and not self._evicts):
            connection.close()
            return None
        if is_full:
            living[0].gone = True
        peer = Peer(connection)
        self.peers.append(peer)
        return peer

    def forget(self, peer: Peer) -> None:
        """Close and drop a client; whoever polls its socket has let go of it before."""
        peer.close()
        self.peers.remove(peer)

    def close(self) -> None:
        """Cut everybody off and take the socket's name away."""
        for peer in self.peers:
            peer.close()
        self.socket.close()
        self.path.unlink(missing_ok=True)


def peer_uid(connection: socket.socket) -> int:
    """The user at the other end, by the kernel's word (SO_PEERCRED)."""
    size = struct.calcsize("3i")
    peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    return int(struct.unpack("3i", peer)[1])


def _listen(path: Path) -> socket.socket:
    _clear(path)
    listener = socket.socket(socket.AF_UNIX)
    mask = os.umask(0o177)  # 0600 from the first moment on
    try:
        listener.bind(str(path))
    except OSError as error:
        listener.close()
        raise DoorError(f"{path}: cannot listen ({error}); use a short, writable path") from error
    finally:
        os.umask(mask)
    listener.listen()
    listener.setblocking(False)
    return listener


def _clear(path: Path) -> None:
    """Remove the name a dead process left; never one that somebody still answers."""
    if not path.exists():
        return
    if not stat.S_ISSOCK(path.stat().st_mode):
        raise DoorError(f"{path}: is no socket; move it away")
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            path.unlink(missing_ok=True)
            return
    raise DoorError(f"{path}: another guard answers there; stop it first")
