# SPDX-License-Identifier: Apache-2.0
"""The course of one session as the controller decided it, collected tick by tick."""

from dataclasses import dataclass, field

from mnht_controller.domain.lease import GuardStatus
from mnht_controller.domain.phase import Phase
from mnht_controller.domain.reading import Reading
from mnht_controller.domain.tick import Decision, TickInput


@dataclass(slots=True)
class Course:
    """Phase changes with both clocks, extremes, and the last decision."""

    phases: list[tuple[Phase, float, float]] = field(default_factory=list)
    """Phase, monotonic time, treatment time of its first tick."""
    guard: list[GuardStatus] = field(default_factory=list)
    """One status for each change of the guard's state."""
    ticks: int = 0
    skin_c_max: float | None = None
    tumor_c_max: float | None = None
    last: Decision | None = None
    last_input: TickInput | None = None

    def add(self, given: TickInput, decision: Decision, roles: tuple[str, ...]) -> None:
        """Take one tick; `roles` follow the order of the probes."""
        if self.last is None or decision.phase is not self.last.phase:
            self.phases.append((decision.phase, given.now, given.treatment_s))
        status = given.guard
        if status and (not self.guard or status.state is not self.guard[-1].state):
            self.guard.append(status)
        if decision.phase is not Phase.STANDBY:
            self.skin_c_max = _hottest(self.skin_c_max, given.probes, roles, "skin")
            self.tumor_c_max = _hottest(self.tumor_c_max, given.probes, roles, "tumor")
        self.ticks += 1
        self.last, self.last_input = decision, given

    def first(self, phase: Phase) -> tuple[float, float] | None:
        """Monotonic and treatment time at which a phase was first entered."""
        return next(((at, t) for name, at, t in self.phases if name is phase), None)

    @property
    def outcome(self) -> str:
        """completed, stopped or refused, as far as phases tell."""
        if self.last and self.last.phase is Phase.COMPLETE:
            return "completed"
        return "stopped" if self.first(Phase.RAMP) else "refused"


def _hottest(
    most: float | None, probes: tuple[Reading, ...], roles: tuple[str, ...], role: str
) -> float | None:
    for reading, name in zip(probes, roles, strict=True):
        if name == role and reading.value is not None and (most is None or reading.value > most):
            most = reading.value
    return most
