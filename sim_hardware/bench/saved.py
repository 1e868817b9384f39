# SPDX-License-Identifier: Apache-2.0
"""Saved states of a session, from which branches fork; and whether a branch's fault did anything.

A branch is compared with its twin, the same session without the fault: what no record, no byte and
no temperature shows has not been tried.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from mnht_controller.app.shipped import config_dir
from mnht_controller.domain.phase import Phase
from mnht_controller.settings.load import load_site
from mnht_controller.settings.settings import Settings
from sim_hardware.bench.forks import branch
from sim_hardware.bench.oracles import energized, violations
from sim_hardware.bench.scenario import Scenario
from sim_hardware.bench.simulate import Simulation

TWIN_S = 250.0
"""How long the twin without faults and wishes lasts; what lasts longer has a twin of its own."""
NEAR_S = 0.5
"""Current this near counts as being there: edges are seen late."""

Shown = list[tuple[float, str]]
"""When, and a digest of what was to be seen then."""


@dataclass(frozen=True, slots=True)
class State:
    """A moment of a session: `after_s` into a phase that was entered with this true skin."""

    phase: Phase
    skin_c: float
    after_s: float


STATES: tuple[State, ...] = (State(Phase.PLATEAU, 42.8, 4.0), State(Phase.RAMP, 39.0, 12.0))


def bench_site() -> Settings:
    """The simulated site as shipped."""
    return load_site(config_dir() / "sites" / "bench.toml")


class Trunk:
    """One session that stands in a saved state. Fork (`branch`) before you let it go on."""

    def __init__(self, settings: Settings, state: State, seed: int) -> None:
        self.state, self.seed = state, seed
        plot = Scenario(since=state.phase, skin_c=state.skin_c)
        self.run = Simulation(settings, seed, plot)
        if not self.run.run_to(self._is_there):
            raise ValueError(f"the session ended before {state.phase}")
        self.settings = settings
        self._until_s = self.now_s + TWIN_S
        calm = self.whole(Scenario(until_s=self._until_s))
        self._calm: Shown = branch(lambda: self._shown(calm))

    def _is_there(self) -> bool:
        return self.now_s >= self.state.after_s

    @property
    def now_s(self) -> float:
        """The scenario's clock; 0 before it starts."""
        since = self.run.seen.course.first(self.state.phase)
        return 0.0 if since is None else self.run.scenario_s(since[1])

    def whole(self, plot: Scenario) -> Scenario:
        """The same scenario for a run of its own: until_s counts from the fault's clock."""
        since = self.run.seen.course.first(self.state.phase)
        began_s = 0.0 if since is None else since[1]
        return replace(
            plot,
            since=self.state.phase,
            skin_c=self.state.skin_c,
            until_s=round(plot.until_s + began_s, 3),
        )

    def play(self, plot: Scenario) -> dict[str, Any]:
        """In a fork: go on with this scenario to its end, and judge."""
        calm = replace(plot, faults=())
        is_known = not plot.wishes and plot.until_s <= self.whole(Scenario(until_s=TWIN_S)).until_s
        twin: Shown = self._calm if is_known else branch(lambda: self._shown(calm))
        began_s = self.run.loop.time()
        self._play(plot)
        run = self.run
        trips = run.trips()
        flows = [end for _, end in energized(run.evidence())]
        fault_at = run.seen.fault_at
        late_s = max(flows, default=0.0) - fault_at if fault_at is not None else None
        return {
            "violations": violations(run.evidence()),
            "effective": self._is_effective(twin),
            "first_out": trips[0].code if trips else None,
            "on_s": None if late_s is None else round(late_s, 3),
            "trace_sha256": run.trace(),
            "field_ka_per_m_max": max(row.coil_ka_per_m_max for row in run.seen.truth),
            "skin_c_max": max(row.skin_c for row in run.seen.truth),
            "simulated_s": round(run.loop.time() - began_s, 3),
        }

    def close(self) -> None:
        """End it."""
        self.run.discard()

    def _shown(self, plot: Scenario) -> Shown:
        self._play(plot)
        return shown(self.run)

    def _play(self, plot: Scenario) -> None:
        self.run.follow(plot)
        self.run.run()

    def _is_effective(self, twin: Shown) -> bool:
        """Whether the fault began with current, and changed what was to be seen."""
        at = self.run.seen.fault_at
        if at is None:
            return False
        spans = energized(self.run.evidence())
        if not any(begin <= at + NEAR_S and at - NEAR_S <= end for begin, end in spans):
            return False
        wires = self.run.world.wires.values()
        if any(row[0] >= at for wire in wires for row in wire.log):
            return True
        body = self.run.world.disturbance
        if (body.coupling, body.crowding) != (1.0, 0.0):
            return True
        mine, end = shown(self.run), self.run.seen.truth[-1].at
        return mine != [(seen_at, text) for seen_at, text in twin if seen_at < end]


def shown(run: Simulation) -> Shown:
    """All that is to be seen of a run before its last moment: both records, and the truth."""
    end = run.seen.truth[-1].at
    rows: Shown = []
    for lines in (run.journal.lines, run.guard.journal.lines):
        rows += [(_at(line), hashlib.sha256(line).hexdigest()[:12]) for line in lines[1:]]
    rows += [
        (row.at, hashlib.sha256(repr(row).encode()).hexdigest()[:12]) for row in run.seen.truth[:-1]
    ]
    return sorted(row for row in rows if row[0] < end)


def _at(line: bytes) -> float:
    return float(line.split(b',"at":', 1)[1].split(b",", 1)[0])


@contextmanager
def trunk(settings: Settings, state: State, seed: int = 1) -> Iterator[Trunk]:
    """A saved state for as long as it is needed."""
    held = Trunk(settings, state, seed)
    try:
        yield held
    finally:
        held.close()
