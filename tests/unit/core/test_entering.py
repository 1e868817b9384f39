# SPDX-License-Identifier: Apache-2.0
"""H06, H42: what a transition does to loops, set-point and pulse, and what it leaves alone."""

from dataclasses import replace

import pytest

from mnht_controller.core import session
from mnht_controller.core.governor import Loops
from mnht_controller.core.phases import TRANSITIONS, Condition, Transition, transition
from mnht_controller.core.pid import PidState
from mnht_controller.core.pulse import FOLLOW_S, Pulse
from mnht_controller.core.setpoint import Setpoint
from mnht_controller.core.state import CoreState, start
from mnht_controller.core.tick import tick
from mnht_controller.domain.intent import Verb
from mnht_controller.domain.phase import Phase
from tests.unit.core.core_bench import given, make_plan, observation
from tests.unit.core.pulse_sums import GOOD, PROBES, running

PLAN = make_plan(probes=PROBES, ramp_c_per_min=0.6)
SEEN = tuple([observation(probe) for probe in PROBES])
WORN = PidState(0.1, 41.0, 40.0, 43.0, 0.2)
HELD = PidState(0.1, None, None, 43.0, None)
RUNNING = running(tumor=GOOD)
OVER = replace(RUNNING, is_over=True)
PULSES = (RUNNING, OVER)


def worn(row: Transition, pulse: Pulse) -> CoreState:
    """A session in the middle of it, in the phase that the row leaves."""
    return replace(start(PLAN), phase=row.phase, setpoint=Setpoint(43.0, 41.0),
                   loops=Loops(WORN, WORN), pulse=pulse, ramp_s=7.0, treatment_s=1.0)  # fmt: skip


def entered(row: Transition, pulse: Pulse = RUNNING) -> CoreState:
    return session.entered(PLAN, worn(row, pulse), row, given(9.0, observations=SEEN), 36.0)


@pytest.mark.parametrize("pulse", PULSES)
@pytest.mark.parametrize("row", TRANSITIONS, ids=lambda row: f"{row.phase}-{row.condition}")
def test_what_a_transition_changes(row: Transition, pulse: Pulse) -> None:
    after = entered(row, pulse)
    assert (after.phase, after.since) == (row.to, 9.0)
    if row.to is Phase.CHECK:
        assert after == replace(start(PLAN), phase=Phase.CHECK, since=9.0, treatment_s=9.0)
        return
    begins = row.phase is Phase.ARMED and row.to is Phase.RAMP
    assert after.setpoint == (Setpoint(43.0, 36.0) if begins else Setpoint(43.0, 41.0))
    held = HELD if row.to is Phase.PAUSED else WORN
    assert after.loops == Loops(held, held)
    assert after.is_plateau_reached is (row.to is Phase.PLATEAU)
    assert after.ramp_s == 7.0


@pytest.mark.parametrize("row", TRANSITIONS, ids=lambda row: f"{row.phase}-{row.condition}")
def test_what_becomes_of_a_pulse(row: Transition) -> None:
    """Begun anew on the way into the ramp, ended by the plateau, kept where it is over."""
    if row.to is Phase.CHECK:
        return
    stopped = replace(RUNNING, is_over=True, seconds=FOLLOW_S)
    unended = entered(row, RUNNING).pulse
    ended = entered(row, OVER).pulse
    if row.to is Phase.RAMP:
        assert (unended.is_running, unended.seconds, unended.energy) == (True, 0.0, 0.0)
        assert ended == OVER
    elif row.to is Phase.PLATEAU:
        assert unended == ended == stopped
    else:
        assert unended == RUNNING
        assert ended == (stopped if row.to is Phase.PAUSED else OVER)


def test_a_plateau_once_reached_stays_so() -> None:
    row = transition(Phase.PLATEAU, Condition.PAUSE)
    before = replace(worn(row, OVER), is_plateau_reached=True)
    after = session.entered(PLAN, before, row, given(9.0, observations=SEEN), 36.0)
    assert after.is_plateau_reached


# ---- in a tick ---------------------------------------------------------------------------------


def codes(before: CoreState, *verbs: Verb, celsius: float = 36.0) -> list[str]:
    seen = tuple([observation(probe, celsius) for probe in PROBES])
    _, out = tick(PLAN, before, given(9.0, verbs, observations=seen))
    return [event.code for event in out.events if event.code != "skin.42_5_rising"]


@pytest.mark.parametrize("pulse", PULSES)
def test_a_skipped_pulse_is_told_where_the_plateau_cuts_it_short(pulse: Pulse) -> None:
    ramp = replace(start(PLAN), phase=Phase.RAMP, pulse=pulse)
    skipped = ["pulse.skipped"] if pulse is RUNNING else []
    assert codes(ramp, celsius=43.0) == ["phase.plateau", *skipped]
    assert codes(ramp, Verb.PAUSE) == ["phase.paused"]


def test_a_pulse_is_not_listened_to_in_a_pause() -> None:
    """Nor judged: it begins anew."""
    paused = replace(start(PLAN), phase=Phase.PAUSED, pulse=RUNNING, treatment_s=8.9)
    after, out = tick(PLAN, paused, given(9.0, observations=SEEN))
    assert after.pulse == RUNNING
    assert out.demand.field_ka_per_m == 0.0
    ramp = replace(paused, phase=Phase.RAMP)
    assert tick(PLAN, ramp, given(9.0, observations=SEEN))[0].pulse != RUNNING
