# SPDX-License-Identifier: Apache-2.0
"""Frames that tell their own length: no chunking matters, and nothing follows a bad beginning."""

from hypothesis import given
from hypothesis import strategies as st

from mnht_controller.devices.framing import SizedFramer


def size_of(data):
    """First byte: the length of the rest, in one byte; none longer than 5, none that is odd."""
    if data[0] > 5:
        return -1
    if len(data) < 2:
        return 0
    return -1 if data[1] % 2 else 2 + data[0]


STREAMS = st.lists(
    st.sampled_from([b"\x00\x00", b"\x02\x00ab", b"\x05\x02abcde", b"\x05", b"\x09", b"\x01\x03x"])
).map(b"".join)


def chunks_of(stream, sizes):
    for size in sizes:
        yield stream[:size]
        stream = stream[size:]
    yield stream


@given(STREAMS, st.lists(st.integers(1, 7), max_size=60))
def test_any_chunking_gives_the_same_whole_frames(stream, sizes):
    whole, cut = SizedFramer(size_of), SizedFramer(size_of)
    frames = whole.feed(stream)
    got = [frame for chunk in chunks_of(stream, sizes) for frame in cut.feed(chunk)]
    assert len(got) == len(frames)
    assert [frame for frame in got if size_of(frame) > 0] == [
        frame for frame in frames if size_of(frame) > 0
    ]
    assert (cut.overruns, cut.has_partial) == (whole.overruns, whole.has_partial)


def test_frames_are_cut_by_their_own_bytes():
    framer = SizedFramer(size_of)
    assert framer.feed(b"\x02\x00ab\x00") == [b"\x02\x00ab"]
    assert framer.has_partial
    assert framer.feed(b"\x00\x02") == [b"\x00\x00"]
    assert framer.feed(b"\x00xy") == [b"\x02\x00xy"]
    assert not framer.has_partial


def test_a_bad_beginning_is_given_once_and_its_rest_is_never_a_frame_of_its_own():
    """Within noise a whole frame can stand by chance: only silence begins anew (H12)."""
    framer = SizedFramer(size_of)
    assert framer.feed(b"\x09") == [b"\x09"]
    assert (framer.overruns, framer.has_partial) == (1, True)
    assert framer.feed(b"\x02\x00ab") == []
    assert framer.feed(b"\x02\x00ab") == []
    framer.quiet()
    assert not framer.has_partial
    assert framer.feed(b"\x02\x00ab") == [b"\x02\x00ab"]
    assert framer.overruns == 1


def test_what_stands_before_a_bad_beginning_is_whole_and_what_follows_is_dropped():
    framer = SizedFramer(size_of)
    assert framer.feed(b"\x00\x00\x01\x03\x00\x00") == [b"\x00\x00", b"\x01\x03\x00\x00"]
    assert framer.overruns == 1
    framer.clear()
    assert framer.feed(b"\x00\x00") == [b"\x00\x00"]


def test_silence_drops_a_frame_that_was_cut_off():
    framer = SizedFramer(size_of)
    framer.feed(b"\x05\x02ab")
    framer.quiet()
    assert framer.feed(b"\x00\x00") == [b"\x00\x00"]
    assert framer.overruns == 0


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_memory_is_bounded(pieces):
    framer = SizedFramer(size_of)
    for piece in pieces:
        framer.feed(piece)
        assert len(framer._buffer) <= 7
