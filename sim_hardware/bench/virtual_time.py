# SPDX-License-Identifier: Apache-2.0
"""An event loop whose clock jumps to the next timer instead of waiting for it.

Only for code that waits on timers and futures: files, sockets and threads do not exist here.
"""

import asyncio
import math
import selectors
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, TypeVarTuple

if TYPE_CHECKING:
    from _typeshed import FileDescriptorLike

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
PROCESS: ContextVar[str] = ContextVar("process", default="")
"""Whose a task is, and all that it starts: `hold` stops one process and not the others."""
RESOLUTION_S = 1e-9
"""Timers so close are due together: rounding must not leave one a hair behind."""


class _NoFiles(selectors.SelectSelector):
    """Holds the loop's own wake-up pipe, which nobody ever writes to, and takes nothing else."""

    def register(
        self, fileobj: "FileDescriptorLike", events: int, data: object = None
    ) -> selectors.SelectorKey:
        """Accept the first file, which is the loop's own; refuse all others."""
        if len(self.get_map()) > 0:
            raise RuntimeError(
                "files and sockets do not exist in virtual time: use an in-memory front"
            )
        return super().register(fileobj, events, data)


def _waiting() -> str:
    """Name the tasks that wait for something that never comes."""
    names = sorted(task.get_name() for task in asyncio.all_tasks())
    return f"nothing is scheduled, but these tasks still wait: {', '.join(names) or 'none'}"


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """A SelectorEventLoop with `time()` in virtual seconds from `start_s`.

    Deterministic: timers fire in order of their time; ties have no promised order. RuntimeError
    when every task waits and no timer is left, and on any use of files, sockets or threads.
    """

    _ready: deque[asyncio.Handle]
    _stopping: bool

    def __init__(self, start_s: float = 0.0) -> None:
        self._now_s = start_s
        self._timers: list[tuple[float, asyncio.TimerHandle]] = []
        self._held: dict[str, list[asyncio.Handle]] = {}
        super().__init__(_NoFiles())

    def time(self) -> float:
        """Return virtual seconds."""
        return self._now_s

    def call_at(
        self,
        when: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Schedule; the time stands beside its handle, so that ordering runs no Python code."""
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        heappush(self._timers, (when, timer))
        return timer

    def _run_once(self) -> None:
        """One round as asyncio's own, but where that waits for files the clock jumps."""
        ready, timers = self._ready, self._timers
        while timers and timers[0][1].cancelled():
            heappop(timers)
        if not ready and not self._stopping:
            if not timers:
                raise RuntimeError(f"virtual time stalled at {self._now_s:.6f} s: {_waiting()}")
            if timers[0][0] > self._now_s:
                self._now_s += timers[0][0] - self._now_s
        due = self._now_s + RESOLUTION_S
        while timers and timers[0][0] < due:
            ready.append(heappop(timers)[1])
        for _ in range(len(ready)):
            handle = ready.popleft()
            if not handle.cancelled() and not (self._held and self._holds(handle)):
                handle._run()  # noqa: SLF001 - what a loop does with a handle

    def hold(self, process: str, for_s: float = math.inf) -> None:
        """Run nothing of a process for so long, as SIGSTOP would; then all that was due, late."""
        if process not in self._held:
            self._held[process] = []
            if math.isfinite(for_s):
                self.call_later(for_s, self._release, process)

    def free(self) -> None:
        """Let every process that is held go on."""
        for process in tuple(self._held):
            self._release(process)

    def _release(self, process: str) -> None:
        self._ready.extend(self._held.pop(process, ()))

    def _holds(self, handle: asyncio.Handle) -> bool:
        context: Context = handle._context  # type: ignore[attr-defined]  # noqa: SLF001 - as above
        waiting = self._held.get(context.get(PROCESS, ""))
        if waiting is None:
            return False
        waiting.append(handle)
        return True

    def run_in_executor(self, *_: object) -> NoReturn:
        """Refuse: a thread would live in another time."""
        raise RuntimeError("threads do not exist in virtual time: use an in-memory replacement")


def run(coro: Coroutine[Any, Any, T], *, start_s: float = 0.0) -> T:
    """Run `coro` to its end in virtual time and return its result, as `asyncio.run` does."""
    with asyncio.Runner(loop_factory=lambda: VirtualTimeLoop(start_s)) as runner:
        return runner.run(coro)
