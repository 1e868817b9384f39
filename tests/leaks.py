# SPDX-License-Identifier: Apache-2.0
"""Fails a test that closes an event loop while tasks are still pending on it.

The standard library cancels such tasks without a word when a loop closes, and a task nobody
waits for is a task nobody stops. Watched are pytest-asyncio's runner, `asyncio.run` inside a
test, and loops made by hand.
"""

import asyncio
from asyncio import base_events
from collections.abc import Callable, Generator

import pytest

_leaked: list[str] = []


def _note(loop: asyncio.AbstractEventLoop | None) -> None:
    if loop is None or loop.is_closed():
        return
    _leaked.extend(repr(task) for task in asyncio.all_tasks(loop))


def _watch_runner() -> None:
    close: Callable[[asyncio.Runner], None] = asyncio.Runner.close

    def noting_close(self: asyncio.Runner) -> None:
        _note(getattr(self, "_loop", None))  # before close() cancels what is left
        close(self)

    setattr(asyncio.Runner, "close", noting_close)  # noqa: B010 - mypy refuses a plain assignment


def _watch_loops() -> None:
    close = base_events.BaseEventLoop.close

    def noting_close(self: base_events.BaseEventLoop) -> None:
        _note(self)
        close(self)

    setattr(base_events.BaseEventLoop, "close", noting_close)  # noqa: B010 - as above


def pytest_configure() -> None:
    """Start watching before the first loop exists."""
    _watch_runner()
    _watch_loops()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """Judge after every fixture is gone: only then has the test's own loop closed."""
    yield
    leaked = [*_leaked]
    _leaked.clear()
    if leaked:
        listing = "\n  ".join(leaked)
        pytest.fail(f"{item.nodeid} left pending tasks:\n  {listing}", pytrace=False)
