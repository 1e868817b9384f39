# SPDX-License-Identifier: Apache-2.0
"""Tries many changes against tests that are collected once: each change in a forked process.

A child puts its change in place, runs the tests that reach the changed line, cheapest first, and
ends at the first red one.
"""

import ast
import contextlib
import hashlib
import json
import os
import signal
import sys
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import coverage
import pytest
from _pytest.runner import runtestprotocol  # noqa: PLC2701 - pytest has no public name for it

from tools.quality import areas, scratch
from tools.quality.change import Change, put

SECONDS_MAX = 60.0
"""A change that keeps a test busy for so long has been noticed."""
BUDGET_S = 6.0
"""So much of tests is tried on one change, cheapest first: a survivor costs all of it."""
_RED, _GREEN, _COLD = 0, 7, 8
_Mapped = dict[str, Any]
OUT_OF_TIME = "killed: time"
_NOWHERE = "survived: no test reaches it"


@dataclass(slots=True)
class Verdict:
    """What became of one change; `how` begins with `killed` or `survived`."""

    change: Change
    how: str
    seconds: float

    @property
    def is_killed(self) -> bool:
        """Whether a test has noticed."""
        return self.how.startswith("killed")


@dataclass(slots=True)
class Reach:
    """Which tests reach which line, and how long each takes."""

    seconds: dict[str, float]
    lines: dict[str, dict[int, list[str]]]

    def tests(self, change: Change) -> list[str]:
        """Tests to try on a change, those of the module itself first, then the cheap ones.

        A line that runs at import only (a table, a constant) concerns every test of its package,
        also those that only read it.
        """
        names = self.lines.get(change.path, {}).get(change.line, [])
        if not names and _is_at_import(change):
            names = self._of_package(str(Path(change.path).parent))
        marks = (f"/test_{Path(change.path).stem}", f"/{Path(change.path).parent.name}/")
        spent_s, chosen = 0.0, list[str]()
        for name in sorted(names, key=lambda name: self._order(name, marks)):
            spent_s += self.seconds.get(name, 0.0)
            if chosen and spent_s > BUDGET_S:
                break
            chosen.append(name)
        return chosen

    def _order(self, name: str, marks: tuple[str, str]) -> tuple[bool, bool, float]:
        own, package = (mark not in name for mark in marks)
        return own, package and "/boundary/" not in name, self.seconds.get(name, 0.0)

    def _of_package(self, package: str) -> list[str]:
        lines = [of for path, of in self.lines.items() if str(Path(path).parent) == package]
        readers = [name for name in self.seconds if f"/{Path(package).name}/" in name]
        runners = [name for of in lines for names in of.values() for name in names]
        return sorted({*readers, *runners})


def _is_at_import(change: Change) -> bool:
    tree = ast.parse((areas.ROOT / change.path).read_text())
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return not any(
        node.body[0].lineno <= change.line <= (node.end_lineno or 0) for node in functions
    )


@dataclass
class Plugin:
    """Takes over pytest's loop: maps once, then tries all changes."""

    changes: list[Change]
    jobs: int
    tell: Callable[[Verdict, int], None]
    verdicts: list[Verdict] = field(default_factory=list)
    cold: list[Change] = field(default_factory=list)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Instead of running the collected tests once."""
        if session.testsfailed:
            raise session.Interrupted("collecting failed")
        items = {item.nodeid: item for item in session.items}
        reach = _reach(items)
        running: dict[int, tuple[Change, float]] = {}
        queue = list(reversed(self.changes))
        while queue or running:
            while queue and len(running) < self.jobs:
                change = queue.pop()
                names = [name for name in reach.tests(change) if name in items]
                if not names:
                    self._judge(Verdict(change, _NOWHERE, 0.0))
                    continue
                pid = _fork(change, [items[name] for name in names])
                running[pid] = change, time.monotonic()
            self._reap(running)
        return True

    def _reap(self, running: dict[int, tuple[Change, float]]) -> None:
        time.sleep(0.005)
        for pid, (change, since) in [*running.items()]:
            done, status = os.waitpid(pid, os.WNOHANG)
            seconds = time.monotonic() - since
            if not done and seconds < SECONDS_MAX:
                continue
            if not done:
                os.killpg(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
            del running[pid]
            code = os.waitstatus_to_exitcode(status) if done else _RED
            if code == _COLD:
                self.cold.append(change)
            else:
                how = "survived" if code == _GREEN else "killed" if done else OUT_OF_TIME
                self._judge(Verdict(change, how, seconds))

    def _judge(self, verdict: Verdict) -> None:
        self.verdicts.append(verdict)
        self.tell(verdict, len(self.changes))


def _fork(change: Change, items: list[pytest.Item]) -> int:
    pid = os.fork()
    if pid:
        return pid
    os.setpgid(0, 0)
    code = _RED
    with contextlib.suppress(BaseException):
        _silence()
        code = _run(items) if put(change) else _COLD
    os._exit(code)


def _run(items: list[pytest.Item]) -> int:
    for item in items:
        if any(report.failed for report in runtestprotocol(item, log=False, nextitem=None)):
            return _RED
    return _GREEN


def _silence() -> None:
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 1)
    os.dup2(null, 2)


# ---- which test reaches which line ---------------------------------------------------------


def _reach(items: dict[str, pytest.Item]) -> Reach:
    """Map in a child, so that nothing of that run is left; kept for each file of tests."""
    known = areas.ROOT / "build" / "reach.json"
    found: dict[str, _Mapped] = json.loads(known.read_text()) if known.exists() else {}
    common = _digest([areas.PRODUCT, "tests"], tests=False)
    by_file: dict[str, list[pytest.Item]] = {}
    for name, item in items.items():
        by_file.setdefault(name.split("::")[0], []).append(item)
    marks = {file: common + _digest([file], tests=True) for file in by_file}
    due = [file for file in by_file if found.get(file, {}).get("mark") != marks[file]]
    if due:
        print(f"quality: mapping {len(due)} files of tests …", file=sys.stderr, flush=True)
    for file in due:
        found[file] = {"mark": marks[file], **_in_a_child(file, by_file[file])}
        _keep(known, found)
    return _joined([found[file] for file in by_file])


def _keep(path: Path, found: dict[str, _Mapped]) -> None:
    """Whole or not at all: a run beside this one may read it."""
    path.parent.mkdir(exist_ok=True)
    made = path.with_suffix(f".{os.getpid()}")
    made.write_text(json.dumps(found))
    made.replace(path)


def _in_a_child(file: str, items: list[pytest.Item]) -> _Mapped:
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        with contextlib.suppress(BaseException):
            os.close(reader)
            _silence()
            with os.fdopen(writer, "w") as pipe:
                pipe.write(json.dumps(_map(items)))
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        text = pipe.read()
    os.waitpid(pid, 0)
    if not text:
        raise RuntimeError(f"{file} fails without any change: mend that first")
    return dict(json.loads(text))


def _joined(parts: list[_Mapped]) -> Reach:
    reach = Reach({}, {})
    for part in parts:
        reach.seconds.update(part["seconds"])
        for path, lines in part["lines"].items():
            for line, names in lines.items():
                reach.lines.setdefault(path, {}).setdefault(int(line), []).extend(names)
    return reach


def _map(items: list[pytest.Item]) -> _Mapped:
    packages = [f"{areas.ROOT}/{areas.PRODUCT}/{name}/*" for name in areas.COVERED]
    tracer = coverage.Coverage(data_file=None, include=packages, config_file=False)
    seconds: dict[str, float] = {}
    tracer.start()
    for item in items:
        tracer.switch_context(item.nodeid)
        started = time.process_time()
        if any(report.failed for report in runtestprotocol(item, log=False, nextitem=None)):
            raise RuntimeError(item.nodeid)
        seconds[item.nodeid] = time.process_time() - started
    with warnings.catch_warnings(action="ignore"):  # a file may reach nothing of ours
        tracer.stop()
        data = tracer.get_data()
    lines = {
        str(Path(path).relative_to(areas.ROOT)): {
            str(line): [name for name in names if name] for line, names in of.items()
        }
        for path in data.measured_files()
        for of in [data.contexts_by_lineno(path)]
    }
    return {"seconds": seconds, "lines": lines}


def _digest(names: list[str], *, tests: bool) -> str:
    """A digest of these files, or of all below these folders but the files of tests."""
    state = hashlib.sha256()
    for name in names:
        path = areas.ROOT / name
        for file in [path] if path.is_file() else sorted(path.rglob("*.py")):
            if tests or not file.name.startswith("test_"):
                state.update(file.read_bytes())
    return state.hexdigest()[:16]


# ---- doors ---------------------------------------------------------------------------------


def attempt(
    changes: list[Change], jobs: int, tell: Callable[[Verdict, int], None]
) -> list[Verdict]:
    """Try every change. RuntimeError when the tests fail without any."""
    plugin = Plugin(changes, jobs, tell)
    options = ["-q", "--no-header", "-s", "-p", "no:cacheprovider", "-p", "tools.quality.hasty"]
    sys.dont_write_bytecode = True
    code = pytest.main([*options, *areas.tests()], plugins=[plugin])
    if code not in {0, 5} or len(plugin.verdicts) + len(plugin.cold) != len(changes):
        raise RuntimeError(f"pytest gave {code}")
    with ThreadPoolExecutor(jobs) as pool:
        for verdict in pool.map(_in_a_copy, plugin.cold):
            plugin.verdicts.append(verdict)
            tell(verdict, len(changes))
    return plugin.verdicts


def _in_a_copy(change: Change) -> Verdict:
    started = time.monotonic()
    with scratch.copied() as folder:
        (folder / change.path).write_text(ast.unparse(change.make()))
        own = f"tests/unit/{change.group}"
        red = scratch.is_red(folder, sorted(areas.tests(), key=lambda name: name != own))
    return Verdict(change, "killed" if red else "survived", time.monotonic() - started)
