# SPDX-License-Identifier: Apache-2.0
"""The fault matrix: every hazard that a fault can bring about × seeds, from saved states."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sim_hardware.bench.causes import CAUSES, Cause, draw, hazards, plotted
from sim_hardware.bench.forks import forked
from sim_hardware.bench.saved import STATES, Trunk, bench_site, trunk
from sim_hardware.bench.scenario import Scenario, written

PAIRS_OF = 40
PAIR_ORACLES = frozenset({"I1", "I4", "I5"})
Say = Callable[[str, int, int], None]
"""Progress: what was done, how many are done, of how many."""


@dataclass(frozen=True, slots=True)
class Case:
    """One run: the hazards it stands for, its seed, the state it starts from, its faults."""

    hazard: str
    seed: int
    state: int
    verbs: tuple[str, ...]
    plot: Scenario


@dataclass(slots=True)
class Row:
    """What came of all seeds of one hazard (or of all pairs)."""

    runs: int = 0
    effective: int = 0
    tripped: int = 0
    violations: int = 0
    verbs: dict[str, int] = field(default_factory=dict)
    first_out: dict[str, int] = field(default_factory=dict)
    idle: dict[str, int] = field(default_factory=dict)
    """Verbs whose fault changed nothing while current flowed: these runs are no passes."""
    on_s_max: float | None = None

    def add(self, case: Case, answer: dict[str, Any]) -> None:
        """Take one run."""
        self.runs += 1
        name = "+".join(case.verbs)
        if not answer["effective"]:
            self.idle[name] = self.idle.get(name, 0) + 1
            return
        self.effective += 1
        self.verbs[name] = self.verbs.get(name, 0) + 1
        self.violations += bool(answer["violations"])
        if code := answer["first_out"]:
            self.tripped += 1
            self.first_out[code] = self.first_out.get(code, 0) + 1
            self.on_s_max = max(self.on_s_max or 0.0, answer["on_s"] or 0.0)

    @property
    def bound(self) -> float | None:
        """3/N: what no failure in N effective runs says of the failure rate, at 95 %."""
        return round(3.0 / self.effective, 4) if self.effective and not self.violations else None

    def document(self) -> dict[str, object]:
        """As it is printed."""
        return {
            "runs": self.runs,
            "effective": self.effective,
            "violations": self.violations,
            "bound_3_per_n": self.bound,
            "tripped": self.tripped,
            "first_out": dict(sorted(self.first_out.items())),
            "verbs": dict(sorted(self.verbs.items())),
            "ineffective": dict(sorted(self.idle.items())),
            "on_s_max": self.on_s_max,
        }


@dataclass(slots=True)
class Result:
    """A whole matrix. `failures` hold what violated, with the scenario that shows it again."""

    rows: dict[str, Row] = field(default_factory=dict)
    failures: list[dict[str, Any]] = field(default_factory=list)
    simulated_s: float = 0.0


def matrix(seeds: Sequence[int], jobs: int, say: Say, only: str = "") -> Result:
    """Run every hazard with every seed; a start state alternates with the seed."""
    chosen = [only] if only else hazards()
    cases = [case_of(hazard, seed) for seed in seeds for hazard in chosen]
    return _played(cases, jobs, say, frozenset())


def case_of(hazard: str, seed: int) -> Case:
    """What a seed makes of a hazard."""
    state = seed // 2 % len(STATES)
    cause, plot = draw(hazard, seed, STATES[state].after_s)
    return Case(hazard, seed, state, (cause.verb,), plot)


def pairs(seeds: Sequence[int], jobs: int, say: Say) -> Result:
    """Run every pair of 40 faults: each must leave I1, I4 and I5 whole."""
    chosen = pairwise()
    cases = [_pair(one, two, seed) for seed in seeds for one, two in chosen]
    return _played(cases, jobs, say, PAIR_ORACLES)


def pairwise() -> list[tuple[Cause, Cause]]:
    """All pairs of the first 40 causes that differ in verb or device: 780."""
    distinct: dict[tuple[str, str], Cause] = {}
    for cause in CAUSES:
        distinct.setdefault((cause.device, cause.verb), cause)
    few = list(distinct.values())[:PAIRS_OF]
    return [(one, two) for n, one in enumerate(few) for two in few[n + 1 :]]


def _pair(one: Cause, two: Cause, seed: int) -> Case:
    chance = random.Random(f"{one.verb}/{one.device}/{two.verb}/{two.device}/{seed}")
    state = seed // 2 % len(STATES)
    at_s = STATES[state].after_s
    first = plotted(replace(one, for_s=12.0), chance, at_s)[1]
    second = plotted(replace(two, for_s=12.0), chance, at_s)[1]
    whole = Scenario(
        first.faults + second.faults,
        first.wishes + second.wishes,
        until_s=max(first.until_s, second.until_s),
    )
    return Case("H62", seed, state, (one.verb, two.verb), whole)


def _played(cases: Sequence[Case], jobs: int, say: Say, only: frozenset[str]) -> Result:
    result = Result()
    done = 0
    for number, state in enumerate(STATES):
        mine = [case for case in cases if case.state == number]
        if not mine:
            continue
        with trunk(bench_site(), state) as held:
            for case, answer in _branches(held, mine, jobs):
                done += 1
                if only:
                    answer["violations"] = [
                        text for text in answer["violations"] if text.split(":")[0] in only
                    ]
                result.rows.setdefault(case.hazard, Row()).add(case, answer)
                result.simulated_s += answer["simulated_s"]
                if answer["violations"]:
                    result.failures.append(_failure(held, case, answer))
                say(f"{case.hazard} {'+'.join(case.verbs)}", done, len(cases))
    result.rows = dict(sorted(result.rows.items()))
    return result


def _branches(held: Trunk, cases: Sequence[Case], jobs: int) -> Iterator[tuple[Case, Any]]:
    return forked(cases, lambda case: held.play(held.whole(case.plot)), jobs)


def _failure(held: Trunk, case: Case, answer: dict[str, Any]) -> dict[str, Any]:
    title = f"{case.hazard}, seed {case.seed}: {'; '.join(answer['violations'])}"
    return {
        "hazard": case.hazard,
        "seed": case.seed,
        "verbs": list(case.verbs),
        "effective": answer["effective"],
        "violations": answer["violations"],
        "trace_sha256": answer["trace_sha256"],
        "scenario": written(held.whole(case.plot), title),
    }
