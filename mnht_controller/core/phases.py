# SPDX-License-Identifier: Apache-2.0
"""Where a session can go, as a table. Within a phase the first row whose condition holds wins."""

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from mnht_controller.domain.errors import InvariantError
from mnht_controller.domain.phase import Phase

CONFIRM_S_MAX = 60.0
"""ARMED without START goes back to STANDBY (monotonic)."""
PAUSE_S_MAX = 600.0
"""A pause that lasts longer needs a new arm (monotonic)."""
VIEW_LOST_S = 60.0
"""Seconds without any operator's view until the field is paused."""
PRESENCE_S = 300.0
"""Seconds after which presence must be confirmed again."""
PRESENCE_LOST_S = PRESENCE_S + 60.0
"""Seconds without a confirmation until the field is paused."""
REACHED_C = 0.3
"""The plateau begins this far below the set-point."""
HOLD_C = 1.0
"""The plateau clock stops further below the set-point than this."""


class Condition(StrEnum):
    """Everything that can move a session."""

    LATCHED = "latched"
    RESET = "reset"
    PREPARE = "prepare"
    ABANDON = "abandon"
    READY = "ready"
    GUARD_GONE = "guard_gone"
    START = "start"
    START_TIMEOUT = "start_timeout"
    PAUSE = "pause"
    VIEW_LOST = "view_lost"
    PRESENCE_LOST = "presence_lost"
    RESUME_RAMP = "resume_ramp"
    RESUME_PLATEAU = "resume_plateau"
    PAUSE_TIMEOUT = "pause_timeout"
    REACHED = "reached"
    RAMP_TIMEOUT = "ramp_timeout"
    PLATEAU_DONE = "plateau_done"
    COOLED = "cooled"
    COOLDOWN_TIMEOUT = "cooldown_timeout"


@dataclass(frozen=True, slots=True)
class Transition:
    """In `phase`, if `condition` holds, go `to`."""

    phase: Phase
    condition: Condition
    to: Phase


TRANSITIONS: tuple[Transition, ...] = (
    Transition(Phase.STANDBY, Condition.LATCHED, Phase.TRIPPED),
    Transition(Phase.STANDBY, Condition.PREPARE, Phase.CHECK),
    Transition(Phase.CHECK, Condition.LATCHED, Phase.TRIPPED),
    Transition(Phase.CHECK, Condition.ABANDON, Phase.STANDBY),
    Transition(Phase.CHECK, Condition.READY, Phase.ARMED),
    Transition(Phase.ARMED, Condition.LATCHED, Phase.TRIPPED),
    Transition(Phase.ARMED, Condition.ABANDON, Phase.STANDBY),
    Transition(Phase.ARMED, Condition.GUARD_GONE, Phase.STANDBY),
    Transition(Phase.ARMED, Condition.START_TIMEOUT, Phase.STANDBY),
    Transition(Phase.ARMED, Condition.START, Phase.RAMP),
    Transition(Phase.RAMP, Condition.LATCHED, Phase.TRIPPED),
    Transition(Phase.RAMP, Condition.GUARD_GONE, Phase.STANDBY),
    Transition(Phase.RAMP, Condition.PAUSE, Phase.PAUSED),
    Transition(Phase.RAMP, Condition.VIEW_LOST, Phase.PAUSED),
    Transition(Phase.RAMP, Condition.PRESENCE_LOST, Phase.PAUSED),
    Transition(Phase.RAMP, Condition.REACHED, Phase.PLATEAU),
    Transition(Phase.RAMP, Condition.RAMP_TIMEOUT, Phase.COOLDOWN),
    Transition(Phase.PLATEAU, Condition.LATCHED, Phase.TRIPPED),
    Transition(Phase.PLATEAU, Condition.GUARD_GONE, Phase.STANDBY),
    Transition(Phase.PLATEAU, Condition.PAUSE, Phase.PAUSED),
    Transition(Phase.PLATEAU, Condition.VIEW_LOST, Phase.PAUSED),
    Transition(Phase.PLATEAU, Condition.PRESENCE_LOST, Phase.PAUSED),
    Transition(Phase.PLATEAU, Condition.PLATEAU_DONE, Phase.COOLDOWN),
    Transition(Phase.PAUSED, Condition.LATCHED, Phase.TRIPPED),
    Transition(Phase.PAUSED, Condition.GUARD_GONE, Phase.STANDBY),
    Transition(Phase.PAUSED, Condition.ABANDON, Phase.STANDBY),
    Transition(Phase.PAUSED, Condition.PAUSE_TIMEOUT, Phase.STANDBY),
    Transition(Phase.PAUSED, Condition.RESUME_RAMP, Phase.RAMP),
    Transition(Phase.PAUSED, Condition.RESUME_PLATEAU, Phase.PLATEAU),
    Transition(Phase.COOLDOWN, Condition.LATCHED, Phase.TRIPPED),
    Transition(Phase.COOLDOWN, Condition.COOLED, Phase.COMPLETE),
    Transition(Phase.COOLDOWN, Condition.COOLDOWN_TIMEOUT, Phase.COMPLETE),
    Transition(Phase.COMPLETE, Condition.LATCHED, Phase.TRIPPED),
    Transition(Phase.COMPLETE, Condition.PREPARE, Phase.CHECK),
    Transition(Phase.TRIPPED, Condition.RESET, Phase.STANDBY),
)


def transition(phase: Phase, condition: Condition) -> Transition:
    """The row of a pair. Raises InvariantError for a pair that is not in the table."""
    for row in TRANSITIONS:
        if row.phase is phase and row.condition is condition:
            return row
    raise InvariantError(f"no transition from {phase} on {condition}; the field goes off")


_CONDITIONS = MappingProxyType(
    {phase: tuple(row.condition for row in TRANSITIONS if row.phase is phase) for phase in Phase}
)


def conditions_of(phase: Phase) -> tuple[Condition, ...]:
    """The conditions that can move a session in this phase, most urgent first."""
    found = _CONDITIONS.get(phase)
    if not found:
        raise InvariantError(f"no transition from {phase}; the field goes off")
    return found
