# SPDX-License-Identifier: Apache-2.0
"""`mnht campaign`: random universes, judged by the oracles; a failing seed becomes a small file."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mnht_controller.settings.settings import Settings
from sim_hardware.bench import lanes
from sim_hardware.bench.forks import branch, forked
from sim_hardware.bench.scenario import Scenario, written
from sim_hardware.bench.shrink import shrunk
from sim_hardware.bench.universe import Universe, universe

HOUR_S = 3600.0
Say = Callable[[str, float], None]
"""Progress: what was done, and the share of all that is done."""


@dataclass(frozen=True, slots=True)
class Options:
    """What to run: until so many simulated hours or wall-clock minutes have passed."""

    lane: str = "core"
    hours: float = 1.0
    minutes: float | None = None
    seed: int = 1
    jobs: int = 1
    adversary: str = "none"
    wires: bool = True
    """False: only what both lanes can do, so that they run the same universes."""
    out: Path | None = None


@dataclass(slots=True)
class Totals:
    """What came of all universes."""

    universes: int = 0
    simulated_s: float = 0.0
    on_s: float = 0.0
    cpu_s: float = 0.0
    nominal_s: float = 0.0
    false_trips: list[int] = field(default_factory=list)
    trips: dict[str, int] = field(default_factory=dict)
    outcomes: dict[str, int] = field(default_factory=dict)
    kinds: dict[str, int] = field(default_factory=dict)
    failures: list[dict[str, Any]] = field(default_factory=list)
    rows: dict[int, dict[str, Any]] = field(default_factory=dict)

    def add(self, made: Universe, answer: dict[str, Any]) -> None:
        """Take one universe."""
        self.universes += 1
        self.simulated_s += answer["simulated_s"]
        self.on_s += answer["on_s"]
        self.cpu_s += answer["cpu_s"]
        self.outcomes[answer["outcome"]] = self.outcomes.get(answer["outcome"], 0) + 1
        self.kinds[made.kind] = self.kinds.get(made.kind, 0) + 1
        self.rows[made.seed] = answer
        if answer["trips"]:
            code = answer["trips"][0]
            self.trips[code] = self.trips.get(code, 0) + 1
        if made.is_nominal and answer["is_honest"]:
            self.nominal_s += answer["simulated_s"]
            if answer["trips"]:
                self.false_trips.append(made.seed)


def campaign(settings: Settings, options: Options, say: Say) -> Totals:
    """Run universes from `options.seed` on until the hours (or minutes) are full."""
    totals, began = Totals(), time.monotonic()

    def share() -> float:
        of_hours = totals.simulated_s / HOUR_S / options.hours if options.hours > 0.0 else 1.0
        if options.minutes is None:
            return of_hours
        return min(1.0, (time.monotonic() - began) / 60.0 / options.minutes)

    def universes() -> Iterator[Universe]:
        seed = options.seed
        while share() < 1.0:
            yield universe(seed, wires=options.wires and options.lane == "stack")
            seed += 1

    def work(made: Universe) -> dict[str, Any]:
        return lanes.run(settings, made.plot, options.lane, options.adversary)

    for made, answer in forked(universes(), work, options.jobs):
        totals.add(made, answer)
        if answer["violations"]:
            totals.failures.append(_failure(settings, made, answer, options))
        say(f"seed {made.seed} {made.kind}: {answer['outcome']}", min(1.0, share()))
    return totals


def document(totals: Totals, options: Options, wall_s: float) -> dict[str, Any]:
    """The figures as they are printed."""
    hours = totals.simulated_s / HOUR_S
    nominal_h = totals.nominal_s / HOUR_S
    return {
        "lane": options.lane,
        "adversary": options.adversary,
        "seed": options.seed,
        "universes": totals.universes,
        "hours": round(hours, 3),
        "field_on_hours": round(totals.on_s / HOUR_S, 3),
        "wall_s": round(wall_s, 1),
        "speed_x": round(totals.simulated_s / wall_s, 1) if wall_s > 0.0 else None,
        "speed_per_cpu_x": round(totals.simulated_s / totals.cpu_s, 1) if totals.cpu_s else None,
        "kinds": dict(sorted(totals.kinds.items())),
        "outcomes": dict(sorted(totals.outcomes.items())),
        "trips": dict(sorted(totals.trips.items())),
        "nominal_hours": round(nominal_h, 3),
        "false_trips": sorted(totals.false_trips),
        "bound_per_hour": _bound(hours, len(totals.failures)),
        "bound_false_trips_per_hour": _bound(nominal_h, len(totals.false_trips)),
        "failing_seeds": sorted(row["seed"] for row in totals.failures),
        "failures": totals.failures,
    }


def _bound(hours: float, found: int) -> float | None:
    """3/N: what none found in N hours says of the rate, at 95 %."""
    return round(3.0 / hours, 5) if hours > 0.0 and not found else None


def _failure(
    settings: Settings, made: Universe, answer: dict[str, Any], options: Options
) -> dict[str, Any]:
    """The failing universe, made small and written down."""
    names = {text.split(":")[0] for text in answer["violations"]}

    def fails(plot: Scenario) -> bool:
        again = branch(lambda: lanes.run(settings, plot, options.lane, options.adversary))
        return bool(names & {text.split(":")[0] for text in again["violations"]})

    small = shrunk(made.plot, fails)
    last = branch(lambda: lanes.run(settings, small, options.lane, options.adversary))
    text = written(small, f"{options.lane} lane, seed {made.seed}: {'; '.join(last['violations'])}")
    row = {
        "seed": made.seed,
        "kind": made.kind,
        "violations": answer["violations"],
        "watch": answer["watch"],
        "smallest": last["violations"],
        "trace_sha256": answer["trace_sha256"],
        "scenario": text,
    }
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
        path = options.out / f"{options.lane}_{options.adversary}_{made.seed}.toml"
        path.write_text(text, encoding="utf-8")
        row["file"] = str(path)
    return row
