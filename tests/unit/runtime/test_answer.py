# SPDX-License-Identifier: Apache-2.0
"""Each intent is answered: taken, or why not, with everything that stands in its way."""

import pytest

from mnht_controller.domain.intent import Intent, Verb
from mnht_controller.runtime.answer import refusal
from tests.unit.runtime.moments import SETTLED, Desk


def asked(desk: Desk, verb: Verb, value: float | None = None) -> tuple[str, ...]:
    intent = Intent(verb, "nurse", value)
    return refusal(intent, desk.tick(intent))


def test_what_is_taken_has_no_reasons() -> None:
    desk = Desk()
    desk.ramp()
    for verb, value in (
        (Verb.LOWER_SETPOINT, 42.0),
        (Verb.LOWER_CEILING, 5.0),
        (Verb.PAUSE, None),
        (Verb.RESUME, None),
        (Verb.STOP, None),
    ):
        assert asked(desk, verb, value) == (), verb


@pytest.mark.parametrize(
    "verb", [v for v in Verb if v not in {Verb.PREPARE, Verb.STOP, Verb.PRESENT, Verb.CLOSE}]
)
def test_what_means_nothing_in_standby_is_refused_with_its_phase(verb: Verb) -> None:
    desk = Desk()
    desk.ticks(SETTLED)
    assert asked(desk, verb, 1.0)[0] == f"{verb.value} is not possible in phase standby"


@pytest.mark.parametrize("value", [43.0, 44.0, None, float("nan"), float("inf")])
def test_a_set_point_that_is_not_lower_is_refused_and_said(value: float | None) -> None:
    """H38: it must not look taken."""
    desk = Desk()
    desk.ramp()
    assert asked(desk, Verb.LOWER_SETPOINT, value)
    assert desk.state.core.setpoint.target_c == 43.0


@pytest.mark.parametrize("value", [7.5, 9.0, -1.0, None, float("nan")])
def test_a_ceiling_that_is_not_lower_is_refused_and_said(value: float | None) -> None:
    desk = Desk()
    desk.ramp()
    assert asked(desk, Verb.LOWER_CEILING, value)


def test_of_two_wishes_in_one_tick_each_has_its_own_answer() -> None:
    desk = Desk()
    desk.ramp()
    lower, higher = (Intent(Verb.LOWER_SETPOINT, "nurse", c) for c in (42.0, 42.9))
    decision = desk.tick(lower, higher)
    assert refusal(lower, decision) == ()
    assert refusal(higher, decision) != ()


def test_start_is_refused_with_all_that_is_unmet() -> None:
    desk = Desk(guard=None)
    desk.ticks(SETTLED)
    desk.tick(Verb.PREPARE)
    reasons = asked(desk, Verb.START)
    assert reasons[0] == "start is not possible in phase check"
    assert {"guard_state", "lease_lost peer"} & {*reasons}
    assert len(reasons) > 2


def test_after_a_trip_the_trips_are_the_reasons() -> None:
    desk = Desk()
    desk.ramp()
    desk.tick(Verb.STOP)
    assert "operator_stop operator" in asked(desk, Verb.RESUME)


def test_a_reset_is_refused_with_what_keeps_the_latch_and_nothing_else() -> None:
    """H60: among a dozen things that do not matter yet, nobody finds the one that does."""
    desk = Desk()
    desk.ramp()
    desk.skin_c = 44.5
    desk.ticks(SETTLED)
    assert desk.state.latch.is_latched
    assert len(desk.tick().unmet) > 3
    assert asked(desk, Verb.RESET) == (
        "reset is not possible in phase tripped",
        "skin_trip skin",
    )
