# SPDX-License-Identifier: Apache-2.0
"""What a person answers for at the controller: a sleep of its host, a session left unfinished."""

from dataclasses import dataclass, replace

import pytest

from mnht_controller.domain.intent import Verb
from mnht_controller.domain.lease import GuardState
from mnht_controller.journal.records import Event
from mnht_controller.runtime.host import SteadyHost
from tests.unit.runtime.test_controller import Room, energized, room

__all__ = ("room",)


def test_a_latch_that_is_not_on_disk_refuses_calls_and_is_tried_again(room: Room) -> None:
    """H37, H34: a restart would forget the trip."""
    room.fault = "latch.json: no space left on device"
    room.tick(Verb.STOP)
    assert len(room.kept) == 1
    assert not room.records[-1].input.health.journal_ok
    assert "journal" in {found.code for found in room.controller.alarms.shown.occurrences}
    for _ in range(20):
        room.tick()
    assert 2 <= len(room.kept) <= 4
    assert room.kept[-1].is_latched
    room.fault = ""
    room.tick()
    assert room.records[-1].input.health.journal_ok


@dataclass
class SleepyHost(SteadyHost):
    """A host that somebody closes the lid of."""

    asleep_s: float = 0.0

    def slept_s(self) -> float:
        return self.asleep_s


@pytest.fixture
def sleepy(room: Room) -> SleepyHost:
    host = SleepyHost()
    room.controller.parts = replace(room.controller.parts, host=host)
    return host


def slept_s(room: Room) -> float:
    return float(room.records[-1].input.health.slept_s)


@pytest.mark.parametrize("verb", [Verb.PREPARE, Verb.RESET])
def test_h28_a_person_who_prepares_or_resets_answers_for_a_sleep_that_is_over(
    room: Room, sleepy: SleepyHost, verb: Verb
) -> None:
    room.tick()
    sleepy.asleep_s = 3600.0
    room.tick(Verb.STOP)
    assert slept_s(room) == 3600.0
    assert "host_suspended" in {reason.code for reason in room.records[-1].decision.unmet}
    room.tick(Verb.PRESENT)
    assert slept_s(room) == 3600.0, "nobody has answered for it"
    room.tick(verb)
    told = [record for record in room.records if isinstance(record, Event)]
    assert [(one.code, one.actor, one.detail) for one in told] == [
        ("host.suspended", "nurse", "3600.0 s")
    ]
    assert slept_s(room) == 0.0
    assert "host_suspended" not in {reason.code for reason in room.records[-1].decision.unmet}
    sleepy.asleep_s += 60.0
    room.tick()
    assert slept_s(room) == 60.0, "the next sleep is another one"


@pytest.mark.parametrize("verb", [Verb.PREPARE, Verb.RESET])
def test_h28_an_answer_from_before_the_sleep_is_none(
    room: Room, sleepy: SleepyHost, verb: Verb
) -> None:
    room.tick()
    sleepy.asleep_s = 3600.0
    room.tick(verb)  # asked for, then the lid was closed
    assert slept_s(room) == 3600.0
    room.tick()
    assert slept_s(room) == 3600.0


def test_h33_while_a_clock_is_in_doubt_nobody_can_answer_for_a_sleep(
    room: Room, sleepy: SleepyHost
) -> None:
    room.tick()
    sleepy.asleep_s = 3600.0
    room.now += 5.0  # a leap
    room.tick()
    room.tick(Verb.PREPARE)
    assert slept_s(room) == 3600.0
    room.tick(Verb.PREPARE)
    assert slept_s(room) == 0.0, "its clock has gone on evenly since"


def test_h43_a_person_closes_what_was_left_unfinished_until_somebody_prepares(room: Room) -> None:
    """H37: both processes hear it; while a field can come on nobody can close anything."""
    energized(room)
    room.tick(Verb.CLOSE)
    assert room.answers[-1][1][0] == "close is not possible in phase ramp"
    for _ in range(20):
        room.guard(GuardState.RUN)
        room.tick()
    room.tick(Verb.STOP)
    room.guard(GuardState.DISABLED)
    room.tick(Verb.CLOSE)
    assert room.answers[-1][1][0] == "close is not possible in phase tripped"
    room.tick(Verb.RESET)
    for _ in range(20):
        room.tick()
    used = room.ledger.last
    assert used.field_s > 1.0
    assert (used.over, room.leases[-1].complete) == (False, False), "a trip is no end"
    room.tick(Verb.CLOSE)
    (event,) = [e for e in room.records[-1].decision.events if e.code == "session.closed"]
    assert event.value == used.field_s
    room.tick()
    assert room.leases[-1].complete
    assert room.ledger.last == replace(used, over=True)
    room.guard(GuardState.DISABLED)
    room.tick(Verb.PREPARE)
    for _ in range(20):
        room.tick()
    assert (room.ledger.last.over, room.leases[-1].complete) == (False, False)
