# SPDX-License-Identifier: Apache-2.0
"""What an operator can do to a session under way: pause, resume, lower, stop."""

from itertools import pairwise

import pytest

from mnht_controller.domain.intent import Verb
from mnht_controller.domain.phase import Phase
from mnht_controller.domain.units import power_fraction
from sim_hardware.bench import operator
from sim_hardware.bench.scenario import Wish
from tests.closed_loop.sessions import Played, amplitude, play, short_settings

SLEW_PER_TICK = 0.02 * 0.1
NOISE = 0.004
"""Gain times three sigma: the filters begin anew with one noisy sample."""


@pytest.fixture(scope="module")
def paused() -> Played:
    wishes = (Wish(4.0, Verb.PAUSE), Wish(7.0, Verb.RESUME))
    return play(*wishes, settings=short_settings(8.0))


def test_pause_is_zero_at_once_and_not_latched(paused: Played) -> None:
    waiting = paused.during(Phase.PAUSED)
    assert 28 <= len(waiting) <= 32  # 3 s
    assert {amplitude(record) for record in waiting} == {0.0}
    assert not any(record.decision.trips for record in paused.ticks)
    assert len({record.decision.plateau_s for record in waiting[1:]}) == 1
    off = [edge.at for edge in paused.seen.edges if not edge.energized]
    assert off[0] - waiting[0].input.now <= 0.4


def test_resume_comes_back_without_a_bump(paused: Played) -> None:
    pause = paused.during(Phase.PAUSED)
    before = _power(next(r for r in paused.ticks if r.input.tick == pause[0].input.tick - 1))
    resumed = [_power(record) for record in paused.since(pause[-1].input.now)]
    rises = [late - early for early, late in pairwise(resumed)]
    assert max(rises) <= SLEW_PER_TICK + 1e-5
    assert max(resumed[:15]) == pytest.approx(before, abs=NOISE)
    assert paused.result["outcome"] == "completed"
    assert paused.result["oracle_violations"] == []


def _power(record: object) -> float:
    return power_fraction(amplitude(record))  # type: ignore[arg-type]


def test_a_lowered_set_point_acts_at_once_and_is_never_raised_again() -> None:
    wishes = (Wish(2.0, Verb.LOWER_SETPOINT, 42.4), Wish(3.0, Verb.LOWER_SETPOINT, 42.9))
    session = play(*wishes)
    setpoints = [record.decision.setpoint_c for record in session.during(Phase.PLATEAU)]
    assert setpoints == sorted(setpoints, reverse=True)
    assert set(setpoints) == {43.0, 42.4}
    lowered = next(r for r in session.ticks if r.decision.setpoint_c == 42.4)
    assert amplitude(lowered) == 0.0
    refused = [e for r in session.ticks for e in r.decision.events if e.code == "intent.refused"]
    assert [(event.where, event.value) for event in refused] == [("lower_setpoint", 42.9)]


def test_a_lowered_ceiling_bounds_the_field_from_the_next_tick_on() -> None:
    session = play(Wish(2.0, Verb.LOWER_CEILING, 1.0))
    asked_at = next(
        record.input.now
        for record in session.ticks
        if any(intent.verb is Verb.LOWER_CEILING for intent in record.input.intents)
    )
    assert max(amplitude(r) for r in session.ticks) > 1.0
    assert max(amplitude(r) for r in session.since(asked_at)) <= 1.0


def test_h60_stop_ends_the_session_and_says_so() -> None:
    session = play(Wish(2.0, Verb.STOP))
    result = session.result
    assert result["outcome"] == "stopped"
    assert result["first_out"] == "operator_stop"
    assert result["reasons"][0].startswith("operator_stop")
    assert result["trips"][0]["hazard"] == "H60"
    assert 0.0 < result["field_off_latency_s_max"] <= 0.4
    assert result["oracle_violations"] == []
    assert session.during(Phase.TRIPPED)
    assert not session.seen.edges[-1].energized


def test_h37_a_reset_does_not_bring_the_field_back() -> None:
    session = play(Wish(2.0, Verb.STOP), Wish(4.0, Verb.RESET))
    assert session.seen.course.last is not None
    assert session.seen.course.last.phase is Phase.STANDBY
    assert session.result["first_out"] == "operator_stop"
    assert session.result["outcome"] == "stopped"
    assert session.result["oracle_violations"] == []
    assert [edge.energized for edge in session.seen.edges] == [True, False]


@pytest.mark.shows("presence_pauses")
def test_h47_a_session_that_nobody_confirms_is_paused_at_six_minutes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The scripted operator looks on and says nothing; with its confirmations nothing pauses."""
    for present_s, phases in ((240.0, {Phase.PLATEAU}), (1e9, {Phase.PLATEAU, Phase.PAUSED})):
        monkeypatch.setattr(operator, "PRESENT_S", present_s)
        session = play(settings=short_settings(600.0), until_s=380.0)
        late = {tick.decision.phase for tick in session.ticks if tick.input.treatment_s > 30.0}
        assert late == phases
        told = {event.code for tick in session.ticks for event in tick.decision.events}
        assert ("presence.due" in told) is (Phase.PAUSED in phases)
