# SPDX-License-Identifier: Apache-2.0
"""A session's clocks, what an operator may lower, and what entering a phase sets. No decisions."""

import math

from mnht_controller.core import phases, pid, pulse, setpoint, state
from mnht_controller.core.conditions import LOWERING
from mnht_controller.core.governor import Loops
from mnht_controller.core.phases import Transition
from mnht_controller.core.state import CoreInput, CoreState
from mnht_controller.domain.command import Reason
from mnht_controller.domain.compiled import replace
from mnht_controller.domain.intent import Intent, Verb
from mnht_controller.domain.phase import Phase
from mnht_controller.domain.prescription import Plan


def elapsed_s(before: CoreState, given: CoreInput) -> float:
    """Treatment seconds since the last tick; 0 on the first one and if time went back."""
    if before.treatment_s is None or not (given.treatment_s > before.treatment_s):
        return 0.0
    return given.treatment_s - before.treatment_s


def clocked(
    before: CoreState, given: CoreInput, controlled_c: float | None, dt_s: float
) -> CoreState:
    """Advance the clocks. The plateau clock stops below set-point - 1.0 °C and while blind."""
    phase = before.phase
    lowest_c = before.setpoint.target_c - phases.HOLD_C
    is_held = controlled_c is not None and controlled_c >= lowest_c
    return replace(
        before,
        treatment_s=given.treatment_s,
        field_s=before.field_s + (dt_s if given.permitted_ka_per_m > 0.0 else 0.0),
        ramp_s=before.ramp_s + (dt_s if phase is Phase.RAMP else 0.0),
        plateau_s=before.plateau_s + (dt_s if phase is Phase.PLATEAU and is_held else 0.0),
        cooldown_s=before.cooldown_s + (dt_s if phase is Phase.COOLDOWN else 0.0),
    )


def lowered(before: CoreState, intents: tuple[Intent, ...]) -> tuple[CoreState, tuple[Reason, ...]]:
    """Lower set-point and ceiling at once; anything that is not lower is refused (an event)."""
    after, events = before, []
    for intent in intents:
        if intent.verb is Verb.LOWER_SETPOINT or intent.verb is Verb.LOWER_CEILING:
            following = _lower(after, intent)
            code = "intent.refused" if following == after else "intent.done"
            events.append(Reason(code, intent.verb, _finite(intent.value)))
            after = following
    return after, tuple(events)


def _lower(before: CoreState, intent: Intent) -> CoreState:
    value = _finite(intent.value)
    if before.phase not in LOWERING or value is None:
        return before
    if intent.verb is Verb.LOWER_SETPOINT:
        return replace(before, setpoint=setpoint.lower(before.setpoint, value))
    if not (0.0 <= value < before.ceiling_ka_per_m):
        return before
    return replace(before, ceiling_ka_per_m=value)


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def entered(
    plan: Plan, before: CoreState, row: Transition, given: CoreInput, controlled_c: float | None
) -> CoreState:
    """The state after a transition: a fresh session at CHECK, loops that resume without a bump."""
    if row.to is Phase.CHECK:
        before = replace(state.start(plan), treatment_s=given.treatment_s)
    if row.phase is Phase.ARMED and row.to is Phase.RAMP:
        ramp = plan.prescription.ramp_c_per_min
        begun = setpoint.begin(before.setpoint.target_c, controlled_c, ramp)
        before = replace(before, setpoint=begun)
    if row.to is Phase.RAMP and not before.pulse.is_over:
        before = replace(before, pulse=pulse.begin(plan, given.observations))
    if row.to is Phase.PAUSED:
        resumed = Loops(pid.resume(before.loops.skin), pid.resume(before.loops.tumor))
        before = replace(before, loops=resumed)
        if before.pulse.is_over:
            before = replace(before, pulse=pulse.stopped(before.pulse))
    if row.to is Phase.PLATEAU:
        before = replace(before, pulse=pulse.stopped(before.pulse))
    is_reached = before.is_plateau_reached or row.to is Phase.PLATEAU
    return replace(before, phase=row.to, since=given.now, is_plateau_reached=is_reached)
