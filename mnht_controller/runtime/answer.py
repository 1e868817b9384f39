# SPDX-License-Identifier: Apache-2.0
"""Whether a tick did what an operator asked, and every reason why not."""

from mnht_controller.domain.command import Reason
from mnht_controller.domain.intent import Intent, Verb
from mnht_controller.domain.tick import Decision
from mnht_controller.domain.trip import Trip
from mnht_controller.interlock.latch import is_cause

REFUSED = "intent.refused"


def refusal(intent: Intent, decision: Decision) -> tuple[str, ...]:
    """Why the intent was not taken; empty when it was. Unmet preconditions are all listed."""
    said = (
        event for event in decision.events if (event.code, event.where) == (REFUSED, intent.verb)
    )
    if not any(event.value in {None, intent.value} for event in said):
        return ()  # what is lowered is refused with its number
    found: tuple[Reason | Trip, ...] = (*decision.unmet, *decision.trips)
    if intent.verb is Verb.RESET:
        found = tuple([reason for reason in decision.unmet if is_cause(reason.code)])
    reasons = tuple(f"{reason.code} {reason.where}".strip() for reason in found)
    return (f"{intent.verb.value} is not possible in phase {decision.phase.value}", *reasons)
