# SPDX-License-Identifier: Apache-2.0
"""What the core is given when nothing is wrong and the guard holds the line."""

from mnht_controller.core.state import CoreInput
from mnht_controller.domain.intent import Intent
from mnht_controller.domain.lease import GuardState
from tests.unit.runtime.moments import PLAN, Desk, guard_status

__all__ = ("PLAN", "core_input")


def core_input(intents: tuple[Intent, ...]) -> CoreInput:
    """A settled patient, these wishes, nothing unmet."""
    desk = Desk()
    desk.ticks(3)
    now = desk.given[-1].now
    return CoreInput(
        now=now,
        treatment_s=1.0,
        observations=desk.state.observations,
        guard=guard_status(GuardState.ARMED, now),
        intents=intents,
        unmet=(),
        is_latched=False,
        permitted_ka_per_m=0.0,
        operator_seen_s=0.0,
    )
