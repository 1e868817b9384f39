# SPDX-License-Identifier: Apache-2.0
"""Each single condition of the start gate decides on its own. H06, H38, H43, H44, H56."""

import math
from dataclasses import replace
from typing import Any

import pytest

from mnht_controller.domain.codec import digest
from mnht_controller.domain.lease import GuardState
from mnht_controller.domain.probe import Role
from mnht_controller.domain.reading import Quality
from mnht_controller.interlock import start_findings as start
from mnht_controller.interlock.start_findings import StartRequest
from tests.plans import ENVELOPE, GAINS, PRESCRIPTION, PROBES
from tests.unit.interlock.scene import NOW, PLAN, observed, seen, source, status
from tests.unit.interlock.test_permissives import (
    COOL,
    OFF,
    guarded,
    planned,
    prescribed,
    quiet,
    request,
    two_skins,
)


def places(found: Any) -> list[str]:
    return [reason.where for reason in found]


def prescribing(**changes: Any) -> StartRequest:
    """A plan whose numbers may be none: nothing of it is hashed."""
    return request(plan=replace(PLAN, prescription=replace(PRESCRIPTION, **changes)))


# ---- the guard ---------------------------------------------------------------------------------


def test_a_guard_that_is_not_armed_has_nothing_to_confirm_anew() -> None:
    idle = guarded(armed_at=NOW - 99.0)
    assert [*start.guard_state(replace(idle, prepared_at=NOW))] == []


def test_without_a_guard_its_state_and_limits_are_unmet_and_nothing_else() -> None:
    alone = request(guard=None)
    assert places(start.guard_state(alone)) == [""]
    assert places(start.guard_envelope(alone)) == ["guard"]
    assert [*start.guard_fault(alone)] == []
    assert [*start.guard_deaf(alone)] == []


@pytest.mark.parametrize(("behind", "is_deaf"), [(5, False), (6, True), (-9, False)])
def test_a_guard_acknowledges_our_latest_leases(behind: int, is_deaf: bool) -> None:
    guard = status(state=GuardState.DISABLED, lease_seq=100)
    assert bool([*start.guard_deaf(request(guard=guard, tick=100 + behind))]) is is_deaf


# ---- the plan ----------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [0.0, -1.0, math.inf, math.nan])
@pytest.mark.parametrize(
    "name",
    ["setpoint_c", "tumor_setpoint_c", "plateau_s", "ramp_s_max", "ramp_c_per_min", "cooldown_c"],
)
def test_a_prescribed_number_is_one_that_can_be_carried_out(name: str, number: float) -> None:
    assert places(start.prescription(prescribing(**{name: number}))) == [name]


@pytest.mark.parametrize(
    ("seconds", "holds"), [(0.0, True), (-1.0, False), (math.inf, False), (math.nan, False)]
)
def test_a_cooldown_may_be_none(seconds: float, holds: bool) -> None:
    found = places(start.prescription(prescribing(cooldown_s_max=seconds)))
    assert (found == []) is holds


@pytest.mark.parametrize(
    ("role", "limit_c"), [(Role.SKIN, 43.0), (Role.TUMOR, 60.0), (Role.HEALTHY, 45.0)]
)
def test_a_set_point_is_bounded_by_its_own_roles_limit(role: Role, limit_c: float) -> None:
    for celsius, found in ((limit_c, []), (limit_c + 0.01, ["setpoint_c"])):
        given = prescribing(control_role=role, setpoint_c=celsius)
        assert places(start.prescription(given)) == found


def test_both_hashes_are_those_of_what_they_stand_for() -> None:
    assert places(start.plan_hash(request())) == []
    assert places(start.plan_hash(request(plan=replace(PLAN, envelope_sha256="")))) == ["envelope"]
    assert places(start.plan_hash(prescribing(plateau_s=9.0))) == ["prescription"]
    assert places(start.plan_hash(prescribing(plateau_s=math.nan))) == ["prescription"]


def test_a_second_set_point_needs_a_probe_of_its_own() -> None:
    probes = (PROBES[0], replace(PROBES[1], required=False), PROBES[2])
    for second_c, found in ((None, []), (55.0, [Role.TUMOR.value])):
        wished = prescribed(tumor_setpoint_c=second_c).plan
        envelope = replace(wished.envelope, probes=probes)
        assert places(start.role_unprobed(planned(replace(wished, envelope=envelope)))) == found


@pytest.mark.parametrize("number", [-0.01, math.inf, math.nan])
def test_a_gain_is_a_number(number: float) -> None:
    plan = replace(PLAN, gains=replace(GAINS, gain_per_c=number))
    assert len([*start.gains(request(plan=plan))]) == 1


@pytest.mark.parametrize(
    ("period_s", "holds"), [(0.15, True), (0.151, False), (0.0, False), (-0.1, False)]
)
def test_a_tick_fits_into_a_lease(period_s: float, holds: bool) -> None:
    found = [*start.tick_period(request(plan=replace(PLAN, period_s=period_s)))]
    assert (found == []) is holds


# ---- devices and probes ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "is_zero"),
    [
        ({}, True),
        ({"setpoint_ka_per_m": 0.01}, True),
        ({"setpoint_ka_per_m": 0.011}, False),
        ({"measured_ka_per_m": 0.17}, True),
        ({"measured_ka_per_m": 0.18}, False),
        ({"measured_ka_per_m": None}, False),
        ({"output_on": True}, False),
    ],
)
def test_a_source_is_off_and_at_zero(changes: dict[str, Any], is_zero: bool) -> None:
    found = [*start.source_not_zero(request(quiet(source=source(**{**OFF, **changes}))))]
    assert (found == []) is is_zero
    assert [*start.source_not_zero(request(quiet(source=None)))] == []


def test_only_required_probes_must_read_well() -> None:
    for required, found in ((True, ["tumor"]), (False, [])):
        item = seen(Role.TUMOR, quality=Quality.SUSPECT)
        item = replace(item, probe=replace(item.probe, required=required))
        assert places(start.probe_suspect(request(quiet(observations=observed(item))))) == found


def test_only_skin_is_too_warm_at_its_set_point() -> None:
    warm = observed(seen(Role.SKIN, c=42.99), seen(Role.TUMOR, c=50.0))
    assert places(start.skin_too_warm(request(quiet(observations=warm)))) == []
    warm = observed(seen(Role.SKIN, c=43.0))
    assert places(start.skin_too_warm(request(quiet(observations=warm)))) == ["skin"]


@pytest.mark.parametrize(("celsius", "count"), [(26.0, 0), (25.99, 1)])
def test_skin_agrees_before_any_field(celsius: float, count: int) -> None:
    """H01: the tumor is warmer, and a probe that nobody requires may lie in the air."""
    given = request(quiet(observations=two_skins(celsius)))
    assert len([*start.skin_spread(given)]) == count
    cold = replace(given, memory=replace(given.memory, field_s=start.COLD_S_MAX))
    assert len([*start.skin_spread(cold)]) == count
    heated = replace(given, memory=replace(given.memory, field_s=start.COLD_S_MAX + 0.1))
    assert [*start.skin_spread(heated)] == []
    *others, item = two_skins(celsius)
    spare = replace(item, probe=replace(item.probe, required=False))
    assert [*start.skin_spread(request(quiet(observations=(*others, spare))))] == []
    assert [*start.skin_spread(request(quiet(observations=COOL[1:])))] == []


def test_only_skin_needs_a_prediction() -> None:
    deep = observed(seen(Role.SKIN, c=34.0), seen(Role.TUMOR, predicted_c=None))
    assert places(start.prediction_unknown(request(quiet(observations=deep)))) == []
    blind = observed(seen(Role.SKIN, c=34.0, predicted_c=None))
    assert places(start.prediction_unknown(request(quiet(observations=blind)))) == ["skin"]


def test_hashes_of_the_reference_plan() -> None:
    """What the cases above break is whole without them."""
    assert digest(ENVELOPE) == PLAN.envelope_sha256
