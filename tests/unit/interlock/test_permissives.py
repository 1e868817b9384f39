# SPDX-License-Identifier: Apache-2.0
"""Everything that must hold before arming refuses by its own reason, and all at once (H47)."""

from dataclasses import replace
from typing import Any

import pytest

from mnht_controller.domain.codec import digest
from mnht_controller.domain.lease import GuardState
from mnht_controller.domain.limits import Region
from mnht_controller.domain.prescription import Envelope, Plan
from mnht_controller.domain.probe import Role
from mnht_controller.domain.reading import Quality
from mnht_controller.domain.self_test import SETTLED, Outcome, Proof, SelfTest
from mnht_controller.domain.tick import Health
from mnht_controller.domain.trip import Effect, Latch
from mnht_controller.interlock.bounds import envelope_faults
from mnht_controller.interlock.evaluate import Hit
from mnht_controller.interlock.latch import latched
from mnht_controller.interlock.permissives import PERMISSIVES, StartRequest, unmet
from mnht_controller.interlock.rules import RULES
from mnht_controller.interlock.start_findings import needed_disk_mb
from mnht_controller.interlock.witness import Witness
from mnht_controller.thermometry.observe import Observation, Why
from tests.plans import ENVELOPE, GAINS, HEALTHY, PRESCRIPTION, PROBES
from tests.unit.interlock.scenarios import SCENARIOS
from tests.unit.interlock.scene import (
    NOW,
    PLAN,
    SHOWN,
    judged,
    observed,
    seen,
    source,
    status,
    witness,
)

OFF = {"setpoint_ka_per_m": 0.0, "measured_ka_per_m": 0.0, "output_on": False}
COOL = observed(seen(Role.SKIN, c=34.0))


def quiet(**changes: Any) -> Witness:
    """Before arming: cool skin, source off and prepared."""
    base = {"observations": COOL, "source": source(**OFF), "armed": False, "permit_ka_per_m": None}
    return witness(**{**base, **changes})


def request(seen_as: Witness | None = None, **changes: Any) -> StartRequest:
    """A session that may be armed, but for the changes."""
    moment = seen_as or quiet()
    memory, guard = judged([moment])[0], status(state=GuardState.DISABLED)
    return replace(StartRequest(moment, memory, Latch(), guard, PLAN, HEALTHY, tick=1), **changes)


def codes(seen_as: Witness | None = None, **changes: Any) -> set[str]:
    return {reason.code for reason in unmet(request(seen_as, **changes))}


def wide(**limits: Any) -> Envelope:
    return replace(ENVELOPE, limits=replace(ENVELOPE.limits, **limits))


def sick(**health: Any) -> StartRequest:
    return request(health=replace(HEALTHY, **health))


def guarded(**changes: Any) -> StartRequest:
    return request(guard=status(**{"state": GuardState.DISABLED, **changes}))


def probed(*disturbed: Observation) -> StartRequest:
    return request(quiet(observations=observed(seen(Role.SKIN, c=34.0), *disturbed)))


def proofs_of(line: Proof = SHOWN.line, watchdog: Proof = SHOWN.watchdog) -> StartRequest:
    return request(quiet(self_test=SelfTest(line, watchdog)))


def prescribed(**changes: Any) -> StartRequest:
    """A consistent plan with another prescription."""
    prescription = replace(PRESCRIPTION, **changes)
    envelope = replace(ENVELOPE, prescription_sha256=digest(prescription))
    return planned(replace(PLAN, prescription=prescription, envelope=envelope))


def planned(plan: Plan) -> StartRequest:
    """This plan, confirmed by its own hash."""
    plan = replace(plan, envelope_sha256=digest(plan.envelope))
    moment = quiet(envelope=plan.envelope)
    guard = status(state=GuardState.DISABLED, envelope_sha256=plan.envelope_sha256)
    return request(moment, plan=plan, guard=guard)


def two_skins(c: float) -> tuple[Observation, ...]:
    """A second required skin probe beside the one at 34 °C."""
    other = seen(Role.SKIN, c=c)
    other = replace(other, probe=replace(other.probe, id="skin_2", channel=4))
    return (*COOL, other)


def rested(skin_c: float, healthy_c: float) -> tuple[Observation, ...]:
    """Nothing is heated yet: the tumor at body temperature."""
    return observed(
        seen(Role.SKIN, c=skin_c), seen(Role.TUMOR, c=36.4), seen(Role.HEALTHY, c=healthy_c)
    )


BOTH = replace(ENVELOPE, probes=(*PROBES, two_skins(34.0)[-1].probe))
TRIP = Hit("x", "H01", Effect.TRIP, "", None, None)
UNREQUIRED = replace(ENVELOPE, probes=(PROBES[0], replace(PROBES[1], required=False), PROBES[2]))

CASES: tuple[tuple[str, StartRequest], ...] = (
    ("latched", request(latch=latched(Latch(), (TRIP,), 1.0, 1.0))),
    ("guard_state", guarded(state=GuardState.LATCHED)),
    ("guard_envelope", guarded(envelope_sha256="")),
    ("guard_fault", guarded(fault="guard.latch: no space left on device")),
    ("guard_deaf", request(tick=7)),
    ("journal", sick(journal_ok=False)),
    ("disk_space", sick(disk_free_mb=499.9)),
    ("disk_space", sick(disk_free_mb=None)),
    ("spent_unreadable", sick(spent_ok=False)),
    ("tick_late", sick(late_ticks=2)),
    ("tick_period", request(plan=replace(PLAN, period_s=0.2))),
    ("task_silent", sick(silent_tasks=("thermometer",))),
    ("operator_absent", sick(operator_seen_s=10.1)),
    ("presence", sick(presence_s=300.1)),
    ("presence", sick(presence_s=float("nan"))),
    ("device_lost", sick(lost_devices=("chiller",))),
    ("device_mixture", sick(mixed_devices=("source",))),
    ("envelope", request(quiet(envelope=wide(skin_c_trip=44.1)))),
    ("plan_hash", request(plan=replace(PLAN, prescription=replace(PRESCRIPTION, plateau_s=9.0)))),
    ("region_mismatch", prescribed(region=Region.HEAD)),
    ("role_unprobed", planned(replace(prescribed(control_role=Role.TUMOR).plan,
                                      envelope=replace(UNREQUIRED, prescription_sha256=digest(
                                          replace(PRESCRIPTION, control_role=Role.TUMOR)))))),
    ("prescription", prescribed(setpoint_c=43.1)),
    ("prescription", prescribed(tumor_setpoint_c=60.1)),
    ("prescription", prescribed(plateau_s=0.0)),
    ("prescription", prescribed(ramp_c_per_min=0.0)),
    ("prescription", prescribed(cooldown_s_max=-1.0)),
    ("gains", request(plan=replace(PLAN, gains=replace(GAINS, integral_s=float("nan"))))),
    ("gains", request(plan=replace(PLAN, gains=replace(GAINS, slew_per_s=0.0)))),
    ("probe_suspect", probed(seen(Role.SKIN, c=34.0, quality=Quality.SUSPECT))),
    ("skin_too_warm", probed(seen(Role.SKIN, c=43.0))),
    ("skin_spread", request(quiet(envelope=BOTH, observations=two_skins(25.0)))),
    ("baseline", request(quiet(observations=rested(36.2, healthy_c=34.9)))),
    ("prediction_unknown", probed(seen(Role.SKIN, c=34.0, predicted_c=None))),
    ("source_not_zero", request(quiet(source=source(**{**OFF, "output_on": True})))),
    ("enable_line_unproven", proofs_of(line=Proof())),
    ("watchdog_unproven", proofs_of(watchdog=Proof(Outcome.FAILED, "it did not act"))),
)  # fmt: skip
"""Each breaks one thing of a session that could otherwise be armed."""


def test_a_ready_session_may_be_armed() -> None:
    assert unmet(request()) == ()
    assert unmet(request(guard=status(state=GuardState.ARMED))) == ()
    assert unmet(prescribed(tumor_setpoint_c=55.0, ramp_c_per_min=1.0)) == ()
    assert unmet(request(quiet(envelope=BOTH, observations=two_skins(27.0)))) == ()


def test_every_row_has_a_case_and_there_are_at_least_25() -> None:
    """H30: T30."""
    assert {row.code for row in PERMISSIVES} == {code for code, _ in CASES}
    assert len(PERMISSIVES) >= 25
    own = [row.code for row in PERMISSIVES] + [row.code for row in RULES]
    assert len({*own}) == len(own), "each precondition has a code of its own"
    assert all(row.title for row in PERMISSIVES)


@pytest.mark.parametrize(("code", "broken"), CASES)
def test_a_row_refuses_by_its_own_code_and_no_other(code: str, broken: StartRequest) -> None:
    """H30, H34, H38, H44: one thing broken, one reason given."""
    assert {reason.code for reason in unmet(broken)} == {code}


@pytest.mark.parametrize("outcome", Outcome)
@pytest.mark.parametrize("part", ["line", "watchdog"])
def test_only_what_was_seen_or_cannot_be_seen_lets_a_session_begin(
    part: str, outcome: Outcome
) -> None:
    """H16, H24: and a refusal says what was not seen."""
    found = unmet(proofs_of(**{part: Proof(outcome, "why it is so", 0.7)}))
    assert (found == ()) is (outcome in SETTLED)
    assert all((reason.where, reason.value) == ("why it is so", 0.7) for reason in found)
    assert {reason.where for reason in unmet(proofs_of(**{part: Proof()}))} == {
        "its test is waiting"
    }


@pytest.mark.parametrize(("field_s", "expected"), [(0.4, {"skin_spread"}), (5.1, set())])
def test_a_warm_neighbor_after_field_is_no_disagreement(field_s: float, expected: set[str]) -> None:
    """H01: after a pause the deposit's side is warm. An unverified command is no field yet."""
    moment = quiet(envelope=BOTH, observations=two_skins(25.0))
    memory = replace(judged([moment])[0], field_s=field_s)
    assert codes(moment, memory=memory) == expected


def test_a_number_that_is_none_has_no_hash_and_is_refused() -> None:
    """H40: and the tick goes on."""
    plan = replace(PLAN, prescription=replace(PRESCRIPTION, plateau_s=float("nan")))
    assert codes(plan=plan) == {"plan_hash", "prescription"}


def test_a_longer_session_needs_more_room() -> None:
    """H34: three sessions' records."""
    short, long = (needed_disk_mb(prescribed(plateau_s=s).plan) for s in (60.0, 5400.0))
    assert short == 500.0
    assert long == pytest.approx(3 * (2400 + 5400 + 600) * 10 * 0.004)


@pytest.mark.parametrize("code", [row.code for row in RULES])
def test_nothing_starts_with_a_rule_already_broken(code: str) -> None:
    """Debounce does not help here: what is out of bounds now is out of bounds."""
    moment = SCENARIOS[code][-1]
    memory = judged(SCENARIOS[code])[0]
    assert code in codes(replace(moment, armed=False), memory=memory)


@pytest.mark.parametrize("why", Why)
def test_a_required_probe_must_read_well(why: Why) -> None:
    """H03, H10: whatever the reason."""
    bad = seen(Role.HEALTHY, codes=(why,))
    found = unmet(request(quiet(observations=observed(seen(Role.SKIN, c=34.0), bad))))
    assert "healthy" in {reason.where for reason in found}


@pytest.mark.parametrize(
    "changes",
    [
        {"setpoint_ka_per_m": 1.0},
        {"measured_ka_per_m": 0.18},
        {"measured_ka_per_m": None},
        {"output_on": True},
    ],
)
def test_the_source_must_be_off_and_at_zero(changes: dict[str, Any]) -> None:
    assert "source_not_zero" in codes(quiet(source=source(**{**OFF, **changes})))


@pytest.mark.parametrize("state", GuardState)
def test_guard_states_that_may_start(state: GuardState) -> None:
    may = state in {GuardState.DISABLED, GuardState.ARMED}
    assert ("guard_state" in codes(guard=status(state=state))) is not may
    assert {"guard_state", "guard_envelope"} <= codes(guard=None)


@pytest.mark.parametrize(("armed_at", "counts"), [(NOW - 0.1, False), (NOW, True)])
def test_only_a_confirmation_after_prepare_counts(armed_at: float, counts: bool) -> None:
    """H56: whatever was lost on the way to the guard, a human has to confirm anew."""
    armed = status(state=GuardState.ARMED, armed_at=armed_at)
    assert ("guard_state" not in codes(guard=armed, prepared_at=NOW)) is counts
    assert codes(guard=armed) == set()
    never = status(state=GuardState.ARMED, armed_at=float("nan"))
    assert codes(guard=never, prepared_at=NOW) == {"guard_state"}


@pytest.mark.parametrize("required", [True, False])
def test_every_skin_probe_that_reads_needs_its_prediction(required: bool) -> None:
    """H15, H42: the predicted cut-back would be blind."""

    def found(**changes: Any) -> set[str]:
        skin = seen(Role.SKIN, c=34.0, predicted_c=None, **changes)
        other = replace(skin, probe=replace(skin.probe, required=required))
        return codes(quiet(observations=observed(other)))

    assert "prediction_unknown" in found()
    assert ("prediction_unknown" in found(codes=(Why.NO_VALUE,))) is required


def test_all_that_is_unmet_is_named_at_once() -> None:
    """A refusal that names only its first reason is a guessing game."""
    moment = quiet(source=None, peer_age_s=None, envelope=wide(skin_c_cap=50.0))
    found = codes(moment, guard=None, health=Health(journal_ok=False, operator_seen_s=99.0))
    assert found >= {"source_lost", "lease_lost", "envelope", "guard_state", "journal"}
    assert found >= {"operator_absent", "disk_space"}


@pytest.mark.parametrize(
    ("envelope", "code"),
    [
        (wide(skin_c_trip=44.01), "limit_wider"),
        (wide(skin_c_trip=float("nan")), "limit_wider"),
        (wide(field_ka_per_m_cap=7.6), "limit_wider"),
        (wide(field_s_max=6001.0), "limit_wider"),
        (wide(skin_c_cap=44.0), "limit_wider"),
        (wide(skin_c_cap=42.0), "limit_order"),
        (replace(ENVELOPE, region=Region.PELVIS), "limit_wider"),
        (replace(ENVELOPE, speed=20.5), "speed_refused"),
        (replace(ENVELOPE, speed=0.5), "speed_refused"),
        (replace(ENVELOPE, speed=float("nan")), "speed_refused"),
        (replace(ENVELOPE, speed=2.0, simulated=False), "speed_refused"),
        (replace(ENVELOPE, probes=()), "probe_required"),
        (replace(ENVELOPE, probes=PROBES[1:]), "probe_required"),
        (replace(ENVELOPE, probes=(*PROBES, PROBES[0])), "probe_duplicate"),
        (replace(ENVELOPE, probes=(replace(PROBES[0], period_s=0.0),)), "probe_declaration"),
        (replace(ENVELOPE, probes=(replace(PROBES[0], noise_c=-1.0),)), "probe_declaration"),
        (replace(ENVELOPE, probes=(replace(PROBES[0], lag_s=float("inf")),)), "probe_declaration"),
        (
            replace(ENVELOPE, source=replace(ENVELOPE.source, settling_s=float("nan"))),
            "source_declaration",
        ),
        (replace(ENVELOPE, source=replace(ENVELOPE.source, period_s=0.0)), "source_declaration"),
    ],
)
def test_an_envelope_that_cannot_be_enforced(envelope: Envelope, code: str) -> None:
    assert code in {fault.code for fault in envelope_faults(envelope)}


@pytest.mark.shows("region_cap")
def test_every_region_has_its_cap() -> None:
    """H52: compiled in, not configured."""
    for region, cap in ((Region.PELVIS, 6.0), (Region.HEAD, 13.5), (Region.NECK, 7.5)):
        fitting = replace(wide(field_ka_per_m_cap=cap), region=region)
        assert envelope_faults(fitting) == ()
        assert envelope_faults(replace(wide(field_ka_per_m_cap=cap + 0.01), region=region))
