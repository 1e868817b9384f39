# SPDX-License-Identifier: Apache-2.0
"""One tick without the world: how phases, latch, start gate and permits depend on each other."""

import itertools
import math
from dataclasses import replace

import pytest

from mnht_controller.core import tick as core
from mnht_controller.domain.command import FieldDemand, Inhibit, Permit
from mnht_controller.domain.intent import Intent, Verb
from mnht_controller.domain.lease import GuardState
from mnht_controller.domain.phase import Phase
from mnht_controller.domain.reading import Quality
from mnht_controller.domain.tick import Decision
from mnht_controller.domain.trip import Latch, Trip
from mnht_controller.runtime import decide as floor
from mnht_controller.runtime.decide import initial, state_digest
from tests.plans import ENVELOPE, HEALTHY, plan
from tests.unit.runtime.moments import PLAN, SETTLED, Desk

KEPT = Latch((Trip("skin_trip", "H13", "skin", 44.1, 44.0, 1.0, 1.0),))


def codes(decision: Decision) -> set[str]:
    return {reason.code for reason in decision.unmet}


def trips(decision: Decision) -> list[str]:
    return [trip.code for trip in decision.trips]


@pytest.mark.shows("starts_off")
def test_h37_a_fresh_process_is_in_standby_and_permits_nothing() -> None:
    state = initial(PLAN, Latch())
    assert (state.core.phase, state.permit_ka_per_m) == (Phase.STANDBY, None)
    decision = Desk().ticks(5)
    assert (decision.phase, decision.verdict.__class__) == (Phase.STANDBY, Inhibit)


def test_h37_a_kept_latch_is_still_latched() -> None:
    desk = Desk(latch=KEPT)
    decision = desk.ticks(SETTLED)
    assert decision.phase is Phase.TRIPPED
    assert decision.trips == KEPT.trips
    assert decision.verdict == Inhibit(decision.verdict.reasons, True)
    assert "latched" in codes(decision)
    assert desk.tick(Verb.RESET).phase is Phase.STANDBY
    assert desk.ticks(3).trips == ()


def test_a_session_needs_each_of_its_steps() -> None:
    desk = Desk()
    desk.ticks(SETTLED)
    assert desk.tick(Verb.START).phase is Phase.STANDBY
    assert desk.tick(Verb.PREPARE).phase is Phase.CHECK
    assert desk.ticks(30).phase is Phase.CHECK, "nobody has confirmed"
    desk.guard = GuardState.ARMED
    assert desk.tick().phase is Phase.ARMED
    assert isinstance(desk.ticks(30).verdict, Inhibit), "nobody has started"
    decision = desk.tick(Verb.START)
    assert (decision.phase, decision.verdict.__class__) == (Phase.RAMP, Permit)


def test_the_first_permit_is_not_above_what_was_demanded_and_expires() -> None:
    decision = Desk().ramp()
    assert isinstance(decision.verdict, Permit)
    assert decision.demand.field_ka_per_m == decision.verdict.field_ka_per_m
    assert 0.0 < decision.verdict.field_ka_per_m <= 7.5


UNMET: tuple[tuple[str, dict[str, object]], ...] = (
    ("guard_state", {"guard": GuardState.LATCHED}),
    ("guard_envelope", {"envelope_sha256": "0" * 64}),
    ("lease_lost", {"guard": None}),
    ("journal", {"health": replace(HEALTHY, journal_ok=False)}),
    ("operator_absent", {"health": replace(HEALTHY, operator_seen_s=10.1)}),
    ("skin_too_warm", {"skin_c": 43.2}),
    ("probe_bad", {"probe": {"value": None, "quality": Quality.BAD}}),
    ("watchdog_off", {"source": {"watchdog_on": False}}),
    ("source_limit", {"source": {"limit_ka_per_m": 18.0}}),
    ("source_not_zero", {"source": {"output_on": True}}),
    ("frequency_unknown", {"source": {"frequency_hz": None}}),
)


@pytest.mark.parametrize(("code", "changes"), UNMET, ids=[row[0] for row in UNMET])
def test_whatever_is_unmet_keeps_the_session_in_check(
    code: str, changes: dict[str, object]
) -> None:
    desk = Desk(skin_c=43.2 if "skin_c" in changes else 37.0)  # a jump would be another fault
    desk.ticks(SETTLED)
    desk.tick(Verb.PREPARE)
    desk.guard = GuardState.ARMED
    for name, value in changes.items():
        setattr(desk, name, value)
    decision = desk.ticks(3)
    assert code in codes(decision)
    assert decision.phase in {Phase.CHECK, Phase.TRIPPED}
    assert isinstance(decision.verdict, Inhibit)


def test_all_that_is_unmet_is_named_at_once() -> None:
    desk = Desk(skin_c=43.2, health=replace(HEALTHY, journal_ok=False), guard=None)
    assert codes(desk.ticks(SETTLED)) >= {"journal", "skin_too_warm", "guard_state", "lease_lost"}


def test_what_is_unmet_in_armed_keeps_start_from_being_taken() -> None:
    desk = Desk()
    desk.ticks(SETTLED)
    desk.tick(Verb.PREPARE)
    desk.guard = GuardState.ARMED
    desk.tick()
    desk.health = replace(HEALTHY, journal_ok=False)
    decision = desk.tick(Verb.START)
    assert decision.phase is Phase.ARMED
    assert "journal" in codes(decision)
    assert isinstance(decision.verdict, Inhibit)


def test_h60_stop_latches_in_the_same_tick_in_every_phase() -> None:
    for steps in range(4):
        desk = Desk()
        if steps == 3:
            desk.ramp()
        for _ in range(steps):
            desk.tick()
        decision = desk.tick(Verb.STOP)
        assert trips(decision) == ["operator_stop"]
        assert isinstance(decision.verdict, Inhibit)
        assert decision.verdict.tripped
        assert desk.tick().phase is Phase.TRIPPED


def test_h13_a_trip_takes_the_permit_in_the_tick_that_sees_it() -> None:
    desk = Desk()
    desk.ramp()
    assert isinstance(desk.ticks(5).verdict, Permit)
    desk.source = {"faults": ("coolant",)}
    decision = desk.tick()
    assert trips(decision) == ["source_fault"]
    assert desk.state.permit_ka_per_m is None
    assert decision.phase is Phase.TRIPPED


def test_nothing_comes_back_when_only_the_cause_has_gone() -> None:
    desk = Desk()
    desk.ramp()
    desk.source = {"faults": ("coolant",)}
    desk.tick()
    desk.source = {}
    for verbs in ((), (Verb.START,), (Verb.RESUME,), (Verb.PREPARE,), (Verb.START, Verb.PREPARE)):
        decision = desk.tick(*verbs)
        assert decision.phase is Phase.TRIPPED
        assert isinstance(decision.verdict, Inhibit)
        assert decision.verdict.tripped


def test_the_first_out_stays_first() -> None:
    desk = Desk()
    desk.ramp()
    desk.source = {"faults": ("coolant",)}
    desk.tick()
    desk.source = {"faults": ("coolant",), "watchdog_on": False}
    desk.guard = GuardState.LATCHED
    desk.tick(Verb.STOP)
    assert desk.state.latch.first_out is not None
    assert desk.state.latch.first_out.code == "source_fault"
    assert "operator_stop" in trips(desk.decided[-1])


def test_a_reset_is_refused_while_a_cause_is_present_and_hides_no_new_one() -> None:
    desk = Desk()
    desk.ticks(SETTLED)
    desk.tick(Verb.STOP)
    assert trips(desk.tick(Verb.RESET, Verb.STOP)) == ["operator_stop"]
    desk.source = {"measured_ka_per_m": 5.0}
    desk.ticks(5)
    refused = trips(desk.tick(Verb.RESET))
    assert refused[0] == "operator_stop", "a refused reset forgets nothing"
    assert "off_not_obeyed" in refused
    desk.source = {}
    desk.ticks(2)
    assert desk.tick(Verb.RESET).trips == ()


def test_h40_a_demand_above_the_cap_latches_and_is_not_permitted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for demanded in (7.51, -0.1, math.nan, math.inf):
        desk = Desk()
        desk.ramp()

        def mad(*given: object, _field: float = demanded) -> tuple[object, object]:
            state, wish = core.tick(*given)  # type: ignore[arg-type]
            return state, replace(wish, demand=FieldDemand(_field))

        with monkeypatch.context() as patched:
            patched.setattr(floor, "tick", mad)
            decision = desk.tick()
        assert trips(decision) == ["demand_invalid"]
        assert isinstance(decision.verdict, Inhibit)
        assert decision.verdict.tripped
        assert desk.ticks(3).phase is Phase.TRIPPED


def test_pause_is_a_permit_of_zero_and_resume_needs_the_guard() -> None:
    desk = Desk()
    desk.ramp()
    paused = desk.tick(Verb.PAUSE)
    assert paused.phase is Phase.PAUSED
    assert isinstance(paused.verdict, Permit)
    assert paused.verdict.field_ka_per_m == 0.0
    assert desk.tick(Verb.RESUME).phase is Phase.RAMP


def test_an_inhibit_does_not_latch() -> None:
    desk = Desk()
    desk.ramp()
    desk.uncertain_s = 0.2
    held = desk.tick()
    assert held.verdict == Inhibit(held.verdict.reasons, False)
    desk.uncertain_s = 0.0
    assert isinstance(desk.tick().verdict, Permit)


SHORT = plan(limits=replace(ENVELOPE.limits, field_s_max=1.0))


def spent() -> Desk:
    """One second of field is allowed, and it is used up; the trip is reset."""
    desk = Desk(SHORT, envelope_sha256=SHORT.envelope_sha256)
    desk.ramp()
    assert trips(desk.ticks(15)) == ["session_time"]
    desk.guard = GuardState.DISABLED
    desk.ticks(3)
    assert desk.tick(Verb.RESET).phase is Phase.STANDBY
    return desk


def test_h43_field_time_outlives_trip_reset_and_prepare() -> None:
    """One process and one envelope are one session: nothing an operator does begins it anew."""
    desk = spent()
    for _ in range(3):
        decision = desk.tick(Verb.PREPARE)
        assert decision.field_s > 1.0
        assert "session_time" in codes(decision)
        desk.guard = GuardState.ARMED
        assert desk.ticks(5).phase is Phase.CHECK, "the start gate refuses by itself"
        desk.guard = GuardState.DISABLED
        assert desk.tick(Verb.ABANDON).phase is Phase.STANDBY


def test_h43_field_time_outlives_abandon() -> None:
    desk = Desk()
    desk.ramp()
    before = desk.ticks(10).field_s
    desk.tick(Verb.PAUSE)
    desk.ticks(3)
    assert desk.tick(Verb.ABANDON).phase is Phase.STANDBY
    desk.guard = GuardState.DISABLED
    assert desk.tick(Verb.PREPARE).field_s >= before


def test_h43_dose_outlives_prepare_and_refuses_the_next_session() -> None:
    tight = plan(limits=replace(ENVELOPE.limits, skin_cem43_min_cap=0.01))
    desk = Desk(tight, envelope_sha256=tight.envelope_sha256, skin_c=42.5)
    desk.ticks(SETTLED)
    dose_min = desk.tick(Verb.PREPARE).estimate.skin_cem43_min
    assert dose_min > 0.01
    decision = desk.tick()
    assert decision.estimate.skin_cem43_min > dose_min
    assert "skin_dose" in codes(decision)


def test_h15_prepare_does_not_forget_where_the_skin_is_heading() -> None:
    desk = Desk()
    known = desk.ticks(SETTLED).estimate.skin_rate_c_per_s
    assert known is not None
    assert desk.tick(Verb.PREPARE).estimate.skin_predicted_c is not None


def test_h15_nothing_is_armed_before_it_is_known_where_the_skin_is_heading() -> None:
    desk = Desk()
    desk.ticks(20)
    desk.tick(Verb.PREPARE)
    desk.guard = GuardState.ARMED
    decision = desk.ticks(5)
    assert (codes(decision), decision.phase) == ({"prediction_unknown"}, Phase.CHECK)
    assert desk.ticks(SETTLED).phase is Phase.ARMED


@pytest.mark.parametrize("state", [GuardState.ARMED, GuardState.RUN])
def test_h56_a_confirmation_from_before_prepare_arms_nothing(state: GuardState) -> None:
    """The lease that said `over` was lost: the guard still holds the line of the last session."""
    desk = Desk()
    desk.ticks(SETTLED)
    desk.guard, desk.armed_at = state, desk.given[-1].now
    desk.tick(Verb.PREPARE)
    decision = desk.ticks(20)
    assert (codes(decision), decision.phase) == ({"guard_state"}, Phase.CHECK)
    desk.guard = GuardState.DISABLED
    assert codes(desk.tick()) == set()
    desk.guard, desk.armed_at = GuardState.ARMED, desk.given[-1].now
    assert desk.ticks(2).phase is Phase.ARMED
    assert desk.tick(Verb.START).phase is Phase.RAMP


@pytest.mark.parametrize(
    ("cause", "value", "code"),
    [
        ("skin_c", 45.5, "skin_trip"),
        ("probe", {"value": None, "quality": Quality.BAD}, "probe_bad"),
        ("source", {"watchdog_on": False}, "watchdog_off"),
        ("source", {"interlocks_open": ("DOOR",)}, "source_interlock"),
        ("uncertain_s", 0.4, "uncertain"),
    ],
)
def test_h13_a_latch_holds_as_long_as_its_cause_would_trip_an_armed_session(
    cause: str, value: object, code: str
) -> None:
    desk = Desk()
    desk.ramp()
    quiet = getattr(desk, cause)
    setattr(desk, cause, value)
    desk.ticks(5)
    desk.guard = GuardState.DISABLED
    first = desk.state.latch.first_out
    for _ in range(3):
        decision = desk.tick(Verb.RESET)
        assert decision.phase is Phase.TRIPPED
        assert code in codes(decision)
        assert desk.state.latch.first_out == first
    setattr(desk, cause, quiet)
    desk.ticks(110)  # a level that was jumped to is believed after 10 s
    assert desk.tick(Verb.RESET).phase is Phase.STANDBY


@pytest.mark.parametrize(
    "source", [{"faults": ("coolant",)}, {"limit_ka_per_m": 18.0}], ids=["fault", "limit"]
)
def test_what_only_prepare_can_mend_keeps_no_latch_but_refuses_the_start(
    source: dict[str, object],
) -> None:
    desk = Desk(latch=KEPT, source=source, guard=GuardState.LATCHED)
    desk.ticks(SETTLED)
    assert desk.tick(Verb.RESET).phase is Phase.STANDBY
    desk.guard = GuardState.ARMED
    desk.tick(Verb.PREPARE)
    decision = desk.ticks(3)
    assert codes(decision) & {"source_fault", "source_limit"}
    assert decision.phase is Phase.CHECK


def test_h21_an_amplifier_that_is_switched_off_by_somebody_else_trips() -> None:
    """Whoever switches it on again there would step the field to what is permitted by then."""
    desk = Desk()
    desk.ramp()
    desk.source = {"output_on": False, "measured_ka_per_m": 0.0}
    assert trips(desk.ticks(6)) == []
    assert trips(desk.ticks(2)) == ["output_off_unasked"]


def test_prepare_in_a_session_resets_nothing() -> None:
    desk = Desk()
    desk.ramp()
    before = desk.ticks(10).field_s
    assert desk.tick(Verb.PREPARE).field_s > before


def test_h27_the_guards_refusal_trips_a_session_under_way() -> None:
    for state in (GuardState.LATCHED, GuardState.DISABLED):
        desk = Desk()
        desk.ramp()
        desk.guard = state
        assert "guard_refuses" in trips(desk.tick())


def test_deciding_is_a_function_of_its_inputs() -> None:
    desk, again = Desk(), Desk()
    desk.ramp()
    desk.tick(Intent(Verb.LOWER_SETPOINT, "nurse", 42.0))
    desk.ticks(5)
    for given, decision in zip(desk.given, desk.decided, strict=True):
        again.state, repeated = floor.decide(PLAN, again.state, given)
        assert repeated == decision
    assert state_digest(again.state) == state_digest(desk.state)


def test_the_digest_changes_with_every_tick() -> None:
    desk = Desk()
    digests = []
    for _ in range(5):
        desk.tick()
        digests.append(state_digest(desk.state))
    assert all(one != two for one, two in itertools.pairwise(digests))
