# SPDX-License-Identifier: Apache-2.0
"""What each condition of the phase table means. Looks at values only; moves nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

from mnht_controller.core import phases
from mnht_controller.core.estimate import measured_c
from mnht_controller.core.phases import Condition, Transition
from mnht_controller.core.state import CoreInput, CoreState
from mnht_controller.domain.command import Reason
from mnht_controller.domain.compiled import quick
from mnht_controller.domain.intent import Intent, Verb
from mnht_controller.domain.lease import GuardState
from mnht_controller.domain.phase import Phase
from mnht_controller.domain.prescription import Plan

HOLDING = frozenset({GuardState.ARMED, GuardState.RUN})
"""States in which the guard holds the enable line."""


@quick
@dataclass(frozen=True, slots=True)
class View:
    """Everything a condition may look at; `controlled_c` is the measured controlled temperature."""

    plan: Plan
    state: CoreState
    given: CoreInput
    controlled_c: float | None

    def asks(self, verb: Verb) -> bool:
        """Whether an operator asks for this now."""
        return any(intent.verb is verb for intent in self.given.intents)

    def phase_s(self) -> float:
        """Monotonic seconds since the phase was entered."""
        return self.given.now - self.state.since


def is_guard_ready(view: View) -> bool:
    """Whether the guard holds the line for exactly this plan's envelope, and feeds it already."""
    guard = view.given.guard
    return (
        guard is not None
        and guard.state in HOLDING
        and guard.envelope_sha256 == view.plan.envelope_sha256
        and guard.line_fed
    )


def _is_guard_gone(view: View) -> bool:
    # No status at all in a later phase is the interlock's business: it trips.
    if view.given.guard is None and view.state.phase is not Phase.ARMED:
        return False
    return not is_guard_ready(view)


def _is_cooled(view: View) -> bool:
    roles = {probe.role for probe in view.plan.envelope.probes}
    hottest = [measured_c(view.given.observations, role) for role in roles]
    limit_c = view.plan.prescription.cooldown_c
    return all(value is not None and value <= limit_c for value in hottest)


def _is_reached(view: View) -> bool:
    target_c = view.state.setpoint.target_c
    return view.controlled_c is not None and view.controlled_c >= target_c - phases.REACHED_C


def _may_resume(view: View) -> bool:
    return view.asks(Verb.RESUME) and not _is_view_lost(view) and is_guard_ready(view)


def _is_view_lost(view: View) -> bool:
    return not (view.given.operator_seen_s < phases.VIEW_LOST_S)


TESTS: MappingProxyType[Condition, Callable[[View], bool]] = MappingProxyType(
    {
        Condition.LATCHED: lambda v: v.given.is_latched,
        Condition.RESET: lambda v: v.asks(Verb.RESET) and not v.given.is_latched,
        Condition.PREPARE: lambda v: v.asks(Verb.PREPARE),
        Condition.ABANDON: lambda v: v.asks(Verb.ABANDON),
        Condition.READY: lambda v: not v.given.unmet and is_guard_ready(v),
        Condition.GUARD_GONE: _is_guard_gone,
        Condition.START: lambda v: v.asks(Verb.START) and not v.given.unmet,
        Condition.START_TIMEOUT: lambda v: not (v.phase_s() < phases.CONFIRM_S_MAX),
        Condition.PAUSE: lambda v: v.asks(Verb.PAUSE),
        Condition.VIEW_LOST: _is_view_lost,
        Condition.PRESENCE_LOST: lambda v: not (v.given.presence_s < phases.PRESENCE_LOST_S),
        Condition.RESUME_RAMP: lambda v: not v.state.is_plateau_reached and _may_resume(v),
        Condition.RESUME_PLATEAU: lambda v: v.state.is_plateau_reached and _may_resume(v),
        Condition.PAUSE_TIMEOUT: lambda v: not (v.phase_s() < phases.PAUSE_S_MAX),
        Condition.REACHED: _is_reached,
        Condition.RAMP_TIMEOUT: lambda v: not (v.state.ramp_s < v.plan.prescription.ramp_s_max),
        Condition.PLATEAU_DONE: lambda v: not (v.state.plateau_s < v.plan.prescription.plateau_s),
        Condition.COOLED: _is_cooled,
        Condition.COOLDOWN_TIMEOUT: lambda v: (
            not (v.state.cooldown_s < v.plan.prescription.cooldown_s_max)
        ),
    }
)

VERBS: tuple[tuple[Verb, tuple[Condition, ...]], ...] = (
    (Verb.PREPARE, (Condition.PREPARE,)),
    (Verb.START, (Condition.START,)),
    (Verb.PAUSE, (Condition.PAUSE,)),
    (Verb.RESUME, (Condition.RESUME_RAMP, Condition.RESUME_PLATEAU)),
    (Verb.ABANDON, (Condition.ABANDON,)),
    (Verb.RESET, (Condition.RESET,)),
)
"""Verbs that move the phase. STOP is the interlock's; the two lowering verbs move no phase."""

LOWERING = frozenset({Phase.CHECK, Phase.ARMED, Phase.RAMP, Phase.PLATEAU, Phase.PAUSED})
"""Phases in which set-point and ceiling may be lowered."""


def due(view: View) -> Transition | None:
    """The transition of this tick: the first row of the phase whose condition holds."""
    for condition in phases.conditions_of(view.state.phase):
        if TESTS[condition](view):
            return phases.transition(view.state.phase, condition)
    return None


def refused(intents: tuple[Intent, ...], taken: Transition | None) -> tuple[Reason, ...]:
    """One event for each wish to move the phase that did not move it."""
    return tuple(
        [
            Reason("intent.refused", intent.verb)
            for intent in intents
            for verb, conditions in VERBS
            if verb is intent.verb and (taken is None or taken.condition not in conditions)
        ]
    )
