# SPDX-License-Identifier: Apache-2.0
"""Enable line receivers: silence opens, only a deliberate act closes again (H29, H30)."""

import struct

import pytest

from sim_hardware.devices.enable_line import DecodingReceiver, Framed, MonostableReceiver


def feed_for(receiver, since, until, byte=b"\x55"):
    """Feed at 20 Hz."""
    for tick in range(round((until - since) * 20)):
        receiver.feed(byte, since + tick * 0.05)


@pytest.fixture
def closed():
    receiver = DecodingReceiver()
    receiver.feed(b"\xa5\x5a", 1.0)
    assert receiver.closed(1.0)
    return receiver


@pytest.mark.shows("silence_opens")
def test_opens_exactly_300_ms_after_the_last_byte(closed) -> None:
    feed_for(closed, 1.05, 3.0)
    assert closed.closed(3.2)
    assert not closed.closed(9.0)
    assert closed.opened_at == pytest.approx(2.95 + 0.3)


@pytest.mark.parametrize(("verb", "is_closed"), [("line_welded", True), ("line_broken", False)])
def test_a_stuck_contact_stays_as_it_is_until_it_is_mended(closed, verb, is_closed) -> None:
    """H16."""
    closed.inject(verb, "", 1.1)
    closed.feed(b"\x55", 1.1)
    assert closed.closed(1.2) is closed.closed(99.0) is is_closed
    closed.clear(verb)
    assert not closed.closed(99.0)
    with pytest.raises(ValueError, match="has no fault"):
        closed.inject("door", "", 1.0)


def test_a_late_byte_does_not_hide_the_lapse(closed) -> None:
    """H28: a guard that was stopped and continued finds the loop open."""
    closed.feed(b"\x55", 1.2)
    closed.feed(b"\x55", 1.6)
    assert not closed.closed(1.6)
    assert closed.opened_at == pytest.approx(1.5)


def test_feeding_never_closes_a_latched_loop(closed) -> None:
    assert not closed.closed(2.0)
    feed_for(closed, 2.0, 6.0)
    closed.feed(b"\xa5\x5a", 6.0)  # no silence before it
    assert not closed.closed(6.0)


@pytest.mark.parametrize(
    ("sequence", "closes"),
    [
        (b"\xa5\x5a", True),
        (b"\x5a\xa5", False),
        (b"\xa5\x00\x5a", False),
        (b"\x00\xa5\x5a", False),
        (b"\x55\xa5\x5a", False),
        (b"\xa5", False),
        (b"\xa5\x5a\x00", True),
    ],
)
def test_only_silence_and_the_sequence_close(sequence, closes) -> None:
    receiver = DecodingReceiver()
    receiver.feed(sequence, 1.0)
    assert receiver.closed(1.1) is closes


@pytest.mark.parametrize(("silence_s", "closes"), [(0.99, False), (1.0, True)])
def test_silence_is_one_second(silence_s, closes) -> None:
    receiver = DecodingReceiver()
    receiver.feed(b"\x55", 1.0)
    receiver.feed(b"\xa5", 1.0 + silence_s)
    receiver.feed(b"\x5a", 1.0 + silence_s + 0.001)
    assert receiver.closed(1.01 + silence_s) is closes


def test_only_the_feed_byte_feeds(closed) -> None:
    feed_for(closed, 1.05, 1.6, b"\x54")
    assert not closed.closed(1.6)
    assert closed.opened_at == pytest.approx(1.3)


def test_monostable_takes_any_byte_and_needs_a_hand() -> None:
    receiver = MonostableReceiver()
    assert not receiver.hand_reset(0.0)  # nothing fed
    receiver.feed(b"\x00", 0.0)
    assert not receiver.closed(0.1)
    assert receiver.hand_reset(0.1)
    feed_for(receiver, 0.15, 1.0, b"x")
    assert receiver.closed(1.0)
    assert not receiver.closed(2.0)
    assert receiver.opened_at == pytest.approx(0.95 + 0.3)
    feed_for(receiver, 2.0, 3.0)
    assert not receiver.closed(3.0)
    assert receiver.hand_reset(3.0)


def frame(nonce, counter, payload):
    return nonce + struct.pack(">IB", counter, len(payload)) + payload


def test_frames_need_the_nonce_and_a_growing_counter() -> None:
    line = Framed(DecodingReceiver())
    [(_, nonce)] = line.connect(0.0, 1)
    assert len(nonce) == 8
    line.feed(frame(b"x" * 8, 1, b"\xa5\x5a"), 1.0, 1)
    assert not line.closed(1.0)
    for byte in frame(nonce, 2, b"\xa5\x5a"):
        line.feed(bytes([byte]), 1.0, 1)
    assert line.closed(1.0)
    line.feed(frame(nonce, 2, b"\x55") + frame(nonce, 1, b"\x55"), 1.2, 1)
    assert not line.closed(1.31)
    assert line.opened_at == pytest.approx(1.3)


def test_frames_of_an_earlier_connection_feed_nothing() -> None:
    """Bytes must not outlive the guard: what the network kept back closes nothing later."""
    line = Framed(DecodingReceiver())
    [(_, old)] = line.connect(0.0, 1)
    line.feed(frame(old, 1, b"\xa5\x5a"), 1.0, 1)
    line.disconnect(1.1, 1)
    [(_, new)] = line.connect(1.1, 2)
    assert new != old
    line.feed(frame(old, 2, b"\x55"), 1.2, 1)
    line.feed(frame(old, 3, b"\x55"), 1.2, 2)
    assert not line.closed(1.4)
    assert line.opened_at == pytest.approx(1.3)
