# SPDX-License-Identifier: Apache-2.0
"""Periodic ticks on absolute deadlines of the event loop's clock: no drift, lateness is counted."""

import asyncio
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Beat:
    """One tick: number, the loop's time now, and how late it came (s)."""

    number: int
    now: float
    late_s: float


class Beats:
    """`async for beat in Beats(period_s)`: one a period, for ever, the first at once.

    Periods that were missed whole are skipped, not caught up. No generator, so that a cancelled
    task leaves nothing to clean up.
    """

    def __init__(self, period_s: float) -> None:
        self._period_s = period_s
        self._loop = asyncio.get_running_loop()
        self._start = self._loop.time()
        self._next = 0

    def __aiter__(self) -> "Beats":
        return self

    async def __anext__(self) -> Beat:
        now = self._loop.time()
        missed = int((now - self._start) / self._period_s + 1e-9)
        number = max(self._next, missed)
        due = self._start + number * self._period_s
        # A deadline in the past still lets the other tasks run.
        await asyncio.sleep(due - now if due > now else 0.0)
        now = self._loop.time()
        self._next = number + 1
        return Beat(number, now, now - due if now > due else 0.0)
