# SPDX-License-Identifier: Apache-2.0
"""`./run perf loop`: from a plateau, end, stop or delay a process; how long until no current flows?

Real processes, ptys and sockets, a fresh stack for every trial, one stack at a time. The time runs
from just before the signal (for a sleep: from when it began) to the edge that the bench saw, so its
lateness counts against us. The sleeps go round the call sites of sleeps.py.
"""

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from mnht_controller.domain.errors import MnhtError
from mnht_controller.guard.process import TICK_S
from sim_hardware.bench.rest import Refused
from sim_hardware.bench.warm import Warm
from sim_hardware.devices.enable_line import HOLD_S
from tools.perf.report import Progress, Report, Steal, distribution, host
from tools.perf.sleeps import SITES, SLEEP_S, Site, environment, put_to_sleep

LATE_S_MAX = 0.02
"""A trial whose observer was later than this says nothing: it is void and done again."""
REPEATS_MAX = 3
PHASE_S = 0.2
"""The signal comes at a random moment of this span: two ticks of the controller, four guard's."""
EDGE_S_MAX = 3.0
WATCH_S = 2.2
"""How long after a process goes on current must stay away."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One way to lose a process, and the time (s) in which the field must have ended."""

    name: str
    process: str
    signal: signal.Signals
    s_max: float


KINDS: tuple[Kind, ...] = (
    Kind("controller_sigkill", "controller", signal.SIGKILL, 0.400),
    Kind("controller_sigstop", "controller", signal.SIGSTOP, 0.750),
    Kind("controller_sleep", "controller", signal.SIGUSR1, 0.750),
    Kind("guard_sigkill", "guard", signal.SIGKILL, 0.350),
    Kind("serve_sigkill", "serve", signal.SIGKILL, 0.400),
)


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of one. `s` None: current flowed for EDGE_S_MAX; `line_s`: when the line opened.

    `late_s` is of this edge, `stall_s` the observer's worst look away since just before the signal
    (the receiver is as late). `hold_s` is from the last byte that the guard handed to the line,
    by its journal, to the opening; `ticks_s` are the intervals between those bytes. `site` is where
    the controller slept.
    """

    s: float | None
    line_s: float | None
    late_s: float
    stall_s: float
    steal: float
    returned: bool
    hold_s: float | None
    ticks_s: tuple[float, ...]
    site: str = ""

    @property
    def is_void(self) -> bool:
        """Whether the observer was too late to say."""
        return max(self.late_s, self.stall_s) > LATE_S_MAX

    def row(self) -> dict[str, object]:
        """The sample as it is printed."""
        return {
            "s": None if self.s is None else round(self.s, 4),
            "line_s": None if self.line_s is None else round(self.line_s, 4),
            "late_s": round(self.late_s, 4),
            "stall_s": round(self.stall_s, 4),
            "steal": self.steal,
            "returned": self.returned,
            **({"site": self.site} if self.site else {}),
        }


@dataclass(slots=True)
class Course:
    """All trials of one kind; `asked` of them so far."""

    kind: Kind
    asked: int = 0
    good: list[Trial] = field(default_factory=list)
    void: list[Trial] = field(default_factory=list)
    unstarted: list[str] = field(default_factory=list)
    """Why a stack did not come to the plateau: no sample, done again like a void one."""
    lost: int = 0
    """Trials of which no repetition gave a valid sample."""

    def seconds(self) -> list[float]:
        """The valid samples."""
        return [trial.s for trial in self.good if trial.s is not None]

    def shortcomings(self) -> list[str]:
        """Every way in which this kind falls short."""
        name, limit = self.kind.name, self.kind.s_max
        late = [trial.s for trial in self.good if trial.s is not None and not (trial.s <= limit)]
        never = sum(trial.s is None for trial in self.good)
        back = sum(trial.returned for trial in (*self.good, *self.void))
        rows = (
            (late, f"{name}: {len(late)} of {len(self.good)} above {limit} s: {late}"),
            (never, f"{name}: current flowed for {EDGE_S_MAX} s in {never} trials"),
            (back, f"{name}: current came back in {back} trials"),
            (self.lost, f"{name}: no valid observation in {self.lost} trials"),
        )
        return [text for broken, text in rows if broken]


def main(arguments: Sequence[str]) -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(prog="./run perf loop", description=__doc__)
    parser.add_argument("--trials", type=int, default=20, help="of each kind (20)")
    parser.add_argument("--seed", type=int, default=None, help="of the random phases")
    parser.add_argument("--kind", choices=[kind.name for kind in KINDS], help="only this one")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    options = parser.parse_args(arguments)
    seed = random.SystemRandom().randrange(1 << 31) if options.seed is None else options.seed
    kinds = [kind for kind in KINDS if options.kind in {None, kind.name}]
    phases = random.Random(seed)  # noqa: S311 - moments, not secrets
    steal, progress = Steal(), Progress(options.trials * len(kinds))
    courses = {kind.name: Course(kind) for kind in kinds}
    before = host()
    for number in range(options.trials * len(kinds)):
        course = courses[kinds[number % len(kinds)].name]  # interleaved: noise hits all kinds
        trial = one(course, phases.uniform(0.0, PHASE_S))
        progress.step(f"{course.kind.name} {_said(trial)}")
    report = _report(tuple(courses.values()))
    report.figures |= {"seed": seed, "host": {**before, "steal": steal.fraction()}}
    return report.finish(as_json=options.json)


def _said(trial: Trial | None) -> str:
    if trial is None:
        return "no valid sample"
    took = "current still flows" if trial.s is None else f"{1e3 * trial.s:.1f} ms"
    return f"{took}, observer late {1e3 * trial.late_s:.1f} ms"


def one(course: Course, phase_s: float) -> Trial | None:
    """One trial, done again while it is void; None when no repetition was valid."""
    site = SITES[course.asked % len(SITES)]
    course.asked += 1
    for _ in range(1 + REPEATS_MAX):
        try:
            trial = measure(course.kind, phase_s, site)
        except (MnhtError, Refused, OSError) as error:
            course.unstarted.append(str(error))
            _say(f"{course.kind.name} not started: {error}")
            continue
        if not trial.is_void:
            course.good.append(trial)
            return trial
        course.void.append(trial)
        _say(f"{course.kind.name} void: {json.dumps(trial.row())}")
    course.lost += 1
    return None


def measure(kind: Kind, phase_s: float, site: Site) -> Trial:
    """Bring a fresh stack to the plateau, send the signal, and watch the coil."""
    with tempfile.TemporaryDirectory(prefix="mnht-perf-") as name:
        folder = Path(name)
        with Warm(folder, environment=environment(folder)) as stack:
            stack.treat("plateau")
            time.sleep(phase_s)
            return _struck(kind, stack, folder, site)


def _struck(kind: Kind, stack: Warm, folder: Path, site: Site) -> Trial:
    steal, seen = Steal(), stack.seen
    at = _strike(kind, stack, folder, site)
    seen.wait(lambda: seen.off_after(at) and seen.opened_after(at), EDGE_S_MAX)
    edge, opened, stolen = seen.off_after(at), seen.opened_after(at), steal.fraction()
    _wake(kind, stack)
    journals = Path(stack.live.served["journal_dir"])
    stack.close()
    fed = _fed(journals)
    end = at + EDGE_S_MAX if edge is None else edge.at
    stalls = [row.late_s for row in seen.stalls if at - 0.1 < row.at <= end]
    return Trial(
        s=None if edge is None else edge.at - at,
        line_s=None if opened is None else opened.at - at,
        late_s=0.0 if edge is None else edge.late_s,
        stall_s=max(stalls, default=0.0),
        steal=stolen,
        returned=any(row.energized for row in seen.edges if row.at > end),
        hold_s=opened.at - fed[-1] if fed and opened and kind.process == "controller" else None,
        ticks_s=tuple(two - one for one, two in pairwise(fed) if two - one < 1.0),
        site=f"{site.module}.{site.name}" if kind.signal is signal.SIGUSR1 else "",
    )


def _strike(kind: Kind, stack: Warm, folder: Path, site: Site) -> float:
    """Do it; gives the moment from which the time runs (monotonic)."""
    pid = stack.live.serve_pid if kind.process == "serve" else stack.live.pid(kind.process)
    if kind.signal is signal.SIGUSR1:
        return put_to_sleep(pid, site, folder)
    at = time.monotonic()
    os.kill(pid, kind.signal)
    return at


def _wake(kind: Kind, stack: Warm) -> None:
    """Let the process go on where it can, and see what it does then."""
    if kind.signal is signal.SIGSTOP:
        os.kill(stack.live.pid(kind.process), signal.SIGCONT)
        time.sleep(WATCH_S)
    elif kind.signal is signal.SIGUSR1:
        time.sleep(SLEEP_S + WATCH_S)


def _fed(folder: Path) -> list[float]:
    """When the guard handed each byte to the line, by its journal; what is torn is left out."""
    times = []
    for path in folder.glob("guard-*.jsonl"):
        for line in path.read_bytes().splitlines(keepends=True):
            if line.endswith(b"\n") and b'"fed"' in line:
                record = json.loads(line)
                times += [record["data"]["at"]] if record["kind"] == "fed" else []
    return times


def _report(courses: Sequence[Course]) -> Report:
    report = Report("loop")
    trials = [trial for course in courses for trial in (*course.good, *course.void)]
    hold = distribution([trial.hold_s for trial in trials if trial.hold_s is not None])
    ticks = distribution([tick for trial in trials for tick in trial.ticks_s])
    limit_s = (hold["p50"] or HOLD_S) + (ticks["p50"] or TICK_S)
    report.limits = {
        "monostable_s": hold,
        "guard_tick_s": ticks,
        "monostable_and_tick_s": round(limit_s, 4),
    }
    for course in courses:
        name, shape = course.kind.name, distribution(course.seconds())
        report.figures[name] = {
            **{f"{key}_s" if key != "n" else key: value for key, value in shape.items()},
            "line_opened_s": distribution([t.line_s for t in course.good if t.line_s is not None]),
            "void": len(course.void),
            "unstarted": course.unstarted,
            "samples": [trial.row() for trial in course.good],
            "voided": [trial.row() for trial in course.void],
        }
        report.targets[f"{name}_s_max"] = course.kind.s_max
        if shape["max"] is not None:
            report.ratios[f"{name}_max_over_limit"] = round(shape["max"] / limit_s, 3)
        report.short += course.shortcomings()
    report.targets["returned_max"] = 0
    return report


def _say(text: str) -> None:
    sys.stderr.write(f"perf: {text}\n")
    sys.stderr.flush()
