# SPDX-License-Identifier: Apache-2.0
"""A twin behind a bad wire: itself a core, so that it stands behind any front.

Without an active verb it hands everything through. Verbs act in the order of their table, on one
feed at a time; the driver sees nothing but bytes.
"""

import random
from collections.abc import Callable

from sim_hardware.devices.core import Chunks, Core
from sim_hardware.wire.verbs import BY_NAME, VERBS, Active, Message, parsed

LOG_MAX = 10_000

HangUp = Callable[[float, int, str], None]
"""When, which client, `fin` or `rst`; a front sets it."""


class FaultyWire:
    """Wraps `core`. `log`: (time, verb, before, after); `tap`: bytes the twin has heard.

    `garbled` counts messages that left otherwise than the twin said them.
    """

    def __init__(self, core: Core, seed: int = 1) -> None:
        self.core = core
        self.hang_up: HangUp = lambda at, client, how: None
        self.log: list[tuple[float, str, bytes, bytes]] = []
        self.tap = 0
        self.garbled = 0
        self._active: dict[str, Active] = {}
        self._seed, self._ahead_s = seed, 0.0

    # ---- the core ----------------------------------------------------------------------------

    def connect(self, t: float, client: int) -> Chunks:
        """Greet a client, unless nothing passes."""
        greeting = self.core.connect(t + self._ahead_s, client)
        return [] if "blackhole" in self._active else self._back(greeting)

    def disconnect(self, t: float, client: int) -> None:
        """Forget a client."""
        self.core.disconnect(t + self._ahead_s, client)

    def feed(self, data: bytes, t: float, client: int = 0) -> Chunks:
        """Pass bytes in, and what comes of them out, through every active verb."""
        if not self._active:
            self.tap += len(data)
            return self._back(self.core.feed(data, t + self._ahead_s, client))
        heard = self._heard(data, t)
        self.tap += len(heard)
        chunks = self._back(self.core.feed(heard, t + self._ahead_s, client)) if heard else []
        return self._said(Message(data, t, chunks), client)

    def advance(self, t: float) -> Chunks:
        """Pass on what the twin says unasked."""
        chunks = self._back(self.core.advance(t + self._ahead_s))
        if not self._active or not chunks:
            return chunks
        return self._said(Message(b"", t, chunks), 0)

    def next_at(self) -> float | None:
        """Return when the twin has something to say."""
        at = self.core.next_at()
        return None if at is None else at - self._ahead_s

    # ---- faults --------------------------------------------------------------------------------

    def inject(self, verb: str, argument: str, t: float) -> None:
        """Start a fault; one that runs already starts anew. ValueError: what would be right."""
        if verb not in BY_NAME:
            raise ValueError(f"a wire has no fault {verb!r}: use one of {', '.join(BY_NAME)}")
        value, probability = parsed(verb, argument)
        if verb == "clock_jump":
            self._ahead_s += float(str(value))
            return
        seed = f"{self._seed} {verb} {len(self.log)} {t}"
        self._active[verb] = Active(value, probability, random.Random(seed))

    def clear(self, verb: str) -> None:
        """End it. A clock that has jumped stays where it is."""
        self._active.pop(verb, None)

    def check(self, verb: str, argument: str) -> None:
        """Judge an argument before anything runs; ValueError."""
        parsed(verb, argument)

    # ---- on its way ------------------------------------------------------------------------------

    def _heard(self, data: bytes, t: float) -> bytes:
        for row in VERBS:
            active = self._active.get(row.name)
            if active is not None and row.hears is not None and data:
                before, data = data, row.hears(active, data)
                self._note(t, row.name, before, data)
        return data

    def _said(self, message: Message, client: int) -> Chunks:
        said = message.data
        for row in VERBS:
            active = self._active.get(row.name)
            if active is None or (not message.chunks and row.name not in TALKATIVE):
                continue
            if row.name == "drop_after":
                message = self._dropped(active, message, client)
            elif row.says is not None and (row.hears is not None or active.acts()):
                before = message.data
                message = Message(message.request, message.t, row.says(active, message))
                self._note(message.t, row.name, before, message.data)
        self.garbled += message.data != said
        return message.chunks

    def _dropped(self, active: Active, message: Message, client: int) -> Message:
        if not active.acts():
            return message
        count, how = active.value if isinstance(active.value, tuple) else (0.0, "fin")
        kept = message.data[: int(count)]
        self._note(message.t, "drop_after", message.data, kept)
        self.hang_up(message.due, client, str(how))
        return Message(message.request, message.t, message.with_data(kept))

    def _back(self, chunks: Chunks) -> Chunks:
        if not self._ahead_s:
            return chunks
        return [(at - self._ahead_s, data) for at, data in chunks]

    def _note(self, t: float, verb: str, before: bytes, after: bytes) -> None:
        if before != after and len(self.log) < LOG_MAX:
            self.log.append((t, verb, before, after))


TALKATIVE = frozenset({"echo", "other_device"})
"""Verbs that say something where the twin says nothing."""
