# SPDX-License-Identifier: Apache-2.0
"""Where a session is. The transition table stands in core/phases.py."""

from enum import StrEnum


class Phase(StrEnum):
    """Phases of a session."""

    STANDBY = "standby"
    CHECK = "check"
    ARMED = "armed"
    RAMP = "ramp"
    PLATEAU = "plateau"
    PAUSED = "paused"
    COOLDOWN = "cooldown"
    COMPLETE = "complete"
    TRIPPED = "tripped"


ENERGIZING = frozenset({Phase.RAMP, Phase.PLATEAU})
"""Phases in which control may wish for a field above zero."""

ARMED_OR_LATER = frozenset({Phase.ARMED, Phase.RAMP, Phase.PLATEAU, Phase.PAUSED})
"""Phases in which the guard holds the enable line, so every armed-scope rule is live."""
