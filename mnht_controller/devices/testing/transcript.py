# SPDX-License-Identifier: Apache-2.0
"""Conversations copied from the manual: what a driver must send, and what comes back."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

Pair = tuple[bytes, bytes | BaseException]
"""Bytes the driver must send, and what comes back: bytes (none is silence) or an exception."""


class TranscriptError(AssertionError):
    """The driver sent something else than the conversation says, or less."""


class WireTranscript:
    """A transport that plays one conversation. A read with nothing to say times out at once."""

    def __init__(self, pairs: Iterable[Pair], resource: str = "transcript") -> None:
        self._left = list(pairs)
        self._answers: list[bytes | BaseException] = []
        self._sent = b""
        self._mismatch = ""
        self.resource = resource
        self.written: list[bytes] = []
        self.opened = self.closed = 0

    async def open(self) -> None:
        """Count the connection."""
        self.opened += 1

    async def write(self, data: bytes) -> None:
        """Compare with what the conversation expects next, across any cutting into writes."""
        self.written.append(data)
        self._sent += data
        while self._left and self._sent.startswith(self._left[0][0]):
            expected, answer = self._left.pop(0)
            self._sent = self._sent[len(expected) :]
            if answer:
                self._answers.append(answer)
        if self._sent and not (self._left and self._left[0][0].startswith(self._sent)):
            expected = self._left[0][0] if self._left else b""
            self._mismatch = f"sent {self._sent!r} where the transcript has {expected!r}"
            raise TranscriptError(self._mismatch)

    async def read(self, timeout_s: float) -> bytes:
        """Give the next answer."""
        if not self._answers or timeout_s <= 0.0:
            raise TimeoutError
        answer = self._answers.pop(0)
        if isinstance(answer, bytes):
            return answer
        raise answer

    async def close(self) -> None:
        """Count the end of the connection."""
        self.closed += 1

    def leftovers(self) -> str:
        """What was expected and did not happen; empty when all of it did."""
        unsent = f"never sent {self._left[0][0]!r}" if self._left else ""
        unread = f"never read {self._answers[0]!r}" if self._answers else ""
        return "; ".join(filter(None, (self._mismatch, unsent, unread)))


@contextmanager
def expected_wire(pairs: Iterable[Pair]) -> Iterator[WireTranscript]:
    """Play a conversation `[(sent, received), …]`; leftovers raise TranscriptError at the end."""
    wire = WireTranscript(pairs)
    yield wire
    if left := wire.leftovers():
        raise TranscriptError(left)
