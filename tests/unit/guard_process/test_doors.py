# SPDX-License-Identifier: Apache-2.0
"""The guard's sockets: who gets in, and what gets a client cut off (H55)."""

import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from mnht_controller.guard.doors import LINES_PER_TURN_MAX, Door, DoorError, Peer
from mnht_controller.interlock.lease import LINE_BYTES_MAX


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "door.sock"


@pytest.fixture
def clients() -> Iterator[list[socket.socket]]:
    made: list[socket.socket] = []
    yield made
    for client in made:
        client.close()


def join(door: Door, clients: list[socket.socket]) -> tuple[socket.socket, Peer | None]:
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(1.0)
    client.connect(str(door.path))
    clients.append(client)
    return client, door.accept()


def test_the_socket_is_ours_alone(path: Path) -> None:
    door = Door(str(path), 1)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    door.close()
    assert not path.exists()


def test_another_user_is_refused(path: Path, clients: list[socket.socket]) -> None:
    """The peer's uid is compared; a second user is not at hand here, so the door's own differs."""
    door = Door(str(path), 1, uids=frozenset({os.getuid() + 1}))
    client, peer = join(door, clients)
    assert peer is None
    assert client.recv(1) == b""
    door.close()


def test_a_second_client_is_refused_while_the_first_lives(
    path: Path, clients: list[socket.socket]
) -> None:
    door = Door(str(path), 1)
    first, peer = join(door, clients)
    second, refused = join(door, clients)
    assert peer is not None
    assert refused is None
    assert second.recv(1) == b""
    first.close()
    assert peer.lines() == []
    assert peer.gone
    assert join(door, clients)[1] is not None
    door.close()


def test_an_evicting_door_cuts_the_oldest(path: Path, clients: list[socket.socket]) -> None:
    door = Door(str(path), 2, evicts=True)
    joined = [join(door, clients) for _ in range(3)]
    peers = [peer for _, peer in joined if peer is not None]
    assert [peer.gone for peer in peers] == [True, False, False]
    door.forget(peers[0])
    assert joined[0][0].recv(1) == b""
    assert door.peers == peers[1:]
    door.close()


def test_lines_arrive_whole(path: Path, clients: list[socket.socket]) -> None:
    door = Door(str(path), 1)
    client, peer = join(door, clients)
    assert peer is not None
    assert peer.lines() == []
    seen = []
    for byte in b'{"a":1}\n{"b":2}\n{"c"':
        client.send(bytes([byte]))
        seen += peer.lines()
    assert seen == [b'{"a":1}', b'{"b":2}']
    assert not peer.gone
    door.close()


@pytest.mark.parametrize("flood", [b"x" * (LINE_BYTES_MAX + 1), b"\n" * (LINES_PER_TURN_MAX + 1)])
def test_a_flood_ends_the_client(path: Path, clients: list[socket.socket], flood: bytes) -> None:
    door = Door(str(path), 1)
    client, peer = join(door, clients)
    assert peer is not None
    client.sendall(flood)
    assert peer.lines() + peer.lines() == []
    assert peer.gone
    door.close()


def test_a_client_that_does_not_read_is_gone(path: Path, clients: list[socket.socket]) -> None:
    door = Door(str(path), 1)
    _, peer = join(door, clients)
    assert peer is not None
    for _ in range(2000):
        peer.send(b"x" * 1000)
    assert peer.gone
    door.close()


def test_a_dead_guards_name_is_taken_over_a_living_ones_never(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    door = Door(str(path), 1)
    with pytest.raises(DoorError, match="another guard answers"):
        Door(str(path), 1)
    assert path.exists()
    door.close()


def test_an_unfit_path_is_refused(path: Path) -> None:
    path.write_text("precious")
    with pytest.raises(DoorError, match="is no socket"):
        Door(str(path), 1)
    assert path.read_text() == "precious"
    with pytest.raises(DoorError, match="cannot listen"):
        Door(str(path.parent / ("x" * 120)), 1)


def test_nobody_at_the_door_is_nobody(path: Path) -> None:
    """A client that gave up between the call and the answer."""
    door = Door(str(path), 1)
    assert door.accept() is None
    assert door.peers == []
    door.close()


def test_nothing_there_is_no_line_and_no_end(path: Path, clients: list[socket.socket]) -> None:
    """H31: asked without cause, a client stays."""
    door = Door(str(path), 1)
    _, peer = join(door, clients)
    assert peer is not None
    assert (peer.lines(), peer.gone) == ([], False)
    door.close()


def test_a_client_that_resets_its_connection_is_gone(
    path: Path, clients: list[socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    """H26: whatever the kernel says instead of bytes."""
    door = Door(str(path), 1)
    _, peer = join(door, clients)
    assert peer is not None

    class Reset:
        def recv(self, _bytes: int) -> bytes:
            raise ConnectionResetError

    monkeypatch.setattr(peer, "socket", Reset())
    assert peer.lines() == []
    assert peer.gone
    monkeypatch.undo()
    door.close()


def test_a_client_that_was_cut_off_stays_cut_off(path: Path, clients: list[socket.socket]) -> None:
    """H55: what it still sends before it is let go does not bring it back."""
    door = Door(str(path), 1)
    client, peer = join(door, clients)
    assert peer is not None
    peer.gone = True
    client.sendall(b"{}\n")
    peer.lines()
    assert peer.gone
    peer.send(b"{}\n")
    assert peer.gone
    door.close()
