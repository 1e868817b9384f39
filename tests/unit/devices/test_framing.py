# SPDX-License-Identifier: Apache-2.0
"""Framing: the chunking of a stream never matters, and a prefix is never lost without its tail."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnht_controller.devices.framing import EotFramer, LineFramer, PromptFramer

PROMPT = re.compile(rb"\*|Err\d")
STREAMED = re.compile(rb"C:\d;T: [ -~]{1,9}")

STREAMS = st.binary(max_size=200).map(
    lambda raw: raw.replace(b"a", b"\n").replace(b"b", b"\x04\n").replace(b"c", b"\r\n")
) | st.lists(
    st.sampled_from([
        b"23.45", b"\n", b"\x04", b"\r", b"Err -140", b"CH1", b"x" * 20, b"*", b"\r*", b"1.09*",
        b"Err1", b"\rErr1", b"C:1;T: +23.4\r",
    ])
).map(b"".join)  # fmt: skip
FRAMERS = st.sampled_from(
    [lambda: LineFramer(b"\n", 16), lambda: EotFramer(16), lambda: PromptFramer(PROMPT, 16)]
)


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


@pytest.mark.shows("strict_grammar")
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


# ---- replies that end in a prompt ------------------------------------------------------------


def one_by_one(framer, stream):
    return [frame for byte in stream for frame in framer.feed(bytes([byte]))]


@pytest.mark.parametrize("feed", [PromptFramer.feed, one_by_one], ids=["whole", "bytes"])
@pytest.mark.parametrize(
    ("stream", "frames"),
    [
        (b"+24.3\r+24.5\r*", [b"+24.3\r+24.5\r*"]),
        (b"*", [b"*"]),
        (b"**", [b"*", b"*"]),
        (b"Err1", [b"Err1"]),
        (b"Err1*", [b"Err1", b"*"]),
        (b"*\r\n*\rErr2\r\n", [b"*", b"*", b"Err2"]),
        (b"+24.3\rErr1", [b"+24.3\rErr1"]),
        (b"CH1: power:1.09*, lamp: 250\rCH2: power:0.3*\r*", [
            b"CH1: power:1.09*, lamp: 250\rCH2: power:0.3*\r*"
        ]),
        (b"no Err1 here\r*", [b"no Err1 here\r*"]),
        (b"24.3*", []),
        (b"24.3\n*", [b"24.3\n*"]),
    ],
)  # fmt: skip
def test_a_prompt_counts_only_where_a_line_begins(feed, stream, frames):
    """Omega FOB100 manual: `*` follows a CR and nothing follows it; `1.09*` is a power (H12)."""
    framer = PromptFramer(PROMPT)
    assert feed(framer, stream) == frames
    assert framer.has_partial is (frames == [])
    assert framer.overruns == 0


def test_a_prompt_in_two_chunks_and_a_reply_that_waits_for_its_prompt():
    framer = PromptFramer(PROMPT)
    assert framer.feed(b"+24.3\rEr") == []
    framer.quiet()
    assert framer.has_partial
    assert framer.feed(b"r1") == [b"+24.3\rErr1"]
    assert framer.feed(b"+24.") == []
    framer.clear()
    assert framer.feed(b"*") == [b"*"]


@pytest.mark.parametrize("feed", [PromptFramer.feed, one_by_one], ids=["whole", "bytes"])
def test_an_overlong_reply_goes_with_its_prompt_but_not_with_an_asterisk_inside_it(feed):
    """Wherever the buffer is cut off, an asterisk inside a line stays one (H12)."""
    framer = PromptFramer(PROMPT, 8)
    assert feed(framer, b"power:1.09*1.08*1.07*1.06*1.05*") == []
    assert framer.overruns == 1
    assert framer.has_partial
    assert feed(framer, b"1.04*\r*+24.3\r*") == [b"+24.3\r*"]
    assert framer.overruns == 1
    assert feed(framer, b"123456789\r*1\r*123456\r*1234567\r*") == [b"1\r*", b"123456\r*"]
    assert framer.overruns == 3


@pytest.mark.parametrize("feed", [PromptFramer.feed, one_by_one], ids=["whole", "bytes"])
def test_streamed_lines_belong_to_no_reply(feed):
    """Manual: `ta+` sends `C:i;T: ±xxx.x` lines, also in the middle of a reply (H11)."""
    framer = PromptFramer(PROMPT, unasked=STREAMED)
    line = b"C:1;T: +23.4\r"
    assert feed(framer, line * 2000) == []
    assert (framer.has_partial, framer.overruns) == (False, 0)
    assert feed(framer, line + b"+24.3\r" + line + line + b"\n+24.5\r" + line + b"*") == [
        b"+24.3\r\n+24.5\r*"
    ]
    assert feed(framer, b"*" + line + b"xC:1;T: +23.4\r*" + line[:-1]) == [
        b"*", b"xC:1;T: +23.4\r*",
    ]  # fmt: skip
    assert framer.has_partial
