# SPDX-License-Identifier: Apache-2.0
"""Every code that can need a person has exactly one row, and every row can be raised. H48."""

import inspect
import re
from collections import Counter

import pytest

from mnht_controller.alarms.table import ALARMS, Source, alarm, rank, row_of
from mnht_controller.core import events
from mnht_controller.core.phases import Condition
from mnht_controller.domain.alarm import Priority
from mnht_controller.domain.trip import Effect
from mnht_controller.interlock.guard_trips import GUARD_TRIPS, OWN_TRIPS
from mnht_controller.interlock.permissives import PERMISSIVES
from mnht_controller.interlock.rules import RULES
from mnht_controller.runtime import alarms as desk
from tests.unit.alarms.scenes import CODES, SHELL, brought_about

ASKED_FOR = frozenset(
    "reset prepare abandon ready start pause resume_ramp resume_plateau reached plateau_done"
    " cooled cooldown_timeout".split()
)
"""Moves of a session that its operator or its prescription wants."""
SAID_BY_TRIPS = frozenset({"latched"})
"""The trips themselves are alarms."""
OWN = frozenset({"journal", "operator_absent", "device_lost", "tick_late"})
"""Permissives that are alarms of the process, armed or not."""

TRIPS = {row.code for row in RULES if row.effect is Effect.TRIP} | {
    row.code for row in (*GUARD_TRIPS, *OWN_TRIPS)
}
EXPECTED = {
    Source.TRIP: TRIPS,
    Source.INHIBIT: {row.code for row in RULES if row.effect is Effect.INHIBIT},
    Source.START: {row.code for row in PERMISSIVES} - SAID_BY_TRIPS - OWN,
    Source.SESSION: {f"session.{one}" for one in Condition if one not in ASKED_FOR | SAID_BY_TRIPS}
    | {*re.findall(r'Reason\("([\w.]+)"', inspect.getsource(events)), "pulse.skipped"}
    | {"session.interrupted", "session.discarded"},
    Source.SHELL: {*SHELL} | {*re.findall(r'Reason\("(\w+)"', inspect.getsource(desk))},
}


@pytest.mark.parametrize("source", Source)
def test_every_code_has_a_row_and_every_row_a_code(source: Source) -> None:
    """H48: rules, guard's trips, permissives, events of the core, the process itself."""
    codes = Counter(code for row in ALARMS if row.source is source for code in row.codes)
    assert {*codes} == EXPECTED[source]
    assert {*codes.values()} == {1}


def test_no_code_has_two_rows() -> None:
    assert len(CODES) == len({code for code, _ in CODES})
    assert len(ALARMS) == len({row.id for row in ALARMS})


@pytest.mark.parametrize(("code", "source"), CODES, ids=[code for code, _ in CODES])
def test_every_code_can_be_raised(code: str, source: Source) -> None:
    if code in {"alarms_unreadable", "alarms_not_kept"}:
        return  # tests/unit/runtime/test_alarms.py raises these
    assert brought_about(code, source) == [code] or code in SHELL
    assert code in brought_about(code, source)


@pytest.mark.parametrize("row", ALARMS, ids=lambda row: row.id)
def test_a_row_is_complete_and_makes_sense(row) -> None:
    order = [*Priority]
    assert row.text
    assert row.what_to_do.endswith(".")
    assert order.index(row.highest) <= order.index(row.priority)
    assert row.highest is row.priority or row.priority is not Priority.INFO
    assert 0.0 <= row.delay_s <= 3.0
    assert row.delay_s == 0.0 or row.source is not Source.TRIP, "a trip is an alarm at once"
    assert row.latching or row.source is not Source.SESSION, "an event lasts one tick"
    assert (alarm(row.id), row_of(row.codes[0]), row.ends_field) == (
        row, row, row.source is Source.TRIP,
    )  # fmt: skip


def test_the_highest_of_all_says_to_press_the_e_stop() -> None:
    """H16, H18: off that is not confirmed comes before everything else."""
    assert ALARMS[0].id == "unconfirmed_off"
    assert ALARMS[0].priority is Priority.HIGH
    assert "E-stop" in ALARMS[0].what_to_do
    order = [[*Priority].index(row.priority) for row in ALARMS]
    assert order == sorted(order)
    assert [rank(row.id) for row in ALARMS] == [*range(len(ALARMS))]
    assert rank("unheard_of") == len(ALARMS)
    assert alarm("unheard_of") is row_of("unheard_of") is None
