# SPDX-License-Identifier: Apache-2.0
"""What every twin offers to a front: bytes and loop time in, bytes with their due time out."""

from typing import Protocol

Chunks = list[tuple[float, bytes]]
"""Replies: when each is ready to leave the instrument (loop seconds), and its bytes."""


class Core(Protocol):
    """A twin without I/O. Time is loop time, is handed in and never decreases."""

    def connect(self, t: float, client: int) -> Chunks:
        """Greet a client that has just connected; most instruments say nothing."""

    def disconnect(self, t: float, client: int) -> None:
        """Forget a client and its half-received line."""

    def feed(self, data: bytes, t: float, client: int = 0) -> Chunks:
        """Take bytes from a client and return the replies to it."""

    def advance(self, t: float) -> Chunks:
        """Let time pass up to t; return what the instrument says unasked."""

    def next_at(self) -> float | None:
        """Return when `advance` will have something to say, or None."""


class QuietCore:
    """The default: no greeting, nothing unasked."""

    def connect(self, t: float, client: int) -> Chunks:
        """Say nothing."""
        return []

    def disconnect(self, t: float, client: int) -> None:
        """Remember nothing."""

    def advance(self, t: float) -> Chunks:
        """Say nothing."""
        return []

    def next_at(self) -> float | None:
        """Return None: nothing comes unasked."""
        return None
