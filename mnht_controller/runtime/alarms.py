# SPDX-License-Identifier: Apache-2.0
"""The controller's alarms: steps the state machine, keeps each change, and only then shows it.

It waits for no disk: what cannot be kept in time is shown all the same, with an alarm that says so.
"""

import math
from collections import deque
from dataclasses import dataclass
from typing import Protocol

import structlog

from mnht_controller.alarms.engine import refusal, restored, step
from mnht_controller.domain.alarm import AlarmEvent, AlarmState
from mnht_controller.domain.command import Reason
from mnht_controller.journal.keep_alarms import AlarmKeeper
from mnht_controller.journal.records import AlarmRecord
from mnht_controller.runtime.door import AskedAct

log = structlog.get_logger(component="alarms")

SHOW_S_MAX = 0.5
"""A disk that takes longer is passed by: an alarm is up within a second."""


RETRY_S = 1.0


class Writes(Protocol):
    """What alarms need of a journal."""

    def write(self, kind: str, value: object) -> bool:
        """Queue one record; never waits."""


@dataclass(frozen=True, slots=True)
class _Change:
    """A state that is not shown yet, and whom to answer when it is."""

    at: float
    number: int
    state: AlarmState
    events: tuple[AlarmEvent, ...]
    answers: tuple[tuple[AskedAct, str], ...]


class AlarmDesk:
    """One instance per controller. `shown` is what surfaces may see."""

    def __init__(self, keeper: AlarmKeeper, journal: Writes) -> None:
        self._keeper, self._journal = keeper, journal
        self._state: AlarmState | None = None
        self._number = 0
        self._behind_since: float | None = None
        self._tried_at = -math.inf
        self._unshown: deque[_Change] = deque()
        self.shown = keeper.before

    def tick(self, conditions: tuple[Reason, ...], asked: tuple[AskedAct, ...], now: float) -> None:
        """Take one tick's conditions and acts. Comes after everything that concerns the field."""
        state = self._state
        if state is None:
            state = self._restored(now)
            conditions += self._lost_memory()
        conditions += self._not_kept(now)
        answers = tuple([(item, refusal(state, item.act, conditions)) for item in asked])
        self._state, events = step(state, conditions, tuple([item.act for item in asked]), now)
        self._number += bool(events)
        is_due = self._keeper.fault and not (now - self._tried_at < RETRY_S)
        if events or is_due:  # what a full disk refused is tried again
            self._tried_at = now
            self._keeper.keep(self._number, self._state)
        if events or answers:
            self._unshown.append(_Change(now, self._number, self._state, events, answers))
        self._show(now)

    def _restored(self, now: float) -> AlarmState:
        state = restored(self._keeper.before, now)
        self.shown = state
        self._journal.write("alarms", state)
        if state.occurrences:
            log.warning("alarms.kept", ids=[found.id for found in state.occurrences])
        return state

    def _lost_memory(self) -> tuple[Reason, ...]:
        """Said once: from then on the file is a new one."""
        if not self._keeper.unreadable:
            return ()
        log.error("alarms.unreadable", why=self._keeper.unreadable)
        return (Reason("alarms_unreadable"),)

    def _not_kept(self, now: float) -> tuple[Reason, ...]:
        if self._keeper.kept >= self._number:
            self._behind_since = None
        elif self._behind_since is None:
            self._behind_since = now
        since = self._behind_since
        is_late = since is not None and not (now - since <= SHOW_S_MAX)
        return (Reason("alarms_not_kept"),) if self._keeper.fault or is_late else ()

    def _show(self, now: float) -> None:
        """Show in order what is durable by now, and what cannot be waited for any more."""
        while self._unshown and self._may_show(self._unshown[0], now):
            change = self._unshown.popleft()
            self.shown = change.state
            for event in change.events:
                self._journal.write("alarm", AlarmRecord(event, now))
            for item, why in change.answers:
                item.client.acknowledge(item.number, (why,) if why else ())

    def _may_show(self, change: _Change, now: float) -> bool:
        is_kept = change.number <= self._keeper.kept
        return is_kept or bool(self._keeper.fault) or not (now - change.at <= SHOW_S_MAX)
