# SPDX-License-Identifier: Apache-2.0
"""The operator of `simulate`: acts on what the last tick decided, as a person would."""

import math
from collections.abc import Callable

from mnht_controller.domain.intent import Intent, Verb
from mnht_controller.domain.lease import GuardState
from mnht_controller.domain.phase import ENERGIZING, Phase
from mnht_controller.domain.tick import Decision, TickInput
from mnht_controller.journal.records import AlarmRecord, TickRecord
from mnht_controller.journal.sink import BEHIND_S_MAX
from mnht_controller.runtime.controller import Record
from mnht_controller.runtime.door import Asked, Hall
from sim_hardware.bench.guard import VirtualGuard

ACTOR = "scripted operator"
REREAD_S = 0.3
"""The least time in which limits that were confirmed before are read again."""
SETTLE_S = 2.0
"""How long a person looks at the picture before preparing; probes need as long to be judged."""

PRESENT_S = 240.0
"""How often it confirms to be present: before anybody has to ask."""


class Tapped:
    """A journal that also shows each tick record to somebody, and keeps those of alarms."""

    def __init__(
        self,
        journal: Record,
        show: Callable[[TickRecord], None],
        clock: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._journal, self._show, self._clock = journal, show, clock
        self._hangs = (math.inf, math.inf)
        """From when to when the disk keeps what is written waiting."""
        self.room: int | None = None
        """So many records still fit on the disk; None: no end is in sight."""
        self.taken = 0
        self.alarms: list[AlarmRecord] = []
        """What was shown, also where no disk takes the record of it."""

    @property
    def is_healthy(self) -> bool:
        """Whether the journal is, and the disk took all and keeps up."""
        return self._journal.is_healthy and self.room != 0 and self.behind_s <= BEHIND_S_MAX

    @property
    def behind_s(self) -> float:
        """How far the journal is behind."""
        since, until = self._hangs
        now = self._clock()
        return now - since if since <= now < until else self._journal.behind_s

    def hang(self, for_s: float) -> None:
        """Let the disk hang from now on: records wait, as many as the queue takes."""
        self._hangs = (self._clock(), self._clock() + for_s)

    def write(self, kind: str, value: object) -> bool:
        """Write, then show; a full disk takes nothing more, ever."""
        taken = self.room != 0 and self._journal.write(kind, value)
        self.taken += taken
        if self.room and taken:
            self.room -= 1
        if isinstance(value, AlarmRecord):
            self.alarms.append(value)
        if isinstance(value, TickRecord):
            self._show(value)
        return taken


class NoConsole:
    """Stands for the client to answer; the scripted operator looks at decisions instead."""

    def acknowledge(self, number: int, refusal: tuple[str, ...]) -> None:
        """Nothing to do."""


class ScriptedOperator:
    """Prepares, confirms at the guard, starts; then only watches. `wish` asks for more.

    `confirm_s` is how long the limits are read before they are confirmed.
    """

    def __init__(self, guard: VirtualGuard, hall: Hall, confirm_s: float = 0.0) -> None:
        self._guard, self._hall, self._confirm_s = guard, hall, confirm_s
        self._reading_since: float | None = None
        self._done: set[Verb] = set()
        self._asked = 0
        self._is_confirmed = False

    def act(self, given: TickInput, decision: Decision) -> None:
        """Look at one tick and do the next thing, once."""
        self._hall.seen_at = given.now
        if decision.phase is Phase.STANDBY and given.now >= SETTLE_S and not decision.trips:
            self._once(Verb.PREPARE)
        elif decision.phase is Phase.CHECK and not self._is_confirmed:
            self._read(given.now)
        elif decision.phase in ENERGIZING and given.health.presence_s >= PRESENT_S:
            self.wish(Verb.PRESENT)
        elif decision.phase is Phase.ARMED and self._guard.state.state is GuardState.ARMED:
            self._once(Verb.START)

    def _read(self, now: float) -> None:
        if self._reading_since is None:
            self._reading_since = now
        if now - self._reading_since >= self._confirm_s:
            self._is_confirmed = self._guard.confirm(ACTOR)

    def wish(self, verb: Verb, value: float | None = None) -> None:
        """Ask for something now; a reset is asked of the guard too, a new PREPARE is read anew."""
        if verb is Verb.RESET:
            self._guard.reset(ACTOR)
        elif verb is Verb.PREPARE and self._is_confirmed:
            self._confirm_s = max(self._confirm_s, REREAD_S)
            self._is_confirmed, self._reading_since = False, None
        self._asked += 1
        self._hall.offer(Asked(NoConsole(), self._asked, Intent(verb, ACTOR, value)))

    def _once(self, verb: Verb) -> None:
        if verb not in self._done:
            self._done.add(verb)
            self.wish(verb)
