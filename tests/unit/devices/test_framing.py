# SPDX-License-Identifier: Apache-2.0
"""Framing: the chunking of a stream never matters, and a prefix is never lost without its tail."""

from hypothesis import given
from hypothesis import strategies as st

from mnht_controller.devices.framing import EotFramer, LineFramer

STREAMS = st.binary(max_size=200).map(
    lambda raw: raw.replace(b"a", b"\n").replace(b"b", b"\x04\n").replace(b"c", b"\r\n")
) | st.lists(
    st.sampled_from([b"23.45", b"\n", b"\x04", b"\r", b"Err -140", b"CH1", b"x" * 20])
).map(b"".join)
FRAMERS = st.sampled_from([lambda: LineFramer(b"\n", 16), lambda: EotFramer(16)])


@given(STREAMS, FRAMERS, st.lists(st.integers(1, 7), max_size=80))
def test_any_chunking_gives_the_same_frames(stream, make, sizes):
    whole, cut = make(), make()
    frames = whole.feed(stream)
    chunks, rest = [], stream
    for size in sizes:
        chunks.append(rest[:size])
        rest = rest[size:]
    got = [frame for chunk in (*chunks, rest) for frame in cut.feed(chunk)]
    assert got == frames
    assert cut.overruns == whole.overruns
    assert cut.has_partial == whole.has_partial


@given(st.binary(max_size=300), FRAMERS)
def test_memory_and_frames_are_bounded(stream, make):
    framer = make()
    for byte in stream:
        frames = framer.feed(bytes([byte]))
        assert all(0 < len(frame) <= 16 for frame in frames)
        assert len(framer._buffer) <= 17


def test_opsens_reply_is_one_frame_with_its_lines():
    framer = EotFramer()
    assert framer.feed(b"CH1\n23.45\n\x04") == []
    assert framer.has_partial
    assert framer.feed(b"\n24.00\n\x04\n") == [b"CH1\n23.45", b"24.00"]
    assert not framer.has_partial


def test_cr_lf_in_any_order_and_empty_lines():
    framer = LineFramer()
    assert framer.feed(b"\r\n1\r\n\n2\n\r3\n\r") == [b"1", b"2", b"3"]
    assert not framer.has_partial


def test_prefix_joins_its_tail_however_late():
    framer = LineFramer()
    assert framer.feed(b"12.3") == []
    assert framer.feed(b"45\n") == [b"12.345"]


def test_overlong_line_goes_with_its_tail():
    framer = LineFramer(b"\n", 8)
    assert framer.feed(b"123456789") == []
    assert framer.feed(b"45\n45\n") == [b"45"]
    assert framer.overruns == 1
    assert framer.feed(b"123456789\n45\n12345678\n") == [b"45", b"12345678"]
    assert framer.overruns == 2


def test_clear_forgets_a_prefix():
    framer = LineFramer()
    framer.feed(b"12")
    framer.clear()
    assert framer.feed(b"45\n") == [b"45"]
