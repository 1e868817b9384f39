# SPDX-License-Identifier: Apache-2.0
"""H28, H32, H33: time that stands, leaps, crawls or races ends a field, and nothing begins with it.

The world goes on at its own pace: instruments stamp by their own clocks and count frames; the host
stamps what arrives by a clock that is ill from some tick on.
"""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from mnht_controller.domain.command import Inhibit
from mnht_controller.domain.intent import Intent, Verb
from mnht_controller.domain.lease import GuardState
from mnht_controller.domain.phase import ARMED_OR_LATER, Phase
from mnht_controller.domain.tick import Decision, TickInput
from tests.unit.runtime.moments import DT_S, SETTLED, Desk

TOLD_S = 11.0
"""A clock that runs otherwise is told within two spans of 5 s, by itself."""
FAULTS = ("frozen", "back 5 s", "leap 5 s", "half", "double", "suspended")
CODES = {
    "frozen": {"clock_fault"},
    "back 5 s": {"clock_fault"},
    "leap 5 s": {"clock_fault"},
    "half": {"clock_rate"},
    "double": {"clock_rate"},
    "suspended": {"host_suspended"},
}
SPEED = {"frozen": 0.0, "half": 0.5, "double": 2.0}
STEP_S = {"back 5 s": -5.0, "leap 5 s": 5.0}
PHASES = (Phase.STANDBY, Phase.CHECK, Phase.ARMED, Phase.RAMP, Phase.PLATEAU, Phase.PAUSED)


@dataclass
class Ill(Desk):
    """A desk whose host gets an ill clock."""

    fault: str = ""
    real_s: float = 0.0
    host_s: float = 0.0

    def fall_ill(self, fault: str) -> None:
        self.fault = fault
        self.host_s += STEP_S.get(fault, 0.0)
        if fault == "suspended":
            self.health = replace(self.health, slept_s=3600.0)

    def _input(self, intents: tuple[Intent, ...]) -> TickInput:
        """Ticks come by the host's clock, each 0.1 s of it; a frozen one is looked at anyway."""
        speed = SPEED.get(self.fault, 1.0)
        self.real_s += DT_S / speed if speed else DT_S
        self.host_s += DT_S if speed else 0.0
        given = super()._input(intents)
        now, frame = 10.0 + self.host_s, 1 + round(self.real_s / DT_S)
        stamp: dict[str, Any] = {"at": now, "seq": frame}
        guard = given.guard and replace(given.guard, at=now)
        if guard and guard.armed_at and self.armed_at is None:
            guard = replace(guard, armed_at=now)
        source = given.source and replace(given.source, **stamp, clock_s=10.0 + self.real_s)
        probes = tuple(replace(reading, **stamp) for reading in given.probes)
        return replace(
            given, now=now, treatment_s=self.host_s, probes=probes, source=source, guard=guard
        )


def brought_to(phase: Phase) -> Ill:
    """A healthy session in this phase."""
    desk = Ill()
    desk.ticks(SETTLED)
    if phase is Phase.STANDBY:
        return desk
    desk.tick(Verb.PREPARE)
    if phase is Phase.CHECK:
        return desk
    desk.guard = GuardState.ARMED
    desk.tick()
    if phase is Phase.ARMED:
        return desk
    desk.tick(Verb.START)
    desk.guard = GuardState.RUN
    if phase is Phase.PAUSED:
        desk.tick(Verb.PAUSE)
    if phase is Phase.PLATEAU:
        desk.state = replace(desk.state, core=replace(desk.state.core, phase=Phase.PLATEAU))
    assert desk.ticks(3).phase is phase
    return desk


def after(desk: Ill, seconds: float) -> Decision:
    return desk.ticks(round(seconds / DT_S))


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("phase", PHASES)
def test_an_ill_clock_trips_what_is_armed_and_lets_nothing_begin(phase: Phase, fault: str) -> None:
    desk = brought_to(phase)
    desk.fall_ill(fault)
    told: set[str] = set()
    for _ in range(round(TOLD_S / DT_S)):
        decision = desk.tick()
        told |= {trip.code for trip in decision.trips} | {why.code for why in decision.unmet}
    assert told >= CODES[fault]
    assert isinstance(decision.verdict, Inhibit)
    assert (decision.phase is Phase.TRIPPED) is (phase in ARMED_OR_LATER)


@pytest.mark.parametrize("fault", ["frozen", "back 5 s", "leap 5 s", "suspended"])
def test_all_but_a_wrong_pace_trips_within_two_ticks(fault: str) -> None:
    desk = brought_to(Phase.PLATEAU)
    desk.fall_ill(fault)
    decision = desk.ticks(2)
    assert CODES[fault] <= {trip.code for trip in decision.trips}


def test_a_healthy_clock_trips_nothing() -> None:
    desk = brought_to(Phase.RAMP)
    assert after(desk, 50.0).trips == ()  # before the pulse asks what was warmed


@pytest.mark.parametrize("fault", ["half", "double", "frozen", "suspended"])
def test_while_it_is_ill_no_reset_lets_go(fault: str) -> None:
    desk = brought_to(Phase.RAMP)
    desk.fall_ill(fault)
    assert after(desk, TOLD_S).phase is Phase.TRIPPED
    assert desk.tick(Verb.RESET).phase is Phase.TRIPPED
