# SPDX-License-Identifier: Apache-2.0
"""Alarms as every floor sees them. The table stands in alarms/table.py, the verbs in engine.py.

A condition is a `Reason` that holds now. An occurrence is one time that an alarm was raised.
"""

from dataclasses import dataclass
from enum import StrEnum


class Priority(StrEnum):
    """By harm and by how soon, as IEC 60601-1-8 has it. INFO is shown and never sounds."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One alarm, raised once: what a person acknowledges or resets by its `id`.

    `value` and `limit` are those of the moment it began; times are monotonic. `raised_at` is when
    it began, went up or was repeated. `times`: how often the same came back before it was reset.
    `kept`: read back after a restart, so what the condition has done meanwhile is not known.
    """

    id: int
    alarm: str
    code: str
    where: str
    value: float | None
    limit: float | None
    priority: Priority
    began_at: float
    raised_at: float
    ended_at: float | None = None
    acknowledged_by: str = ""
    acknowledged_at: float | None = None
    times: int = 1
    kept: bool = False

    @property
    def sounds(self) -> bool:
        """Whether it wants to be heard: nobody has acknowledged it."""
        return self.priority is not Priority.INFO and self.acknowledged_at is None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A condition that has not held for its alarm's delay yet; `since` is monotonic."""

    code: str
    where: str
    since: float


@dataclass(frozen=True, slots=True)
class AlarmState:
    """Every occurrence that is signaled, oldest first, and until when the sound is paused."""

    occurrences: tuple[Occurrence, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    next_id: int = 1
    paused_until: float | None = None


NO_ALARMS = AlarmState()


class AlarmVerb(StrEnum):
    """What a person can do about alarms. There is no off."""

    ACKNOWLEDGE = "acknowledge"
    PAUSE_AUDIO = "pause_audio"
    RESET_SIGNAL = "reset_signal"


@dataclass(frozen=True, slots=True)
class AlarmAct:
    """One act, by whom; `occurrence` is the id that it names (pausing the sound names none)."""

    verb: AlarmVerb
    actor: str
    occurrence: int = 0


class Change(StrEnum):
    """What happened to an occurrence, or to the sound."""

    RAISED = "raised"
    ENDED = "ended"
    ACKNOWLEDGED = "acknowledged"
    RESET = "reset"
    ESCALATED = "escalated"
    REPEATED = "repeated"
    AUDIO_PAUSED = "audio_paused"
    AUDIO_ON = "audio_on"


@dataclass(frozen=True, slots=True)
class AlarmEvent:
    """One change; `occurrence` as it is after it (None: the sound), `actor` whoever asked for it.

    `paused_until` is set while the sound is paused.
    """

    at: float
    change: Change
    occurrence: Occurrence | None
    actor: str = ""
    paused_until: float | None = None
