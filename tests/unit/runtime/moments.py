# SPDX-License-Identifier: Apache-2.0
"""Inputs of ticks without a world: a quiet patient, an obedient source, a guard that follows."""

from dataclasses import dataclass, field, replace
from typing import Any

from mnht_controller.domain.command import Permit
from mnht_controller.domain.intent import Intent, Verb
from mnht_controller.domain.lease import GuardState, GuardStatus
from mnht_controller.domain.phase import Phase
from mnht_controller.domain.prescription import Plan
from mnht_controller.domain.reading import Quality, Reading, SourceReading
from mnht_controller.domain.self_test import Outcome, Proof
from mnht_controller.domain.tick import Decision, Health, TickInput
from mnht_controller.domain.trip import Latch
from mnht_controller.runtime.decide import State, decide, initial
from tests.plans import HEALTHY, plan

PLAN = plan()
DT_S = 0.1
SOURCE = SourceReading(0.0, 0, 0.0, 1, 0, 0.0, 0.0, False, True, 7.5, 1e5, 25.0, 3.0)


PROVEN = Proof(Outcome.PROVEN)
SETTLED = 120
"""Ticks after which every probe has a rate."""


def guard_status(state: GuardState, now: float, sha: str = PLAN.envelope_sha256) -> GuardStatus:
    """A guard in this state, confirmed just now if it is armed."""
    armed_at = now if state in {GuardState.ARMED, GuardState.RUN} else 0.0
    return GuardStatus(1, now, state, sha, 1, armed_at=armed_at)


@dataclass
class Desk:
    """Ticks one after another; what is set here holds for the next tick."""

    plan: Plan = PLAN
    latch: Latch = field(default_factory=Latch)
    skin_c: float = 37.0
    guard: GuardState | None = GuardState.DISABLED
    armed_at: float | None = None
    """When the human confirmed; None: just now."""
    envelope_sha256: str = PLAN.envelope_sha256
    health: Health = HEALTHY
    source: dict[str, Any] = field(default_factory=dict)
    """Fields of the snapshot that are otherwise."""
    probe: dict[str, Any] = field(default_factory=dict)
    """Fields of the skin's reading that are otherwise."""
    uncertain_s: float = 0.0
    watchdog: Proof | None = PROVEN
    number: int = 0
    given: list[TickInput] = field(default_factory=list)
    decided: list[Decision] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.state: State = initial(self.plan, self.latch)

    def tick(self, *verbs: Verb | Intent) -> Decision:
        """One tick, with these wishes."""
        intents = tuple(v if isinstance(v, Intent) else Intent(v, "nurse") for v in verbs)
        given = self._input(intents)
        self.state, decision = decide(self.plan, self.state, given)
        self.given.append(given)
        self.decided.append(decision)
        self.number += 1
        return decision

    def ticks(self, count: int) -> Decision:
        """Some quiet ticks; the last one's decision."""
        for _ in range(count):
            decision = self.tick()
        return decision

    def ramp(self) -> Decision:
        """All the way to the first tick of the ramp."""
        self.ticks(SETTLED)
        assert self.tick(Verb.PREPARE).phase is Phase.CHECK
        self.guard = GuardState.ARMED
        assert self.tick().phase is Phase.ARMED
        decision = self.tick(Verb.START)
        assert decision.phase is Phase.RAMP
        self.guard = GuardState.RUN
        return decision

    def _input(self, intents: tuple[Intent, ...]) -> TickInput:
        now = 10.0 + self.number * DT_S
        wiggle = 0.01 * (self.number * 7 % 5)
        probes = tuple(
            Reading(base_c + wiggle, Quality.GOOD, now, self.number + 1)
            for base_c in (self.skin_c, 38.0, 36.5)
        )
        last = self.decided[-1].verdict if self.decided else None
        field_ka = last.field_ka_per_m if isinstance(last, Permit) else 0.0
        source = replace(
            SOURCE, at=now, seq=self.number + 1, clock_s=now, heartbeat=self.number,
            setpoint_ka_per_m=field_ka, measured_ka_per_m=field_ka, output_on=field_ka > 0.0,
        )  # fmt: skip
        guard = None
        if self.guard is not None:
            guard = guard_status(self.guard, now, self.envelope_sha256)
            guard = replace(guard, lease_seq=self.number)
            if self.armed_at is not None:
                guard = replace(guard, armed_at=self.armed_at)
        return TickInput(
            tick=self.number,
            now=now,
            treatment_s=self.number * DT_S,
            probes=(replace(probes[0], **self.probe), *probes[1:]),
            source=replace(source, **self.source),
            uncertain_s=self.uncertain_s,
            guard=guard,
            intents=intents,
            health=self.health,
            watchdog=self.watchdog,
        )
