# SPDX-License-Identifier: Apache-2.0
"""`mnht simulate`: the real controller, guard machine, drivers and twins in virtual time.

Only transports and journal sinks differ from a served site: they are in memory, without threads.
"""

import asyncio
import gc
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from mnht_controller.app.build import Shell, build, header, plan_for
from mnht_controller.devices.contract import DriverSpec
from mnht_controller.devices.transport import Transport
from mnht_controller.domain.command import Permit
from mnht_controller.domain.intent import Verb
from mnht_controller.domain.lease import GuardState
from mnht_controller.domain.phase import Phase
from mnht_controller.domain.prescription import Plan
from mnht_controller.domain.spent import NOTHING
from mnht_controller.domain.trip import Latch, Trip
from mnht_controller.journal.chain import trace_sha256, verify
from mnht_controller.journal.records import TickRecord
from mnht_controller.journal.sink import MemoryJournal
from mnht_controller.runtime.controller import Controller
from mnht_controller.runtime.spent import MemoryLedger
from mnht_controller.settings.settings import Device, Settings
from sim_hardware.bench.alarms import raised_in
from sim_hardware.bench.course import Course, first_of_each
from sim_hardware.bench.guard import VirtualGuard
from sim_hardware.bench.operator import ScriptedOperator, Tapped
from sim_hardware.bench.oracles import Evidence, violations
from sim_hardware.bench.processes import CONTROLLER, GUARD, Processes, SteppedHost, belonging_to
from sim_hardware.bench.scenario import Scenario, targets_checked
from sim_hardware.bench.summary import Run, summary
from sim_hardware.bench.truth import Edge, Truth
from sim_hardware.bench.virtual_time import VirtualTimeLoop
from sim_hardware.bench.watch import Refusal, Sight, Watch, first_due
from sim_hardware.bench.world import OWN, World
from sim_hardware.faults import Timeline
from sim_hardware.plant.models.open import AS_USUAL, Choice
from sim_hardware.wire.memory import MemoryTransport

if TYPE_CHECKING:
    from sim_hardware.bench.gallery import Gallery

WATCH_S = 0.05
"""How often the observer looks at the coil; the exact moment of opening comes from the twin."""
TRUTH_S = 1.0
AFTER_TRIP_S = 5.0
"""How long a run goes on after a trip, so that oracles can see what happens then."""
ENDED = frozenset({Phase.COMPLETE, Phase.TRIPPED})
UNDER_WAY = frozenset(Phase) - ENDED - {Phase.STANDBY}
REFUSED_AFTER_S = 60.0


@dataclass(slots=True)
class Observed:
    """What was seen from outside during a run."""

    truth: list[Truth] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    course: Course = field(default_factory=Course)
    fault_at: float | None = None
    stopped_at: list[float] = field(default_factory=list)
    refusal: Refusal = field(default_factory=Refusal)
    """Since when the controller has wanted no field of a source that ignores off."""


class Simulation:
    """One session from STANDBY to its end, in one process and in virtual time."""

    def __init__(
        self,
        settings: Settings,
        seed: int,
        scenario: Scenario,
        choice: Choice = AS_USUAL,
        gallery: "Gallery | None" = None,
    ) -> None:
        self.settings, self.seed, self.scenario = settings, seed, scenario
        self.choice, self.gallery = choice, gallery
        self.plan: Plan = plan_for(settings)
        self.seen = Observed()
        self.transports: dict[str, MemoryTransport] = {}
        self.own_wire: dict[str, MemoryTransport] = {}
        """The guard's, which outlives a controller."""
        self._wishes = sorted(scenario.wishes, key=lambda wish: wish.at_s)
        self._ended_at: float | None = None
        self.ledger, self.guard_used = MemoryLedger(), NOTHING
        self.wall_s = 0.0
        self._task: asyncio.Task[None] | None = None
        self._look: Callable[[], None] | None = None
        self.watch: Watch | None = None

    def run(self) -> None:
        """Run the session to its end, from its beginning or from where `run_to` has left it."""
        began = time.perf_counter()
        session = self._begun()
        gc.collect()
        gc.disable()  # the tick makes values without cycles: looking for them costs a tenth
        try:
            self.loop.run_until_complete(session)
        finally:
            gc.enable()
            self.loop.close()
        self.wall_s += time.perf_counter() - began

    def run_to(self, is_there: Callable[[], bool]) -> bool:
        """Run until `is_there()` at one of the observer's looks; False: it ended before.

        Between two calls nothing runs, so that a process may fork there: each branch goes on by
        itself (`run`) and decides what a run without the halt would have decided.
        """
        began = time.perf_counter()
        session = self._begun()

        def look() -> None:
            if is_there():
                self._look = None
                self.loop.stop()

        def end(_session: asyncio.Task[None]) -> None:
            self.loop.stop()

        self._look = look
        session.add_done_callback(end)
        self.loop.run_forever()
        session.remove_done_callback(end)
        self.wall_s += time.perf_counter() - began
        return not session.done()

    def follow(self, scenario: Scenario) -> None:
        """Take another scenario for what is still to come; ValueError when it begins before now."""
        since = self.seen.course.first(scenario.since)
        now_s = 0.0 if since is None else self.scenario_s(since[1])
        times = [fault.at_s for fault in scenario.faults] + [w.at_s for w in scenario.wishes]
        if since is not None and min(times, default=now_s + 1.0) <= now_s:
            raise ValueError(f"the scenario's clock stands at {now_s:.2f} s, and it begins before")
        self.scenario = scenario
        self._wishes = sorted(scenario.wishes, key=lambda wish: wish.at_s)
        self._timeline = self._plotted()

    def scenario_s(self, since_s: float) -> float:
        """The scenario's clock, which began at `since_s` of treatment time."""
        return self.world.treatment_s(self.loop.time()) - since_s

    def _begun(self) -> asyncio.Task[None]:
        if self._task is None:
            self.loop = VirtualTimeLoop()
            self._task = self.loop.create_task(self._session(self.loop), name="session")
        return self._task

    def discard(self) -> None:
        """End a run that stands where `run_to` has left it. Idempotent."""
        if self._task is not None and not self.loop.is_closed():
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                self.loop.run_until_complete(self._task)
            self.loop.close()

    def save(self, folder: Path) -> Path:
        """Write both journals; gives the controller's."""
        folder.mkdir(parents=True, exist_ok=True)
        self.guard.journal.dump(folder / "guard.jsonl")
        path = folder / "controller.jsonl"
        self.journal.dump(path)
        return path

    def judge(self, journal: str) -> dict[str, object]:
        """The summary of the run; `journal` is where the controller's record was saved."""
        return summary(
            Run(
                plan=self.plan,
                course=self.seen.course,
                truth=self.seen.truth,
                edges=self.seen.edges,
                violations=violations(self.evidence()),
                seed=self.seed,
                wall_s=self.wall_s,
                journal=journal,
                trace_sha256=self.trace(),
                trips=self.trips(),
            )
        )

    # ---- the session -----------------------------------------------------------------------

    async def _session(self, loop: asyncio.AbstractEventLoop) -> None:
        self.world = World(self.settings, loop.time(), self.seed, self.choice)
        if self.scenario.skin_c is not None:
            self.world.warm_up(self.scenario.skin_c)
        head = header(self.settings, self.plan, "controller", seed=self.seed)
        self.journal = MemoryJournal(head, loop.time)
        self.journal.write("spent", self.ledger.kept)
        self.journal.write("latch", Latch())
        guard_head = header(self.settings, self.plan, "guard", seed=self.seed)
        records = MemoryJournal(guard_head, loop.time)
        self.guard = VirtualGuard(self.world.line.feed, records, Latch(), self.guard_used)
        self.tapped, host = Tapped(self.journal, self._seen, loop.time), SteppedHost()
        shell = Shell(
            self._transport, self.guard, self.tapped, lambda _latch: None, host, self.ledger
        )
        self.controller: Controller = build(self.settings, self.plan, shell, Latch(), "simulated")
        self.operator = ScriptedOperator(
            self.guard, self.controller.parts.hall, self.scenario.confirm_s
        )
        self._roles = tuple(probe.role.value for probe in self.plan.envelope.probes)
        self.jobs = {
            name: loop.create_task(work, name=name, context=belonging_to(name))
            for name, work in (
                (GUARD, self.guard.run()),
                (CONTROLLER, self.controller.run()),
            )
        }
        if (own := self.settings.guard_thermometer) is not None:
            wire = self.own_wire[OWN] = MemoryTransport(self.world.cores[OWN], OWN)
            self.jobs[OWN] = loop.create_task(
                self.guard.listen(wire, own.channel), name=OWN, context=belonging_to(GUARD)
            )
        self.processes = Processes(self.loop, self.guard, self.tapped, host, self._kill)
        try:
            await self._observe(loop)
        finally:
            self.loop.free()
            for job in self.jobs.values():
                job.cancel()
            await asyncio.gather(*self.jobs.values(), return_exceptions=True)

    def _transport(self, device: Device, _spec: DriverSpec) -> Transport:
        transport = MemoryTransport(self.world.cores[device.id], device.id)
        self.transports[device.id] = transport
        return transport

    def _seen(self, record: TickRecord) -> None:
        given, decision = record.input, record.decision
        edges = self.seen.edges
        if edges and edges[-1].energized:
            is_wanted = isinstance(decision.verdict, Permit) and decision.verdict.field_ka_per_m > 0
            self.seen.refusal.take(given.now, self._timeline.log, refuses=not is_wanted)
        self.seen.course.add(given, decision, self._roles)
        self.operator.act(given, decision)

    async def _observe(self, loop: asyncio.AbstractEventLoop) -> None:
        """Look at the coil from outside, start the scenario's faults, and see when it is over."""
        self._timeline = self._plotted()
        next_truth = loop.time()
        while not self._is_over(loop.time()):
            now = loop.time()
            self._play(now)
            self._edge(now)
            if now >= next_truth or not self._is_told_within_cap():
                self.seen.truth.append(self.world.truth(now))
                self._show(self.seen.truth[-1])
                next_truth = now + TRUTH_S
            if self._look is not None:
                self._look()
            if self.watch is not None:
                self.watch.look(now, self._sight())
            await asyncio.sleep(WATCH_S)
        self.seen.truth.append(self.world.truth(loop.time()))

    def _show(self, row: Truth) -> None:
        if self.gallery is not None:
            last = self.seen.course.last
            self.gallery.look(self.world.patient, row, last.phase if last else None)

    def _plotted(self) -> Timeline:
        targets = self.world.targets({**self.transports, **self.own_wire}, self.processes)
        return Timeline(targets_checked(self.scenario, targets).faults, targets)

    def _play(self, now: float) -> None:
        """Carry out what the scenario has for this moment of its own clock."""
        since = self.seen.course.first(self.scenario.since)
        if since is None:
            return
        scenario_s = self.scenario_s(since[1])
        if self._timeline.advance(scenario_s, now) and self.seen.fault_at is None:
            self.seen.fault_at = now
        while self._wishes and self._wishes[0].at_s <= scenario_s:
            wish = self._wishes.pop(0)
            self.operator.wish(wish.verb, wish.value)
            if wish.verb is Verb.STOP:
                self.seen.stopped_at.append(now)

    def _kill(self) -> None:
        now = self.loop.time()
        for transport in self.transports.values():
            transport.inject("link_drop", "", now)  # a killed process sends nothing, not even off
        self.jobs[CONTROLLER].cancel()
        self.guard.lost(CONTROLLER)

    def _sight(self) -> Sight:
        guard, edges = self.guard, self.seen.edges
        return Sight(
            energized=bool(edges) and edges[-1].energized,
            setpoint_ka_per_m=self.world.source.stage.settings.level / 1000.0,
            state=guard.state.state,
            leased_at=guard.leased_at[-1] if guard.leased_at else None,
            latched=bool(guard.state.latch.trips)
            or bool(self.seen.course.last and self.seen.course.last.trips),
            truth=self.seen.truth[-1] if self.seen.truth else None,
        )

    def _edge(self, now: float) -> None:
        is_on = self.world.coil.field_ka_per_m(now) > 0.0
        edges = self.seen.edges
        if is_on is not (edges[-1].energized if edges else False):
            edges.append(Edge(now, is_on, WATCH_S))

    def _is_told_within_cap(self) -> bool:
        """What leaves the cap for a moment only must not fall between two rows of truth."""
        cap = self.plan.envelope.limits.field_ka_per_m_cap
        return 0.0 <= self.world.source.stage.settings.level / 1000.0 <= cap + 1e-9

    def _is_over(self, now: float) -> bool:
        """Completed, or long enough after a trip, or never allowed to start, or out of time."""
        if self.watch is not None and self.watch.found:
            return True
        last = self.seen.course.last
        is_latched = self.guard.state.state is GuardState.LATCHED
        if last is not None and last.phase in UNDER_WAY and not is_latched:
            self._ended_at = None  # somebody has begun anew
        elif last is not None and (last.phase in ENDED or is_latched) and self._ended_at is None:
            self._ended_at = now + (0.0 if last.phase is Phase.COMPLETE else AFTER_TRIP_S)
        if self._ended_at is not None and now >= self._ended_at and not self._wishes:
            return True
        is_refused = self.seen.course.first(Phase.ARMED) is None and now > REFUSED_AFTER_S
        return (is_refused and not self._wishes) or self.world.treatment_s(
            now
        ) >= self.scenario.until_s

    # ---- judging ---------------------------------------------------------------------------

    def trace(self) -> str:
        """Digest of canonical inputs, decisions and states."""
        return trace_sha256(self.journal.lines)

    def trips(self) -> tuple[Trip, ...]:
        """What either process tripped on."""
        return first_of_each((*self.seen.course.trips, *self.guard.trips()))

    def _due(self) -> tuple[float | None, float | None]:
        """Onset and class time of the fault that must be answered first."""
        return first_due(self._timeline.log, self.seen.refusal.at, self.seen.edges)

    def evidence(self) -> Evidence:
        """What the oracles judge."""
        trips = self.trips()
        fault_at, class_s = self._due()
        return Evidence(
            plan=self.plan,
            truth=self.seen.truth,
            edges=self.seen.edges,
            guard=self.guard.history(),
            confirmed_sha256=tuple(self.guard.confirmed),
            leased_sha256=(self.plan.envelope_sha256,),
            leased_at=self.guard.leased_at,
            chains_ok=all(
                verify(journal.lines).ok and journal.is_healthy
                for journal in (self.journal, self.guard.journal)
            ),
            latched_at=trips[0].at if trips else None,
            reset_at=self.seen.course.reset_at,
            stopped_at=self.seen.stopped_at,
            fault_at=fault_at,
            class_s=None if self.seen.course.reset_at is not None else class_s,
            alarms=raised_in(self.tapped.alarms),
            trips=self.seen.course.trips,
            guard_trips=self.seen.course.guard_trips,
            ticked_at=self.seen.course.ticked_at,
        )


def journal_dir(settings: Settings, seed: int) -> Path:
    """Where a simulation's journals go unless the command line says otherwise."""
    return Path(settings.paths.state_dir) / "simulations" / f"seed-{seed}"
