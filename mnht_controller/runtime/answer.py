# SPDX-License-Identifier: Apache-2.0
"""Whether a tick did what an operator asked, and every reason why not."""

from mnht_controller.domain.command import Reason
from mnht_controller.domain.intent import Intent
from mnht_controller.domain.tick import Decision
from mnht_controller.domain.trip import Trip

REFUSED = "intent.refused"


def refusal(intent: Intent, decision: Decision) -> tuple[str, ...]:
    """Why the intent was not taken; empty when it was. Unmet preconditions are all listed."""
    if Reason(REFUSED, intent.verb) not in decision.events:
        return ()
    found: tuple[Reason | Trip, ...] = (*decision.unmet, *decision.trips)
    reasons = tuple(f"{reason.code} {reason.where}".strip() for reason in found)
    return (f"{intent.verb.value} is not possible in phase {decision.phase.value}", *reasons)
