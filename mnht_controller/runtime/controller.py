# SPDX-License-Identifier: Apache-2.0
"""The tick, in order: sample, decide, lease, act, record, alarm, publish. It waits for no wire."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from mnht_controller.alarms.conditions import conditions
from mnht_controller.domain.command import Inhibit, Permit
from mnht_controller.domain.compiled import replace
from mnht_controller.domain.errors import InvariantError
from mnht_controller.domain.intent import Intent, Verb
from mnht_controller.domain.lease import GuardState, Lease
from mnht_controller.domain.phase import ARMED_OR_LATER, Phase
from mnht_controller.domain.prescription import Plan
from mnht_controller.domain.snapshot import Snapshot
from mnht_controller.domain.spent import NOTHING
from mnht_controller.domain.tick import Decision, Health, TickInput
from mnht_controller.domain.trip import Latch
from mnht_controller.interlock.findings import SLEPT_S_MAX
from mnht_controller.interlock.lease import encode_lease, encode_propose
from mnht_controller.journal.keep_alarms import AlarmKeeper, AlarmMemory
from mnht_controller.journal.records import Event, TickRecord
from mnht_controller.runtime.alarms import AlarmDesk
from mnht_controller.runtime.answer import refusal
from mnht_controller.runtime.assembly import assembled
from mnht_controller.runtime.auxiliary import AuxiliaryTask
from mnht_controller.runtime.decide import (
    State,
    decide,
    initial,
    is_over,
    spent,
    state_digest,
)
from mnht_controller.runtime.door import Asked, Hall
from mnht_controller.runtime.guard_link import GuardLink
from mnht_controller.runtime.host import Host
from mnht_controller.runtime.liveness import Liveness
from mnht_controller.runtime.pacer import Beat, Beats
from mnht_controller.runtime.source import SourceTask
from mnht_controller.runtime.spent import KEEP_TICKS, Ledger
from mnht_controller.runtime.thermometer import ThermometerTask

log = structlog.get_logger(component="controller")

WALL_STEP_S_MAX = 1.0
"""The wall clock labels records and nothing else; a larger step of it is told in one."""
AWAKE_S_MAX = 0.05
"""The two clocks that tell sleep are read one after the other."""
ANSWERS = frozenset({Verb.PREPARE, Verb.RESET})
"""With these a person answers for a sleep of the host."""
CLOCK_DOUBTS = frozenset({"clock_fault", "clock_rate"})
UNDER_WAY = ARMED_OR_LATER | {Phase.CHECK, Phase.TRIPPED}
"""Phases in which the guard must not take the session for over."""


class Record(Protocol):
    """What the tick needs of a journal."""

    @property
    def is_healthy(self) -> bool:
        """Whether what was written so far is or will be on disk."""

    @property
    def behind_s(self) -> float:
        """How long the oldest record has been on its way to the disk."""

    def write(self, kind: str, value: object) -> bool:
        """Queue one record; never waits."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a controller is put together from. `simulate` replaces transports and journal only."""

    source: SourceTask
    thermometers: dict[str, ThermometerTask]
    guard: GuardLink
    journal: Record
    hall: Hall
    keep_latch: Callable[[Latch], None]
    host: Host
    ledger: Ledger
    auxiliaries: tuple[AuxiliaryTask, ...] = ()
    alarm_keeper: AlarmKeeper = field(default_factory=AlarmMemory)
    latch_fault: Callable[[], str] = str
    """Why the latch is not on disk; empty if it is."""


class Controller:
    """Runs ticks until cancelled. One instance per process."""

    def __init__(self, plan: Plan, parts: Parts, latch: Latch, session: str) -> None:
        self.plan = plan
        self.parts = parts
        self.liveness = Liveness()
        self.alarms = AlarmDesk(parts.alarm_keeper, parts.journal)
        self.state: State = initial(plan, latch, parts.ledger.kept or NOTHING)
        self.decision: Decision | None = None
        self._session = session
        self._treatment_s = 0.0
        self._last_now: float | None = None
        self._late_ticks = 0
        self._present_at = -1e9
        self._wall_offset_s = parts.host.wall_offset_s()
        self._slept_s = self._answered_s = 0.0

    async def run(self) -> None:
        """Start the device tasks and tick for ever; whatever ends it ends with the source off."""
        async with asyncio.TaskGroup() as group:
            for device in self._devices():
                group.create_task(device.run(self.liveness), name=device.row.id)
            async for beat in Beats(self.plan.period_s):
                self.tick(beat)

    def _devices(self) -> tuple[SourceTask | ThermometerTask | AuxiliaryTask, ...]:
        parts = self.parts
        return (parts.source, *parts.thermometers.values(), *parts.auxiliaries)

    def tick(self, beat: Beat) -> None:
        """One tick. A raise is leased before it is applied; recording comes after acting."""
        asked = self.parts.hall.take()
        given = self._sample(beat, tuple(item.intent for item in asked))
        decision = self._decide(given)
        self._lease(given, decision)
        self.parts.source.act(decision.verdict)
        self.parts.source.prove(now=decision.self_test.asks_watchdog)
        for device in self.parts.auxiliaries:
            device.permit(on=wants_run_permit(decision))
        self._follow(decision)
        if given.tick % KEEP_TICKS == 0 or is_over(self.state):
            self.parts.ledger.keep(spent(self.plan, self.state))
        self._record(given, decision)
        self._alarm(given, decision)
        self._publish(given, decision, asked)
        self.decision = decision

    def _sample(self, beat: Beat, intents: tuple[Intent, ...]) -> TickInput:
        plan, now = self.plan, beat.now
        rows = [device.row for device in self._devices()]
        if self._last_now is not None:
            self._treatment_s += (now - self._last_now) * plan.envelope.speed
        self._last_now = now
        if any(intent.verb is not Verb.STOP for intent in intents):
            self._present_at = now  # STOP may come from a switch on the wall
        self._late_ticks = self._late_ticks + 1 if beat.late_s > plan.period_s / 2 else 0
        return TickInput(
            tick=beat.number,
            now=now,
            treatment_s=self._treatment_s,
            probes=tuple(
                [
                    self.parts.thermometers[probe.device].latest(probe.channel)
                    for probe in plan.envelope.probes
                ]
            ),
            source=assembled(
                self.parts.source.latest,
                [device.beside() for device in self.parts.auxiliaries],
                now,
            ),
            uncertain_s=self.parts.source.uncertain_s(now),
            guard=self.parts.guard.status,
            intents=intents,
            health=Health(
                journal_ok=self.parts.journal.is_healthy and not self.parts.latch_fault(),
                operator_seen_s=now - self.parts.hall.seen_at,
                presence_s=now - self._present_at,
                late_ticks=self._late_ticks,
                disk_free_mb=self.parts.host.disk_free_mb(),
                lost_devices=tuple([row.id for row in rows if not row.connected]),
                mixed_devices=tuple([row.id for row in rows if row.is_mixed]),
                silent_tasks=self.liveness.silent(now),
                slept_s=self._unanswered_s(intents),
                spent_ok=not self.parts.ledger.why,
                journal_behind_s=self.parts.journal.behind_s,
            ),
            watchdog=self.parts.source.watchdog,
        )

    def _unanswered_s(self, intents: tuple[Intent, ...]) -> float:
        """How long the host has slept, less what a person has answered for.

        Only what an earlier tick has shown can be answered for, and only while no clock is in
        doubt: a wish from before the sleep is no answer.
        """
        before_s, self._slept_s = self._slept_s, self.parts.host.slept_s()
        unanswered_s = self._slept_s - self._answered_s
        actor = next((intent.actor for intent in intents if intent.verb in ANSWERS), None)
        is_shown = self._slept_s - before_s <= AWAKE_S_MAX
        if actor is None or unanswered_s <= SLEPT_S_MAX or not is_shown:
            return unanswered_s
        if self.decision is None or CLOCK_DOUBTS & {why.code for why in self.decision.unmet}:
            return unanswered_s
        self._answered_s = self._slept_s
        event = Event("host.suspended", "host", actor, f"{unanswered_s:.1f} s")
        self.parts.journal.write("event", event)
        return 0.0

    def _decide(self, given: TickInput) -> Decision:
        before = self.state.latch
        self.state, decision = decide(self.plan, self.state, given)
        is_due = given.tick % KEEP_TICKS == 0 and self.parts.latch_fault()
        if self.state.latch != before or is_due:  # what a full disk refused is tried again
            self.parts.keep_latch(self.state.latch)
        return decision

    def _lease(self, given: TickInput, decision: Decision) -> None:
        """Renew, unless a task is silent: then the guard must find out by the lease's age."""
        if given.health.silent_tasks:
            log.error("lease.withheld", silent=given.health.silent_tasks)
            return
        self.parts.guard.send(
            encode_lease(
                Lease(
                    seq=given.tick,
                    sent_at=given.now,
                    treatment_s=given.treatment_s,
                    envelope_sha256=self.plan.envelope_sha256,
                    permit_ka_per_m=leased_amplitude(decision.verdict),
                    probes=given.probes,
                    source=given.source,
                    uncertain_s=given.uncertain_s,
                    over=decision.phase not in UNDER_WAY,
                    complete=is_over(self.state),
                    test_line=decision.self_test.asks_line,
                )
            )
        )

    def _follow(self, decision: Decision) -> None:
        """What entering a phase asks of the shell."""
        previous = self.decision.phase if self.decision else Phase.STANDBY
        is_entered = decision.phase is not previous
        if is_entered:
            log.info("phase", phase=decision.phase.value, treatment_s=round(self._treatment_s, 1))
        if decision.phase is not Phase.CHECK:
            return
        if is_entered:
            self.parts.source.prepare(self.plan.envelope.limits.field_ka_per_m_cap)
            for device in self.parts.auxiliaries:
                device.prepare()
        guard = self.parts.guard.status
        if decision.self_test.refuses:
            return  # nothing to confirm: the line is not closed for a session that cannot begin
        if guard is None or guard.state is GuardState.DISABLED:
            # Every tick: a proposal may be dropped, and one that waits already stays as it is.
            self.parts.guard.send(encode_propose(self.plan.envelope))

    def _record(self, given: TickInput, decision: Decision) -> None:
        offset_s = self.parts.host.wall_offset_s()
        step_s, self._wall_offset_s = offset_s - self._wall_offset_s, offset_s
        if not (abs(step_s) <= WALL_STEP_S_MAX):
            log.warning("wall_clock.step", step_s=round(step_s, 1))
            event = Event("wall_clock.step", "host", "", f"{step_s:+.1f} s")
            self.parts.journal.write("event", event)
        self.parts.journal.write("tick", TickRecord(given, decision, state_digest(self.state)))

    def _alarm(self, given: TickInput, decision: Decision) -> None:
        devices = [device.row.state() for device in self._devices()]
        found = conditions(given, decision, devices)
        self.alarms.tick(found, self.parts.hall.take_acts(), given.now)

    def _publish(self, given: TickInput, decision: Decision, asked: tuple[Asked, ...]) -> None:
        for item in asked:
            item.client.acknowledge(item.number, refusal(item.intent, decision))
        if self.parts.hall.clients:
            self.parts.hall.publish(self.snapshot(given, decision))

    def snapshot(self, given: TickInput, decision: Decision) -> Snapshot:
        """The picture that surfaces show."""
        return Snapshot(
            tick=given.tick,
            at=given.now,
            treatment_s=given.treatment_s,
            session=self._session,
            plan=self.plan,
            probes=tuple(seen.reading for seen in self.state.observations),
            source=given.source,
            guard=given.guard,
            decision=decision,
            health=given.health,
            devices=tuple(device.row.state() for device in self._devices()),
            alarms=replace(self.alarms.shown, waiting=()),
        )


def wants_run_permit(decision: Decision) -> bool:
    """Closed from ARM to the end of the session; a trip opens it, a cut-back does not."""
    is_tripped = isinstance(decision.verdict, Inhibit) and decision.verdict.tripped
    return decision.phase in ARMED_OR_LATER and not is_tripped


def leased_amplitude(verdict: Permit | Inhibit) -> float | None:
    """What the lease says: kA/m while permitted, 0 while inhibited, None on a trip."""
    match verdict:
        case Permit():
            return verdict.field_ka_per_m
        case Inhibit(tripped=True):
            return None
        case Inhibit():
            return 0.0
    raise InvariantError(f"neither Permit nor Inhibit: {verdict!r}")
