# SPDX-License-Identifier: Apache-2.0
"""What must hold in every step of the alarm engine, written without looking at how it does it."""

from dataclasses import dataclass, field

import pytest

from mnht_controller.alarms import engine
from mnht_controller.alarms.engine import audible, step
from mnht_controller.alarms.table import Alarm, Source
from mnht_controller.domain.alarm import (
    NO_ALARMS,
    AlarmAct,
    AlarmEvent,
    AlarmState,
    AlarmVerb,
    Change,
    Occurrence,
    Priority,
)
from mnht_controller.domain.command import Reason

PAUSE_S_MAX = 120.0
REPEAT_S = 60.0
DELAY_S = 1.0
ORDER = (Priority.HIGH, Priority.MEDIUM, Priority.LOW)
ACT = AlarmVerb


def row(code: str, priority: Priority, latching: bool, delay_s: float, highest: Priority) -> Alarm:
    return Alarm(code, (code,), Source.SHELL, priority, highest, latching, delay_s, code, "look")


ROWS = {
    made.id: made
    for made in (
        *(
            row(f"{priority}-{kind}-{delay_s:g}", priority, latching, delay_s, highest)
            for priority, highest in (
                (Priority.MEDIUM, Priority.HIGH),
                (Priority.LOW, Priority.LOW),
                (Priority.INFO, Priority.INFO),
            )
            for kind, latching in (("latching", True), ("passing", False))
            for delay_s in (0.0, DELAY_S)
        ),
        row("worse", Priority.HIGH, True, 0.0, Priority.HIGH),
    )
}


@pytest.fixture
def test_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine with the rows above instead of the real table."""
    monkeypatch.setattr(engine, "row_of", ROWS.get)
    monkeypatch.setattr(engine, "alarm", ROWS.get)


@dataclass
class Ward:
    """The engine under watch: every `tick` is judged."""

    state: AlarmState = NO_ALARMS
    now: float = 100.0
    present: set[tuple[str, str]] = field(default_factory=set)
    on_since: dict[tuple[str, str], float] = field(default_factory=dict)
    pause_began_at: float | None = None
    ids: list[int] = field(default_factory=list)

    def tick(self, *acts: AlarmAct, dt_s: float = 0.5) -> tuple[AlarmEvent, ...]:
        self.now += dt_s
        before = self.state
        self.on_since = {key: self.on_since.get(key, self.now) for key in sorted(self.present)}
        conditions = tuple(Reason(code, where) for code, where in self.on_since)
        self.state, events = step(before, conditions, acts, self.now)
        again, none = step(self.state, conditions, (), self.now)
        assert (again, none) == (self.state, ()), "a second look changes nothing"
        self._judge(before, acts, events)
        return events

    def switch(self, code: str, is_on: bool, where: str = "here") -> "Ward":
        """The condition holds from the next tick on, or does not any more."""
        if is_on:
            self.present.add((code, where))
        else:
            self.present.discard((code, where))
        return self

    def newest(self, code: str) -> int:
        """Id of the newest occurrence of a code; one that never was, where there is none."""
        return max((found.id for found in self.state.occurrences if found.code == code), default=1)

    # ---- the invariants --------------------------------------------------------------------

    def _judge(
        self, before: AlarmState, acts: tuple[AlarmAct, ...], events: tuple[AlarmEvent, ...]
    ) -> None:
        raised = [event.occurrence for event in events if event.change is Change.RAISED]
        self._ids([found for found in raised if found is not None])
        self._nothing_is_hidden()
        self._heard(raised)
        self._acknowledged(before, acts)
        self._let_go(before, acts)
        self._pause(acts)
        self._not_forgotten()
        if (before.occurrences, before.paused_until) != (
            self.state.occurrences, self.state.paused_until,
        ):  # fmt: skip
            assert events, "a change without an event would not be kept"

    def _ids(self, raised: list[Occurrence]) -> None:
        """Every occurrence has an id of its own, higher than all before."""
        self.ids += [found.id for found in raised]
        assert self.ids == sorted(set(self.ids))
        held = [found.id for found in self.state.occurrences]
        assert len(held) == len(set(held))

    def _nothing_is_hidden(self) -> None:
        """What has held for its delay has exactly one running occurrence, whatever else is done."""
        running = [
            (found.code, found.where) for found in self.state.occurrences if found.ended_at is None
        ]
        assert len(running) == len(set(running))
        due = {
            key for key, since in self.on_since.items()
            if self.now - since >= ROWS[key[0]].delay_s - 1e-6
        }  # fmt: skip
        assert set(running) == due

    def _heard(self, raised: list[Occurrence | None]) -> None:
        """Audible iff somebody has to be called and nothing is paused; what is new sounds."""
        calling = {
            found.priority for found in self.state.occurrences
            if found.acknowledged_at is None and found.priority is not Priority.INFO
        }  # fmt: skip
        top = next((one for one in ORDER if one in calling), None)
        assert audible(self.state) is (None if self.state.paused_until is not None else top)
        if any(found is not None and found.priority is not Priority.INFO for found in raised):
            assert audible(self.state) is not None

    def _acknowledged(self, before: AlarmState, acts: tuple[AlarmAct, ...]) -> None:
        """Only what an act names is acknowledged, by whom it says, and it stays so."""
        named = {(a.occurrence, a.actor) for a in acts if a.verb is ACT.ACKNOWLEDGE and a.actor}
        known = {found.id: found for found in before.occurrences}
        for found in self.state.occurrences:
            was = known[found.id].acknowledged_at if found.id in known else None
            if found.acknowledged_at != was:
                assert was is None
                assert (found.id, found.acknowledged_by) in named
            elif found.id in {number for number, _ in named} and found.id in known:
                assert found.acknowledged_at is not None

    def _let_go(self, before: AlarmState, acts: tuple[AlarmAct, ...]) -> None:
        """A latching signal ends by a reset that names it, its condition gone, or as a new one."""
        reset = {act.occurrence for act in acts if act.verb is ACT.RESET_SIGNAL}
        left = {found.id for found in self.state.occurrences}
        for found in before.occurrences:
            key = (found.code, found.where)
            if found.id in left:
                assert ROWS[found.code].latching or key in self.on_since or found.kept
                continue
            is_renewed = any((o.code, o.where) == key for o in self.state.occurrences)
            if ROWS[found.code].latching and not is_renewed:
                assert found.id in reset
                assert key not in self.on_since
                assert found.ended_at is not None

    def _pause(self, acts: tuple[AlarmAct, ...]) -> None:
        """Silence is asked for, and over within 120 s of the first asking."""
        if self.state.paused_until is None:
            self.pause_began_at = None
            return
        if self.pause_began_at is None:
            assert any(act.verb is ACT.PAUSE_AUDIO for act in acts)
            self.pause_began_at = self.now
        assert self.now - self.pause_began_at <= PAUSE_S_MAX

    def _not_forgotten(self) -> None:
        """What nobody acknowledges went up or was repeated within the last minute."""
        for found in self.state.occurrences:
            if found.acknowledged_at is None and found.priority is not Priority.INFO:
                assert self.now - found.raised_at < REPEAT_S
