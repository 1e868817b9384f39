# SPDX-License-Identifier: Apache-2.0
"""The guard's own thermometer: strict grammar, nothing from a torn line, its own port. H03, H12."""

import contextlib
import fcntl
import os
import pty
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mnht_controller.guard.line import LineError
from mnht_controller.guard.thermometer import LINE_S_MAX, OwnThermometer, Sentences
from sim_hardware.devices.thermometers.luxtron import LuxtronTwin

PERIOD_S = 0.25
TURN_S = 0.05


def taken(*pieces: tuple[float, bytes], channel: int = 1) -> list[float | None]:
    sentences = Sentences(channel)
    sentences.take(b"\n", 0.0)
    return [sentences.take(data, at) for at, data in pieces]


@pytest.mark.parametrize(
    ("line", "celsius"),
    [
        (b"1:  43.02 C\r\n", 43.02),
        (b"1:  43.02 C \r\n", 43.02),
        (b"1:  43.02PE\r\n", None),
        (b"1: 224.51PE\r\n", None),
        (b"1: 109.42 F\r\n", None),
        (b"1: 316.17 K\r\n", None),
        (b"1:   9.02 C\r\n", None),
        (b"1: -12.00 C\r\n", None),
        (b"2:  43.02 C\r\n", None),
        (b"1:  43.02 C 2:  40.11 C\r\n", None),
        (b"1:  43.02 C\n", None),
        (b"1: 43.02 C\r\n", None),
        (b"1:  43,02 C\r\n", None),
        (b"1:  4x.02 C\r\n", None),
        (b"x1:  43.02 C\r\n", None),
        (b"1:  43.02 Cx\r\n", None),
        (b"1:  43.020 C\r\n", None),
        (b"\xb1:  43.02 C\r\n", None),
        (b"1:  \xd9\xa3\xd9\xa3.02 C\r\n", None),
        (b"\x00" * 13 + b"\n", None),
        (b"\r\n", None),
    ],
)
def test_the_grammar_takes_one_form(line: bytes, celsius: float | None) -> None:
    """H03, H09, H12: another unit, probe error, another channel, or torn: no number."""
    assert taken((1.0, line)) == [celsius]


def test_the_other_channel_where_it_is_the_guards() -> None:
    assert taken((1.0, b"2:  43.02 C\r\n"), channel=2) == [43.02]
    assert taken((1.0, b"1:  43.02 C\r\n"), channel=2) == [None]


def test_a_line_may_come_in_pieces_and_the_newest_counts() -> None:
    assert taken((1.0, b"1:  43"), (1.05, b".02 C\r"), (1.1, b"\n")) == [None, None, 43.02]
    assert taken((1.0, b"1:  43.02 C\r\n1:  43.05 C\r\n")) == [43.05]


def test_what_came_before_the_first_end_of_line_is_not_looked_at() -> None:
    sentences = Sentences(1)
    assert sentences.take(b"1:  43.02 C\r\n", 1.0) is None
    assert sentences.take(b"1:  43.05 C\r\n", 1.3) == 43.05


def test_h12_two_halves_of_two_lines_are_no_line() -> None:
    """Thirteen bytes lost: the rest would be a well-formed line with a number nobody sent."""
    late = 1.0 + LINE_S_MAX + 0.01
    assert taken((1.0, b"1:  42."), (late, b"95 C\r\n"), (late + 0.25, b"1:  42.96 C\r\n")) == [
        None, None, 42.96,
    ]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_h12_no_loss_makes_a_number_that_was_not_sent(data: st.DataObject) -> None:
    """Any bytes lost or doubled, in any pieces: only what was sent, or nothing."""
    celsius = data.draw(st.lists(st.integers(3000, 4500), min_size=2, max_size=6))
    lines = [b"1:  %d.%02d C\r\n" % divmod(c, 100) for c in celsius]
    stream = [
        (PERIOD_S * (n + 1) + 0.001 * k, line[k : k + 1])
        for n, line in enumerate(lines)
        for k in range(len(line))
    ]
    begin = data.draw(st.integers(0, len(stream)))
    end = data.draw(st.integers(begin, min(len(stream), begin + 30)))
    if data.draw(st.booleans()):
        stream = stream[:begin] + stream[end:]
    else:
        stream = stream[:end] + [(stream[end - 1][0], byte) for _, byte in stream[begin:end]] + (
            stream[end:]
        )  # fmt: skip
    sentences, sent = Sentences(1), {c / 100.0 for c in celsius}
    sentences.take(b"\n", 0.0)
    for turn in range(int(PERIOD_S * 8 / TURN_S)):
        now = turn * TURN_S
        ripe = b"".join(byte for at, byte in stream if now - TURN_S < at <= now)
        if ripe:
            found = sentences.take(ripe, now)
            assert found is None or found in sent


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=40), max_size=20))
def test_noise_is_never_a_number_out_of_form_and_is_not_kept(pieces: list[bytes]) -> None:
    sentences = Sentences(1)
    for number, piece in enumerate(pieces):
        found = sentences.take(piece, 0.05 * number)
        assert found is None or 0.0 <= found < 100.0
    sentences.take(b"\n", 100.0)
    assert sentences.take(b"1:  43.02 C\r\n", 101.0) == 43.02


def test_it_understands_the_twin_that_was_written_from_the_manual() -> None:
    twin = LuxtronTwin({1: lambda t: 40.0 + t}, period_s=PERIOD_S)
    sentences, found = Sentences(1), []
    twin.connect(0.0, 1)
    for turn in range(40):
        for _, data in twin.advance(turn * TURN_S):
            found.append(sentences.take(data, turn * TURN_S))
    assert found[0] is None, "the first line may be half a line"
    assert found[1:] == [
        pytest.approx(40.0 + PERIOD_S * n, abs=0.3) for n in range(2, len(found) + 1)
    ]
    twin.inject("no_probe_token", "1", 2.0)
    assert {sentences.take(data, 2.0) for _, data in twin.advance(3.0)} == {None}


# ---- the port ------------------------------------------------------------------------------


@pytest.fixture
def wire() -> Iterator[tuple[int, str]]:
    master, slave = pty.openpty()
    path = os.ttyname(slave)
    os.close(slave)
    yield master, path
    with contextlib.suppress(OSError):
        os.close(master)


def own(path: str, baud: int = 9600) -> OwnThermometer:
    return OwnThermometer(path, baud, 1)


def test_it_reads_what_comes_and_forgets_what_lay_there(wire: tuple[int, str]) -> None:
    """H11: of unknown age."""
    master, path = wire
    port = own(f"ASRL{path}::INSTR")
    assert port.read(0.5, may_open=False) is None
    keeper = os.open(path, os.O_RDWR | os.O_NOCTTY)
    attributes = termios.tcgetattr(keeper)
    attributes[3] &= ~(termios.ICANON | termios.ECHO)
    termios.tcsetattr(keeper, termios.TCSANOW, attributes)
    os.write(master, b"1:  39.99 C\r\n")
    assert port.read(1.0, may_open=True) is None
    os.write(master, b"1:  43.00 C\r\n1:  43.02 C\r\n")
    assert port.read(1.05, may_open=False) == 43.02
    assert port.read(1.10, may_open=False) is None
    os.close(keeper)
    port.close()
    port.close()


def test_it_is_the_only_reader(wire: tuple[int, str]) -> None:
    port, other = own(wire[1]), own(wire[1])
    port.read(1.0, may_open=True)
    probe = os.open(wire[1], os.O_RDWR | os.O_NOCTTY)
    with pytest.raises(BlockingIOError):
        fcntl.flock(probe, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(probe)
    other.read(1.0, may_open=True)
    os.write(wire[0], b"\n1:  43.02 C\r\n")
    assert other.read(1.1, may_open=False) is None
    assert port.read(1.1, may_open=False) == 43.02
    port.close()


def test_a_port_that_goes_and_comes_back_is_opened_when_asked(
    wire: tuple[int, str], tmp_path: Path
) -> None:
    master, path = wire
    name = tmp_path / "port"
    port = own(str(name))
    assert port.read(1.0, may_open=True) is None, "not there yet"
    name.symlink_to(path)
    port.read(1.1, may_open=True)
    os.close(master)
    assert port.read(1.2, may_open=False) is None
    again, slave = pty.openpty()
    name.unlink()
    name.symlink_to(os.ttyname(slave))
    assert port.read(1.3, may_open=False) is None
    port.read(1.4, may_open=True)
    os.write(again, b"\n1:  43.02 C\r\n")
    assert port.read(1.5, may_open=False) == 43.02
    port.close()
    os.close(again)
    os.close(slave)


@pytest.mark.parametrize(("path", "baud"), [("tcp://a:1", 9600), ("ttyS0", 9600), ("/dev/x", 300)])
def test_an_address_it_cannot_read_is_refused_at_once(path: str, baud: int) -> None:
    with pytest.raises(LineError, match="guard's thermometer"):
        own(path, baud)


def test_h12_the_end_of_a_line_alone_begins_none() -> None:
    """Until the first end of line nothing is known of what came before."""
    sentences = Sentences(1)
    assert sentences.take(b"9", 0.0) is None
    assert sentences.take(b"1:  43.02 C\r\n", 0.01) is None
    assert sentences.take(b"1:  43.02 C\r\n", 0.25) == 43.02


def test_it_opens_nothing_while_the_line_is_fed_and_lets_go_at_its_end(
    wire: tuple[int, str],
) -> None:
    """H28: to open a port may take longer than a tick."""
    port, other = own(wire[1]), own(wire[1])
    port.read(1.0, may_open=False)
    other.read(1.0, may_open=True)
    os.write(wire[0], b"\n1:  43.02 C\r\n")
    assert port.read(1.1, may_open=False) is None
    assert other.read(1.1, may_open=False) == 43.02
    other.close()
    port.read(1.2, may_open=True)
    os.write(wire[0], b"\n1:  43.04 C\r\n")
    assert port.read(1.3, may_open=False) == 43.04
    port.close()


@pytest.mark.parametrize(("ends_s", "counts"), [(0.15, True), (0.1500001, False)])
def test_h12_a_line_takes_so_long_and_no_longer(ends_s: float, counts: bool) -> None:
    sentences = Sentences(1)
    sentences.take(b"\n", -1.0)
    assert sentences.take(b"1:  43", 0.0) is None
    found = sentences.take(b".02 C\r\n", ends_s)
    assert found == (43.02 if counts else None)
