# SPDX-License-Identifier: Apache-2.0
"""Fan-out of snapshots to live streams. A slow client loses events, marked; nobody waits for it."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field

from fastapi.sse import EventSourceResponse, format_sse_event
from starlette.types import Receive, Scope, Send

QUEUE_MAX = 20
REPLAY_MAX = 300
HISTORY_MAX = 14_400
HISTORY_PERIOD_S = 0.5
PERIOD_S = 0.1
STREAMS_MAX = 32
READ_S_MAX = 1.0
SEEN_S_MAX = 2.5
BEHIND_TICKS_MAX = 20
"""A view further behind is not alive: nobody can act on what happened two seconds ago."""


@dataclass(slots=True, eq=False)
class Stream:
    """One client. `acknowledges`: it counts as an operator's view only by what it says it drew."""

    acknowledges: bool
    is_live: Callable[[], bool]
    past: list[bytes]
    queue: deque[bytes] = field(default_factory=lambda: deque(maxlen=QUEUE_MAX))
    filled: asyncio.Event = field(default_factory=asyncio.Event)
    missed: int = 0
    read_at: float = 0.0


class Hub:
    """All live streams, the events to resume from, and the session's chart so far."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._streams: set[Stream] = set()
        self._recent: deque[tuple[int, str]] = deque(maxlen=REPLAY_MAX)
        self._history: deque[tuple[float | None, ...]] = deque(maxlen=HISTORY_MAX)
        self._due_at = self._history_at = self._seen_at = -1e9
        self._is_ended = False

    @property
    def tick(self) -> int:
        """The newest tick there is."""
        return self._recent[-1][0] if self._recent else 0

    @property
    def history(self) -> list[tuple[float | None, ...]]:
        """Chart rows, oldest first: treatment s, skin, tumor, healthy, set-point °C, kA/m."""
        return list(self._history)

    def publish(self, tick: int, data: str, row: tuple[float | None, ...]) -> None:
        """Send one snapshot to all, at 10 Hz at most."""
        now = self._now()
        if now < self._due_at:
            return
        self._due_at = max(self._due_at + PERIOD_S, now + PERIOD_S / 2)  # room for jitter
        if tick < self.tick:  # the controller was started anew: its ticks mean something else
            self._recent.clear()
            self._history.clear()
            self._history_at = -1e9
        self._recent.append((tick, data))
        if now - self._history_at >= HISTORY_PERIOD_S:
            self._history_at = now
            self._history.append(row)
        self._offer(format_sse_event(data_str=data, event="snapshot", id=str(tick)))

    def tell(self, event: str, data: dict[str, object]) -> None:
        """Send a message that is not part of the session and is never replayed."""
        self._offer(format_sse_event(data_str=json.dumps(data), event=event))

    def seen(self, tick: int) -> int:
        """Note that an operator's page drew this tick; returns how many ticks it is behind."""
        behind = self.tick - tick
        if 0 <= behind <= BEHIND_TICKS_MAX:
            self._seen_at = self._now()
        return behind

    def looked(self) -> None:
        """Note that somebody asked for the newest snapshot: a script that polls is a view too."""
        self._seen_at = self._now()

    def is_viewed(self) -> bool:
        """Whether at least one operator's view is alive and up to date."""
        now = self._now()
        return now - self._seen_at <= SEEN_S_MAX or any(
            not stream.acknowledges and now - stream.read_at <= READ_S_MAX
            for stream in self._streams
        )

    @property
    def is_full(self) -> bool:
        """Whether another stream would be one too many."""
        return len(self._streams) >= STREAMS_MAX

    def join(self, acknowledges: bool, last_id: int | None, is_live: Callable[[], bool]) -> Stream:
        """Open a stream that ends with its login; what it missed comes first, as `past`."""
        stream = Stream(acknowledges, is_live, self._past(last_id), read_at=self._now())
        self._streams.add(stream)
        return stream

    def leave(self, stream: Stream) -> None:
        """Forget a stream."""
        self._streams.discard(stream)

    def end(self) -> None:
        """End every stream, so that the server can close at once."""
        self._is_ended = True
        for stream in self._streams:
            stream.filled.set()

    async def events(self, stream: Stream) -> AsyncGenerator[bytes, None]:
        """Encoded events for one client."""
        for event in stream.past:
            yield event
        while stream.is_live() and not self._is_ended:
            stream.read_at = self._now()
            if stream.missed:
                gap, stream.missed = {"missed": stream.missed}, 0
                yield format_sse_event(data_str=json.dumps(gap), event="gap")
            elif stream.queue:
                yield stream.queue.popleft()
            else:
                stream.filled.clear()
                await stream.filled.wait()

    def _offer(self, event: bytes) -> None:
        for stream in self._streams:
            stream.missed += len(stream.queue) == QUEUE_MAX
            stream.queue.append(event)
            stream.filled.set()

    def _past(self, last_id: int | None) -> list[bytes]:
        """Everything after `last_id`; a hole that cannot be filled is said, not hidden.

        Named `past`, so that a page draws it into the chart and never shows it as the present.
        """
        if last_id is None or not self._recent:
            return []
        oldest = self._recent[0][0]
        events = []
        if last_id > self.tick or last_id < oldest - 1:
            missed = None if last_id > self.tick else oldest - 1 - last_id
            events = [format_sse_event(data_str=json.dumps({"missed": missed}), event="gap")]
        if last_id > self.tick:
            return events
        return events + [
            format_sse_event(data_str=data, event="past", id=str(tick))
            for tick, data in self._recent
            if tick > last_id
        ]


class LiveResponse(EventSourceResponse):
    """The response that carries a stream, and leaves the hub however the client goes."""

    def __init__(self, hub: Hub, stream: Stream) -> None:
        super().__init__(hub.events(stream), headers={"x-accel-buffering": "no"})
        self._hub, self._stream = hub, stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the client leaves or its login ends."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._hub.leave(self._stream)
