# SPDX-License-Identifier: Apache-2.0
"""H34, H35: a disk that is full, slow or dead is told once and holds up neither field nor trip."""

from dataclasses import replace
from typing import Any

import pytest

from mnht_controller.domain.command import Inhibit, Permit
from mnht_controller.domain.intent import Verb
from mnht_controller.domain.phase import Phase
from mnht_controller.domain.tick import Decision
from mnht_controller.runtime.notices import NOTICES
from tests.plans import HEALTHY
from tests.unit.runtime.moments import Desk

SICK: tuple[tuple[str, dict[str, Any]], ...] = (
    ("disk.low", {"disk_free_mb": 499.0}),
    ("disk.low", {"disk_free_mb": None}),
    ("journal.behind", {"journal_behind_s": 0.26}),
    ("journal.behind", {"journal_behind_s": float("nan")}),
    ("journal.failed", {"journal_ok": False}),
    ("presence.due", {"presence_s": 300.1}),
)


def told(decision: Decision) -> list[str]:
    return [event.code for event in decision.events]


def test_every_row_has_a_case() -> None:
    assert {row.code for row in NOTICES} == {code for code, _ in SICK}


@pytest.mark.parametrize(("code", "health"), SICK)
def test_it_is_told_once_each_time_it_begins_and_the_session_goes_on(
    code: str, health: dict[str, Any]
) -> None:
    desk = Desk()
    desk.ramp()
    before = desk.ticks(3)
    for _ in range(2):
        desk.health = replace(HEALTHY, **health)
        assert told(desk.tick()) == [code]
        assert told(desk.ticks(5)) == []
        desk.health = HEALTHY
        assert told(desk.tick()) == []
    after = desk.tick()
    assert (after.phase, after.trips) == (Phase.RAMP, ())
    assert isinstance(before.verdict, Permit)
    assert isinstance(after.verdict, Permit)
    assert after.verdict.field_ka_per_m > before.verdict.field_ka_per_m


def test_a_trip_does_not_wait_for_a_disk_that_is_dead_full_and_slow() -> None:
    desk = Desk()
    desk.ramp()
    desk.health = replace(HEALTHY, journal_ok=False, journal_behind_s=60.0, disk_free_mb=None)
    desk.ticks(3)
    decision = desk.tick(Verb.STOP)
    assert decision.phase is Phase.TRIPPED
    assert isinstance(decision.verdict, Inhibit)
    assert decision.verdict.tripped
    assert [trip.code for trip in decision.trips] == ["operator_stop"]


def test_h47_a_session_that_nobody_confirms_is_told_at_five_minutes_and_paused_at_six() -> None:
    desk = Desk()
    desk.ramp()
    for presence_s, phase, told in (
        (300.0, Phase.RAMP, set()),
        (300.1, Phase.RAMP, {"presence.due"}),
        (359.9, Phase.RAMP, set()),
        (360.0, Phase.PAUSED, {"phase.paused"}),
    ):
        desk.health = replace(HEALTHY, presence_s=presence_s)
        decision = desk.tick()
        assert (decision.phase, {event.code for event in decision.events}) == (phase, told)
    assert decision.demand.field_ka_per_m == 0.0
    assert decision.trips == ()
    desk.health = HEALTHY
    assert desk.tick(Verb.RESUME).phase is Phase.RAMP
