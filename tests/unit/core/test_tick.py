# SPDX-License-Identifier: Apache-2.0
"""One tick at a time through a session: phases, clocks, intents, events, demands."""

import math
from dataclasses import replace

import pytest

from mnht_controller.core.tick import CoreState, start, tick
from mnht_controller.domain import codec
from mnht_controller.domain.command import Reason
from mnht_controller.domain.intent import Intent, Verb
from mnht_controller.domain.lease import GuardState
from mnht_controller.domain.phase import Phase
from mnht_controller.domain.probe import Role
from tests.unit.core.core_bench import (
    HASH,
    HEALTHY,
    SKIN,
    TUMOR,
    given,
    guard,
    make_plan,
    observation,
)

PLAN = make_plan()


def skin(celsius, **changes):
    return (observation(SKIN, celsius, **changes),)


def at(phase, **changes):
    return replace(start(PLAN), phase=phase, treatment_s=0.0, **changes)


def events(out):
    return {(event.code, event.where) for event in out.events}


def run(state, steps, plan=PLAN):
    out = None
    for step in steps:
        state, out = tick(plan, state, step)
    return state, out


def test_a_session_from_standby_to_complete():
    state, out = run(start(PLAN), [given(0.0)])
    assert out.phase is Phase.STANDBY
    state, out = run(state, [given(0.1, (Verb.PREPARE,), guard=None)])
    assert out.phase is Phase.CHECK
    state, out = run(state, [given(0.2, guard=None), given(0.3, unmet=(Reason("probe"),))])
    assert out.phase is Phase.CHECK
    state, out = run(state, [given(0.4)])
    assert out.phase is Phase.ARMED
    assert out.demand.field_ka_per_m is None
    state, out = run(state, [given(0.5, (Verb.START,))])
    assert out.phase is Phase.RAMP
    assert out.demand.field_ka_per_m is not None
    state, out = run(state, [given(0.6, observations=skin(42.69))])
    assert out.phase is Phase.RAMP
    state, out = run(state, [given(0.7, observations=skin(42.7))])
    assert out.phase is Phase.PLATEAU
    assert ("phase.plateau", "reached") in events(out)
    state, out = run(state, [given(1800.0, observations=skin(43.0))])
    assert out.phase is Phase.PLATEAU
    state, out = run(state, [given(1800.8, observations=skin(43.0))])
    assert out.phase is Phase.COOLDOWN
    assert out.demand.field_ka_per_m is None
    state, out = run(state, [given(1900.0, observations=skin(40.1))])
    assert out.phase is Phase.COOLDOWN
    state, out = run(state, [given(1901.0, observations=skin(40.0))])
    assert (out.phase, out.demand.field_ka_per_m) == (Phase.COMPLETE, None)
    state, out = run(state, [given(1902.0, (Verb.PREPARE,))])
    assert (out.phase, out.plateau_s, out.field_s) == (Phase.CHECK, 0.0, 0.0)


@pytest.mark.parametrize("phase", [p for p in Phase if p not in {Phase.RAMP, Phase.PLATEAU}])
def test_no_wish_above_zero_outside_the_energizing_phases_i1(phase):
    _, out = run(at(phase), [given(0.1, guard=None if phase is Phase.CHECK else guard())])
    expected = 0.0 if phase is Phase.PAUSED else None
    assert out.phase is phase or phase in {Phase.CHECK, Phase.COOLDOWN}
    assert out.demand.field_ka_per_m == expected


@pytest.mark.parametrize("phase", Phase)
def test_a_latch_trips_from_anywhere_and_stays(phase):
    state, out = run(at(phase), [given(0.1, (Verb.RESET, Verb.START), is_latched=True)])
    assert (out.phase, out.demand.field_ka_per_m) == (Phase.TRIPPED, None)
    assert ("intent.refused", "reset") in events(out)
    state, out = run(state, [given(0.2)])
    assert out.phase is Phase.TRIPPED  # unlatched, but nobody has asked for it
    _, out = run(state, [given(0.3, (Verb.RESET,))])
    assert out.phase is Phase.STANDBY


@pytest.mark.parametrize(
    "status",
    [
        None,
        guard(GuardState.DISABLED),
        guard(GuardState.LATCHED),
        guard(sha="other"),
        replace(guard(), line_fed=False),
    ],
)
def test_guard_must_hold_exactly_this_envelope_i11(status):
    _, out = run(at(Phase.CHECK), [given(0.1, guard=status)])
    assert out.phase is Phase.CHECK
    _, out = run(at(Phase.ARMED), [given(0.1, guard=status)])
    assert (out.phase, events(out)) == (Phase.STANDBY, {("phase.standby", "guard_gone")})
    for phase in (Phase.RAMP, Phase.PLATEAU, Phase.PAUSED):
        _, out = run(at(phase), [given(0.1, guard=status)])
        assert out.phase is (phase if status is None else Phase.STANDBY)


def test_armed_without_start_ends_after_a_minute():
    state, out = run(at(Phase.ARMED, since=100.0), [given(159.9)])
    assert out.phase is Phase.ARMED
    _, out = run(state, [given(160.0)])
    assert (out.phase, events(out)) == (Phase.STANDBY, {("phase.standby", "start_timeout")})


def test_start_needs_every_permissive():
    _, out = run(at(Phase.ARMED), [given(0.1, (Verb.START,), unmet=(Reason("door"),))])
    assert out.phase is Phase.ARMED
    assert events(out) == {("intent.refused", "start")}


@pytest.mark.parametrize("phase", [Phase.RAMP, Phase.PLATEAU])
def test_pause_is_zero_not_off_and_resumes_where_it_was(phase):
    reached = phase is Phase.PLATEAU
    state = at(phase, is_plateau_reached=reached)
    state, out = run(state, [given(0.1, (Verb.PAUSE,)), given(0.2)])
    assert (out.phase, out.demand.field_ka_per_m) == (Phase.PAUSED, 0.0)
    _, out = run(state, [given(500.0, (Verb.RESUME,))])
    assert out.phase is phase


def test_plateau_clock_stops_in_a_pause_and_the_session_ends_after_ten_minutes():
    state = at(Phase.PLATEAU, is_plateau_reached=True, plateau_s=50.0)
    state, _ = run(state, [given(0.1, (Verb.PAUSE,), observations=skin(43.0))])
    state, out = run(state, [given(600.0, observations=skin(43.0))])
    assert (out.phase, out.plateau_s) == (Phase.PAUSED, pytest.approx(50.1))
    _, out = run(state, [given(600.1, (Verb.RESUME,))])
    assert (out.phase, events(out)) == (
        Phase.STANDBY,
        {("phase.standby", "pause_timeout"), ("intent.refused", "resume")},
    )


@pytest.mark.shows("view_lost_pauses")
def test_nobody_watching_pauses_h47():
    state, out = run(at(Phase.RAMP), [given(0.1, operator_seen_s=59.9)])
    assert out.phase is Phase.RAMP
    state, out = run(state, [given(0.2, operator_seen_s=60.0)])
    assert (out.phase, events(out)) == (Phase.PAUSED, {("phase.paused", "view_lost")})
    state, out = run(state, [given(0.3, (Verb.RESUME,), operator_seen_s=math.nan)])
    assert out.phase is Phase.PAUSED
    _, out = run(state, [given(0.4, (Verb.RESUME,))])
    assert out.phase is Phase.RAMP


def test_ramp_that_takes_too_long_cools_down():
    steps = [given(1800.0 * n / 4.0) for n in range(4)]
    state, out = run(at(Phase.RAMP), steps)
    assert out.phase is Phase.RAMP
    _, out = run(state, [given(1800.0)])
    assert (out.phase, events(out)) == (Phase.COOLDOWN, {("phase.cooldown", "ramp_timeout")})


def test_plateau_clock_pauses_below_one_degree_and_while_blind():
    state = at(Phase.PLATEAU)
    state, out = run(state, [given(1.0, observations=skin(42.0))])
    assert out.plateau_s == pytest.approx(1.0)
    state, out = run(state, [given(2.0, observations=skin(41.99))])
    assert out.plateau_s == pytest.approx(1.0)
    state, out = run(state, [given(3.0, observations=skin(None))])
    assert (out.plateau_s, out.demand.field_ka_per_m) == (pytest.approx(1.0), None)
    assert out.demand.reasons[0].code == "control.no_reading"


def test_cooldown_ends_by_time_too():
    state, out = run(at(Phase.COOLDOWN), [given(599.9, observations=skin(42.0))])
    assert out.phase is Phase.COOLDOWN
    _, out = run(state, [given(600.0, observations=skin(None))])
    assert (out.phase, events(out)) == (Phase.COMPLETE, {("phase.complete", "cooldown_timeout")})


def test_cooldown_waits_for_every_role():
    plan = make_plan(probes=(SKIN, TUMOR))
    state = replace(start(plan), phase=Phase.COOLDOWN, treatment_s=0.0)
    _, out = run(
        state, [given(1.0, observations=(*skin(39.0), observation(TUMOR, 45.0)))], plan=plan
    )
    assert out.phase is Phase.COOLDOWN


def test_field_time_counts_what_was_permitted_in_treatment_time():
    state = at(Phase.RAMP)
    state, _ = run(state, [given(0.1, treatment_s=2.0, permitted_ka_per_m=5.0)])
    _, out = run(state, [given(0.2, treatment_s=4.0, permitted_ka_per_m=0.0)])
    assert out.field_s == 2.0


@pytest.mark.parametrize("treatment", [-5.0, math.nan])
def test_treatment_time_that_goes_back_counts_nothing_h33(treatment):
    state = at(Phase.PLATEAU)
    _, out = run(state, [given(0.1, treatment_s=treatment, observations=skin(43.0))])
    assert out.plateau_s == 0.0


def test_lowering_the_setpoint_acts_at_once_and_raising_is_refused():
    state = at(Phase.PLATEAU)
    state, out = run(state, [given(0.1, (Intent(Verb.LOWER_SETPOINT, "me", 42.0),))])
    assert (out.setpoint_c, events(out)) == (42.0, {("intent.done", "lower_setpoint")})
    for value in (43.0, None, math.nan):
        state, out = run(state, [given(0.2, (Intent(Verb.LOWER_SETPOINT, "me", value),))])
        assert (out.setpoint_c, events(out)) == (42.0, {("intent.refused", "lower_setpoint")})


def test_lowering_the_ceiling_bounds_the_next_demand():
    cold = {"observations": skin(35.0), "permitted_ka_per_m": 7.5}
    state, out = run(at(Phase.RAMP), [given(0.1, **cold)])
    assert out.demand.field_ka_per_m == 7.5
    lower = (Intent(Verb.LOWER_CEILING, "me", 3.0),)
    state, out = run(state, [given(0.2, lower, **cold)])
    assert out.demand.field_ka_per_m == 3.0
    for value in (7.0, -1.0, math.nan, None):
        state, out = run(state, [given(0.3, (Intent(Verb.LOWER_CEILING, "me", value),), **cold)])
        assert out.demand.field_ka_per_m == 3.0


def test_verbs_out_of_place_change_nothing_and_say_so():
    _, out = run(at(Phase.STANDBY), [given(0.1, (Verb.START, Verb.RESUME, Verb.STOP))])
    assert out.phase is Phase.STANDBY
    assert events(out) == {("intent.refused", "start"), ("intent.refused", "resume")}


def test_prescribed_setpoint_never_exceeds_the_skin_bound():
    assert start(make_plan(setpoint_c=50.0)).setpoint.target_c == 43.0
    assert start(make_plan(setpoint_c=50.0, control_role=Role.TUMOR)).setpoint.target_c == 50.0


def test_tumor_control_keeps_the_skin_as_a_cap():
    plan = make_plan(probes=(SKIN, TUMOR), setpoint_c=45.0, control_role=Role.TUMOR)
    state = replace(start(plan), phase=Phase.RAMP, treatment_s=0.0)
    seen = (observation(SKIN, 42.9), observation(TUMOR, 41.0))
    _, out = run(state, [given(0.1, observations=seen, permitted_ka_per_m=7.5)], plan=plan)
    assert out.demand.reasons[0].code == "control.skin"
    seen = (observation(SKIN, 36.0), observation(TUMOR, 44.9))
    _, out = run(state, [given(0.1, observations=seen, permitted_ka_per_m=7.5)], plan=plan)
    assert out.demand.reasons[0].code == "control.tumor"
    assert out.phase is Phase.PLATEAU


def test_prescribed_ramp_moves_the_setpoint():
    plan = make_plan(ramp_c_per_min=0.6)
    state = replace(start(plan), phase=Phase.ARMED, treatment_s=0.0)
    state, out = run(state, [given(0.1, (Verb.START,), observations=skin(36.0))], plan=plan)
    assert out.setpoint_c == pytest.approx(36.001)
    _, out = run(state, [given(100.1, observations=skin(36.5))], plan=plan)
    assert out.setpoint_c == pytest.approx(37.001)


def test_events_once_each():
    state = at(Phase.RAMP)
    codes = []
    for celsius, rate, dose in (
        (42.6, 0.0, 0.0),
        (42.6, 0.01, 0.0),
        (42.7, 0.01, 21.0),
        (42.4, 0.01, 22.0),
        (42.6, 0.01, 23.0),
        (42.2, 0.01, 23.0),
        (42.6, 0.01, 23.0),
    ):
        seen = (observation(replace(SKIN, lag_s=0.0), celsius, rate, cem43_min=dose),)
        state, out = run(state, [given(state.treatment_s + 0.1, observations=seen)])
        codes.append(sorted(e.code for e in out.events if e.code.startswith("skin.")))
    rising, dosed = "skin.42_5_rising", "skin.dose_21"
    assert codes == [[], [rising], [dosed], [], [], [], [rising]]


def test_state_survives_the_codec():
    state, _ = run(at(Phase.RAMP), [given(0.1), given(0.2, (Verb.PAUSE,))])
    assert codec.loads(CoreState, codec.dumps(state)) == state
    assert HASH not in codec.dumps(state)


def test_a_role_that_nothing_controls_is_off():
    """Healthy tissue has a cap and no loop."""
    plan = make_plan(probes=(SKIN, HEALTHY), control_role=Role.HEALTHY)
    state = replace(start(plan), phase=Phase.RAMP)
    _, out = tick(plan, state, given(observations=(observation(), observation(HEALTHY, 38.0))))
    assert out.demand.field_ka_per_m is None
    assert [reason.code for reason in out.demand.reasons] == ["control.no_loop"]


def test_tumor_control_without_a_skin_probe_needs_no_skin():
    """Where a site has none; the envelope would refuse to arm it, the core does not go blind."""
    alone = make_plan(probes=(TUMOR,), control_role=Role.TUMOR)
    state = replace(start(alone), phase=Phase.RAMP)
    _, out = tick(alone, state, given(observations=(observation(TUMOR, 38.0),)))
    assert out.demand.field_ka_per_m is not None


@pytest.mark.parametrize(
    ("value", "ceiling"),
    [(0.0, 0.0), (-1e-9, 7.5), (7.5, 7.5), (7.4, 7.4), (math.nan, 7.5), (None, 7.5)],
)
def test_a_ceiling_can_be_lowered_to_zero_and_not_below(value, ceiling):
    wish = Intent(Verb.LOWER_CEILING, "tester", value)
    state, _ = tick(PLAN, at(Phase.RAMP), given(0.1, (wish,), observations=skin(40.0)))
    assert state.ceiling_ka_per_m == ceiling


@pytest.mark.parametrize(("permitted", "counts"), [(0.0, 0.0), (1e-9, 0.5), (0.9, 0.5)])
def test_any_field_counts_as_on(permitted, counts):
    """H43."""
    state, out = tick(PLAN, at(Phase.RAMP), given(0.5, permitted_ka_per_m=permitted))
    assert state.field_s == out.field_s == counts


@pytest.mark.parametrize("phase", [Phase.RAMP, Phase.PLATEAU, Phase.COOLDOWN, Phase.PAUSED])
def test_a_clock_runs_in_its_own_phase_only(phase):
    state, _ = tick(PLAN, at(phase), given(0.5, observations=skin(43.0)))
    clocks = (state.ramp_s, state.plateau_s, state.cooldown_s)
    running = {Phase.RAMP: (0.5, 0.0, 0.0), Phase.PLATEAU: (0.0, 0.5, 0.0)}
    assert clocks == running.get(phase, (0.0, 0.0, 0.5 if phase is Phase.COOLDOWN else 0.0))
