# SPDX-License-Identifier: Apache-2.0
"""The core lane: decisions, guard machine and plant in one plain loop. No driver, byte or task.

Readings come in after parsing. An adversary may take the core's place (its demands go through the
gate) or the whole controller's (its amplitudes go past the gate, its readings stay honest).
"""

import hashlib
import math
import struct
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from mnht_controller.app.build import plan_for
from mnht_controller.domain.command import Inhibit, Permit
from mnht_controller.domain.intent import Intent, Verb
from mnht_controller.domain.lease import GuardState, GuardStatus, Lease
from mnht_controller.domain.phase import ENERGIZING, Phase
from mnht_controller.domain.reading import Quality, Reading
from mnht_controller.domain.tick import Decision, Health, TickInput
from mnht_controller.domain.trip import Latch, Trip
from mnht_controller.guard import machine
from mnht_controller.runtime.controller import UNDER_WAY, leased_amplitude
from mnht_controller.runtime.decide import State, decide, initial
from mnht_controller.runtime.host import SteadyHost
from mnht_controller.settings.settings import Settings
from sim_hardware.bench.core_source import CoreSource
from sim_hardware.bench.course import Course, first_of_each
from sim_hardware.bench.operator import ACTOR, PRESENT_S, REREAD_S, SETTLE_S
from sim_hardware.bench.oracles import Evidence, Held
from sim_hardware.bench.processes import CONTROLLER, GUARD
from sim_hardware.bench.scenario import Scenario, targets_checked
from sim_hardware.bench.truth import Edge, Truth
from sim_hardware.bench.watch import Refusal, Sight, Watch, first_due
from sim_hardware.bench.world import OWN, OWN_PERIOD_S, World
from sim_hardware.faults import Fault, Timeline

STEP_S = 0.05
"""Period of guard and observer; the controller's is twice as long."""
TRUTH_S = 1.0
AFTER_TRIP_S = 5.0
REFUSED_AFTER_S = 60.0
ENDED = frozenset({Phase.COMPLETE, Phase.TRIPPED})
BEGUN = frozenset(Phase) - ENDED - {Phase.STANDBY}

Adversary = Callable[[float], float]
"""What to lease and to tell the source at a moment, kA/m, whatever anybody permits."""


@dataclass(slots=True)
class Seen:
    """What was seen of a run from outside."""

    truth: list[Truth] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    guard_trips: list[Trip] = field(default_factory=list)
    leased_at: list[float] = field(default_factory=list)
    confirmed: list[str] = field(default_factory=list)
    stopped_at: list[float] = field(default_factory=list)
    course: Course = field(default_factory=Course)
    refusal: Refusal = field(default_factory=Refusal)


class CoreLane:
    """One session; `run` it once. `bypass` stands for a controller that ignores the gate."""

    def __init__(self, settings: Settings, plot: Scenario, bypass: Adversary | None = None) -> None:
        self.plan, self.plot = plan_for(settings), plot
        self.world = World(settings, 0.0, plot.seed or 1)
        if plot.skin_c is not None:
            self.world.warm_up(plot.skin_c)
        self.now = 0.0
        self.seen = Seen()
        self.watch = Watch(self.plan.envelope.limits, with_commands=bypass is None)
        self.source = CoreSource(self.world, 0.0)
        self.state: State = initial(self.plan, Latch())
        own = settings.guard_thermometer
        self._own_channel = None if own is None else own.channel
        self._own_due_at = OWN_PERIOD_S
        begun = machine.start(0.0, Latch())
        self.guard = begun if own is None else replace(begun, own=machine.Own(0.0))
        self._status: GuardStatus | None = None
        self._bypass = bypass
        self._roles = tuple(probe.role.value for probe in self.plan.envelope.probes)
        self._held_until: dict[str, float] = {}
        self._inbox: list[Lease] = []
        self._intents: list[Intent] = []
        self._wishes = sorted(plot.wishes, key=lambda wish: wish.at_s)
        self._asked: set[Verb] = set()
        self._reading_since: float | None = None
        self._confirm_s = plot.confirm_s
        self._is_confirmed, self._journal_ok = False, True
        self._host, self._present_at = SteadyHost(), -math.inf
        self._ended_at: float | None = None
        self._hash = hashlib.sha256()
        targets = self.world.targets({}, self._process)
        self._timeline = Timeline(targets_checked(plot, targets).faults, targets)

    def run(self) -> None:
        """Run the session to its end."""
        step = 0
        while not self._is_over():
            now = self.now
            if step % 2 == 0 and not self._holds(CONTROLLER):
                self._tick(step // 2)
            if not self._holds(GUARD):
                self._tick_guard()
            self._look(step)
            self._play()
            step += 1
            self.now = step * STEP_S
            if not now < self.now:
                raise ArithmeticError("time stands still")

    def trace(self) -> str:
        """Digest of readings and verdicts."""
        return self._hash.hexdigest()

    def trips(self) -> tuple[Trip, ...]:
        """What either process tripped on; only the guard's count where nobody heeds the others."""
        own = () if self._bypass is not None else self.seen.course.trips
        return first_of_each((*own, *self.seen.guard_trips))

    def evidence(self) -> Evidence:
        """What the oracles judge. Here are no journal and no alarms, so I6 and I7 find nothing."""
        seen, trips = self.seen, self.trips()
        fault_at, class_s = first_due(self._timeline.log, seen.refusal.at, seen.edges)
        return Evidence(
            plan=self.plan,
            truth=seen.truth,
            edges=seen.edges,
            guard=seen.held,
            confirmed_sha256=tuple(seen.confirmed),
            leased_sha256=(self.plan.envelope_sha256,),
            leased_at=seen.leased_at,
            chains_ok=True,
            latched_at=trips[0].at if trips else None,
            reset_at=seen.course.reset_at,
            stopped_at=seen.stopped_at,
            fault_at=fault_at,
            class_s=None if seen.course.reset_at is not None else class_s,
        )

    # ---- controller ------------------------------------------------------------------------

    def _tick(self, number: int) -> None:
        given = self._given(number)
        before = self.seen.course.last
        self.state, decision = decide(self.plan, self.state, given)
        wild = self._bypass(self.now) if self._bypass is not None and before else None
        if wild is not None and decision.phase in {Phase.RAMP, Phase.PLATEAU, Phase.TRIPPED}:
            self._send(given, decision, wild)
            self.source.act(wild, self.now)
        else:
            self._send(given, decision, leased_amplitude(decision.verdict))
            self.source.act(decision.verdict, self.now)
        if decision.self_test.asks_watchdog:
            self.source.prove(self.now)
        self._follow(decision, before)
        self._record(given, decision)
        self._operate(given, decision)

    def _given(self, number: int) -> TickInput:
        now = self.now
        intents, self._intents = tuple(self._intents), []
        if any(intent.verb is not Verb.STOP for intent in intents):
            self._present_at = now
        return TickInput(
            tick=number,
            now=now,
            treatment_s=now * self.plan.envelope.speed,
            probes=tuple(
                [self._reading(p.device, p.channel, number) for p in self.plan.envelope.probes]
            ),
            source=self.source.reading,
            uncertain_s=0.0,
            guard=self._status,
            intents=intents,
            health=Health(
                journal_ok=self._journal_ok,
                presence_s=now - self._present_at,
                disk_free_mb=self._host.disk_free_mb(),
                slept_s=self._host.slept_s(),
            ),
            watchdog=self.source.watchdog,
        )

    def _reading(self, device: str, channel: int, number: int) -> Reading:
        celsius = self.world.channel_c(device, channel, self.now)
        if celsius is None or not math.isfinite(celsius):
            return Reading(None, Quality.BAD, self.now, number + 1, "no number")
        return Reading(celsius, Quality.GOOD, self.now, number + 1)

    def _send(self, given: TickInput, decision: Decision, amplitude: float | None) -> None:
        lease = Lease(
            seq=given.tick,
            sent_at=given.now,
            treatment_s=given.treatment_s,
            envelope_sha256=self.plan.envelope_sha256,
            permit_ka_per_m=amplitude,
            probes=given.probes,
            source=given.source,
            uncertain_s=given.uncertain_s,
            over=decision.phase not in UNDER_WAY,
            complete=decision.phase is Phase.COMPLETE,
            test_line=decision.self_test.asks_line,
        )
        if self._holds(GUARD):
            self._inbox.append(lease)
        else:
            self._renew(lease)

    def _follow(self, decision: Decision, before: Decision | None) -> None:
        if decision.phase is not Phase.CHECK:
            return
        if before is None or before.phase is not Phase.CHECK:
            self.source.prepare(self.plan.envelope.limits.field_ka_per_m_cap, self.now)
        is_open = self.guard.state is GuardState.DISABLED and not self._holds(GUARD)
        if is_open and not decision.self_test.refuses:
            nonce = f"nonce-{self.guard.ticks}"
            self._note(machine.propose(self.guard, self.plan.envelope, nonce, self.now)[0])

    def _record(self, given: TickInput, decision: Decision) -> None:
        verdict = decision.verdict
        field_ka_per_m = verdict.field_ka_per_m if isinstance(verdict, Permit) else math.nan
        values = [math.nan if r.value is None else r.value for r in given.probes]
        text = f"{decision.phase.value}{len(decision.trips)}{self.guard.state.value}"
        self._hash.update(struct.pack(f"<{len(values) + 1}d", field_ka_per_m, *values))
        self._hash.update(text.encode())
        refuses = isinstance(verdict, Inhibit) or verdict.field_ka_per_m <= 0.0
        if self.seen.edges and self.seen.edges[-1].energized and self._bypass is None:
            self.seen.refusal.take(given.now, self._timeline.log, refuses=refuses)
        self.seen.course.add(given, decision, self._roles)

    # ---- operator --------------------------------------------------------------------------

    def _operate(self, given: TickInput, decision: Decision) -> None:
        phase = decision.phase
        if phase is Phase.STANDBY and given.now >= SETTLE_S and not decision.trips:
            self._once(Verb.PREPARE)
        elif phase is Phase.CHECK and not self._is_confirmed:
            self._confirm(given.now)
        elif phase in ENERGIZING and given.health.presence_s >= PRESENT_S:
            self._wish(Verb.PRESENT, None)
        elif phase is Phase.ARMED and self.guard.state is GuardState.ARMED:
            self._once(Verb.START)

    def _confirm(self, now: float) -> None:
        if self._reading_since is None:
            self._reading_since = now
        waiting = machine.pending(self.guard)
        if waiting is None or now - self._reading_since < self._confirm_s:
            return
        self.seen.confirmed.append(waiting.envelope_sha256)
        after, refused = machine.confirm(
            self.guard, waiting.envelope_sha256, waiting.nonce, ACTOR, now
        )
        self._note(after)
        self._is_confirmed = not refused

    def _once(self, verb: Verb) -> None:
        if verb not in self._asked:
            self._asked.add(verb)
            self._wish(verb, None)

    def _wish(self, verb: Verb, value: float | None) -> None:
        if verb is Verb.STOP:
            self.seen.stopped_at.append(self.now)
        if verb is Verb.RESET:
            self._note(machine.reset(self.guard, ACTOR, self.now)[0])
        elif verb is Verb.STOP and self._bypass is not None:
            self._note(machine.stop(self.guard, ACTOR, self.now))  # its listener tells it first
        elif verb is Verb.PREPARE and self._is_confirmed:
            self._confirm_s = max(self._confirm_s, REREAD_S)
            self._is_confirmed, self._reading_since = False, None
        self._intents.append(Intent(verb, ACTOR, value))

    # ---- guard -----------------------------------------------------------------------------

    def _renew(self, lease: Lease) -> None:
        self.seen.leased_at.append(lease.sent_at)
        self._note(machine.renew(self.guard, lease, self.now)[0])

    def _tick_guard(self) -> None:
        waiting, self._inbox = self._inbox, []
        for lease in waiting:
            self._renew(lease)
        self._hear()
        after, data = machine.tick(self.guard, self.now)
        self._note(after)
        if data:
            self.world.line.feed(data, self.now)
        self._status = machine.status(self.guard, self.now)

    def _hear(self) -> None:
        """The guard's own thermometer: the newest line that has come, rounded as it writes it."""
        if self._own_channel is None or self.now < self._own_due_at - STEP_S / 2:
            return
        self._own_due_at = self.now + OWN_PERIOD_S
        celsius = self.world.channel_c(OWN, self._own_channel, self.now)
        is_number = celsius is not None and math.isfinite(celsius)
        said = round(celsius, 2) if celsius is not None and is_number else None
        self._note(machine.hear(self.guard, said, self.now))

    def _note(self, after: machine.Guard) -> None:
        before, self.guard = self.guard, after
        if before is after:
            return
        is_same = after.state is before.state and after.envelope_sha256 == before.envelope_sha256
        if not is_same or not self.seen.held:
            self.seen.held.append(Held(self.now, after.state, after.envelope_sha256))
        if after.latch is not before.latch:
            self.seen.guard_trips += after.latch.trips[len(before.latch.trips) :]

    # ---- world -----------------------------------------------------------------------------

    def _play(self) -> None:
        since = self.seen.course.first(self.plot.since)
        if since is None:
            return
        clock_s = self.world.treatment_s(self.now) - since[1]
        self._timeline.advance(clock_s, self.now)
        while self._wishes and self._wishes[0].at_s <= clock_s:
            wish = self._wishes.pop(0)
            self._wish(wish.verb, wish.value)

    def _look(self, step: int) -> None:
        now, seen, world = self.now, self.seen, self.world
        is_on = world.coil.field_ka_per_m(now) > 0.0
        if is_on is not (seen.edges[-1].energized if seen.edges else False):
            seen.edges.append(Edge(now, is_on, STEP_S))
        level = world.source.stage.settings.level / 1e3
        cap = self.plan.envelope.limits.field_ka_per_m_cap
        if step % round(TRUTH_S / STEP_S) == 0 or not (0.0 <= level <= cap + 1e-9):
            seen.truth.append(world.truth(now))
        last = seen.course.last
        is_latched = self.guard.latch.is_latched or (
            bool(last and last.trips) and self._bypass is None
        )
        leased_at = seen.leased_at[-1] if seen.leased_at else None
        self.watch.look(
            now, Sight(is_on, level, self.guard.state, leased_at, is_latched, seen.truth[-1])
        )

    def _is_over(self) -> bool:
        now, last = self.now, self.seen.course.last
        if self.watch.found:
            return self._end()
        is_latched = self.guard.state is GuardState.LATCHED
        ends = is_latched or (last is not None and last.phase in ENDED and self._bypass is None)
        if last is not None and last.phase in BEGUN and not is_latched:
            self._ended_at = None  # somebody has begun anew
        elif ends and self._ended_at is None:
            is_complete = last is not None and last.phase is Phase.COMPLETE
            self._ended_at = now + (0.0 if is_complete else AFTER_TRIP_S)
        if self._ended_at is not None and now >= self._ended_at and not self._wishes:
            return self._end()
        is_refused = self.seen.course.first(Phase.ARMED) is None and now > REFUSED_AFTER_S
        is_late = self.world.treatment_s(now) >= self.plot.until_s
        return self._end() if is_late or (is_refused and not self._wishes) else False

    def _end(self) -> bool:
        self.seen.truth.append(self.world.truth(self.now))
        return True

    # ---- processes -------------------------------------------------------------------------

    def _holds(self, process: str) -> bool:
        return self.now < self._held_until.get(process, -1.0)

    def _process(self, fault: Fault) -> None:
        for_s = float(fault.argument) if fault.argument else math.inf
        until = self.now + for_s
        match fault.verb:
            case "controller_killed":
                self._held_until[CONTROLLER] = math.inf
                self.source.is_connected = False
                self._note(machine.lost(self.guard, CONTROLLER, self.now))
            case "controller_stopped":
                self._held_until[CONTROLLER] = until
            case "guard_stopped" | "guard_killed":
                self._held_until[GUARD] = until
            case "host_stopped":
                self._held_until[CONTROLLER] = self._held_until[GUARD] = until
            case "disk_full" | "sync_fails":
                self._journal_ok = False
            case _:
                raise ValueError(f"{fault.verb}: the core lane cannot do that")
