# SPDX-License-Identifier: Apache-2.0
"""`./run perf wire`: every driver under random wire faults, swapped instruments, latency, load.

Frames and swaps run in virtual time, in memory; latency and load on real ptys and sockets. A value
is wrong when a driver gave it as good and its twin never sent it.
"""

import argparse
import math
import random
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict

from mnht_controller.devices.gen import SUM_RESIDUAL
from mnht_controller.devices.modbus import CRC_RESIDUAL
from mnht_controller.devices.registry import driver_names
from tests.drivers.cases import cases_of
from tools.perf.report import Progress, Report, distribution, host
from tools.perf.wires import latency, load, swap
from tools.perf.wires.sessions import CALL_S_MAX, RECOVERY_S_MAX, Course, run

FRAMES, RECONNECTS, QUERIES, LOAD_S = 100_000, 1000, 2000, 10.0
PIECE = 25_000
"""Frames of one job: so that two processes share the work evenly."""

CHECKED = {
    "osensa_ftx": CRC_RESIDUAL,
    "generic_modbus": CRC_RESIDUAL,
    "tdk_genesys": SUM_RESIDUAL,
}
"""Dialects with a checksum, and how often a garbled frame passes it all the same."""


def main(arguments: Sequence[str]) -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(prog="./run perf wire", description=__doc__)
    parser.add_argument("--frames", type=int, default=FRAMES, help=f"per driver ({FRAMES})")
    parser.add_argument("--long", action="store_true", help="ten times as many frames")
    parser.add_argument("--seed", type=int, default=None, help="of the faults")
    parser.add_argument("--driver", action="append", help="only this one; may be repeated")
    parser.add_argument("--jobs", type=int, default=2, help="processes for the frames (2)")
    parser.add_argument("--only", choices=("frames", "swap", "latency", "load"))
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    options = parser.parse_args(arguments)
    seed = random.SystemRandom().randrange(1 << 31) if options.seed is None else options.seed
    report = Report("wire", figures={"seed": seed, "host": host()})
    names = options.driver or list(driver_names())
    frames = options.frames * (10 if options.long else 1)
    if options.only in {None, "latency"}:
        _latency(report)
    if options.only in {None, "load"}:
        _load(report)
    if options.only in {None, "swap"}:
        _swap(report)
    if options.only in {None, "frames"}:
        _frames(report, names, (frames, seed, options.jobs))
    return report.finish(as_json=options.json)


def _latency(report: Report) -> None:
    rows = latency.measure(QUERIES)
    report.figures["latency"] = rows
    report.targets["latency_adds_ms"] = {"p50": latency.ADDS_MS_P50, "p99": latency.ADDS_MS_P99}
    report.short += latency.shortcomings(rows)
    _say(f"latency {rows}")


def _load(report: Report) -> None:
    figures = load.measure(LOAD_S)
    report.figures["load"], report.targets["core_share"] = figures, load.SHARE_MAX
    share = figures["core_share"]
    if not (isinstance(share, float) and share <= load.SHARE_MAX):
        report.short.append(f"eight devices take {share} of a core, above {load.SHARE_MAX}")
    if figures["errors"]:
        report.short.append(f"{figures['errors']} exchanges failed while nothing was wrong")
    if figures["leaked_descriptors"]:
        report.short.append(f"{figures['leaked_descriptors']} descriptors leaked")
    _say(f"load {figures}")


def _swap(report: Report) -> None:
    cases = tuple(cases_of(name)[0] for name in driver_names())
    swaps = swap.run(cases, RECONNECTS)
    report.figures["swap"] = asdict(swaps)
    report.targets["swap"] = {"reconnects": RECONNECTS, "foreign_bytes": 0}
    report.short += [f"the wrong instrument heard more: {text}" for text in swaps.foreign]
    report.short += swaps.accepted_wrong
    if swaps.refused + swaps.right_again != swaps.reconnects:
        report.short.append("the right instrument was refused")
    _say(f"swap {swaps.reconnects} reconnects, {swaps.foreign_bytes} bytes too many")


# ---- frames --------------------------------------------------------------------------------


def piece(name: str, dialect: int, frames: int, seed: int) -> Course:
    """One job: so many frames of one dialect of one driver, in a process of its own."""
    return run(cases_of(name)[dialect], frames, seed)


def _frames(report: Report, names: list[str], how: tuple[int, int, int]) -> None:
    frames, seed, jobs = how
    work = [
        (name, dialect, min(PIECE, frames - begin), seed + number)
        for name in names
        for dialect in range(len(cases_of(name)))
        for number, begin in enumerate(range(0, frames, PIECE))
    ]
    progress = Progress(len(work))
    courses: dict[str, list[Course]] = {}
    with ProcessPoolExecutor(jobs) as pool:
        futures = {pool.submit(piece, *item): item for item in work}
        for future in as_completed(futures):
            name, dialect, *_ = futures[future]
            courses.setdefault(f"{name}/{dialect}", []).append(future.result())
            progress.step(f"{name}/{dialect}")
    report.targets["frames"] = {
        "per_driver": frames, "recovery_s_max": RECOVERY_S_MAX, "call_s_max": CALL_S_MAX,
        "reached_control": 0, "residual": CHECKED,
    }  # fmt: skip
    rows: dict[str, object] = {}
    for key in sorted(courses):
        rows[key] = _row(courses[key])
        report.short += _judged(key, courses[key])
    report.figures["frames"] = rows


def _row(parts: list[Course]) -> dict[str, object]:
    """One dialect's figures, over all its pieces."""
    total = {
        name: sum(getattr(part.score, name) for part in parts)
        for name in ("frames", "accepted", "wrong", "astray", "old", "reached_control", "trips")
    }
    errors: dict[str, int] = {}
    for part in parts:
        for name, count in part.errors.items():
            errors[name] = errors.get(name, 0) + count
    recovery_s = [seconds for part in parts for seconds in part.recovery_s]
    return total | {
        "accepted_wrong_share": total["wrong"] / max(total["accepted"], 1),
        "worst_c_in_control": round(max(part.score.worst_c for part in parts), 3),
        "garbled": sum(part.garbled for part in parts),
        "errors": errors,
        "rounds": sum(part.rounds for part in parts),
        "recovery_s": distribution(recovery_s),
        "longest_call_s": round(max(part.longest_call_s for part in parts), 3),
        "leaked_tasks": sum(part.leaked for part in parts),
        "frames_per_wall_s": round(total["frames"] / sum(part.wall_s for part in parts)),
    }


def _judged(key: str, parts: list[Course]) -> list[str]:
    row, found = _row(parts), []
    for part in parts:
        found += [f"{key}: {text}" for text in part.foreign[:3]]
    residual = CHECKED.get(key.partition("/")[0])
    wrong, garbled = sum(p.score.wrong for p in parts), sum(p.garbled for p in parts)
    slow = max(seconds for part in parts for seconds in part.recovery_s)
    rows = (
        (row["reached_control"], f"{key}: {row['reached_control']} reached control, over 1 °C off"),
        (slow > RECOVERY_S_MAX, f"{key}: recovered after {slow:.2f} s"),
        (row["leaked_tasks"], f"{key}: {row['leaked_tasks']} tasks leaked"),
        (
            residual is not None and wrong > allowed(residual, garbled),
            f"{key}: {wrong} wrong of {garbled} garbled, above the residual {residual}",
        ),
    )
    return found + [text for is_broken, text in rows if is_broken]


def allowed(residual: float, garbled: int) -> float:
    """How many garbled frames may pass a checksum: the expectation and three sigma of chance."""
    expected = residual * garbled
    return expected + 3.0 * math.sqrt(expected)


def _say(text: str) -> None:
    sys.stderr.write(f"perf: {text}\n")
    sys.stderr.flush()
