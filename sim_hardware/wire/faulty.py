# SPDX-License-Identifier: Apache-2.0
"""A twin behind a bad wire: itself a core, so that it stands behind any front.

Without an active verb it hands everything through. Verbs act in the order of their table, on one
feed at a time; the driver sees nothing but bytes.
"""

import math
import random
from collections import deque
from collections.abc import Callable
from typing import Protocol, runtime_checkable

from sim_hardware.devices.core import Chunks, Core
from sim_hardware.wire.effects import BURST_S, Active, Message
from sim_hardware.wire.verbs import BY_NAME, VERBS, parsed

LOG_MAX = 10_000
SENT_MAX = 10_000
BURST_BYTES_MAX = 1024
FIRST_BYTES_MAX = 256
DELEGATED = ("reboot", "panel_change")
"""Catalogue numbers 14 and 15: the twin itself does them, where it can."""

HangUp = Callable[[float, int, str], None]
"""When, which client, `fin` or `rst`; a front sets it."""

OnReply = Callable[[float, bytes, bytes, Chunks], None]
"""When, what was asked, what the twin said to it, and what left instead."""


@runtime_checkable
class Clocked(Protocol):
    """A twin that reports a clock of its own, which counts from `booted_at`."""

    booted_at: float


@runtime_checkable
class _Faulty(Protocol):
    """A twin that can be made to misbehave."""

    def inject(self, verb: str, argument: str, t: float) -> None:
        """Start a fault."""


class Sent:
    """What the twin really said, before the wire: hand it over as `on_reply`."""

    def __init__(self) -> None:
        self.rows: deque[tuple[float, bytes, bytes]] = deque(maxlen=SENT_MAX)

    def __call__(self, t: float, request: bytes, before: bytes, after: Chunks) -> None:
        """Remember one reply: when, to what, and the bytes."""
        self.rows.append((t, request, before))

    def has(self, part: bytes) -> bool:
        """Whether any reply contained it."""
        return any(part in reply for _, _, reply in self.rows)


class FaultyWire:
    """Wraps `core`. `log`: (time, verb, before, after) of everything done.

    `tap` counts the bytes that the twin has heard, `first` are those after the last connection.
    `garbled` counts messages that left otherwise than the twin said them. Each verb draws from a
    generator of its own that comes from the seed and the number of faults before it.
    """

    def __init__(self, core: Core, seed: int = 1, on_reply: OnReply | None = None) -> None:
        self.core, self.on_reply = core, on_reply
        self.hang_up: HangUp = lambda at, client, how: None
        self.log: deque[tuple[float, str, bytes, bytes]] = deque(maxlen=LOG_MAX)
        self.tap, self.first = 0, b""
        self.garbled = 0
        self._active: dict[str, Active] = {}
        self._chance = random.Random(seed)
        self._bursts: dict[int, tuple[float, bytes]] = {}

    # ---- the core ----------------------------------------------------------------------------

    def connect(self, t: float, client: int) -> Chunks:
        """Greet a client through every active verb."""
        self.first = b""
        greeting = self.core.connect(t, client)
        return self._said(Message(b"", t, greeting), client, {}) if self._active else greeting

    def disconnect(self, t: float, client: int) -> None:
        """Forget a client."""
        self._bursts.pop(client, None)
        self.core.disconnect(t, client)

    def feed(self, data: bytes, t: float, client: int = 0) -> Chunks:
        """Pass bytes in, and what comes of them out, through every active verb."""
        if not self._active:
            self._tapped(data)
            chunks = self.core.feed(data, t, client)
            if self.on_reply is not None and chunks:
                self.on_reply(t, data, _joined(chunks), chunks)
            return chunks
        acting: dict[str, bool] = {}
        heard = self._heard(data, t, acting)
        self._tapped(heard)
        chunks = self.core.feed(heard, t, client) if heard else []
        message = Message(self._burst(data, t, client), t, chunks, data)
        if chunks:
            self._bursts.pop(client, None)
        return self._said(message, client, acting)

    def advance(self, t: float) -> Chunks:
        """Pass on what comes unasked: from the twin, and from faults that speak by themselves."""
        chunks = self.core.advance(t)
        if not self._active:
            return chunks
        own = [row for name in self._active for row in self._unasked(name, t)]
        return self._said(Message(b"", t, chunks), 0, {}, own) if chunks or own else []

    def next_at(self) -> float | None:
        """Return when something comes unasked."""
        at = self.core.next_at()
        if not self._active:
            return at
        first = min((active.at for active in self._active.values()), default=math.inf)
        if math.isinf(first):
            return at
        return first if at is None else min(at, first)

    # ---- faults --------------------------------------------------------------------------------

    @property
    def is_faulty(self) -> bool:
        """Whether a fault is on."""
        return bool(self._active)

    def inject(self, verb: str, argument: str, t: float) -> None:
        """Start a fault; one that runs already starts anew. ValueError: what would be right.

        `reboot` (its argument: a banner) and `panel_change` are the twin's own.
        """
        if verb in DELEGATED:
            self._delegate(verb, argument, t)
            return
        self.check(verb, argument)
        value, probability = parsed(verb, argument)
        if isinstance(self.core, Clocked) and verb == "clock_jump":
            self.core.booted_at -= float(str(value))
            return
        chance = random.Random(self._chance.getrandbits(64))
        active = Active(value, probability, chance)
        if (wakes := BY_NAME[verb].wakes) is not None:
            active.at = wakes(active, t, first=True)
        self._active[verb] = active

    def clear(self, verb: str) -> None:
        """End it. A clock that has jumped stays where it is."""
        self._active.pop(verb, None)

    def check(self, verb: str, argument: str) -> None:
        """Judge a fault before anything runs; ValueError says what would be right."""
        if verb not in BY_NAME:
            raise ValueError(f"a wire has no fault {verb!r}: use one of {', '.join(BY_NAME)}")
        parsed(verb, argument)
        if verb == "clock_jump" and not isinstance(self.core, Clocked):
            raise ValueError("clock_jump: this instrument reports no clock of its own")

    def _delegate(self, verb: str, argument: str, t: float) -> None:
        if not isinstance(self.core, _Faulty):
            raise ValueError(f"{verb}: this instrument cannot do that")
        self.core.inject(verb, "" if verb == "reboot" else argument, t)
        if verb == "reboot" and argument:
            self.inject("banner", argument, t)

    # ---- on its way ------------------------------------------------------------------------------

    def _heard(self, data: bytes, t: float, acting: dict[str, bool]) -> bytes:
        """What of the bytes gets to the twin; `acting` remembers who acts on this feed."""
        for row in VERBS:
            active = self._active.get(row.name)
            if active is None or row.hears is None or not data:
                continue
            acting[row.name] = active.acts()
            if acting[row.name]:
                before, data = data, row.hears(active, data, t)
                self._note(t, row.name, before, data)
        return data

    def _said(
        self, message: Message, client: int, acting: dict[str, bool], own: Chunks | None = None
    ) -> Chunks:
        """What leaves: the twin's chunks and those that faults say unasked, through every verb."""
        said, request = message.data, message.request
        if own:
            chunks = sorted([*message.chunks, *own], key=lambda chunk: chunk[0])
            message = Message(request, message.t, chunks)
        for row in VERBS:
            active = self._active.get(row.name)
            if active is None or row.says is None or not (message.chunks or row.talks):
                continue
            if not acting.get(row.name, row.name not in acting and active.acts()):
                continue
            before, chunks = message, row.says(active, message)
            message = Message(message.request, message.t, chunks, message.fed)
            if chunks != before.chunks:
                self.log.append((message.t, row.name, before.data, message.data))
            if row.name == "drop_after" and isinstance(active.value, tuple):
                self.hang_up(before.due, client, str(active.value[1]))
        self.garbled += message.data != said
        if self.on_reply is not None and (said or message.chunks):
            self.on_reply(message.t, request, said, message.chunks)
        return message.chunks

    def _unasked(self, name: str, t: float) -> Chunks:
        active, row = self._active[name], BY_NAME[name]
        own: Chunks = []
        while row.wakes is not None and active.at <= t:
            own.append((active.at, active.line))
            active.at = row.wakes(active, active.at, first=False)
        return own

    def _burst(self, data: bytes, t: float, client: int) -> bytes:
        """The request as far as it has come: a front may deliver it in pieces."""
        at, before = self._bursts.get(client, (-math.inf, b""))
        whole = ((before if t - at <= BURST_S else b"") + data)[-BURST_BYTES_MAX:]
        self._bursts[client] = (t, whole)
        return whole

    def _tapped(self, data: bytes) -> None:
        self.tap += len(data)
        if len(self.first) < FIRST_BYTES_MAX:
            self.first = (self.first + data)[:FIRST_BYTES_MAX]

    def _note(self, t: float, verb: str, before: bytes, after: bytes) -> None:
        if before != after:
            self.log.append((t, verb, before, after))


def _joined(chunks: Chunks) -> bytes:
    return b"".join(data for _, data in chunks)
