# SPDX-License-Identifier: Apache-2.0
"""Every row of the table hits in its scenario and only then, and says what to do (H62)."""

import re
from dataclasses import replace

import pytest

from mnht_controller.domain.trip import Effect
from mnht_controller.interlock.rules import RULES, Rule, Scope, rule
from tests.unit.interlock.scenarios import ALSO, NEAR_MISSES, SCENARIOS, Course
from tests.unit.interlock.scene import codes, judged, witness


def test_every_row_has_a_scenario_and_every_scenario_a_row() -> None:
    assert {row.code for row in RULES} == set(SCENARIOS)
    assert len({row.code for row in RULES}) == len(RULES)


@pytest.mark.parametrize("code", SCENARIOS)
def test_a_row_hits_in_its_scenario(code: str) -> None:
    assert code in codes(SCENARIOS[code])


@pytest.mark.parametrize("code", SCENARIOS)
def test_no_other_row_stands_in_for_it(code: str) -> None:
    without = tuple(row for row in RULES if row.code != code)
    assert code not in {hit.code for hit in judged(SCENARIOS[code], rules=without)[1]}


@pytest.mark.parametrize(("what", "code", "course"), ALSO, ids=[row[0] for row in ALSO])
def test_a_row_hits_for_every_cause(what: str, code: str, course: Course) -> None:
    assert code in codes(course)


@pytest.mark.parametrize(
    ("what", "code", "course"), NEAR_MISSES, ids=[row[0] for row in NEAR_MISSES]
)
def test_a_near_miss_is_no_hit(what: str, code: str, course: Course) -> None:
    assert code not in codes(course)


def test_a_quiet_session_hits_nothing() -> None:
    assert codes(witness(1000.0 + 0.1 * tick) for tick in range(100)) == set()


def test_only_these_rows_merely_inhibit() -> None:
    inhibits = {row.code for row in RULES if row.effect is Effect.INHIBIT}
    assert inhibits == {
        "skin_cap",
        "skin_predicted",
        "zone_apart",
        "no_heat_yet",
        "unverified",
        "frequency_unknown",
    }


def test_these_rows_are_live_without_arming() -> None:
    always = {row.code for row in RULES if row.scope is Scope.ALWAYS}
    assert always == {"operator_stop", "readback_high", "off_not_obeyed"}
    for code, course in SCENARIOS.items():
        idle = [replace(moment, armed=False) for moment in course]
        assert (code in codes(idle)) is (code in always), code


@pytest.mark.parametrize("row", RULES, ids=lambda row: row.code)
def test_a_row_names_hazards_and_says_what_to_do(row: Rule) -> None:
    assert row.hazards
    for hazard in row.hazards:
        assert re.fullmatch(r"H(0[1-9]|[1-5]\d|6[0-2])", hazard)
    assert row.title
    assert row.what_to_do.endswith(".")


def test_causes_stand_before_consequences() -> None:
    """The first-out of one tick is the first row, so the lost peer comes after its reasons."""
    order = [row.code for row in RULES if row.effect is Effect.TRIP]
    assert order[-2:] == ["lease_lost", "guard_refuses"]
    assert order.index("probe_range") < order.index("probe_bad")
    assert order.index("uncertain") < order.index("source_lost")


def test_a_row_is_found_by_its_code() -> None:
    assert rule("skin_trip").hazards[0] == "H13"
    with pytest.raises(KeyError):
        rule("no_such_rule")
