# SPDX-License-Identifier: Apache-2.0
"""The course of one session as the controller decided it, collected tick by tick."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from mnht_controller.domain.lease import GuardStatus
from mnht_controller.domain.phase import Phase
from mnht_controller.domain.reading import Reading
from mnht_controller.domain.tick import Decision, TickInput
from mnht_controller.domain.trip import Trip

TREATING = frozenset({Phase.RAMP, Phase.PLATEAU, Phase.PAUSED})


@dataclass(slots=True)
class Course:
    """Phase changes with both clocks, extremes, and the last decision."""

    phases: list[tuple[Phase, float, float]] = field(default_factory=list)
    """Phase, monotonic time, treatment time of its first tick."""
    guard: list[GuardStatus] = field(default_factory=list)
    """One status for each change of the guard's state."""
    trips: list[Trip] = field(default_factory=list)
    """Every trip of the run, those that were reset too."""
    guard_trips: list[Trip] = field(default_factory=list)
    """What the guard said that it latched on first, each time; see `as_heard` for the dates."""
    began_at: float = math.inf
    """Monotonic time of the first tick; what tripped before it was kept from another run."""
    reset_at: float | None = None
    """When the latch was first reset."""
    ticks: int = 0
    skin_c_max: float | None = None
    tumor_c_max: float | None = None
    last: Decision | None = None
    last_input: TickInput | None = None
    _told: Trip | None = None

    def add(self, given: TickInput, decision: Decision, roles: tuple[str, ...]) -> None:
        """Take one tick; `roles` follow the order of the probes."""
        self.began_at = min(self.began_at, given.now)
        if self.last is None or decision.phase is not self.last.phase:
            self.phases.append((decision.phase, given.now, given.treatment_s))
        before = self.last.trips if self.last else ()
        self.trips += [trip for trip in decision.trips if trip not in before]
        if before and not decision.trips and self.reset_at is None:
            self.reset_at = given.now
        status = given.guard
        if status and (not self.guard or status.state is not self.guard[-1].state):
            self.guard.append(status)
        if status and status.first_out and status.first_out != self._told:
            self._told = status.first_out
            self.guard_trips.append(as_heard(self._told, given.now, self.began_at))
        if decision.phase is not Phase.STANDBY:
            self.skin_c_max = _hottest(self.skin_c_max, given.probes, roles, "skin")
            self.tumor_c_max = _hottest(self.tumor_c_max, given.probes, roles, "tumor")
        self.ticks += 1
        self.last, self.last_input = decision, given

    def first(self, phase: Phase) -> tuple[float, float] | None:
        """Monotonic and treatment time at which a phase was first entered."""
        return next(((at, t) for name, at, t in self.phases if name is phase), None)

    def left_treatment(self) -> float | None:
        """Monotonic time at which RAMP, PLATEAU and PAUSED were first left; None: not (yet)."""
        started = False
        for phase, at, _ in self.phases:
            started = started or phase is Phase.RAMP
            if started and phase not in TREATING:
                return at
        return None

    def treatment_s(self, at: float, speed: float) -> float:
        """Treatment time of the controller at a monotonic time."""
        if self.last_input is None:
            return 0.0
        return self.last_input.treatment_s + (at - self.last_input.now) * speed

    @property
    def ticked_at(self) -> tuple[float, float]:
        """Monotonic time of the first and of the last tick."""
        return (self.began_at, self.last_input.now if self.last_input else -math.inf)

    @property
    def outcome(self) -> str:
        """completed, stopped or refused, as far as phases tell."""
        if self.last and self.last.phase is Phase.COMPLETE:
            return "completed"
        return "stopped" if self.first(Phase.RAMP) else "refused"


def as_heard(trip: Trip, now: float, began_at: float) -> Trip:
    """A guard's trip dated by the tick that was told of it: whoever is stopped hears nothing.

    One from before the first tick keeps its date. Alarms are judged by this date in every lane;
    when the field ended is judged by the plant's truth, whoever dates what.
    """
    return trip if trip.at < began_at else replace(trip, at=now)


def first_of_each(trips: Iterable[Trip]) -> tuple[Trip, ...]:
    """Each code when it was first seen, by whichever process, in order of time."""
    first: dict[str, Trip] = {}
    for trip in sorted(trips, key=lambda trip: trip.at):
        first.setdefault(trip.code, trip)
    return tuple(first.values())


def _hottest(
    most: float | None, probes: tuple[Reading, ...], roles: tuple[str, ...], role: str
) -> float | None:
    for reading, name in zip(probes, roles, strict=True):
        if name == role and reading.value is not None and (most is None or reading.value > most):
            most = reading.value
    return most
