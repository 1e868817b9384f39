# SPDX-License-Identifier: Apache-2.0
"""Whose turn it is on a link: an asyncio lock in which an urgent caller goes first."""

import asyncio
from collections import deque


class Turn:
    """A lock for one event loop. Urgent callers wait only for the holder, not for the queue.

    `asyncio.Lock` is first come, first served: an OFF would stand behind every queued query.
    """

    __slots__ = ("_queue", "_taken", "_urgent")

    def __init__(self) -> None:
        self._taken = False
        self._urgent: deque[asyncio.Future[None]] = deque()
        self._queue: deque[asyncio.Future[None]] = deque()

    @property
    def is_wanted_urgently(self) -> bool:
        """Whether an urgent caller waits; a holder that only cleans up should then give way."""
        return bool(self._urgent) and any(not waiter.done() for waiter in self._urgent)

    async def take(self, *, urgent: bool = False) -> None:
        """Wait for the turn. A cancelled wait passes on a turn that it was already given."""
        if not self._taken:
            self._taken = True
            return
        waiter = asyncio.get_running_loop().create_future()
        (self._urgent if urgent else self._queue).append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self.release()
            raise

    def release(self) -> None:
        """Pass the turn on, to an urgent caller first."""
        for queue in (self._urgent, self._queue):
            while queue:
                waiter = queue.popleft()
                if not waiter.done():
                    waiter.set_result(None)
                    return
        self._taken = False
