# SPDX-License-Identifier: Apache-2.0
"""Cuts a byte stream into whole replies, in whatever chunks it arrives. Pure, no I/O.

A started line is kept until its own end arrives, so that `12.3`, a pause and `45` can only ever
become one line, which is then late, and never the temperature 45.
"""

FRAME_BYTES_MAX = 4096
"""Longest reply a dialect may send; a longer run without an end is noise."""


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
