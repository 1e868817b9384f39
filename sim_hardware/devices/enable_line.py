# SPDX-License-Identifier: Apache-2.0
"""Receivers of the enable line: what stands between the guard's bytes and the coil's contact.

(i) a retriggerable monostable with a hand-reset latching relay, which decodes nothing; (ii) a
microcontroller that decodes the re-close sequence. `Framed` is how either sits behind a socket.
Twins only: no such hardware has been tested.
"""

import math
import struct
from typing import Protocol

from sim_hardware.devices.core import Chunks, QuietCore

FEED = 0x55
RECLOSE = b"\xa5\x5a"
HOLD_S = 0.3
SILENCE_S = 1.0
NONCE_BYTES = 8
HEAD = struct.Struct(f">{NONCE_BYTES}sIB")


class Receiver(Protocol):
    """The contact in the coil loop, as others see it."""

    def closed(self, t: float) -> bool:
        """Return whether the loop is closed at loop time t."""

    @property
    def opened_at(self) -> float | None:
        """Return when the contact last opened (exact, not when someone looked); None: never."""

    def feed(self, data: bytes, t: float, client: int = 0) -> Chunks:
        """Take bytes that arrived at t."""


class _Contact(QuietCore):
    """A contact that any byte holds for HOLD_S and that, once lapsed, stays open.

    Faults: line_welded (closed, whatever comes), line_broken (open, whatever comes).
    """

    def __init__(self) -> None:
        self._is_closed = False
        self._stuck: bool | None = None
        self._held_until = -math.inf
        self._opened_at: float | None = None

    @property
    def opened_at(self) -> float | None:
        """Return the exact opening time, s; None before the first."""
        return self._opened_at

    def closed(self, t: float) -> bool:
        """Return whether the loop is closed at t; a lapse is dated to when it happened."""
        if self._stuck is not None:
            return self._stuck
        if self._is_closed and not (t < self._held_until):
            self._is_closed = False
            self._opened_at = self._held_until
        return self._is_closed

    def inject(self, verb: str, argument: str, t: float) -> None:
        """Start a fault."""
        if verb not in {"line_welded", "line_broken"}:
            raise ValueError(f"an enable line has no fault {verb!r}")
        self._is_closed, self._stuck = False, verb == "line_welded"

    def clear(self, verb: str) -> None:
        """End it: the contact is open, and free again."""
        self._stuck = None

    def _close(self, t: float) -> None:
        self._is_closed = True
        self._hold(t)

    def _hold(self, t: float) -> None:
        self._held_until = t + HOLD_S


class MonostableReceiver(_Contact):
    """Receiver (i): every byte, whatever it is, retriggers; a lapse needs `hand_reset`."""

    def feed(self, data: bytes, t: float, client: int = 0) -> Chunks:
        """Retrigger; the monostable runs even while the relay is open."""
        self.closed(t)
        if data:
            self._hold(t)
        return []

    def hand_reset(self, t: float) -> bool:
        """Press the relay's button; it closes only while bytes keep the monostable running."""
        if not self.closed(t) and t < self._held_until:
            self._close(t)
        return self._is_closed


class DecodingReceiver(_Contact):
    """Receiver (ii): 0x55 feeds; once open, only silence of SILENCE_S, then A5 5A, closes.

    Silence is the absence of any byte, counted from the last one or from power-up.
    """

    def __init__(self, start_s: float = 0.0) -> None:
        super().__init__()
        self._last_at = start_s
        self._half = False

    def feed(self, data: bytes, t: float, client: int = 0) -> Chunks:
        """Decode byte by byte; anything else than feed and the sequence is ignored."""
        self.closed(t)
        for byte in data:
            quiet_s = t - self._last_at
            self._last_at = t
            if self._half and byte == RECLOSE[1]:
                self._close(t)
            elif self._is_closed and byte == FEED:
                self._hold(t)
            self._half = byte == RECLOSE[0] and not self._is_closed and quiet_s >= SILENCE_S
        return []


class Framed(QuietCore):
    """A receiver behind a socket: greets with a nonce; frames are nonce, u32, length, payload.

    A wrong nonce or a counter that does not increase is ignored, so bytes that were queued for an
    earlier connection feed nothing. One client counts: the latest.
    """

    def __init__(self, receiver: Receiver, nonce_seed: int = 1) -> None:
        self.receiver = receiver
        self._seed, self._connections = nonce_seed, 0
        self._client, self._nonce, self._counter = -1, b"", -1
        self._buffer = b""

    def connect(self, t: float, client: int) -> Chunks:
        """Send this connection's nonce: seeded, never the same twice."""
        self._connections += 1
        self._nonce = struct.pack(">II", self._seed, self._connections)
        self._client, self._counter, self._buffer = client, -1, b""
        return [(t, self._nonce)]

    def disconnect(self, t: float, client: int) -> None:
        """Forget the nonce: a frame needs a new connection."""
        if client == self._client:
            self._client, self._nonce, self._buffer = -1, b"", b""

    def feed(self, data: bytes, t: float, client: int = 0) -> Chunks:
        """Hand the payload of every good frame to the receiver."""
        if client != self._client or not self._nonce:
            return []
        self._buffer += data
        while len(self._buffer) >= HEAD.size:
            nonce, counter, length = HEAD.unpack_from(self._buffer)
            if len(self._buffer) < HEAD.size + length:
                break
            payload = self._buffer[HEAD.size : HEAD.size + length]
            self._buffer = self._buffer[HEAD.size + length :]
            if nonce == self._nonce and counter > self._counter:
                self._counter = counter
                self.receiver.feed(payload, t)
        return []

    def closed(self, t: float) -> bool:
        """Return whether the loop is closed at loop time t."""
        return self.receiver.closed(t)

    @property
    def opened_at(self) -> float | None:
        """Return when the contact last opened."""
        return self.receiver.opened_at
