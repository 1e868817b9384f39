# SPDX-License-Identifier: Apache-2.0
"""The operator of `simulate`: acts on what the last tick decided, as a person would."""

import asyncio
from collections.abc import Callable

from mnht_controller.domain.intent import Intent, Verb
from mnht_controller.domain.lease import GuardState
from mnht_controller.domain.phase import Phase
from mnht_controller.domain.tick import Decision, TickInput
from mnht_controller.journal.records import TickRecord
from mnht_controller.runtime.controller import Record
from mnht_controller.runtime.door import Asked, Hall
from sim_hardware.bench.guard import VirtualGuard

ACTOR = "scripted operator"
SETTLE_S = 2.0
"""How long a person looks at the picture before preparing; probes need as long to be judged."""


class Tapped:
    """A journal that also shows each tick record to somebody."""

    def __init__(self, journal: Record, show: Callable[[TickRecord], None]) -> None:
        self._journal, self._show = journal, show

    @property
    def is_healthy(self) -> bool:
        """Whether the journal is."""
        return self._journal.is_healthy

    def write(self, kind: str, value: object) -> bool:
        """Write, then show."""
        taken = self._journal.write(kind, value)
        if isinstance(value, TickRecord):
            self._show(value)
        return taken


class NoConsole:
    """Stands for the client to answer; the scripted operator looks at decisions instead."""

    def acknowledge(self, number: int, refusal: tuple[str, ...]) -> None:
        """Nothing to do."""


class ScriptedOperator:
    """Prepares, confirms at the guard, starts; then only watches."""

    def __init__(self, guard: VirtualGuard, hall: Hall) -> None:
        self._guard, self._hall = guard, hall
        self._said: set[Verb] = set()
        self._is_confirmed = False
        self.said_at: float | None = None
        """When it last asked for something."""

    def act(self, given: TickInput, decision: Decision) -> None:
        """Look at one tick and do the next thing, once."""
        self._hall.seen_at = given.now
        if decision.phase is Phase.STANDBY and given.now >= SETTLE_S and not decision.trips:
            self.say(Verb.PREPARE)
        elif decision.phase is Phase.CHECK and not self._is_confirmed:
            self._is_confirmed = self._guard.confirm(ACTOR)
        elif decision.phase is Phase.ARMED and self._guard.state.state is GuardState.ARMED:
            self.say(Verb.START)

    def say(self, verb: Verb) -> None:
        """Ask for something, once."""
        if verb not in self._said:
            self._said.add(verb)
            self.said_at = asyncio.get_running_loop().time()
            self._hall.offer(Asked(NoConsole(), len(self._said), Intent(verb, ACTOR)))
