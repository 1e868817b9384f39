# SPDX-License-Identifier: Apache-2.0
"""The controller's alarms: kept before shown, shown within a second, there again after a restart.

Covers H34, H37, H48.
"""

from dataclasses import dataclass, field
from typing import Any

import pytest

from mnht_controller.domain.alarm import (
    NO_ALARMS,
    AlarmAct,
    AlarmState,
    AlarmVerb,
    Change,
)
from mnht_controller.domain.command import Reason
from mnht_controller.journal.keep_alarms import AlarmMemory
from mnht_controller.runtime.alarms import SHOW_S_MAX, AlarmDesk
from mnht_controller.runtime.door import AskedAct

HOT = Reason("skin_trip", "skin", 44.1, 44.0)
STALE = Reason("probe_stale", "tumor")
SHOWN_S_MAX = 1.0


@dataclass
class Disk(AlarmMemory):
    """A place to keep alarms whose writing ends when the test says so."""

    before: AlarmState = NO_ALARMS
    unreadable: str = ""
    is_fast: bool = True
    kept: int = 0
    fault: str = ""
    written: AlarmState = NO_ALARMS
    asked: int = 0
    tries: int = 0

    def keep(self, number: int, state: AlarmState) -> None:
        self.asked, self.tries = number, self.tries + 1
        if self.is_fast:
            self.kept, self.written = number, state


@dataclass
class Room:
    """A desk with its disk, journal and client; a tick is 0.1 s."""

    disk: Disk = field(default_factory=Disk)
    records: list[Any] = field(default_factory=list)
    begun: list[Any] = field(default_factory=list)
    answers: list[tuple[int, tuple[str, ...]]] = field(default_factory=list)
    now: float = 10.0

    def __post_init__(self) -> None:
        self.desk = AlarmDesk(self.disk, self)

    def write(self, kind: str, value: object) -> bool:
        (self.records if kind == "alarm" else self.begun).append(value)
        return True

    def acknowledge(self, number: int, refusal: tuple[str, ...]) -> None:
        self.answers.append((number, refusal))

    def tick(self, *conditions: Reason, acts: tuple[AlarmAct, ...] = ()) -> None:
        self.now += 0.1
        asked = tuple(AskedAct(self, number, act) for number, act in enumerate(acts))
        self.desk.tick(conditions, asked, self.now)

    def shown(self) -> list[str]:
        return [found.code for found in self.desk.shown.occurrences]


def acknowledge(number: int) -> AlarmAct:
    return AlarmAct(AlarmVerb.ACKNOWLEDGE, "nurse", number)


def test_nothing_is_shown_answered_or_recorded_before_it_is_kept() -> None:
    """H37: what a person has seen is there after a crash."""
    room = Room()
    room.disk.is_fast = False
    room.tick(HOT)
    room.tick(HOT, acts=(acknowledge(1),))
    assert (room.shown(), room.records, room.answers) == ([], [], [])
    room.disk.kept = 1
    room.tick(HOT)
    assert room.shown() == ["skin_trip"]
    assert room.desk.shown.occurrences[0].sounds
    assert [record.event.change for record in room.records] == [Change.RAISED]
    room.disk.kept = 2
    room.tick(HOT)
    assert room.answers == [(0, ())]
    assert [(r.event.change, r.event.actor) for r in room.records][1:] == [
        (Change.ACKNOWLEDGED, "nurse")
    ]


def test_h34_a_disk_that_hangs_holds_no_alarm_back() -> None:
    """Shown within a second all the same, with an alarm that says so until the disk is back."""
    room = Room()
    room.disk.is_fast = False
    began = room.now + 0.1
    while not room.shown():
        room.tick(HOT)
    assert room.now - began <= SHOW_S_MAX + 0.2 < SHOWN_S_MAX
    for _ in range(20):
        room.tick(HOT)
    assert room.shown() == ["skin_trip", "alarms_not_kept"]
    (again,) = [o for o in room.desk.shown.occurrences if o.code == "alarms_not_kept"]
    assert (again.times, again.ended_at) == (1, None)
    room.disk.is_fast, room.disk.kept = True, room.disk.asked
    room.tick(HOT)
    room.tick(HOT)
    (again,) = [o for o in room.desk.shown.occurrences if o.code == "alarms_not_kept"]
    assert again.ended_at is not None


def test_h34_a_disk_that_fails_holds_no_alarm_back() -> None:
    room = Room()
    room.disk.is_fast, room.disk.fault = False, "no space left"
    room.tick(HOT)
    assert room.shown() == ["skin_trip", "alarms_not_kept"]


@pytest.mark.shows("alarms_are_kept")
def test_h34_what_a_full_disk_refused_is_kept_once_there_is_room_although_nothing_happens() -> None:
    """H37: everything is acknowledged, so that no repetition would bring it about."""
    room = Room()
    room.disk.is_fast, room.disk.fault = False, "no space left on device"
    room.tick(HOT)
    room.tick(HOT)
    for number in (1, 2):
        room.tick(HOT, acts=(acknowledge(number),))
    assert not any(found.sounds for found in room.desk.shown.occurrences)
    room.disk.tries = 0
    for _ in range(50):
        room.tick(HOT)
    assert 3 <= room.disk.tries <= 6, "about once a second"
    room.disk.is_fast = True
    for _ in range(11):
        room.tick(HOT)
    assert room.disk.written.occurrences[0].acknowledged_by == "nurse"


def test_h37_after_a_restart_what_was_shown_is_there() -> None:
    """Latched, acknowledged and not: acknowledgements are not lost, alarms neither."""
    first = Room()
    first.tick(HOT, STALE)
    first.tick(HOT, STALE, acts=(acknowledge(2), AlarmAct(AlarmVerb.PAUSE_AUDIO, "nurse")))
    second = Room(Disk(before=first.disk.written))
    assert second.shown() == ["skin_trip", "probe_stale"]
    second.tick(HOT, STALE)
    one, two = second.desk.shown.occurrences
    assert (one.id, one.sounds, one.kept) == (1, True, True)
    assert (two.id, two.acknowledged_by) == (2, "nurse")
    assert second.desk.shown.paused_until is None
    assert second.records == [], "nothing new has happened"
    assert [[found.id for found in state.occurrences] for state in second.begun] == [[1, 2]]
    second.tick()
    assert second.shown() == ["skin_trip"], "the passing one was acknowledged and is over"


def test_h37_memory_that_does_not_read_is_an_alarm_of_its_own() -> None:
    """Never silence; and no number of the old file comes again."""
    room = Room(Disk(AlarmState(next_id=5000), unreadable="the content does not fit its digest"))
    room.tick()
    assert room.shown() == ["alarms_unreadable"]
    assert room.desk.shown.occurrences[0].id == 5000
    room.tick()
    (found,) = room.desk.shown.occurrences
    assert found.ended_at is not None
    assert found.sounds, "it stays until a person resets it"


@pytest.mark.parametrize(
    ("act", "answer"),
    [
        (acknowledge(1), ()),
        (acknowledge(9), ("there is no alarm 9",)),
        (AlarmAct(AlarmVerb.RESET_SIGNAL, "nurse", 1), ("alarm 1 is still there: skin_trip skin",)),
        (AlarmAct(AlarmVerb.PAUSE_AUDIO, "nurse"), ()),
    ],
)
def test_each_act_is_answered_and_can_be_repeated(act: AlarmAct, answer: tuple[str, ...]) -> None:
    room = Room()
    room.tick(HOT)
    room.tick(HOT, acts=(act,))
    kept = room.disk.asked
    room.tick(HOT, acts=(act,))
    assert room.answers == [(0, answer), (0, answer)]
    assert room.disk.asked == kept, "done already: nothing to keep"


def test_quiet_ticks_touch_no_disk() -> None:
    room = Room()
    for _ in range(20):
        room.tick()
    assert (room.disk.asked, room.records) == (0, [])
    for _ in range(20):
        room.tick(Reason("device_lost", "chiller"))
    assert room.disk.asked == 0, "a delay is not kept"
