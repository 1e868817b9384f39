# SPDX-License-Identifier: Apache-2.0
"""Each condition, clock, set-point and notice of control at its bound. H39, H42, H43, H47."""

import math
from dataclasses import replace
from typing import Any

import pytest

from mnht_controller.core import phases, session, setpoint
from mnht_controller.core.conditions import TESTS, VERBS, View, due, is_guard_ready, refused
from mnht_controller.core.estimate import estimate, measured_c, seconds_to
from mnht_controller.core.events import noticed
from mnht_controller.core.phases import Condition
from mnht_controller.core.setpoint import Setpoint
from mnht_controller.core.state import CoreState, setpoint_c, start
from mnht_controller.domain.command import Reason
from mnht_controller.domain.intent import Intent, Verb
from mnht_controller.domain.lease import GuardState
from mnht_controller.domain.limits import Region
from mnht_controller.domain.phase import Phase
from mnht_controller.domain.probe import Role
from mnht_controller.domain.tick import Estimate
from tests.unit.core.core_bench import HEALTHY, SKIN, TUMOR, given, guard, make_plan, observation

PLAN = make_plan()


def up(value: float) -> float:
    return math.nextafter(value, math.inf)


def down(value: float) -> float:
    return math.nextafter(value, -math.inf)


def view(phase: Phase = Phase.RAMP, *, controlled_c: float | None = None, **changes: Any) -> View:
    """A phase that was entered at time zero; `changes` belong to state or to what is given."""
    names = {name for name in changes if hasattr(start(PLAN), name)}
    state = replace(start(PLAN), phase=phase, **{name: changes.pop(name) for name in names})
    now = changes.pop("now", 0.0)
    return View(PLAN, state, given(now, **changes), controlled_c)


def holds(condition: Condition, *args: Any, **changes: Any) -> bool:
    return TESTS[condition](view(*args, **changes))


TIMED: tuple[tuple[Condition, str, float], ...] = (
    (Condition.START_TIMEOUT, "now", 60.0),
    (Condition.PAUSE_TIMEOUT, "now", 600.0),
    (Condition.VIEW_LOST, "operator_seen_s", 60.0),
    (Condition.PRESENCE_LOST, "presence_s", 360.0),
    (Condition.RAMP_TIMEOUT, "ramp_s", 1800.0),
    (Condition.PLATEAU_DONE, "plateau_s", 1800.0),
    (Condition.COOLDOWN_TIMEOUT, "cooldown_s", 600.0),
)


@pytest.mark.parametrize(("condition", "name", "limit_s"), TIMED, ids=[row[0] for row in TIMED])
def test_a_time_is_over_when_it_is_full(condition: Condition, name: str, limit_s: float) -> None:
    """H47; what is no number is over."""
    for seconds, is_over in (
        (0.0, False),
        (down(limit_s), False),
        (limit_s, True),
        (math.nan, True),
    ):
        assert holds(condition, **{name: seconds}) is is_over, seconds


def test_a_phase_counts_from_where_it_was_entered() -> None:
    assert not holds(Condition.START_TIMEOUT, now=100.0, since=up(40.0))
    assert holds(Condition.START_TIMEOUT, now=100.0, since=40.0)


@pytest.mark.parametrize(
    ("celsius", "is_reached"), [(42.7, True), (down(42.7), False), (50.0, True), (None, False)]
)
def test_the_plateau_begins_three_tenths_below(celsius: float | None, is_reached: bool) -> None:
    assert holds(Condition.REACHED, controlled_c=celsius) is is_reached


@pytest.mark.parametrize(
    ("skin_c", "tumor_c", "is_cooled"),
    [(40.0, 40.0, True), (up(40.0), 39.0, False), (39.0, up(40.0), False), (None, 39.0, False)],
)
def test_cooled_is_every_role_at_forty(
    skin_c: float | None, tumor_c: float, is_cooled: bool
) -> None:
    plan = make_plan(probes=(SKIN, TUMOR))
    seen = (observation(SKIN, skin_c), observation(TUMOR, tumor_c))
    asked = View(plan, start(plan), given(observations=seen), None)
    assert TESTS[Condition.COOLED](asked) is is_cooled


@pytest.mark.parametrize("state", GuardState)
def test_a_guard_that_is_ready_holds_the_line_and_our_limits(state: GuardState) -> None:
    """H56."""
    fed = replace(guard(state), line_fed=True)
    for status, is_ready in (
        (fed, state in {GuardState.ARMED, GuardState.RUN}), (replace(fed, line_fed=False), False),
        (replace(fed, envelope_sha256="x"), False), (None, False),
    ):  # fmt: skip
        asked = view(Phase.RAMP, guard=status)
        assert is_guard_ready(asked) is is_ready
        assert TESTS[Condition.GUARD_GONE](asked) is (not is_ready and status is not None)
        assert TESTS[Condition.READY](asked) is is_ready
        assert not holds(Condition.READY, guard=status, unmet=(Reason("door"),))
        armed = view(Phase.ARMED, guard=status)
        assert TESTS[Condition.GUARD_GONE](armed) is not is_ready


@pytest.mark.parametrize(
    ("verb", "condition"),
    [(Verb.PREPARE, Condition.PREPARE), (Verb.ABANDON, Condition.ABANDON),
     (Verb.PAUSE, Condition.PAUSE), (Verb.START, Condition.START), (Verb.RESET, Condition.RESET)],
)  # fmt: skip
def test_a_wish_is_its_own_condition(verb: Verb, condition: Condition) -> None:
    for asked in Verb:
        wishes = (Intent(asked, "me"),)
        assert holds(condition, intents=wishes) is (asked is verb)
    both = (Intent(Verb.STOP, "me"), Intent(verb, "me"))
    assert holds(condition, intents=both)
    assert holds(Condition.LATCHED, is_latched=True)
    assert not holds(Condition.LATCHED)
    assert not holds(Condition.RESET, intents=(Intent(Verb.RESET, "me"),), is_latched=True)
    assert not holds(Condition.START, intents=(Intent(Verb.START, "me"),), unmet=(Reason("x"),))


@pytest.mark.parametrize("is_reached", [False, True])
def test_a_session_is_resumed_where_it_was(is_reached: bool) -> None:
    """By a wish, with somebody watching, and a guard that holds the line."""
    ready = {"intents": (Intent(Verb.RESUME, "me"),), "is_plateau_reached": is_reached,
             "guard": replace(guard(), line_fed=True)}  # fmt: skip
    where, other = Condition.RESUME_PLATEAU, Condition.RESUME_RAMP
    if not is_reached:
        where, other = other, where
    assert holds(where, **ready)
    assert not holds(other, **ready)
    for broken in ({"intents": ()}, {"operator_seen_s": 60.0}, {"guard": None}):
        assert not holds(where, **{**ready, **broken})


def test_a_wish_that_moved_nothing_is_refused_and_the_others_are_not() -> None:
    """STOP and the two that lower are nobody's refusal here."""
    for verb, conditions in VERBS:
        wishes = (Intent(verb, "me"), Intent(Verb.STOP, "me"))
        assert refused(wishes, None) == (Reason("intent.refused", verb),)
        for row in phases.TRANSITIONS:
            expected = () if row.condition in conditions else (Reason("intent.refused", verb),)
            assert refused(wishes, row) == expected


def test_the_first_condition_that_holds_moves_it() -> None:
    late = view(Phase.RAMP, presence_s=999.0, controlled_c=43.0, guard=None)
    assert due(late) == phases.transition(Phase.RAMP, Condition.PRESENCE_LOST)
    assert due(view(Phase.COOLDOWN, observations=(observation(value=41.0),))) is None


# ---- clocks ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before_s", "now_s", "passed_s"),
    [(None, 5.0, 0.0), (4.0, 5.5, 1.5), (5.0, 5.0, 0.0), (6.0, 5.0, 0.0), (4.0, math.nan, 0.0)],
)
def test_how_much_treatment_time_has_passed(
    before_s: float | None, now_s: float, passed_s: float
) -> None:
    before = replace(start(PLAN), treatment_s=before_s)
    assert session.elapsed_s(before, given(treatment_s=now_s)) == passed_s


@pytest.mark.parametrize(
    ("celsius", "counts"), [(42.0, True), (down(42.0), False), (99.0, True), (None, False)]
)
def test_the_plateau_clock_stops_a_degree_below(celsius: float | None, counts: bool) -> None:
    before = replace(start(PLAN), phase=Phase.PLATEAU, plateau_s=7.0)
    after = session.clocked(before, given(), celsius, 0.5)
    assert after.plateau_s == (7.5 if counts else 7.0)


def lowered(verb: Verb, value: float | None, phase: Phase = Phase.RAMP) -> CoreState:
    before = replace(start(PLAN), phase=phase)
    after, events = session.lowered(before, (Intent(verb, "me", value),))
    (event,) = events
    assert event.where == verb
    assert (event.code == "intent.done") is (after != before)
    assert event.value == (value if value is not None and math.isfinite(value) else None)
    return after


@pytest.mark.parametrize("phase", Phase)
def test_where_a_session_can_be_lowered(phase: Phase) -> None:
    may = phase in {Phase.CHECK, Phase.ARMED, Phase.RAMP, Phase.PLATEAU, Phase.PAUSED}
    assert lowered(Verb.LOWER_SETPOINT, 42.0, phase).setpoint.target_c == (42.0 if may else 43.0)
    assert lowered(Verb.LOWER_CEILING, 3.0, phase).ceiling_ka_per_m == (3.0 if may else 7.5)


def test_wishes_are_taken_one_after_the_other() -> None:
    wishes = (
        Intent(Verb.LOWER_CEILING, "me", 5.0),
        Intent(Verb.PAUSE, "me"),
        Intent(Verb.LOWER_CEILING, "me", 6.0),
        Intent(Verb.LOWER_SETPOINT, "me", 42.0),
    )
    after, events = session.lowered(replace(start(PLAN), phase=Phase.RAMP), wishes)
    assert (after.ceiling_ka_per_m, after.setpoint.target_c) == (5.0, 42.0)
    assert [event.code for event in events] == ["intent.done", "intent.refused", "intent.done"]


# ---- set-points --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "bound_c"), [(Role.SKIN, 43.0), (Role.TUMOR, 60.0), (Role.HEALTHY, 45.0)]
)
def test_a_target_is_never_above_its_tissues_bound(role: Role, bound_c: float) -> None:
    for wished_c, target_c in ((bound_c, bound_c), (99.0, bound_c), (40.0, 40.0)):
        plan = make_plan(control_role=role, setpoint_c=wished_c)
        assert setpoint_c(plan) == target_c
        assert start(plan).setpoint == Setpoint(target_c, target_c)


def test_a_fresh_session_begins_with_nothing() -> None:
    fresh = start(PLAN)
    assert (fresh.phase, fresh.since, fresh.treatment_s) == (Phase.STANDBY, 0.0, None)
    assert (fresh.ramp_s, fresh.plateau_s, fresh.cooldown_s, fresh.field_s) == (0.0,) * 4
    assert not (fresh.is_plateau_reached)
    assert not (fresh.is_rising_said)
    assert not (fresh.is_dose_said)


@pytest.mark.parametrize(
    ("cap", "region", "ceiling"), [(7.5, Region.NECK, 7.5), (5.0, Region.NECK, 5.0),
                                   (7.5, Region.PELVIS, 6.0)]
)  # fmt: skip
def test_the_ceiling_is_the_tighter_of_envelope_and_region(
    cap: float, region: Region, ceiling: float
) -> None:
    limits = replace(PLAN.envelope.limits, field_ka_per_m_cap=cap)
    envelope = replace(PLAN.envelope, limits=limits, region=region)
    assert start(replace(PLAN, envelope=envelope)).ceiling_ka_per_m == ceiling


def test_a_ramp_is_per_minute() -> None:
    begun = setpoint.begin(43.0, 36.0, 1.5)
    assert begun == Setpoint(43.0, 36.0)
    assert setpoint.advance(begun, 1.5, 20.0) == Setpoint(43.0, 36.5)
    assert setpoint.advance(begun, 1.5, 0.0) == begun
    assert setpoint.lower(Setpoint(43.0, 42.5), 42.0) == Setpoint(42.0, 42.0)
    assert setpoint.lower(Setpoint(43.0, 41.5), down(43.0)) == Setpoint(down(43.0), 41.5)


# ---- what is believed and told -----------------------------------------------------------------


def test_what_is_believed_is_the_hottest_with_its_lag_made_good() -> None:
    """And the least dose of the tumor, the most of the skin."""
    seen = (
        observation(SKIN, 40.0, -0.5, predicted_c=42.0, cem43_min=2.0),
        observation(replace(SKIN, lag_s=4.0), 39.0, 0.5, predicted_c=41.0, cem43_min=3.0),
        observation(HEALTHY, 38.0, 0.25),
    )
    believed = estimate(seen)
    assert believed == Estimate(41.0, 0.5, 42.0, None, 38.5, 3.0, 0.0)
    assert measured_c(seen, Role.SKIN) == 40.0
    assert measured_c(seen, Role.TUMOR) is None


def test_seconds_to_a_limit_at_the_present_rate() -> None:
    assert seconds_to(43.5, 43.0, 0.25) == 2.0
    assert seconds_to(43.5, 43.5, 5e-324) == 0.0
    assert seconds_to(43.5, 44.0, 0.25) == 0.0


BELIEVED = Estimate(42.5, 0.01, None, None, None, 0.0, 0.0)
RISING = Reason("skin.42_5_rising", "skin", 42.5, 42.5)


@pytest.mark.parametrize(
    ("celsius", "rate", "is_said"),
    [
        (42.5, 0.01, True),
        (42.5, 5e-324, True),
        (42.5, 0.0, False),
        (42.5, -0.01, False),
        (42.5, None, False),
        (down(42.5), 0.01, False),
        (None, 0.01, False),
    ],
)
def test_rising_skin_is_told_from_42_5(
    celsius: float | None, rate: float | None, is_said: bool
) -> None:
    seen = replace(BELIEVED, skin_c=celsius, skin_rate_c_per_s=rate)
    state, events = noticed(start(PLAN), seen)
    assert state.is_rising_said is is_said
    assert events == ((RISING,) if is_said else ())


@pytest.mark.parametrize(
    ("celsius", "stays"),
    [(42.5 - 0.2, True), (down(42.5 - 0.2), False), (44.0, True), (None, True)],
)
def test_it_is_told_again_after_two_tenths_less(celsius: float | None, stays: bool) -> None:
    said = replace(start(PLAN), is_rising_said=True)
    state, events = noticed(said, replace(BELIEVED, skin_c=celsius))
    assert state.is_rising_said is stays
    assert events == ()
    assert (state is said) is stays


@pytest.mark.parametrize(("dose_min", "is_said"), [(21.0, True), (down(21.0), False)])
def test_a_dose_of_21_is_told_once(dose_min: float, is_said: bool) -> None:
    """H43."""
    seen = replace(BELIEVED, skin_c=40.0, skin_cem43_min=dose_min)
    state, events = noticed(start(PLAN), seen)
    assert events == ((Reason("skin.dose_21", "skin", dose_min, 21.0),) if is_said else ())
    assert state.is_dose_said is is_said
    assert noticed(state, seen) == (state, ())
