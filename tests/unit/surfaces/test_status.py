# SPDX-License-Identifier: Apache-2.0
"""The status document: nothing missing is filled in, nothing coded is left without words."""

from dataclasses import replace

import pytest

from mnht_controller.domain.command import Reason
from mnht_controller.domain.lease import GuardState
from mnht_controller.domain.limits import HARD_LIMITS, Region
from mnht_controller.domain.phase import ENERGIZING, Phase
from mnht_controller.domain.probe import Role
from mnht_controller.domain.reading import Quality, Reading
from mnht_controller.domain.self_test import Outcome, Proof, SelfTest
from mnht_controller.domain.snapshot import Snapshot
from mnht_controller.domain.trip import Trip
from mnht_controller.interlock.rules import RULES
from mnht_controller.surfaces.status import alarms, chart_row, status
from mnht_controller.surfaces.wording import (
    GUARD_TEXTS,
    LIMIT_LABELS,
    PHASE_TEXTS,
    REGION_LABELS,
    UNITS,
    about,
    explain,
    sentence,
    unit_of,
)
from tests.unit.interlock.scenarios import SCENARIOS
from tests.unit.interlock.scene import judged
from tests.unit.surfaces.fakes import decision, snapshot, tripped


def with_two_skin_probes(first: float | None, second: float | None, required: bool) -> Snapshot:
    base = snapshot(1, 10.0)
    probe = replace(base.plan.envelope.probes[0], required=required)
    probes = (probe, replace(probe, id="skin2", required=False))
    envelope = replace(base.plan.envelope, probes=probes)
    readings = tuple(
        Reading(value, Quality.STALE if value is None else Quality.GOOD, 10.0, 1)
        for value in (first, second)
    )
    return replace(base, plan=replace(base.plan, envelope=envelope), probes=readings)


@pytest.mark.parametrize(
    ("first", "second", "required", "shown"),
    [
        (42.0, 42.5, True, 42.5),
        (42.5, 42.0, True, 42.5),
        (42.0, None, True, 42.0),
        (None, 42.5, True, None),
        (None, 42.5, False, 42.5),
        (None, None, False, None),
    ],
)
def test_the_hottest_of_a_role_never_hides_a_lost_probe(
    first: float | None, second: float | None, required: bool, shown: float | None
) -> None:
    """H03, H49: the rest of the probes do not stand in for a required one."""
    picture = with_two_skin_probes(first, second, required)
    temperatures = status(picture, 0.0)["temperatures"]
    assert isinstance(temperatures, dict)
    assert temperatures["skin"]["value"] == shown
    assert temperatures["tumor"] is None
    assert chart_row(picture)[1] == shown


@pytest.mark.parametrize("phase", Phase)
def test_plateau_left_is_there_only_while_it_counts(phase: Phase) -> None:
    left = status(snapshot(1, 10.0, decision(phase)), 0.0)["plateau_left_s"]
    counted = phase in {Phase.RAMP, Phase.PLATEAU, Phase.PAUSED}
    assert left == (1200.0 if counted else None)


@pytest.mark.shows("first_out")
def test_a_trip_of_the_guard_alone_is_an_alarm_and_first_out() -> None:
    trip = Trip("guard_tick_gap", "H28", "guard", 0.3, 0.2, 10.0, 900.0)
    base = snapshot(1, 10.0)
    assert base.guard is not None
    picture = replace(base, guard=replace(base.guard, state=GuardState.LATCHED, first_out=trip))
    [row] = alarms(picture, True)
    assert (row["code"], row["by"], row["first_out"]) == ("guard_tick_gap", "guard", True)
    both = replace(picture, decision=tripped(10.0))
    rows = [(row["code"], row["first_out"]) for row in alarms(both, True)[:3]]
    assert rows == [("skin_trip", True), ("off_not_obeyed", False), ("guard_tick_gap", False)]


def test_every_code_has_words() -> None:
    """What to do stands beside every rule; an unknown code is spelled out, never dropped."""
    for row in RULES:
        assert about(row.code).title == row.title
        assert about(row.code).what_to_do
        assert about(row.code).hazards
    assert set(PHASE_TEXTS) == set(Phase)
    assert set(GUARD_TEXTS) == set(GuardState)
    assert set(REGION_LABELS) == set(Region)
    assert {name for name, *_ in LIMIT_LABELS} == set(HARD_LIMITS.__slots__)
    assert about("control.no_reading").title == "control: no reading"
    assert sentence(Reason("unheard_of", "here", 1.5, None)) == "unheard of (here, value 1.5)"
    assert sentence(Reason("skin_dose", "", 40.5, 40.0)) == (
        "thermal dose of the skin is used up (40.5 CEM43 min, limit 40 CEM43 min)"
    )


PURE_NUMBERS = frozenset({"clock_rate", "source_reboot"})
"""A ratio, a count."""


@pytest.mark.parametrize("code", [row.code for row in RULES])
def test_a_rule_that_gives_a_number_gives_its_unit(code: str) -> None:
    """A trip that says "value 0.19, limit 0.18" tells nobody what was too high."""
    hits = [hit for hit in judged(SCENARIOS[code])[1] if hit.code == code]
    assert hits
    for hit in hits:
        has_number = hit.value is not None or hit.limit is not None
        assert not has_number or code in PURE_NUMBERS or "value" not in sentence(hit.reason)
        assert not has_number or (code in PURE_NUMBERS) is (unit_of(code) == "")


def test_a_code_has_one_unit() -> None:
    codes = [code for _, group in UNITS for code in group]
    assert len(codes) == len(set(codes))
    assert explain("pause is not possible in phase check") == "pause is not possible in phase check"


@pytest.mark.parametrize("phase", [one for one in Phase if one not in ENERGIZING])
@pytest.mark.parametrize(
    ("measured", "age_s", "said"),
    [(0.0, 0.0, ""), (0.17, 0.4, ""), (5.2, 0.0, "5.2 kA/m"), (None, 0.0, "not known"),
     (0.0, 0.6, "not known")],
)  # fmt: skip
def test_off_is_only_said_where_a_read_back_says_it(
    phase: Phase, measured: float | None, age_s: float, said: str
) -> None:
    """H16, H18: the text beside the phase is read as a fact."""
    picture = snapshot(1, 10.0, decision(phase))
    assert picture.source is not None
    source = replace(picture.source, measured_ka_per_m=measured, at=10.0 - age_s)
    text = str(status(replace(picture, source=source), 0.0)["phase_text"])
    assert (text == PHASE_TEXTS[phase][1]) is (said == "")
    assert said in text
    assert not said or ("E-stop" in text and "field is off" not in text)


@pytest.mark.parametrize(
    ("role", "phase", "said"),
    [
        (Role.SKIN, Phase.RAMP, "The field is on. The skin is being brought to the set-point."),
        (Role.TUMOR, Phase.PLATEAU, "The field is on. The tumor is held at the set-point."),
    ],
)
def test_the_text_names_what_is_controlled(role: Role, phase: Phase, said: str) -> None:
    """H49: a protocol that holds the tumor does not hold the skin."""
    picture = snapshot(1, 10.0, decision(phase))
    prescribed = replace(picture.plan.prescription, control_role=role)
    one = replace(picture, plan=replace(picture.plan, prescription=prescribed))
    assert status(one, 0.0)["phase_text"] == said


def test_a_guard_that_is_silent_is_not_shown_as_it_was() -> None:
    """H29, H49: "line closed" is no news when it is old."""
    picture = snapshot(1, 10.0)
    assert picture.guard is not None
    silent = replace(picture, guard=replace(picture.guard, at=7.5))
    assert status(picture, 0.0)["guard"]["text"] == GUARD_TEXTS[GuardState.RUN]  # type: ignore[index]
    text = status(silent, 0.0)["guard"]["text"]  # type: ignore[index]
    assert text == "Silent for 2.5 s; before: enable line closed, field permitted"


@pytest.mark.parametrize("role", Role)
def test_probes_are_all_listed_with_quality(role: Role) -> None:
    probes = status(snapshot(1, 10.0), 0.0)["probes"]
    assert isinstance(probes, list)
    assert [row["quality"] for row in probes if row["role"] is role] == [Quality.GOOD]


def test_a_sick_journal_and_late_ticks_are_alarms() -> None:
    """H34, H35, H27: neither ends the field by itself, so somebody must be told."""
    base = snapshot(1, 10.0)
    quiet = [row["code"] for row in alarms(base, True)]
    assert "journal" not in quiet
    assert "tick_late" not in quiet
    sick = replace(base, health=replace(base.health, journal_ok=False, late_ticks=2))
    assert {"journal", "tick_late"} <= {row["code"] for row in alarms(sick, True)}
    once = replace(base, health=replace(base.health, late_ticks=1))
    assert "tick_late" not in {row["code"] for row in alarms(once, True)}


def test_nobody_watching_an_armed_session_is_an_alarm() -> None:
    """H47: after 10 s somebody is called, after 60 s the field pauses."""
    base = snapshot(1, 10.0)
    gone = replace(base, health=replace(base.health, operator_seen_s=10.1))
    assert "operator_absent" in {row["code"] for row in alarms(gone, True)}
    idle = replace(gone, decision=replace(gone.decision, phase=Phase.STANDBY))
    assert "operator_absent" not in {row["code"] for row in alarms(idle, True)}
    assert "operator_absent" not in {row["code"] for row in alarms(base, True)}


def test_the_self_test_is_shown_with_what_cannot_be_shown_here() -> None:
    """H16, H24: in the picture as in the record."""
    why = "not provable here: it has no watchdog"
    shown = SelfTest(Proof(Outcome.PROVEN, "", 0.4), Proof(Outcome.NOT_PROVABLE, why))
    picture = snapshot(1, 10.0)
    told = status(replace(picture, decision=replace(picture.decision, self_test=shown)), 0.0)
    assert told["self_test"] == {
        "enable_line": {"outcome": "proven", "why": "", "seen_s": 0.4},
        "watchdog": {"outcome": "not_provable", "why": why, "seen_s": None},
    }
