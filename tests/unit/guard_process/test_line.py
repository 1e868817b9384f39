# SPDX-License-Identifier: Apache-2.0
"""The enable line's outputs: what leaves, what must not leave, what refuses. H33 (frozen host)."""

import os
import pty
import select
import socket
import struct
import termios
from collections.abc import Iterator

import pytest

from mnht_controller.guard.line import LineError, TcpLine, TtyLine, make_line

FEED = b"\x55"
NONCE = b"\x00\x01\x02\x03\xfe\xff\x55\xa5"


@pytest.fixture
def wire() -> Iterator[tuple[int, str]]:
    master, slave = pty.openpty()
    yield master, os.ttyname(slave)
    os.close(master)
    os.close(slave)


def heard(master: int) -> bytes:
    return os.read(master, 100) if select.select([master], [], [], 1.0)[0] else b""


@pytest.mark.parametrize("prefix", ["", "ASRL"])
def test_a_tty_sends_raw_bytes(wire: tuple[int, str], prefix: str) -> None:
    line = make_line(prefix + wire[1])
    line.open()
    line.open()
    for payload in (FEED, b"\xa5\x5a", b"\x11\x13\n\r\x03"):  # XON, XOFF, CR: nothing is special
        assert line.feed(payload)
        assert heard(wire[0]) == payload
    iflag, oflag, cflag, lflag, ispeed, ospeed, _ = termios.tcgetattr(wire[0])
    assert (iflag, oflag, lflag) == (0, 0, 0)
    assert not cflag & (termios.CRTSCTS | termios.PARENB | termios.CSTOPB)
    assert (ispeed, ospeed) == (termios.B9600, termios.B9600)
    line.close()
    line.close()


def test_a_byte_still_queued_blocks_the_tty(wire: tuple[int, str]) -> None:
    waiting = [0, 1]
    line = TtyLine(wire[1], queued=lambda fd: waiting.pop(0))
    line.open()
    assert line.feed(FEED)
    assert not line.feed(FEED), "one byte still waits: it could leave after our death"
    line.abort()
    line.close()
    assert heard(wire[0]) in (FEED, b"")


def test_abort_flushes_the_output_queue(
    wire: tuple[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[int] = []
    monkeypatch.setattr(termios, "tcflush", lambda fd, queue: flushed.append(queue))
    line = TtyLine(wire[1])
    line.abort()
    assert flushed == []
    line.open()
    line.abort()
    assert flushed == [termios.TCOFLUSH]
    assert line.feed(FEED), "still open for the next session"
    line.close()


def test_an_error_is_a_blocked_line(wire: tuple[int, str]) -> None:
    def broken(fd: int) -> int:
        raise OSError(5, "unplugged")

    line = TtyLine(wire[1], queued=broken)
    assert not line.feed(FEED), "not open"
    line.open()
    assert not line.feed(FEED)
    line.close()


def test_a_hung_up_tty_blocks_and_is_opened_anew() -> None:
    master, slave = pty.openpty()
    line = TtyLine(os.ttyname(slave))
    line.open()
    os.close(slave)
    os.close(master)
    assert not line.feed(FEED)
    with pytest.raises(LineError):
        line.open()


def test_a_tty_has_one_owner(wire: tuple[int, str]) -> None:
    first, second = TtyLine(wire[1]), TtyLine(wire[1])
    first.open()
    with pytest.raises(LineError, match="busy"):
        second.open()
    first.close()
    second.open()
    second.close()


@pytest.mark.parametrize(
    "resource",
    ["", "ttyUSB0", "tcp://", "tcp://host", "tcp://host:0", "tcp://host:99999", "/dev/missing-x"],
)
def test_a_bad_resource_is_refused(resource: str) -> None:
    with pytest.raises(LineError, match="enable line"):
        make_line(resource).open()


def test_a_file_is_no_line(tmp_path: os.PathLike[str]) -> None:
    path = os.path.join(tmp_path, "file")  # noqa: PTH118
    open(path, "wb").close()  # noqa: PTH123
    with pytest.raises(LineError, match="no serial port"):
        make_line(path).open()
    with pytest.raises(LineError, match="300 baud"):
        make_line(path, 300)


class Receiver:
    """A receiver that sends its nonce at once; the small buffer lets a test fill it."""

    def __init__(self, nonce: bytes = NONCE, buffer: int | None = None) -> None:
        self.listener = socket.socket()
        if buffer is not None:
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen()
        self.listener.settimeout(2.0)  # a line that does not call fails its test and holds up none
        self.port = self.listener.getsockname()[1]
        self.nonce = nonce
        self.peer: socket.socket | None = None

    def open(self, line: TcpLine) -> None:
        # The kernel completes the handshake; the nonce must be there when the line reads it.
        import threading

        thread = threading.Thread(target=self._greet)
        thread.start()
        try:
            line.open()
        finally:
            thread.join()

    def _greet(self) -> None:
        self.peer, _ = self.listener.accept()
        self.peer.settimeout(1.0)
        self.peer.sendall(self.nonce)
        if len(self.nonce) < 8:
            self.peer.close()

    def close(self) -> None:
        self.listener.close()
        if self.peer is not None:
            self.peer.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


def test_tcp_frames_carry_nonce_and_counter(receiver: Receiver) -> None:
    line = TcpLine("127.0.0.1", receiver.port, queued=lambda fd: 0)
    receiver.open(line)
    assert receiver.peer is not None
    for number, payload in enumerate((FEED, b"\xa5\x5a", FEED), start=1):
        assert line.feed(payload)
        frame = NONCE + struct.pack(">I", number) + bytes([len(payload)]) + payload
        assert receiver.peer.recv(100) == frame
    line.close()


def test_tcp_abort_resets_and_a_new_connection_has_a_new_nonce(receiver: Receiver) -> None:
    line = TcpLine("127.0.0.1", receiver.port, queued=lambda fd: 0)
    receiver.open(line)
    assert receiver.peer is not None
    first = receiver.peer
    line.abort()
    assert not line.feed(FEED)
    with pytest.raises(ConnectionResetError):
        first.recv(100)
    first.close()
    receiver.nonce = b"another!"
    receiver.open(line)
    assert line.feed(FEED)
    assert receiver.peer.recv(100) == b"another!" + b"\0\0\0\1" + b"\1" + FEED
    line.close()


def test_tcp_blocks_while_a_frame_is_unacknowledged(receiver: Receiver) -> None:
    waiting = [0, 14]
    line = TcpLine("127.0.0.1", receiver.port, queued=lambda fd: waiting.pop(0))
    receiver.open(line)
    assert line.feed(FEED)
    assert not line.feed(FEED)
    line.close()


def test_the_kernels_own_count_sees_a_receiver_that_stopped_reading() -> None:
    """Real SIOCOUTQ: the receiver's window closes, frames stay with us, the line says blocked."""
    receiver = Receiver(buffer=2048)
    line = TcpLine("127.0.0.1", receiver.port)
    receiver.open(line)
    assert any(not line.feed(bytes(200)) for _ in range(500))
    line.abort()
    receiver.close()


def test_tcp_reopens_only_when_the_receiver_has_gone(receiver: Receiver) -> None:
    line = TcpLine("127.0.0.1", receiver.port, queued=lambda fd: 0)
    receiver.open(line)
    first = receiver.peer
    line.open()
    assert receiver.peer is first
    assert first is not None
    first.close()
    receiver.open(line)
    assert receiver.peer is not first
    line.close()


@pytest.mark.parametrize("nonce", [b"", b"short"])
def test_no_nonce_no_line(nonce: bytes) -> None:
    receiver = Receiver(nonce)
    with pytest.raises(LineError, match="no nonce"):
        receiver.open(TcpLine("127.0.0.1", receiver.port))
    receiver.close()


def test_an_absent_receiver_is_said() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(LineError, match="check receiver"):
            TcpLine("127.0.0.1", taken.getsockname()[1]).open()


def test_a_port_that_cannot_be_flushed_is_let_go(
    wire: tuple[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """H30: what waits in its queue goes with the last handle on it."""
    line = TtyLine(wire[1])
    line.open()

    def gone(fd: int, queue: int) -> None:
        raise termios.error(5, "Input/output error")

    monkeypatch.setattr(termios, "tcflush", gone)
    line.abort()
    assert not line.feed(FEED)
    line.close()


def test_a_receiver_that_resets_blocks_the_line_and_is_found_anew(receiver: Receiver) -> None:
    """H30: an error while sending, or while asking, is no feed."""
    line = make_line(f"tcp://127.0.0.1:{receiver.port}")
    assert isinstance(line, TcpLine)
    receiver.open(line)
    assert receiver.peer is not None
    receiver.peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    receiver.peer.close()
    assert line._has_hung_up()
    assert not line.feed(FEED)
    receiver.open(line)
    assert line.feed(FEED)
    line.close()


def test_a_send_that_fails_is_no_feed(receiver: Receiver) -> None:
    def broken(fd: int) -> int:
        raise OSError(5, "unplugged")

    line = TcpLine("127.0.0.1", receiver.port, queued=broken)
    receiver.open(line)
    assert not line.feed(FEED)
    line.close()


@pytest.mark.parametrize(
    ("baud", "speed"),
    [
        (9600, termios.B9600),
        (19200, termios.B19200),
        (57600, termios.B57600),
        (115200, termios.B115200),
    ],
)
def test_each_speed_is_set_as_told(wire: tuple[int, str], baud: int, speed: int) -> None:
    line = make_line(wire[1], baud)
    line.open()
    assert termios.tcgetattr(wire[0])[4:6] == [speed, speed]
    line.close()


def test_a_living_port_is_not_opened_again(
    wire: tuple[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opening drops modem lines and takes time."""
    line = TtyLine(wire[1])
    line.open()

    def refused(path: str, flags: int) -> int:
        raise OSError(16, "Device or resource busy")

    monkeypatch.setattr(os, "open", refused)
    line.open()
    assert line.feed(FEED)
    line.close()


@pytest.mark.parametrize("resource", ["tcp://", "tcp://host", "tcp://host:0", "tcp://:502"])
def test_an_address_without_host_or_port_is_refused_unopened(resource: str) -> None:
    """H30: nobody looks for a receiver at a name that was left out."""
    with pytest.raises(LineError, match=r"write tcp://host:port"):
        make_line(resource)
