# SPDX-License-Identifier: Apache-2.0
"""Cuts a byte stream into whole replies, in whatever chunks it arrives. Pure, no I/O.

A started line is kept until its own end arrives, so that `12.3`, a pause and `45` can only ever
become one line, which is then late, and never the temperature 45.
"""

import re
from typing import Protocol

FRAME_BYTES_MAX = 4096
"""Longest reply a dialect may send; a longer run without an end is noise."""

LINE_START = rb"(?<=[\r\n])"
BEFORE = b"\n"
"""Stands before the first byte after a prompt or a new connection, which begins a line."""


class Framer(Protocol):
    """What a link needs of a dialect's framing."""

    overruns: int

    @property
    def has_partial(self) -> bool:
        """Whether a frame has begun whose end is still to come."""

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next bytes; give the frames they complete, without their ends."""

    def clear(self) -> None:
        """Forget everything: only right after a new connection, whose first byte begins a frame."""

    def quiet(self) -> None:
        """Silence was heard: where silence ends a frame, what is half there is dropped."""


class LineFramer:
    """Frames that end in `end`. CR and LF around a frame are dropped, and so are empty frames.

    An overlong frame is dropped together with its tail and counted in `overruns`.
    """

    __slots__ = ("_buffer", "_end", "_max", "_skipping", "overruns")

    def __init__(self, end: bytes = b"\n", max_bytes: int = FRAME_BYTES_MAX) -> None:
        self._end = end
        self._max = max_bytes
        self._buffer = b""
        self._skipping = False
        self.overruns = 0

    @property
    def has_partial(self) -> bool:
        """Whether a frame has begun whose end is still to come."""
        return self._skipping or bool(self._buffer.strip(b"\r\n"))

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next bytes; give the frames they complete, without their ends."""
        *bodies, rest = (self._buffer + data).split(self._end)
        frames = []
        for body in bodies:
            if self._skipping:
                self._skipping = False  # this was the tail of an overlong frame, counted already
            elif len(body) > self._max:
                self.overruns += 1
            elif frame := body.strip(b"\r\n"):
                frames.append(frame)
        self._buffer = self._bounded(rest)
        return frames

    def clear(self) -> None:
        """Forget everything: only right after a new connection, whose first byte begins a line."""
        self._buffer = b""
        self._skipping = False

    def quiet(self) -> None:
        """Keep a started line: its tail must not pass for a line of its own."""

    def _bounded(self, rest: bytes) -> bytes:
        split_end = len(self._end) - 1  # so much of an end may already be here
        if not self._skipping:
            if len(rest) <= self._max + split_end:
                return rest
            self._skipping = True
            self.overruns += 1
        return rest[-split_end:] if split_end else b""


class EotFramer(LineFramer):
    """Opsens replies: one or more lines, then EOT and LF. A frame may hold several lines."""

    __slots__ = ()

    def __init__(self, max_bytes: int = FRAME_BYTES_MAX) -> None:
        super().__init__(b"\x04\n", max_bytes)


class PromptFramer:
    """Replies that end in a prompt at the start of a line: zero or more lines, then the prompt.

    The frame keeps its prompt, because a dialect may have one for success and one for failure. A
    prompt inside a line is none. No prompt may begin with another one: the shorter would end the
    frame. Whole lines that match `unasked` belong to no reply and are dropped. An overlong reply is
    dropped together with its prompt and counted in `overruns`.
    """

    __slots__ = ("_buffer", "_end", "_max", "_skipping", "_unasked", "overruns")

    def __init__(
        self,
        prompt: re.Pattern[bytes],
        max_bytes: int = FRAME_BYTES_MAX,
        unasked: re.Pattern[bytes] | None = None,
    ) -> None:
        self._end = re.compile(LINE_START + b"(?:" + prompt.pattern + b")", prompt.flags)
        self._unasked = unasked and re.compile(
            LINE_START + b"(?:" + unasked.pattern + rb")[\r\n]", unasked.flags
        )
        self._max = max_bytes
        self._buffer = BEFORE
        self._skipping = False
        self.overruns = 0

    @property
    def has_partial(self) -> bool:
        """Whether a frame has begun whose end is still to come."""
        return self._skipping or bool(self._buffer.strip(b"\r\n"))

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next bytes; give the frames they complete, each with its prompt."""
        self._buffer += data
        frames = []
        while found := self._next_prompt():
            raw = self._buffer[len(BEFORE) : found.end()]
            self._buffer = BEFORE + self._buffer[found.end() :]
            if self._skipping:
                self._skipping = False  # the prompt of an overlong reply, counted already
            elif len(raw) > self._max:
                self.overruns += 1
            else:
                frames.append(raw.strip(b"\r\n"))
        if len(self._buffer) - len(BEFORE) > self._max:
            self.overruns += not self._skipping
            self._skipping = True
            self._buffer = self._buffer[-self._max :]  # what is cut off begins no line
        return frames

    def clear(self) -> None:
        """Forget everything: only right after a new connection."""
        self._buffer, self._skipping = BEFORE, False

    def quiet(self) -> None:
        """Keep what has begun: its prompt is still to come."""

    def _next_prompt(self) -> re.Match[bytes] | None:
        if self._unasked:
            self._buffer = self._unasked.sub(b"", self._buffer)
        return self._end.search(self._buffer)


class SizedFramer:
    """Binary frames whose first bytes tell how long they are; silence ends a broken one.

    `size_of` gives the length of the frame that begins the buffer, 0 while it cannot be known yet,
    and -1 where no frame begins so: then everything up to the next silence is one bad frame. Its
    beginning is given, so that it is seen and refused, not waited for; its rest is dropped.
    """

    __slots__ = ("_buffer", "_size_of", "_skipping", "overruns")

    def __init__(self, size_of: "SizeOf") -> None:
        self._size_of = size_of
        self._buffer = b""
        self._skipping = False
        self.overruns = 0

    @property
    def has_partial(self) -> bool:
        """Whether a frame has begun that is not whole yet."""
        return self._skipping or bool(self._buffer)

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next bytes; give the frames they complete, checksums and all."""
        frames: list[bytes] = []
        if self._skipping:
            return frames
        self._buffer += data
        while self._buffer:
            size = self._size_of(self._buffer)
            if size < 0:
                frames.append(self._buffer)
                self._buffer, self._skipping = b"", True
                self.overruns += 1
            elif 0 < size <= len(self._buffer):
                frames.append(self._buffer[:size])
                self._buffer = self._buffer[size:]
            else:
                break
        return frames

    def clear(self) -> None:
        """Forget everything."""
        self._buffer, self._skipping = b"", False

    def quiet(self) -> None:
        """Drop a frame that silence has cut off, and begin anew after a bad one."""
        self._buffer, self._skipping = b"", False


class SizeOf(Protocol):
    """How long the frame is that begins these bytes; 0: not known yet; -1: none begins so."""

    def __call__(self, data: bytes) -> int:
        """Judge the beginning of a frame."""
