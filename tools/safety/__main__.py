# SPDX-License-Identifier: Apache-2.0
"""`./run safety [matrix | campaign | determinism] --json`: faults and universes, judged.

Without a name it does all three. Prints one document, exits 1 when anything falls short.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from mnht_controller.interlock.hazards import HAZARDS
from sim_hardware.bench import campaign as runs
from sim_hardware.bench import lanes, matrix
from sim_hardware.bench.forks import branch, forked
from sim_hardware.bench.saved import STATES, bench_site, trunk
from sim_hardware.bench.simulate import Simulation
from sim_hardware.bench.universe import universe
from tools.perf.report import Report, host
from tools.safety.named_tests import named_tests, uncovered

PARTS = ("matrix", "campaign", "determinism")
FIELD_TOLERANCE_KA_PER_M = 0.2
"""By how much the lanes' highest fields may differ: noise is drawn at other moments."""
SHARED, SHARED_S = 10, 200.0
"""So many universes are run in both lanes, each so long at most (treatment s)."""
SAY_S = 2.0


def main(arguments: list[str]) -> int:
    """Measure what was asked for, and judge it."""
    options = _parser().parse_args(arguments)
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    report = Report("safety")
    report.limits["host"] = host()
    if options.part in {"all", "matrix"}:
        _matrix(report, options)
    if options.part in {"all", "campaign"}:
        _campaign(report, options)
    if options.part in {"all", "determinism"}:
        _determinism(report, options.reruns)
    return report.finish(as_json=options.json)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./run safety", description=__doc__.splitlines()[0])
    parser.add_argument("part", nargs="?", choices=("all", *PARTS), default="all", metavar="PART")
    parser.add_argument("--seeds", type=int, default=10, help="of each hazard; the long form: 200")
    parser.add_argument("--only", default="", metavar="H01", help="one hazard")
    parser.add_argument("--pairs", action="store_true", help="all pairs of 40 faults besides")
    parser.add_argument("--pair-seeds", type=int, default=1, help="of each pair; long form: 5")
    parser.add_argument("--minutes", type=float, default=2.0, help="of campaign, all lanes")
    parser.add_argument("--seed", type=int, default=1, help="the first universe")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--reruns", type=int, default=3, help="of the determinism check")
    parser.add_argument("--out", type=Path, help="folder for scenarios that fail")
    parser.add_argument("--json", action="store_true")
    return parser


# ---- matrix ----------------------------------------------------------------------------------


def _matrix(report: Report, options: argparse.Namespace) -> None:
    seeds = range(1, options.seeds + 1)
    result = matrix.matrix(seeds, options.jobs, _progress("matrix"), options.only)
    rows = {hazard: row.document() for hazard, row in result.rows.items()}
    runs_done = sum(row.runs for row in result.rows.values())
    effective = sum(row.effective for row in result.rows.values())
    report.figures["matrix"] = {
        "runs": runs_done,
        "effective": effective,
        "ineffective": runs_done - effective,
        "violations": len(result.failures),
        "simulated_h": round(result.simulated_s / 3600.0, 3),
        "bound_3_per_n": round(3.0 / effective, 5) if effective and not result.failures else None,
        "hazards": rows,
    }
    report.targets["T14"] = "every hazard that a fault brings about: no oracle violated"
    _keep(result.failures, options.out, "matrix")
    report.figures["matrix_failures"] = result.failures
    report.short += [
        f"T14: {row['hazard']} seed {row['seed']} {'+'.join(row['verbs'])}: {row['violations'][0]}"
        for row in result.failures
    ]
    report.short += [
        f"T14: {hazard}: no seed's fault had an effect"
        for hazard, row in result.rows.items()
        if not row.effective
    ]
    if not options.only:
        named = named_tests()
        report.figures["covered_by_tests"] = {
            hazard: named[hazard] for hazard in sorted(named) if hazard not in rows
        }
        still_open = {row.id: row.residual for row in HAZARDS if not row.controls}
        report.figures["open"] = still_open
        report.short += [
            f"T14: {hazard}: neither a fault nor a test names it"
            for hazard in uncovered(set(rows))
            if hazard not in still_open
        ]
    if options.pairs:
        _pairs(report, options)


def _pairs(report: Report, options: argparse.Namespace) -> None:
    seeds = range(1, options.pair_seeds + 1)
    result = matrix.pairs(seeds, options.jobs, _progress("pairs"))
    rows = list(result.rows.values())
    report.figures["pairs"] = {
        "pairs": len(matrix.pairwise()),
        "runs": sum(row.runs for row in rows),
        "effective": sum(row.effective for row in rows),
        "violations": len(result.failures),
    }
    report.figures["pair_failures"] = result.failures
    report.targets["T15"] = "all pairs of 40 faults: I1, I4 and I5 whole"
    _keep(result.failures, options.out, "pairs")
    report.short += [
        f"T15: {'+'.join(row['verbs'])} seed {row['seed']}: {row['violations'][0]}"
        for row in result.failures
    ]


# ---- campaign --------------------------------------------------------------------------------

SHARES = (("core", "none", 0.4), ("stack", "none", 0.3), ("core", "core", 0.15),
          ("core", "gate", 0.15))  # fmt: skip
"""Lane, adversary, and the part of the minutes."""


def _campaign(report: Report, options: argparse.Namespace) -> None:
    figures: dict[str, object] = {}
    for lane, adversary, share in SHARES:
        minutes = options.minutes * share
        asked = runs.Options(
            lane, 1e9, minutes, options.seed, options.jobs, adversary, out=options.out
        )
        began = time.monotonic()
        name = lane if adversary == "none" else f"{lane}, adversary in place of the {adversary}"
        totals = runs.campaign(bench_site(), asked, _percent(name))
        found = runs.document(totals, asked, time.monotonic() - began)
        figures[f"{lane}_{adversary}"] = found
        report.short += [
            f"{lane} lane, adversary {adversary}: seed {row['seed']}: {row['smallest']}"
            for row in totals.failures
        ]
        report.short += [f"T68: false trip, {lane} lane, seed {n}" for n in totals.false_trips]
    report.figures["campaign"] = figures
    report.targets["T10"] = "no violation with an adversary in place of the core, or of the gate"
    report.targets["T13"] = "core at least 1000 times real time"
    speed = figures["core_none"]
    per_cpu = speed["speed_per_cpu_x"] if isinstance(speed, dict) else None
    report.ratios["core_speed_per_cpu_x"] = per_cpu
    if not isinstance(per_cpu, float) or per_cpu * options.jobs < 1000.0:
        report.short.append(f"T13: core lane at {per_cpu}x of one processor × {options.jobs}")
    _agree(report, options)


def _agree(report: Report, options: argparse.Namespace) -> None:
    """The two lanes on the same universes: what they decide, and how high the field goes."""
    settings = bench_site()
    plots = {}
    for seed in range(options.seed, options.seed + SHARED):
        plot = universe(seed, wires=False).plot
        plots[seed] = replace(plot, until_s=min(plot.until_s, SHARED_S))

    def work(item: tuple[int, str]) -> dict[str, Any]:
        return lanes.run(settings, plots[item[0]], item[1])

    items = [(seed, lane) for seed in plots for lane in lanes.LANES]
    answers = dict(forked(items, work, options.jobs))
    rows, apart = [], []
    for seed in plots:
        core, stack = (answers[seed, lane] for lane in lanes.LANES)
        off_ka_per_m = abs(core["field_ka_per_m_max"] - stack["field_ka_per_m_max"])
        rows.append(round(off_ka_per_m, 3))
        is_same = (core["outcome"], _first(core)) == (stack["outcome"], _first(stack))
        if not is_same or not (off_ka_per_m <= FIELD_TOLERANCE_KA_PER_M):
            both = [(a["outcome"], _first(a), a["field_ka_per_m_max"]) for a in (core, stack)]
            apart.append(f"seed {seed}: {both}")
    report.figures["lanes"] = {
        "universes": SHARED,
        "field_difference_ka_per_m_max": max(rows),
        "tolerance_ka_per_m": FIELD_TOLERANCE_KA_PER_M,
        "apart": apart,
    }
    report.short += [f"the lanes differ: {text}" for text in apart]


def _first(answer: dict[str, object]) -> object:
    trips = answer["trips"]
    return trips[0] if isinstance(trips, list) and trips else None


# ---- determinism -------------------------------------------------------------------------------


def _determinism(report: Report, reruns: int) -> None:
    """T16: the same seed gives the same trace: again, forked, and run straight from its file."""
    settings, tell = bench_site(), _progress("determinism")
    cases = [matrix.case_of(hazard, seed) for hazard, seed in (("H01", 1), ("H12", 4), ("H27", 3))]
    traces: dict[str, set[str]] = {}
    for done, case in enumerate(cases):
        with trunk(settings, STATES[case.state]) as held:
            plot = held.whole(case.plot)
            traces[case.hazard] = {
                branch(partial(held.play, plot))["trace_sha256"] for _ in range(reruns)
            }
        straight = Simulation(settings, 1, plot)
        straight.run()
        traces[case.hazard].add(straight.trace())
        tell(case.hazard, done + 1, len(cases) + 2)
    for lane in lanes.LANES:
        plot = universe(2, wires=False).plot
        traces[f"{lane} lane"] = {
            branch(partial(lanes.run, settings, plot, lane))["trace_sha256"] for _ in range(reruns)
        }
    different = [name for name, found in traces.items() if len(found) != 1]
    report.figures["determinism"] = {"cases": len(traces), "reruns": reruns, "differ": different}
    report.targets["T16"] = "the same seed and version: the same trace"
    report.short += [f"T16: {name} differs from run to run" for name in different]


# ---- progress ----------------------------------------------------------------------------------


def _progress(part: str) -> Callable[[str, int, int], None]:
    began = last = time.monotonic()

    def tell(text: str, done: int, of: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last < SAY_S and done < of:
            return
        last = now
        left_s = (now - began) / max(done, 1) * (of - done)
        sys.stderr.write(f"safety: {part} [{done}/{of}] {text}  ETA {left_s:.0f} s\n")
        sys.stderr.flush()

    return tell


def _percent(part: str) -> Callable[[str, float], None]:
    tell = _progress(part)
    return lambda text, share: tell(text, round(100.0 * share), 100)


def _keep(failures: list[dict[str, object]], folder: Path | None, part: str) -> None:
    if folder is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    for number, row in enumerate(failures):
        path = folder / f"{part}_{row['hazard']}_{row['seed']}_{number}.toml"
        path.write_text(str(row["scenario"]), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
