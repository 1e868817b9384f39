# SPDX-License-Identifier: Apache-2.0
"""What a tick is an alarm for, and what it is none for."""

import math
from dataclasses import replace

import pytest

from mnht_controller.alarms.conditions import conditions
from mnht_controller.alarms.table import PRESENCE_S
from mnht_controller.core import phases
from mnht_controller.domain.command import Inhibit, Reason
from mnht_controller.domain.lease import GuardState
from mnht_controller.domain.phase import ARMED_OR_LATER, ENERGIZING, Phase
from mnht_controller.domain.tick import Health
from tests.unit.alarms.scenes import (
    DECISION,
    DEVICE,
    GIVEN,
    GUARD,
    NOW,
    OFF,
    SOURCE,
    found,
    trip,
    tripped,
)


def test_a_quiet_plateau_is_no_alarm() -> None:
    assert found() == []


def test_trips_of_both_processes_stand_in_order_of_time() -> None:
    """The first cause comes first, whichever process saw it."""
    guard = replace(GUARD, state=GuardState.LATCHED, first_out=trip("guard_tick_gap", NOW - 0.1))
    decided = tripped(trip("guard_refuses", NOW))
    assert found({"guard": guard, "source": OFF}, decided) == ["guard_tick_gap", "guard_refuses"]
    late = replace(guard, first_out=trip("controller_trip", NOW + 0.1))
    assert found({"guard": late, "source": OFF}, tripped(trip("skin_trip"))) == [
        "skin_trip", "controller_trip",
    ]  # fmt: skip
    same = replace(guard, first_out=trip("skin_trip", NOW - 0.1, "another place"))
    assert found({"guard": same, "source": OFF}, tripped(trip("skin_trip"))) == ["skin_trip"]


def test_stop_is_one_condition_whoever_pressed_it() -> None:
    """H60."""
    guard = replace(GUARD, first_out=trip("operator_stop", NOW, "nurse at the console"))
    (heard,) = conditions(replace(GIVEN, guard=guard), DECISION, [DEVICE])
    decision = replace(DECISION, **tripped(trip("operator_stop", NOW, "operator")))
    (own,) = conditions(replace(GIVEN, source=OFF), decision, [DEVICE])
    assert (heard.code, heard.where) == (own.code, own.where)


@pytest.mark.parametrize("phase", Phase)
def test_refusals_count_while_armed_only(phase: Phase) -> None:
    """Before ARM the page lists what is missing; that is no alarm."""
    reason = Reason("frequency_unknown")
    decided = {"phase": phase, "verdict": Inhibit((reason,), False), "unmet": (Reason("envelope"),)}
    expected = ["frequency_unknown"] if phase in ARMED_OR_LATER else []
    assert found(decided=decided) == expected + (["envelope"] if phase is Phase.ARMED else [])
    absent = found({"health": Health(operator_seen_s=10.1)}, {"phase": phase})
    assert absent == (["operator_absent"] if phase in ARMED_OR_LATER else [])


@pytest.mark.parametrize("seen_s", [10.1, math.inf, math.nan])
def test_a_view_that_is_lost_is_an_alarm(seen_s: float) -> None:
    """H47."""
    assert found({"health": Health(operator_seen_s=seen_s)}) == ["operator_absent"]
    assert found({"health": Health(operator_seen_s=10.0)}) == []


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("presence_s", [300.0, 300.1, math.nan])
def test_a_person_is_asked_before_the_field_pauses(phase: Phase, presence_s: float) -> None:
    """H47: a minute before, while a field can be on; nobody else is asked."""
    is_due = phase in ENERGIZING and presence_s != 300.0
    told = found({"health": Health(presence_s=presence_s)}, {"phase": phase})
    assert told == (["presence_due"] if is_due else [])
    assert PRESENCE_S == phases.PRESENCE_S < phases.PRESENCE_LOST_S


@pytest.mark.parametrize("phase", Phase)
def test_what_a_session_uses_and_nobody_keeps_is_an_alarm(phase: Phase) -> None:
    """H43, H34: a power cut would give it to the patient once more."""
    told = found({"health": Health(spent_ok=False)}, {"phase": phase})
    assert told == (["journal"] if phase in ARMED_OR_LATER else [])


UNCONFIRMED = (
    None,
    replace(SOURCE),
    replace(OFF, measured_ka_per_m=None),
    replace(OFF, measured_ka_per_m=math.nan),
    replace(OFF, measured_ka_per_m=0.18),
    replace(OFF, at=NOW - 0.6),
    replace(OFF, at=math.nan),
    replace(OFF, at=NOW + 0.6),
)


@pytest.mark.parametrize("source", UNCONFIRMED)
@pytest.mark.shows("off_is_confirmed")
def test_off_that_no_read_back_confirms_is_said(source) -> None:
    """H16, H18: silent, old, missing, no number, or still on."""
    assert "unconfirmed_off" in found({"source": source}, tripped(trip("skin_trip")))
    assert "unconfirmed_off" not in found({"source": source}), "permitted: nobody wants off"


def test_off_that_is_confirmed_is_not_said() -> None:
    for source in (OFF, replace(OFF, measured_ka_per_m=0.17), replace(OFF, at=NOW - 0.4)):
        assert found({"source": source}, tripped(trip("skin_trip"))) == ["skin_trip"]


def test_moves_that_the_operator_or_the_protocol_wants_are_no_alarm() -> None:
    for event in (
        Reason("phase.paused", "pause"), Reason("phase.plateau", "reached"),
        Reason("intent.refused", "start"), Reason("intent.done", "lower_ceiling"),
    ):  # fmt: skip
        assert found(decided={"events": (event,)}) == []
    paused = found(decided={"events": (Reason("phase.paused", "view_lost"),)})
    assert paused == ["session.view_lost"]


def test_each_place_is_a_condition_of_its_own_and_each_once() -> None:
    """H48: a second hot probe is not hidden behind the first."""
    trips = (trip("probe_stale", NOW, "skin"), trip("probe_stale", NOW, "tumor"))
    assert found({"source": OFF}, tripped(*trips)) == ["probe_stale", "probe_stale"]
    verdict = Inhibit((Reason("frequency_unknown"), Reason("frequency_unknown")), False)
    assert found(decided={"verdict": verdict}) == ["frequency_unknown"]
