# SPDX-License-Identifier: Apache-2.0
"""H30, H55: the numbers and small promises of the guard's sockets, line and start."""

import os
import pty
import socket
import struct
import termios
from pathlib import Path
from typing import Any

import pytest

from mnht_controller.guard import doors, line
from mnht_controller.guard.doors import LINES_PER_TURN_MAX, Door, Peer, peer_uid
from mnht_controller.interlock.lease import LINE_BYTES_MAX


class Told:
    """A connection on which these bytes arrive, one piece a turn."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = list(pieces)

    def setblocking(self, flag: bool) -> None:
        assert flag is False

    def recv(self, size: int) -> bytes:
        assert size == LINE_BYTES_MAX
        return self.pieces.pop(0)

    def getsockopt(self, level: int, option: int, size: int) -> bytes:
        assert (level, option, size) == (socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        return struct.pack("3i", 11, 22, 33)

    def close(self) -> None:
        self.pieces = []


def peer(*pieces: bytes) -> Peer:
    return Peer(Told(*pieces))  # type: ignore[arg-type]


# ---- doors -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "is_flood"), [(64, False), (65, True)])
def test_how_many_lines_a_turn_are_a_flood(count: int, is_flood: bool) -> None:
    assert LINES_PER_TURN_MAX == 64
    client = peer(b"x\n" * count)
    assert client.lines() == ([] if is_flood else [b"x"] * count)
    assert client.gone is is_flood


@pytest.mark.parametrize(("more", "is_flood"), [(0, False), (1, True)])
def test_how_long_a_line_without_an_end_may_be(more: int, is_flood: bool) -> None:
    client = peer(b"x" * LINE_BYTES_MAX, b"x" * more + (b"" if more else b"\n"))
    assert client.lines() == []
    assert not client.gone
    assert client.lines() == ([] if is_flood else [b"x" * LINE_BYTES_MAX])
    assert client.gone is is_flood


def test_a_client_that_was_closed_is_gone() -> None:
    client = peer()
    client.close()
    assert client.gone


def test_the_other_end_is_the_second_number_the_kernel_says() -> None:
    """Process, user, group."""
    assert peer_uid(Told()) == 22  # type: ignore[arg-type]


@pytest.mark.parametrize(("uid", "is_admitted"), [(0, True), (1234, True), (1, False)])
def test_root_and_our_own_user_are_admitted(
    uid: int, is_admitted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 1234)
    monkeypatch.setattr(doors, "peer_uid", lambda _: uid)
    door = Door(str(tmp_path / "door"), 1)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(door.path))
        assert (door.accept() is not None) is is_admitted
    door.close()


def test_a_full_door_keeps_the_first_unless_it_is_told_to_evict(tmp_path: Path) -> None:
    for evicts in (None, False, True):
        name = str(tmp_path / "door")
        door = Door(name, 1) if evicts is None else Door(name, 1, evicts=evicts)
        with socket.socket(socket.AF_UNIX) as one, socket.socket(socket.AF_UNIX) as other:
            one.connect(str(door.path))
            first = door.accept()
            assert first is not None
            other.connect(str(door.path))
            assert (door.accept() is not None) is (evicts is True)
            assert first.gone is (evicts is True)
        door.close()


def test_a_name_that_another_has_taken_away_meanwhile_is_no_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "door"))

    class Racing(socket.socket):
        """Whom it asks for is gone, and so is the name."""

        def connect(self, address: Any) -> None:
            Path(address).unlink()
            raise ConnectionRefusedError

    monkeypatch.setattr(socket, "socket", Racing)
    Door(str(tmp_path / "door"), 1).close()


# ---- the line ----------------------------------------------------------------------------------


def test_a_port_reads_at_least_one_byte_and_waits_for_none() -> None:
    """No bytes are no end of file."""
    master, slave = pty.openpty()
    fd = line.open_tty("port", os.ttyname(slave), 9600)
    control = termios.tcgetattr(fd)[6]
    assert (control[termios.VMIN], control[termios.VTIME]) == (1, 0)
    for handle in (fd, master, slave):
        os.close(handle)


def test_a_receiver_has_150_ms_to_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Any, float]] = []

    def refuse(address: Any, timeout: float) -> socket.socket:
        asked.append((address, timeout))
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", refuse)
    with pytest.raises(line.LineError):
        line.TcpLine("host", 7).open()
    assert asked == [(("host", 7), 0.15)]


def test_a_tcp_name_has_a_host_and_a_port() -> None:
    for resource in ("tcp://host", "tcp://:7"):
        with pytest.raises(line.LineError, match="write tcp://host:port"):
            line.make_line(resource)
    assert isinstance(line.make_line("tcp://host:7"), line.TcpLine)
