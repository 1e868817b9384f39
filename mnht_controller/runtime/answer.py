# SPDX-License-Identifier: Apache-2.0
"""Whether a tick did what an operator asked, and every reason why not."""

from mnht_controller.domain.command import Reason
from mnht_controller.domain.intent import Intent, Verb
from mnht_controller.domain.phase import Phase
from mnht_controller.domain.tick import Decision
from mnht_controller.domain.trip import Trip

TAKEN: tuple[tuple[Verb, frozenset[Phase]], ...] = (
    (Verb.PREPARE, frozenset({Phase.CHECK, Phase.ARMED})),
    (Verb.START, frozenset({Phase.RAMP, Phase.PLATEAU})),
    (Verb.PAUSE, frozenset({Phase.PAUSED})),
    (Verb.RESUME, frozenset({Phase.RAMP, Phase.PLATEAU})),
    (Verb.ABANDON, frozenset({Phase.STANDBY})),
    (Verb.RESET, frozenset({Phase.STANDBY})),
    (Verb.STOP, frozenset(Phase)),
    (Verb.LOWER_SETPOINT, frozenset(Phase)),
    (Verb.LOWER_CEILING, frozenset(Phase)),
)
"""Verb and the phases of which one follows when it was taken."""


def refusal(intent: Intent, decision: Decision) -> tuple[str, ...]:
    """Why the intent was not taken; empty when it was. Unmet preconditions are all listed."""
    if decision.phase in next(phases for verb, phases in TAKEN if verb is intent.verb):
        return ()
    found: tuple[Reason | Trip, ...] = (*decision.unmet, *decision.trips)
    reasons = tuple(f"{reason.code} {reason.where}".strip() for reason in found)
    return (f"{intent.verb.value} is not possible in phase {decision.phase.value}", *reasons)
