# SPDX-License-Identifier: Apache-2.0
"""Work in forked processes: each begins with all that this process knows, and answers once.

A branch of a simulation costs what it runs, and nothing for what led to it. Answers are JSON.
"""

import json
import multiprocessing.connection
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

from mnht_controller.domain.errors import MnhtError

T = TypeVar("T")
Answer = Any
"""JSON data."""


class BranchFailed(MnhtError):
    """A branch ended without an answer: its program is wrong, or somebody killed it."""


@dataclass(frozen=True, slots=True)
class _Child:
    pid: int
    reader: multiprocessing.connection.Connection


def branch(work: Callable[[], Answer]) -> Answer:
    """Do one thing in a fork and give its answer; this process stays as it is."""
    return next(forked((None,), lambda _none: work(), 1))[1]


def forked(
    items: Iterable[T], work: Callable[[T], Answer], jobs: int
) -> Iterator[tuple[T, Answer]]:
    """Do `work` for each item in a fork of its own, `jobs` at a time; answers as they come.

    Raises BranchFailed for a child that dies without an answer; the others are then ended.
    """
    waiting = iter(items)
    running: dict[multiprocessing.connection.Connection, tuple[T, _Child]] = {}
    try:
        while True:
            for item in waiting:
                child = _start(item, work)
                running[child.reader] = (item, child)
                if len(running) >= jobs:
                    break
            if not running:
                return
            for ready in multiprocessing.connection.wait([*running]):
                item, child = running.pop(ready)  # type: ignore[call-overload]
                yield item, _answer(child)
    finally:
        for _, child in running.values():
            with suppress(ProcessLookupError):
                os.kill(child.pid, signal.SIGKILL)
            child.reader.close()
            os.waitpid(child.pid, 0)


def _start(item: T, work: Callable[[T], Answer]) -> _Child:
    reader, writer = multiprocessing.Pipe(duplex=False)
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        reader.close()
        _serve(lambda: work(item), writer)
    writer.close()
    return _Child(pid, reader)


def _serve(work: Callable[[], Answer], writer: multiprocessing.connection.Connection) -> NoReturn:
    """What a child does: it answers, and never returns into what its parent was about to do."""
    code = 1
    try:
        writer.send_bytes(json.dumps(work()).encode())
        code = 0
    except BaseException:  # noqa: BLE001 - whatever it was, it must not leave this function
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)  # no clean-up of what the parent still uses


def _answer(child: _Child) -> Answer:
    try:
        data = child.reader.recv_bytes()
    except EOFError:
        data = b""
    child.reader.close()
    _, status = os.waitpid(child.pid, 0)
    if status or not data:
        raise BranchFailed(f"a branch ended with wait status {status} and no answer")
    return json.loads(data)
