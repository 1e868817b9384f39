# SPDX-License-Identifier: Apache-2.0
"""`./run perf guard`: how late the guard's ticks come, beside a bare loop of the same class.

A real guard process, armed and running, its leases from a second process, and a bare loop with
absolute deadlines, at the same time on the same host: idle, then with two busy processes and a
storm of syncs. Lateness is counted from the earliest tick of each grid of 50 ms, for both alike.
"""

import argparse
import json
import math
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from mnht_controller.domain.lease import GuardState
from mnht_controller.guard.machine import TICK_GAP_S_MAX
from mnht_controller.guard.process import TICK_S
from tests.system.guard_bench import Bench
from tools.perf.report import Report, Steal, host

RATIO_MAX = 2.0
RATIO_FLOOR_S = 0.0005
"""A bare loop that is better counts as this: one lease is judged in about as long."""
HOGS = 2
BUSY = "while True: pass"
STORM = """
import os, sys
file = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT, 0o600)
while True:
    os.pwrite(file, os.urandom(65536), 0)
    os.fdatasync(file)
"""
CYCLICTEST = ("cyclictest", "-q", "-m", "-t1", "-p20", "-i50000", "-D5")
CYCLICTEST_LINE = re.compile(r"Min:\s*(\d+).*Avg:\s*(\d+)\s+Max:\s*(\d+)")


@dataclass(frozen=True, slots=True)
class Span:
    """One load: when it was on (monotonic), and whether the guard was still running after it."""

    name: str
    begin: float
    end: float
    state: GuardState | None
    code: str
    steal: float


def main(arguments: Sequence[str]) -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(prog="./run perf guard", description=__doc__)
    parser.add_argument("--seconds", type=float, default=25.0, help="of each of two loads (25)")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    options = parser.parse_args(arguments)
    report = Report("guard", figures={"host": host()})
    with tempfile.TemporaryDirectory(prefix="mnht-perf-") as name, bare_loop() as bare:
        folder, bench = Path(name), Bench(Path(name))
        try:
            report.figures["realtime"] = bench.ready["realtime"]
            bench.run()
            spans = [_span(bench, "idle", options.seconds), _loaded(bench, folder, options.seconds)]
            fed = [row["data"]["at"] for row in bench.journal() if row["kind"] == "fed"]
        finally:
            bench.close()
        stamps = bare.end()
    report.peers["bare_loop_realtime"] = bare.granted
    report.peers["cyclictest_us"] = cyclictest()
    for span in spans:
        judge(report, span, inside(fed, span), inside(stamps, span))
    return report.finish(as_json=options.json)


def _span(bench: Bench, name: str, seconds: float) -> Span:
    """Let time pass, and see what the guard says at the end."""
    steal, begin = Steal(), time.monotonic()
    time.sleep(seconds)
    end = time.monotonic()
    return Span(name, begin, end, *bench.latched(), steal.fraction())


def _loaded(bench: Bench, folder: Path, seconds: float) -> Span:
    with ExitStack() as stack:
        for number in range(HOGS + 1):
            argv = ["-c", BUSY] if number < HOGS else ["-c", STORM, str(folder / "storm")]
            hog = subprocess.Popen([sys.executable, *argv])
            stack.callback(hog.wait)
            stack.callback(hog.kill)
        return _span(bench, "busy_and_sync_storm", seconds)


class Bare:
    """The bare loop's process."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tools.perf.bare"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.granted: str = json.loads(self._line())

    def end(self) -> list[float]:
        """Let it end; when it woke."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        return list(json.loads(self._line()))

    def close(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _line(self) -> bytes:
        return b"" if self._process.stdout is None else self._process.stdout.readline()


@contextmanager
def bare_loop() -> Iterator[Bare]:
    """Run one for a while."""
    bare = Bare()
    try:
        yield bare
    finally:
        bare.close()


def inside(stamps: Sequence[float], span: Span) -> list[float]:
    """The stamps of one load."""
    return [at for at in stamps if span.begin <= at <= span.end]


def lateness_s(stamps: Sequence[float]) -> list[float]:
    """How late each stamp is against its deadline, the earliest of its grid being in time.

    Deadlines are TICK_S apart. Who is late by a whole TICK_S begins a new grid, as both loops do.
    """
    grids: list[list[float]] = [[]]
    missed: list[float] = []
    least = math.inf
    for at in stamps:
        phase = at - TICK_S * len(grids[-1])
        if phase - least < TICK_S:
            grids[-1].append(phase)
            least = min(least, phase)
        else:
            missed.append(phase - least)
            grids.append([at])  # in time by its own new grid: counted as missed instead
            least = at
    kept = [phase - min(grid) for grid in grids if grid for phase in grid]
    return sorted(kept)[len(missed) :] + missed


def percentiles(samples: Sequence[float]) -> dict[str, float | int | None]:
    """Count, p50, p99, p99.9 (nearest rank) and max in s; None where there is no sample."""
    ordered = sorted(samples)
    ranks = {"p50_s": 0.5, "p99_s": 0.99, "p99_9_s": 0.999, "max_s": 1.0}
    found = {
        name: round(ordered[math.ceil(share * len(ordered)) - 1], 5) if ordered else None
        for name, share in ranks.items()
    }
    return {"n": len(ordered), **found}


def judge(report: Report, span: Span, fed: Sequence[float], stamps: Sequence[float]) -> None:
    """Put one load into the report, and every way in which it falls short."""
    guard, bare = percentiles(lateness_s(fed)), percentiles(lateness_s(stamps))
    gap_s = max((at - before for before, at in pairwise(fed)), default=math.inf)
    report.figures[span.name] = {**guard, "gap_max_s": round(gap_s, 5), "steal": span.steal}
    report.peers[span.name] = bare
    report.targets |= {"p99_9_over_bare_max": RATIO_MAX, "gap_s_max": TICK_GAP_S_MAX}
    if span.state is not GuardState.RUN:
        report.short.append(f"{span.name}: the guard is {span.state}, {span.code}")
    if not (gap_s <= TICK_GAP_S_MAX):
        report.short.append(f"{span.name}: {gap_s:.3f} s between two ticks")
    worst, peer = guard["p99_9_s"], bare["p99_9_s"]
    if worst is None or peer is None:
        report.short.append(f"{span.name}: nothing was measured")
        return
    ratio = worst / max(peer, RATIO_FLOOR_S)
    report.ratios[f"{span.name}_p99_9_over_bare"] = round(ratio, 3)
    if not (ratio <= RATIO_MAX):
        report.short.append(f"{span.name}: p99.9 is {ratio:.2f} times the bare loop's")


def cyclictest() -> dict[str, int] | str:
    """What cyclictest says about this host in microseconds, where it is installed and may run."""
    if shutil.which(CYCLICTEST[0]) is None:
        return "not installed"
    done = subprocess.run(CYCLICTEST, capture_output=True, text=True, check=False)
    return read_cyclictest(done.stdout) or f"exit code {done.returncode}: {done.stderr[:200]}"


def read_cyclictest(said: str) -> dict[str, int]:
    """Least, mean and greatest latency in microseconds from its last line; empty: no such line."""
    found = CYCLICTEST_LINE.search(said)
    return dict(zip(("min", "avg", "max"), map(int, found.groups()), strict=True)) if found else {}
