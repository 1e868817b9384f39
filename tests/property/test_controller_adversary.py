# SPDX-License-Identifier: Apache-2.0
"""A controller among adversaries: whatever is read and asked, it permits only what it may (H62).

Drives `runtime.decide`, the whole pure tick, through intents, readings, guards and clocks.
"""

import math
from dataclasses import replace
from typing import Any

from hypothesis import Phase as Stage
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from mnht_controller.domain.codec import digest
from mnht_controller.domain.command import Permit
from mnht_controller.domain.intent import Intent, Verb
from mnht_controller.domain.lease import GuardState, GuardStatus
from mnht_controller.domain.phase import ENERGIZING, Phase
from mnht_controller.domain.prescription import Plan
from mnht_controller.domain.reading import Quality, Reading, SourceReading
from mnht_controller.domain.self_test import Outcome, Proof
from mnht_controller.domain.tick import Decision, TickInput
from mnht_controller.domain.trip import Latch
from mnht_controller.interlock.bounds import cap_at_ka_per_m
from mnht_controller.interlock.evaluate import evaluate, present
from mnht_controller.interlock.latch import causes
from mnht_controller.interlock.rules import RULES
from mnht_controller.runtime import decide as module
from mnht_controller.runtime.decide import State, decide, initial
from tests.plans import HEALTHY, PRESCRIPTION, plan

UNPULSED = replace(PRESCRIPTION, pulse_power=0.0)
PLANS = (
    plan(),
    replace(plan(prescription_sha256=digest(UNPULSED)), prescription=UNPULSED),
)
"""The ramp begins with the identification pulse, or with the loop."""
DT_S = 0.1
PROVEN = Proof(Outcome.PROVEN)
NUMBER = st.floats(allow_nan=True, allow_infinity=True)
CELSIUS = NUMBER | st.floats(34.0, 46.0) | st.none()
FIELD = NUMBER | st.floats(0.0, 9.0) | st.none()
HOLDING = {GuardState.ARMED, GuardState.RUN}


class Adversary(RuleBasedStateMachine):
    """Random wishes, readings, sources, guards, hosts and steps of time."""

    def __init__(self) -> None:
        super().__init__()
        self.now, self.treatment_s, self.number = 1000.0, 0.0, 0
        self.plan: Plan = PLANS[0]
        self.state = initial(self.plan, Latch())
        self.decision: Decision | None = None
        self.guard: GuardStatus | None = None

    def follow(self, state: GuardState, **changes: Any) -> None:
        sha = self.plan.envelope_sha256
        status = GuardStatus(1, self.now, state, sha, self.number, armed_at=self.now)
        self.guard = replace(status, **changes)

    @initialize(chosen=st.sampled_from(PLANS))
    def ramp(self, chosen: Plan) -> None:
        """Start where most can go wrong: in the ramp, with a field."""
        self.plan, self.state = chosen, initial(chosen, Latch())
        self.follow(GuardState.DISABLED)
        for _ in range(125):
            self.quiet()
        self.ask([Verb.PREPARE], None)
        self.follow(GuardState.ARMED)
        self.quiet()
        self.ask([Verb.START], None)
        self.follow(GuardState.RUN)
        for _ in range(3):
            self.quiet()
        assert self.state.core.phase is Phase.RAMP
        assert self.state.core.pulse.is_running is (chosen.prescription.pulse_power > 0.0)
        assert self.permitted() > 0.0

    @rule()
    def quiet(self) -> None:
        """A tick in which all is well and the guard has just spoken."""
        self.quiet_guard()
        self.tick()

    @rule(
        verbs=st.lists(st.sampled_from(Verb), min_size=1, max_size=3),
        value=NUMBER | st.none() | st.floats(30.0, 45.0),
    )
    def ask(self, verbs: list[Verb], value: float | None) -> None:
        self.quiet_guard()
        self.tick(intents=tuple(Intent(verb, "nurse", value) for verb in verbs))

    @rule(
        celsius=st.tuples(CELSIUS, CELSIUS, CELSIUS),
        quality=st.sampled_from(Quality),
        age=st.sampled_from((0.0, 0.05, 0.05, 0.9, 5.0, -0.01, math.nan)),
    )
    def read(self, celsius: tuple[float | None, ...], quality: Quality, age: float) -> None:
        self.quiet_guard()
        at = self.now + DT_S - age
        self.tick(probes=tuple(Reading(c, quality, at, self.number + 1) for c in celsius))

    @rule(
        measured=FIELD,
        setpoint=NUMBER,
        frequency=NUMBER | st.none() | st.sampled_from((1e5, 2e5)),
        uncertain=NUMBER | st.sampled_from((0.0, 0.2, 0.4)),
        output_on=st.booleans(),
        faults=st.sampled_from(((), ("coolant",))),
    )
    def source(self, uncertain: float, **drawn: Any) -> None:
        self.quiet_guard()
        changes = {
            "measured_ka_per_m": drawn["measured"],
            "setpoint_ka_per_m": drawn["setpoint"],
            "frequency_hz": drawn["frequency"],
            "output_on": drawn["output_on"],
            "faults": drawn["faults"],
        }
        self.tick(source=changes, uncertain_s=uncertain)

    @rule()
    def no_source(self) -> None:
        self.quiet_guard()
        self.tick(source=None)

    @rule(
        state=st.sampled_from(GuardState),
        age=st.sampled_from((0.0, 0.1, 0.2, 0.3, -0.04, -1.0, math.nan)),
        sha=st.sampled_from((None, None, "")),
        fed=st.booleans(),
        behind=st.sampled_from((0, 0, 6)),
        fault=st.sampled_from(("", "", "latch cannot be kept")),
    )
    def speak(self, state: GuardState, age: float, sha: str | None, **drawn: Any) -> None:
        self.follow(
            state,
            at=self.now + DT_S - age,
            envelope_sha256=self.plan.envelope_sha256 if sha is None else sha,
            lease_seq=self.number - drawn["behind"],
            line_fed=drawn["fed"],
            fault=drawn["fault"],
        )
        self.tick()

    @rule()
    def no_guard(self) -> None:
        self.guard = None
        self.tick()

    @rule(
        journal_ok=st.booleans(),
        spent_ok=st.booleans(),
        operator_seen_s=NUMBER | st.sampled_from((0.0, 11.0, 61.0)),
        presence_s=NUMBER | st.sampled_from((0.0, 301.0, 901.0)),
        disk_free_mb=NUMBER | st.none() | st.sampled_from((0.0, 10_000.0)),
        slept_s=NUMBER | st.sampled_from((0.0, 0.0, 60.0)),
        silent_tasks=st.sampled_from(((), ("source",))),
        lost_devices=st.sampled_from(((), ("source",))),
    )
    def health(self, **drawn: Any) -> None:
        self.quiet_guard()
        self.tick(health=replace(HEALTHY, **drawn))

    @rule(outcome=st.sampled_from(Outcome))
    def proof(self, outcome: Outcome) -> None:
        self.quiet_guard()
        self.tick(watchdog=Proof(outcome))

    @rule(step=st.sampled_from((0.0, 0.19, 1.0, 61.0, 601.0, -0.5)))
    def late(self, step: float) -> None:
        self.now += step
        self.treatment_s += step
        self.quiet_guard()
        self.tick()

    def quiet_guard(self) -> None:
        if self.guard is not None:
            self.guard = replace(self.guard, at=self.now + DT_S, lease_seq=self.number)

    def permitted(self) -> float:
        return self.state.permit_ka_per_m or 0.0

    def tick(self, **changes: Any) -> None:
        """One tick, and what must hold whatever it was given."""
        self.now += DT_S
        self.treatment_s += DT_S
        self.number += 1
        given = self._given(changes)
        before = self.state
        self.state, self.decision = decide(self.plan, before, given)
        self._judge_permit(given, self.decision)
        if self.decision.phase is Phase.ARMED and before.core.phase is not Phase.ARMED:
            assert not self.decision.self_test.refuses
        self._judge_latch(before, given)

    def _given(self, changes: dict[str, Any]) -> TickInput:
        noise_c = 0.01 * (self.number * 7 % 11 - 5)
        probes = tuple(
            Reading(celsius + noise_c, Quality.GOOD, self.now, self.number)
            for celsius in (37.0, 37.5, 37.0)
        )
        fields = changes.pop("source", {})
        field = self.permitted()
        quiet = SourceReading(
            self.now, self.number, self.now, 1, self.number, field, field, field > 0.0,
            True, 7.5, 1e5, 25.0, 3.0,
        )  # fmt: skip
        base = TickInput(
            tick=self.number,
            now=self.now,
            treatment_s=self.treatment_s,
            probes=probes,
            source=None if fields is None else replace(quiet, **fields),
            uncertain_s=0.0,
            guard=self.guard,
            intents=(),
            health=HEALTHY,
            watchdog=PROVEN,
        )
        return replace(base, **changes)

    def _judge_permit(self, given: TickInput, decision: Decision) -> None:
        verdict = decision.verdict
        if not isinstance(verdict, Permit):
            assert self.state.permit_ka_per_m is None
            return
        amplitude, guard = verdict.field_ka_per_m, given.guard
        assert math.isfinite(amplitude)
        assert 0.0 <= amplitude <= 7.5
        assert given.source is not None
        assert amplitude <= cap_at_ka_per_m(self.plan.envelope, given.source.frequency_hz)
        assert amplitude <= (decision.demand.field_ka_per_m or 0.0)
        assert verdict.serial == given.tick
        assert given.now < verdict.expires_at <= given.now + 1.0
        assert not decision.trips
        assert decision.phase in {*ENERGIZING, Phase.PAUSED}
        assert decision.phase is not Phase.PAUSED or amplitude == 0.0
        assert guard is not None
        assert -0.05 - 1e-9 <= given.now - guard.at <= 0.2
        assert guard.state in HOLDING
        assert guard.envelope_sha256 == self.plan.envelope_sha256

    def _judge_latch(self, before: State, given: TickInput) -> None:
        """A latch loses nothing but by a reset, and lets go only with its cause gone."""
        was, after = before.latch, self.state.latch
        if was.trips == after.trips[: len(was.trips)]:
            return
        assert any(intent.verb is Verb.RESET for intent in given.intents)
        _, witness = module._look(self.plan, before, given)
        memory, _ = evaluate(RULES, before.memory, witness)
        assert not causes(present(RULES, memory, witness))
        assert not any(intent.verb is Verb.STOP for intent in given.intents)

    @invariant()
    def off_unless_permitted(self) -> None:
        """PAUSED demands zero; outside the energizing phases nothing but off is wished."""
        decision = self.decision
        if decision is None:
            return
        demand = decision.demand.field_ka_per_m
        if decision.phase is Phase.PAUSED:
            assert demand == 0.0
        elif decision.phase not in ENERGIZING:
            assert demand is None
        assert demand is None or math.isfinite(demand)

    @invariant()
    def tripped_means_latched(self) -> None:
        if self.decision is None:
            return
        if self.state.latch.is_latched:
            assert self.decision.phase is Phase.TRIPPED
            assert self.state.permit_ka_per_m is None
        assert math.isfinite(self.state.memory.field_s)
        assert self.state.memory.field_s >= 0.0


TestAdversary = Adversary.TestCase
TestAdversary.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    phases=(Stage.reuse, Stage.generate, Stage.shrink),  # explaining a failure takes minutes
)
