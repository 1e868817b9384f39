# SPDX-License-Identifier: Apache-2.0
"""Nobody computes with the wall clock, and threads live in transports and the journal. H31, H33."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.meta import tree

WALL = frozenset({"time", "time_ns", "localtime", "gmtime", "now", "utcnow", "today"})
CLOCKS = frozenset({"time", "datetime", "date"})
LABELS = frozenset(
    {
        "mnht_controller/journal/records.py",  # the label for people
        "mnht_controller/journal/keep_alarms.py",  # a number that was not used before
        "mnht_controller/runtime/host.py",  # a step of it is an event
    }
)
THREADS = frozenset({"threading", "_thread", "concurrent"})
THREADED = frozenset(
    {
        "mnht_controller/devices/worker.py",
        "mnht_controller/journal/ledger.py",
        "mnht_controller/journal/sink.py",
        "mnht_controller/runtime/host.py",  # asks the disk how much room there is
    }
)


def walls(module: ast.Module) -> Iterator[int]:
    """Lines that ask for the time of day, or import a function that does."""
    for node in ast.walk(module):
        match node:
            case ast.Attribute(value=ast.Name(id=clock), attr=name):
                if clock in CLOCKS and name in WALL:
                    yield node.lineno
            case ast.ImportFrom(module="time", names=names):
                if any(alias.name in WALL for alias in names):
                    yield node.lineno


def threads(module: ast.Module) -> Iterator[int]:
    """Lines that import threads, or hand work to one."""
    for node in ast.walk(module):
        match node:
            case ast.Import(names=names):
                if any(alias.name.split(".")[0] in THREADS for alias in names):
                    yield node.lineno
            case ast.ImportFrom(module=str(name)):
                if name.split(".")[0] in THREADS:
                    yield node.lineno
            case ast.Attribute(attr="to_thread" | "run_in_executor"):
                yield node.lineno


def product() -> Iterator[tuple[str, Path]]:
    for path in tree.python_files("mnht_controller", "drivers"):
        yield tree.name_of(path), path


def test_the_wall_clock_is_a_label_only() -> None:
    found = {name for name, path in product() if [*walls(tree.parse(path))]}
    assert found <= LABELS, found


def test_threads_live_in_transports_and_in_the_journal() -> None:
    """The lease is sent by the loop itself: a thread would renew it for a loop that hangs."""
    vital = ("guard", "runtime", "core", "interlock", "thermometry", "domain", "journal", "devices")
    found = {
        name
        for name, path in product()
        if name.split("/")[1] in vital and [*threads(tree.parse(path))]
    }
    assert found <= THREADED, found


@pytest.mark.parametrize(
    "source",
    [
        "import time\nx = time.time()",
        "x = datetime.now(UTC)",
        "from time import time",
        "date.today()",
    ],
)
def test_a_wall_clock_is_found(source: str) -> None:
    assert [*walls(ast.parse(source))]


@pytest.mark.parametrize(
    "source", ["import threading", "from concurrent.futures import X", "loop.run_in_executor(f)"]
)
def test_a_thread_is_found(source: str) -> None:
    assert [*threads(ast.parse(source))]


def test_the_monotonic_clock_is_allowed() -> None:
    assert not [*walls(ast.parse("import time\ntime.monotonic()\nloop.time()"))]
