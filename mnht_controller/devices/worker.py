# SPDX-License-Identifier: Apache-2.0
"""One thread that runs blocking calls in order, so that a library never blocks the event loop.

A call past its deadline is abandoned with its thread: Python cannot stop it, and OFF needs a
thread that works. The threads are daemons, or one hung call would keep the process from ending.
"""

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import TypeVar

T = TypeVar("T")
Job = Callable[[], None]


class _Lane:
    """A thread and its jobs. `put` changes on the loop only and `done` on the thread only."""

    __slots__ = ("done", "jobs", "put")

    def __init__(self, name: str) -> None:
        self.jobs: SimpleQueue[Job | None] = SimpleQueue()
        self.put = self.done = 0
        threading.Thread(target=self._work, name=name, daemon=True).start()

    def _work(self) -> None:
        while (job := self.jobs.get()) is not None:
            job()
            self.done += 1


class Worker:
    """Runs calls on its own thread, which starts with the first call and again after a hang."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lane: _Lane | None = None
        self.abandoned = 0

    @property
    def is_busy(self) -> bool:
        """Whether the thread still works, perhaps for a caller that was cancelled."""
        return self._lane is not None and self._lane.put != self._lane.done

    async def run(self, call: Callable[[], T], deadline_s: float, late: Callable[[T], None]) -> T:
        """Run `call` on the thread. TimeoutError after the deadline; the thread is then given up.

        A result that nobody waits for any more goes to `late`, so that a port opened too late is
        closed and bytes read for a cancelled caller are kept.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        if self._lane is None:
            self._lane = _Lane(self._name)
        self._lane.put += 1
        self._lane.jobs.put(_job(call, loop, future, late))
        timer = loop.call_later(deadline_s, self._expire, future)
        try:
            return await future
        finally:
            timer.cancel()

    def stop(self) -> None:
        """Let the thread end after what it is doing; a later call starts another one."""
        if self._lane is not None:
            self._lane.jobs.put(None)
            self._lane = None

    def _expire(self, future: "asyncio.Future[T]") -> None:
        if not future.done():
            self.stop()
            self.abandoned += 1
            future.set_exception(TimeoutError("the call hangs; its thread was given up"))


def _job(
    call: Callable[[], T],
    loop: asyncio.AbstractEventLoop,
    future: "asyncio.Future[T]",
    late: Callable[[T], None],
) -> Job:
    def fail(error: BaseException) -> None:
        if not future.done():
            future.set_exception(error)

    def give(result: T) -> None:
        if future.done():
            late(result)
        else:
            future.set_result(result)

    def job() -> None:
        try:
            result = call()
        except BaseException as error:  # noqa: BLE001 - carried to the caller, whatever it is
            _tell(loop, fail, error)
        else:
            if not _tell(loop, give, result):
                late(result)

    return job


def _tell(loop: asyncio.AbstractEventLoop, callback: Callable[[T], None], value: T) -> bool:
    try:
        loop.call_soon_threadsafe(callback, value)
    except RuntimeError:  # the loop has closed: nobody waits
        return False
    return True
