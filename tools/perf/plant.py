# SPDX-License-Identifier: Apache-2.0
"""How fast the simulated patient is: against memory, against peers, against its own promises.

Rounds of STREAM triad, our kernel and every peer alternate, so that a neighbor on the host slows
all of them alike; ratios are of medians. Peers run in `.peers`, which `./run perf plant` makes.
"""

import argparse
import math
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sim_hardware.plant.support import jit
from tools.perf.kernel import Ours, Stream, dose_cost, scaling
from tools.perf.models import full_speed, reduced_speed
from tools.perf.peers import PASSIVE, SPINNING, Peer, PeerError
from tools.perf.report import Progress, Report, Steal, host

PEERS = (("devito", SPINNING), ("devito", PASSIVE), ("jax", PASSIVE), ("numpy", PASSIVE))
LATE = (("babel", PASSIVE),)
"""Slow enough to be measured once."""
JUDGED = (128, 192)
BOUND_N = 192
STEPS = 40
STEAL_MAX = 0.1
TARGETS = {
    "bound_fraction_192_min": 0.70,
    "over_devito_min": 1.2,
    "dose_cost_max": 0.30,
    "full_speed_x_min": 500.0,
    "full_error_c_max": 0.01,
    "reduced_speed_x_min": 20_000.0,
    "bytes_per_voxel_max": 40.0,
    "exponent_max": 1.1,
}


@dataclass
class Rounds:
    """What was measured at one size: Mvox/s by name, GB/s of the triad, rounds that were void."""

    n: int
    mvox_per_s: dict[str, list[float]] = field(default_factory=dict)
    triad_gb_per_s: list[float] = field(default_factory=list)
    void: int = 0

    def median(self, name: str) -> float:
        """Return the median of one contender, Mvox/s."""
        return statistics.median(self.mvox_per_s[name])


def main(arguments: Sequence[str]) -> int:
    """Measure and judge."""
    options = _parser().parse_args(arguments)
    jit.set_threads(options.threads)
    report, began = Report("plant"), host()
    progress = Progress(len(JUDGED) * options.rounds + 4)
    peers = [] if options.no_peers else _start(report)
    try:
        for n in JUDGED:
            _judge_size(report, _measure(n, peers, options.rounds, progress))
    finally:
        for _, peer in peers:
            peer.close()
    parts: dict[str, dict[str, float]] = {}
    for name, part in PARTS.items():
        parts[name] = part()
        progress.step(f"{name}: {parts[name]}")
    report.figures |= parts
    report.figures["run"] = {"host": began, "threads": options.threads, "rounds": options.rounds}
    report.targets = dict(TARGETS)
    report.short = _short(report.ratios, parts)
    return report.finish(as_json=options.json)


PARTS: dict[str, Callable[[], dict[str, float]]] = {
    "dose": dose_cost,
    "scaling": scaling,
    "full": full_speed,
    "reduced": reduced_speed,
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./run perf plant", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    parser.add_argument("--rounds", type=int, default=7, help="rounds a size (7)")
    parser.add_argument("--threads", type=int, default=2, help="threads of our kernel (2)")
    parser.add_argument("--no-peers", action="store_true", help="leave the peers out")
    return parser


def _start(report: Report) -> list[tuple[str, Peer]]:
    """Start every peer that there is; the others are named with their reason."""
    started = []
    for name, waiting in (*PEERS, *LATE):
        label = f"{name}, {waiting['OMP_WAIT_POLICY']} threads" if name == "devito" else name
        peer = Peer(name, environment=waiting)
        try:
            report.peers[label] = {"version": peer.start()}
        except PeerError as error:
            report.peers[label] = {"absent": str(error)}
            peer.close()
            continue
        started.append((label, peer))
    return started


def _measure(n: int, peers: list[tuple[str, Peer]], rounds: int, progress: Progress) -> Rounds:
    """Alternate all contenders; a round in which the host took the processors away is void."""
    found, ours, stream = Rounds(n), Ours(n), Stream()
    ready = []
    for label, peer in peers:
        try:
            peer.setup(n, STEPS)
        except PeerError as error:
            sys.stderr.write(f"perf: {label} at {n}: {error}\n")
            continue
        ready.append((label, peer))
    for number in range(rounds):
        steal = Steal()
        before = stream.gb_per_s()
        row = {"ours": ours.round(STEPS)}
        for label, peer in ready:
            if number and label in {name for name, _ in LATE}:
                continue
            row[label] = peer.round()
        if number and steal.fraction() > STEAL_MAX:
            found.void += 1
        else:
            found.triad_gb_per_s.append(statistics.mean([before, stream.gb_per_s()]))
            for label, value in row.items():
                found.mvox_per_s.setdefault(label, []).append(value)
        progress.step(f"{n}³: " + ", ".join(f"{k} {v:.0f}" for k, v in row.items()) + " Mvox/s")
    return found


def _judge_size(report: Report, rounds: Rounds) -> None:
    """Put one size into the report."""
    n, ours = rounds.n, rounds.median("ours")
    gb_per_s = statistics.median(rounds.triad_gb_per_s)
    bound = 1e3 * gb_per_s / Ours.BYTES
    report.limits[f"triad_gb_per_s_{n}"] = round(gb_per_s, 2)
    report.limits[f"bound_mvox_per_s_{n}"] = round(bound, 1)
    report.figures[f"mvox_per_s_{n}"] = round(ours, 1)
    report.figures[f"rounds_{n}"] = {
        "triad_gb_per_s": [round(x, 1) for x in rounds.triad_gb_per_s],
        **{name: [round(x) for x in values] for name, values in rounds.mvox_per_s.items()},
        "void": rounds.void,
    }
    report.ratios[f"bound_fraction_{n}"] = round(ours / bound, 3)
    for name in rounds.mvox_per_s:
        if name != "ours":
            report.peers[f"{name} {n}³, Mvox/s"] = round(rounds.median(name), 1)
            report.ratios[f"over {name} {n}"] = round(ours / rounds.median(name), 3)
    devito = [rounds.median(name) for name in rounds.mvox_per_s if name.startswith("devito")]
    if devito:
        report.ratios[f"over_devito_{n}"] = round(ours / max(devito), 3)


def _short(ratios: Mapping[str, object], parts: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Name what misses its target."""
    least = {
        "bound_fraction_192_min": ratios[f"bound_fraction_{BOUND_N}"],
        "full_speed_x_min": parts["full"]["speed_x"],
        "reduced_speed_x_min": parts["reduced"]["speed_x"],
    }
    for n in JUDGED:
        if f"over_devito_{n}" in ratios:
            least[f"over_devito_min at {n}"] = ratios[f"over_devito_{n}"]
    most = {
        "dose_cost_max": parts["dose"]["cost"],
        "full_error_c_max": parts["full"]["error_c"],
        "bytes_per_voxel_max": parts["scaling"]["bytes_per_voxel"],
        "exponent_max": parts["scaling"]["exponent"],
    }
    low = [name for name, value in least.items() if not (number(value) >= target(name))]
    high = [name for name, value in most.items() if not (number(value) <= target(name))]
    return [f"{name}: {(least | most)[name]}" for name in (*low, *high)]


def target(name: str) -> float:
    """Return the target behind a name that may end in the size it is judged at."""
    return TARGETS[name.partition(" at ")[0]]


def number(value: object) -> float:
    """Return a figure as a float; what is none is no pass either."""
    return float(value) if isinstance(value, int | float) else math.nan
