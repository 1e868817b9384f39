# SPDX-License-Identifier: Apache-2.0
"""What an operator asks for. An intent is a wish: phases, permissives and the gate decide."""

from dataclasses import dataclass
from enum import StrEnum


class Verb(StrEnum):
    """Everything a surface can ask of the controller."""

    PREPARE = "prepare"
    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    ABANDON = "abandon"
    RESET = "reset"
    PRESENT = "present"
    CLOSE = "close"
    LOWER_SETPOINT = "lower_setpoint"
    LOWER_CEILING = "lower_ceiling"


@dataclass(frozen=True, slots=True)
class Intent:
    """One wish, by whom; `value` is used by the two lowering verbs (°C, kA/m)."""

    verb: Verb
    actor: str
    value: float | None = None
