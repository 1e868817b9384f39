# SPDX-License-Identifier: Apache-2.0
"""An event loop whose clock jumps to the next timer instead of waiting for it.

Only for code that waits on timers and futures: files, sockets and threads do not exist here.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

if TYPE_CHECKING:
    from _typeshed import FileDescriptorLike

T = TypeVar("T")


class _JumpSelector(selectors.SelectSelector):
    """Waits for nothing: adds the wait to the clock. Holds the loop's own wake-up pipe only."""

    def __init__(self, start_s: float) -> None:
        super().__init__()
        self.now_s = start_s

    def register(
        self, fileobj: "FileDescriptorLike", events: int, data: object = None
    ) -> selectors.SelectorKey:
        """Accept the first file, which is the loop's own; refuse all others."""
        if len(self.get_map()) > 0:
            raise RuntimeError(
                "files and sockets do not exist in virtual time: use an in-memory front"
            )
        return super().register(fileobj, events, data)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Jump ahead by `timeout` seconds; None means that no timer is left: a deadlock."""
        if timeout is None:
            raise RuntimeError(f"virtual time stalled at {self.now_s:.6f} s: {_waiting()}")
        if timeout > 0.0:
            self.now_s += timeout
        return []


def _waiting() -> str:
    """Name the tasks that wait for something that never comes."""
    names = sorted(task.get_name() for task in asyncio.all_tasks())
    return f"nothing is scheduled, but these tasks still wait: {', '.join(names) or 'none'}"


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """A SelectorEventLoop with `time()` in virtual seconds from `start_s`.

    Deterministic: timers fire in order of their time; ties have no promised order. RuntimeError
    when every task waits and no timer is left, and on any use of files, sockets or threads.
    """

    def __init__(self, start_s: float = 0.0) -> None:
        self._jump = _JumpSelector(start_s)
        super().__init__(self._jump)

    def time(self) -> float:
        """Return virtual seconds."""
        return self._jump.now_s

    def run_in_executor(self, *_: object) -> NoReturn:
        """Refuse: a thread would live in another time."""
        raise RuntimeError("threads do not exist in virtual time: use an in-memory replacement")


def run(coro: Coroutine[Any, Any, T], *, start_s: float = 0.0) -> T:
    """Run `coro` to its end in virtual time and return its result, as `asyncio.run` does."""
    with asyncio.Runner(loop_factory=lambda: VirtualTimeLoop(start_s)) as runner:
        return runner.run(coro)
