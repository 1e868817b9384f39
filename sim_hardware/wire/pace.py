# SPDX-License-Identifier: Apache-2.0
"""How fast and in which pieces bytes leave an instrument, and how many have passed."""

import random
from dataclasses import dataclass

BITS_PER_CHAR = 10  # 8N1: start, eight, stop


def char_s(baud: int | None) -> float:
    """Return seconds per character on the line; 0 where there is no line rate."""
    return BITS_PER_CHAR / baud if baud else 0.0


@dataclass(slots=True)
class Traffic:
    """Bytes towards the instrument and from it, since the front was made."""

    bytes_in: int = 0
    bytes_out: int = 0


class Outlet:
    """Cuts replies into pieces and says when each has arrived; the line carries one at a time.

    `chunk_max` 0 keeps a reply whole, 1 sends byte by byte, more cuts at seeded random places.
    """

    def __init__(self, baud: int | None = None, chunk_max: int = 0, seed: int = 1) -> None:
        self._char_s, self._chunk_max = char_s(baud), chunk_max
        self._random = random.Random(seed)
        self._busy_until = 0.0

    def cut(self, due: float, data: bytes, inbound: int = 0) -> list[tuple[float, bytes]]:
        """Return (arrival, piece): after `due`, after what the line still carries, at line rate.

        `inbound` is how many characters the request had: they took their time to get in.
        """
        at = max(due + inbound * self._char_s, self._busy_until)
        if not self._chunk_max:
            self._busy_until = at + len(data) * self._char_s
            return [(self._busy_until, data)]
        pieces = []
        while data:
            size = self._random.randint(1, self._chunk_max) if self._chunk_max > 1 else 1
            piece, data = data[:size], data[size:]
            at += len(piece) * self._char_s
            pieces.append((at, piece))
        self._busy_until = at
        return pieces
