# SPDX-License-Identifier: Apache-2.0
"""One tick without the world: judge readings, look for trips, wish, permit. Pure, so replay can.

Trips are looked for before control wishes anything, on raw readings; the gate has the last word.
"""

from dataclasses import dataclass
from hashlib import blake2b

from mnht_controller.core.state import CoreInput, CoreState
from mnht_controller.core.state import start as fresh_core
from mnht_controller.core.tick import tick
from mnht_controller.domain.codec import packed
from mnht_controller.domain.command import Permit, Reason
from mnht_controller.domain.compiled import quick, replace
from mnht_controller.domain.intent import Verb
from mnht_controller.domain.phase import ARMED_OR_LATER, Phase
from mnht_controller.domain.prescription import Plan
from mnht_controller.domain.self_test import NOT_BEGUN, SelfTest
from mnht_controller.domain.spent import NOTHING, Spent
from mnht_controller.domain.tick import Decision, TickInput
from mnht_controller.domain.trip import Latch
from mnht_controller.interlock.evaluate import evaluate, present
from mnht_controller.interlock.gate import GateRequest, demand_hits, gate
from mnht_controller.interlock.latch import latched, reset
from mnht_controller.interlock.lease import STATUS_AGE_S_MAX, status_age_s
from mnht_controller.interlock.memory import Memory
from mnht_controller.interlock.permissives import StartRequest, unmet
from mnht_controller.interlock.rules import RULES
from mnht_controller.interlock.self_test import step
from mnht_controller.interlock.spending import carried, spending
from mnht_controller.interlock.witness import Witness, field_is_on, guard_refuses
from mnht_controller.runtime.notices import noticed
from mnht_controller.thermometry.observe import Clock, Observation, ProbeTrack, observe

STARTABLE = frozenset({Phase.STANDBY, Phase.CHECK, Phase.ARMED, Phase.COMPLETE, Phase.TRIPPED})
"""Phases in which the start gate's reasons matter; later the rules themselves are live."""

CLOSABLE = frozenset({Phase.STANDBY, Phase.COMPLETE})
"""Phases in which a person can close what was left unfinished."""

EARLIER_S_MIN = 5.0
"""Less field-on time is no session to tell of: unverified commands of a PREPARE make as much."""

GAP_S_MAX = 1.0
"""Longest time between two ticks; the guard has long latched then."""


@quick
@dataclass(frozen=True, slots=True)
class State:
    """All that one tick hands to the next. `closed`: what was used is over by a person's word.

    `discarded_s`: field-on time of an unfinished session that another prescription had.
    """

    tracks: tuple[ProbeTrack, ...]
    observations: tuple[Observation, ...]
    memory: Memory
    latch: Latch
    core: CoreState
    permit_ka_per_m: float | None
    told: tuple[str, ...] = ()
    closed: bool = False
    discarded_s: float = 0.0
    test: SelfTest = NOT_BEGUN


def initial(plan: Plan, latch: Latch, spent: Spent = NOTHING) -> State:
    """The state of a fresh process: STANDBY, nothing permitted, a kept latch still latched.

    What this prescription has used already stays used.
    """
    memory, tracks = carried(plan.envelope, spent)
    is_ours = spent.prescription_sha256 == plan.envelope.prescription_sha256
    discarded_s = 0.0 if spent.over or is_ours else spent.field_s
    return State(tracks, (), memory, latch, fresh_core(plan), None, discarded_s=discarded_s)


def spent(plan: Plan, state: State) -> Spent:
    """What is to be kept of the session."""
    return spending(plan.envelope, state.memory.field_s, state.tracks, over=is_over(state))


def is_over(state: State) -> bool:
    """Whether the session came to its own end, or a person has closed it."""
    return state.core.phase is Phase.COMPLETE or state.closed


def decide(plan: Plan, state: State, given: TickInput) -> tuple[State, Decision]:
    """Take one tick's inputs to the next state and this tick's decision."""
    begun = _interrupted(plan, state)
    state, witness = _look(plan, state, given)
    memory, hits = evaluate(RULES, state.memory, witness)
    latch = _let_go(state.latch, memory, witness, given)
    latch = latched(latch, hits, given.now, given.treatment_s)
    missing: tuple[Reason, ...] = ()
    if state.core.phase in STARTABLE:
        missing = unmet(_start_request(plan, state, (witness, memory, latch), given))
    core_state, wish = tick(plan, state.core, _core_input(state, given, missing, latch))
    latch = latched(latch, demand_hits(wish.demand, plan), given.now, given.treatment_s)
    verdict = gate(
        GateRequest(
            now=given.now,
            serial=given.tick,
            plan=plan,
            phase=wish.phase,
            demand=wish.demand,
            latch=latch,
            hits=hits,
            guard=given.guard,
            frequency_hz=given.source.frequency_hz if given.source else None,
        )
    )
    permitted = verdict.field_ka_per_m if isinstance(verdict, Permit) else None
    told, notices = noticed(state.told, plan, given, wish.phase)
    closed, closing = _closed(state, memory, given, wish.phase)
    seen = (state.tracks, state.observations, memory, latch)
    after = State(*seen, core_state, permitted, told, closed, test=state.test)
    return after, Decision(
        phase=wish.phase,
        demand=wish.demand,
        verdict=verdict,
        estimate=wish.estimate,
        setpoint_c=wish.setpoint_c,
        plateau_s=wish.plateau_s,
        field_s=memory.field_s,
        unmet=missing,
        events=begun + wish.events + closing + notices,
        trips=latch.trips,
        identified=wish.identified,
        self_test=state.test,
    )


def _interrupted(plan: Plan, state: State) -> tuple[Reason, ...]:
    """Told by the first tick of a process that takes up a session another one had begun."""
    limit_s, taken_up_s = plan.envelope.limits.field_s_max, state.memory.field_s
    if state.memory.treatment_s is not None:
        return ()
    if state.discarded_s > EARLIER_S_MIN:
        return (Reason("session.discarded", "session", state.discarded_s),)
    if taken_up_s > EARLIER_S_MIN:
        return (Reason("session.interrupted", "session", taken_up_s, limit_s),)
    return ()


def _closed(
    state: State, memory: Memory, given: TickInput, phase: Phase
) -> tuple[bool, tuple[Reason, ...]]:
    """CLOSE ends what was left unfinished, until somebody prepares again. Changes no decision."""
    is_closable = phase in CLOSABLE
    if not any(intent.verb is Verb.CLOSE for intent in given.intents):
        return state.closed and is_closable, ()
    if not is_closable:
        return False, (Reason("intent.refused", Verb.CLOSE),)
    return True, (Reason("session.closed", "session", memory.field_s),)


def _core_input(
    state: State, given: TickInput, missing: tuple[Reason, ...], latch: Latch
) -> CoreInput:
    return CoreInput(
        now=given.now,
        treatment_s=given.treatment_s,
        observations=state.observations,
        guard=given.guard,
        intents=given.intents,
        unmet=missing,
        is_latched=latch.is_latched,
        permitted_ka_per_m=state.permit_ka_per_m or 0.0,
        operator_seen_s=given.health.operator_seen_s,
        presence_s=given.health.presence_s,
    )


def state_digest(state: State) -> str:
    """A short digest of everything that the next tick depends on."""
    remembered = (
        state.tracks, state.memory, state.latch, state.core, state.permit_ka_per_m, state.told,
        state.test,
    )  # fmt: skip
    return blake2b(packed(remembered), digest_size=8).hexdigest()


def _look(plan: Plan, state: State, given: TickInput) -> tuple[State, Witness]:
    """Judge the raw readings and put together what the rules may see."""
    envelope = plan.envelope
    is_on = field_is_on(state.permit_ka_per_m, given.source, given.uncertain_s)
    clock = Clock(given.now, given.treatment_s, envelope.speed, is_on)
    tracks, observations = observe(envelope.probes, state.tracks, given.probes, clock)
    phase = state.core.phase
    test = step(state.test, given, phase)
    witness = Witness(
        now=given.now,
        treatment_s=given.treatment_s,
        envelope=envelope,
        observations=observations,
        source=given.source,
        permit_ka_per_m=state.permit_ka_per_m,
        uncertain_s=given.uncertain_s,
        peer_age_s=status_age_s(given.guard, given.now),
        peer_age_s_max=STATUS_AGE_S_MAX,
        peer_refuses=guard_refuses(given.guard, phase),
        armed=phase in ARMED_OR_LATER,
        stop=any(intent.verb is Verb.STOP for intent in given.intents),
        slept_s=given.health.slept_s,
        gap_s_max=GAP_S_MAX,
        self_test=test,
    )
    return replace(state, tracks=tracks, observations=observations, test=test), witness


def _let_go(latch: Latch, memory: Memory, witness: Witness, given: TickInput) -> Latch:
    """A reset is judged as if armed, and before this tick's hits: it never hides one of them."""
    if latch.is_latched and any(intent.verb is Verb.RESET for intent in given.intents):
        return reset(latch, present(RULES, memory, witness))
    return latch


def _start_request(
    plan: Plan, state: State, seen: tuple[Witness, Memory, Latch], given: TickInput
) -> StartRequest:
    prepared_at = state.core.since if state.core.phase is Phase.CHECK else 0.0
    return StartRequest(*seen, given.guard, plan, given.health, given.tick, prepared_at)
