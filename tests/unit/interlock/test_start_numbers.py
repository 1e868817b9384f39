# SPDX-License-Identifier: Apache-2.0
"""Every number that arming depends on, at its bound and one float beside it.

H30, H34, H38, H43, H44, H47, H52, H56.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest

from mnht_controller.domain.codec import digest
from mnht_controller.domain.command import Reason
from mnht_controller.domain.lease import GuardState
from mnht_controller.domain.prescription import Plan
from mnht_controller.domain.probe import Role
from mnht_controller.domain.reading import Quality
from mnht_controller.domain.trip import Latch
from mnht_controller.interlock import start_findings as at
from mnht_controller.interlock.memory import Memory
from mnht_controller.interlock.start_findings import StartRequest
from mnht_controller.thermometry.observe import Observation, Why
from tests.plans import GAINS, HEALTHY, PRESCRIPTION
from tests.unit.interlock.scene import NOW, PLAN, observed, seen, source, status, witness

OFF = {"setpoint_ka_per_m": 0.0, "measured_ka_per_m": 0.0, "output_on": False}
Find = Callable[[StartRequest], Iterable[Reason]]


def up(value: float) -> float:
    return math.nextafter(value, math.inf)


def down(value: float) -> float:
    return math.nextafter(value, -math.inf)


def request(**changes: Any) -> StartRequest:
    """A session that may be armed; `health`, `drive`, `seen` change parts of it."""
    health = replace(HEALTHY, **changes.pop("health", {}))
    moment = witness(
        armed=False,
        source=source(**{**OFF, **changes.pop("drive", {})}),
        observations=changes.pop("seen", observed(seen(Role.SKIN, c=34.0))),
    )
    guard = changes.pop("guard", status(state=GuardState.DISABLED))
    quiet = StartRequest(moment, Memory(), Latch(), guard, PLAN, health, tick=1)
    return replace(quiet, **changes)


def prescribed(**changes: Any) -> Plan:
    return replace(PLAN, prescription=replace(PRESCRIPTION, **changes))


def found(find: Find, **changes: Any) -> list[Reason]:
    return list(find(request(**changes)))


# ---- one number, one bound ---------------------------------------------------------------------


def test_how_far_the_guard_may_be_behind() -> None:
    """H31: five leases."""
    for tick, is_deaf in ((6, False), (7, True), (1, False), (0, False)):
        expected = [Reason("guard_deaf", "guard", float(tick - 1), 5)] if is_deaf else []
        assert found(at.guard_deaf, tick=tick) == expected
    assert found(at.guard_deaf, tick=99, guard=None) == []


@pytest.mark.parametrize(
    ("find", "name", "limit", "where"),
    [
        (at.operator_absent, "operator_seen_s", 10.0, ""),
        (at.presence, "presence_s", 300.0, "operator"),
        (at.tick_late, "late_ticks", 1, ""),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_may_last_so_long(find: Find, name: str, limit: float, where: str) -> None:
    above = limit + 1 if isinstance(limit, int) else up(limit)
    assert found(find, health={name: limit}) == []
    assert found(find, health={name: 0}) == []
    (reason,) = found(find, health={name: above})
    assert (reason.where, reason.value, reason.limit) == (where, above, limit)
    assert found(find, health={name: math.nan})


@pytest.mark.parametrize(
    ("period_s", "is_fine"),
    [(0.15, True), (up(0.15), False), (5e-324, True), (0.0, False), (-0.1, False),
     (math.nan, False)],
)  # fmt: skip
def test_how_slow_a_tick_may_be(period_s: float, is_fine: bool) -> None:
    reasons = found(at.tick_period, plan=replace(PLAN, period_s=period_s))
    assert [reason.limit for reason in reasons] == ([] if is_fine else [0.15])


@pytest.mark.parametrize(
    ("free_mb", "is_enough"),
    [(500.0, True), (down(500.0), False), (None, False), (math.nan, False), (1e9, True)],
)
def test_how_much_room_a_record_needs(free_mb: float | None, is_enough: bool) -> None:
    """H34."""
    plan = prescribed(ramp_s_max=1.0, plateau_s=1.0, cooldown_s_max=1.0)
    reasons = found(at.disk_space, plan=plan, health={"disk_free_mb": free_mb})
    assert reasons == ([] if is_enough else [Reason("disk_space", "journal", free_mb, 500.0)])


def test_a_long_session_needs_three_sessions_records() -> None:
    """4000 bytes a tick, in the journals of both processes."""
    plan = prescribed(ramp_s_max=3000.0, plateau_s=5000.0, cooldown_s_max=2000.0)
    assert at.needed_disk_mb(plan) == pytest.approx(1200.0)
    assert at.needed_disk_mb(replace(plan, period_s=0.05)) == pytest.approx(2400.0)


# ---- guard and source --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "armed_at", "may"),
    [
        (GuardState.ARMED, NOW, True),
        (GuardState.ARMED, down(NOW), False),
        (GuardState.ARMED, math.nan, False),
        (GuardState.DISABLED, 0.0, True),
        (GuardState.RUN, NOW, False),
        (GuardState.LATCHED, NOW, False),
    ],
)
def test_when_the_guard_may_have_been_armed(state: GuardState, armed_at: float, may: bool) -> None:
    """H56."""
    guard = status(state=state, armed_at=armed_at)
    expected = [] if may else [Reason("guard_state", state.value)]
    assert found(at.guard_state, guard=guard, prepared_at=NOW) == expected


def test_what_a_missing_guard_is_called() -> None:
    assert found(at.guard_state, guard=None) == [Reason("guard_state")]
    assert found(at.guard_envelope, guard=None) == [Reason("guard_envelope", "guard")]
    assert found(at.guard_fault, guard=None) == []
    assert found(at.guard_fault, guard=status(fault="disk")) == [Reason("guard_fault", "disk")]


@pytest.mark.parametrize(
    ("drive", "is_zero"),
    [
        ({}, True),
        ({"measured_ka_per_m": down(0.18)}, True),
        ({"measured_ka_per_m": 0.18}, False),
        ({"measured_ka_per_m": math.nan}, False),
        ({"measured_ka_per_m": None}, False),
        ({"output_on": True}, False),
        ({"setpoint_ka_per_m": 0.01}, True),
        ({"setpoint_ka_per_m": up(0.01)}, False),
        ({"setpoint_ka_per_m": math.nan}, False),
    ],
)
def test_the_amplifier_is_off_and_at_zero(drive: dict[str, Any], is_zero: bool) -> None:
    reasons = found(at.source_not_zero, drive=drive)
    measured = drive.get("measured_ka_per_m", 0.0)
    assert len(reasons) == (not is_zero)
    for reason in reasons:
        assert (reason.code, reason.where, reason.limit) == ("source_not_zero", "source", 0.18)
        assert reason.value is measured


# ---- the plan ----------------------------------------------------------------------------------

BOUNDS: tuple[tuple[str, float, float, bool], ...] = (
    ("setpoint_c", 0.0, 43.0, False),
    ("tumor_setpoint_c", 0.0, 60.0, False),
    ("plateau_s", 0.0, math.inf, False),
    ("ramp_s_max", 0.0, math.inf, False),
    ("ramp_c_per_min", 0.0, math.inf, False),
    ("cooldown_c", 0.0, math.inf, False),
    ("cooldown_s_max", 0.0, math.inf, True),
)
"""Above the first (or at it, where that is true), at most the second; infinity is none."""


@pytest.mark.parametrize(
    ("name", "low", "high", "with_low"), BOUNDS, ids=[row[0] for row in BOUNDS]
)
def test_a_prescribed_number(name: str, low: float, high: float, with_low: bool) -> None:
    def is_refused(value: float) -> bool:
        reasons = found(at.prescription, plan=prescribed(**{name: value}))
        assert reasons in ([], [Reason("prescription", name)])
        return bool(reasons)

    assert is_refused(low) is not with_low
    assert is_refused(down(low))
    assert not is_refused(up(low))
    assert is_refused(math.nan)
    assert is_refused(math.inf)
    if math.isfinite(high):
        assert not is_refused(high)
        assert is_refused(up(high))
    else:
        assert not is_refused(1e308)


@pytest.mark.parametrize(
    ("role", "bound_c"), [(Role.SKIN, 43.0), (Role.TUMOR, 60.0), (Role.HEALTHY, 45.0)]
)
def test_a_setpoint_is_bound_by_its_tissue(role: Role, bound_c: float) -> None:
    for celsius, is_fine in ((bound_c, True), (up(bound_c), False)):
        plan = prescribed(control_role=role, setpoint_c=celsius)
        assert (found(at.prescription, plan=plan) == []) is is_fine


@pytest.mark.parametrize(
    "name",
    ["gain_per_c", "integral_s", "derivative_s", "filter_s", "tracking_s", "slew_per_s"],
)
def test_a_gain_is_a_number(name: str) -> None:
    for value, is_fine in (
        (0.0, name != "slew_per_s"), (5e-324, True), (1e308, True), (down(0.0), False),
        (math.inf, False), (math.nan, False),
    ):  # fmt: skip
        plan = replace(PLAN, gains=replace(GAINS, **{name: value}))
        assert found(at.gains, plan=plan) == ([] if is_fine else [Reason("gains")])


def test_each_hash_is_that_of_what_it_stands_for() -> None:
    assert found(at.plan_hash) == []
    other = replace(PLAN, envelope_sha256="0" * 64)
    assert found(at.plan_hash, plan=other) == [Reason("plan_hash", "envelope")]
    assert found(at.plan_hash, plan=prescribed(plateau_s=9.0)) == [
        Reason("plan_hash", "prescription")
    ]
    both = replace(prescribed(plateau_s=math.nan), envelope_sha256=digest(PRESCRIPTION))
    assert [reason.where for reason in found(at.plan_hash, plan=both)] == [
        "envelope",
        "prescription",
    ]


def test_what_control_holds_has_a_required_probe() -> None:
    bare = replace(PLAN.envelope, probes=PLAN.envelope.probes[:1])
    second = replace(prescribed(tumor_setpoint_c=50.0), envelope=bare)
    assert found(at.role_unprobed, plan=second) == [Reason("role_unprobed", "tumor")]
    tumor = replace(prescribed(control_role=Role.TUMOR), envelope=bare)
    assert found(at.role_unprobed, plan=tumor) == [Reason("role_unprobed", "tumor")]
    assert found(at.role_unprobed, plan=replace(PLAN, envelope=bare)) == []


# ---- probes ------------------------------------------------------------------------------------


def skin(celsius: float, name: str = "skin", *, required: bool = True) -> Observation:
    item = seen(Role.SKIN, c=celsius)
    return replace(item, probe=replace(item.probe, id=name, required=required))


@pytest.mark.parametrize(
    ("celsius", "is_fine"), [(down(43.0), True), (43.0, False), (math.nan, False)]
)
def test_skin_begins_below_the_setpoint(celsius: float, is_fine: bool) -> None:
    reasons = found(at.skin_too_warm, seen=(skin(celsius),))
    assert len(reasons) == (not is_fine)
    assert all((reason.where, reason.limit) == ("skin", 43.0) for reason in reasons)
    assert found(at.skin_too_warm, seen=(seen(Role.TUMOR, c=50.0),)) == []


@pytest.mark.parametrize(("spread_c", "is_fine"), [(8.0, True), (up(8.0), False), (9.0, False)])
def test_skin_probes_agree_before_any_field(spread_c: float, is_fine: bool) -> None:
    both = (skin(0.0), skin(spread_c, "other"), seen(Role.TUMOR, c=99.0))
    expected = [] if is_fine else [Reason("skin_spread", "skin", spread_c, 8.0)]
    assert found(at.skin_spread, seen=both) == expected
    assert found(at.skin_spread, seen=both, memory=Memory(field_s=5.0)) == expected
    assert found(at.skin_spread, seen=both, memory=Memory(field_s=up(5.0))) == []
    optional = (skin(0.0), skin(spread_c, "other", required=False))
    assert found(at.skin_spread, seen=optional) == []
    assert found(at.skin_spread, seen=()) == []


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize("quality", Quality)
def test_a_required_probe_that_is_suspect(quality: Quality, required: bool) -> None:
    item = replace(skin(34.0, required=required))
    item = replace(item, reading=replace(item.reading, quality=quality))
    is_found = required and quality is Quality.SUSPECT
    expected = [Reason("probe_suspect", "skin", 34.0)] if is_found else []
    assert found(at.probe_suspect, seen=(item,)) == expected


@pytest.mark.parametrize(
    ("role", "required", "reads", "predicted_c", "is_found"),
    [
        (Role.SKIN, True, True, None, True),
        (Role.SKIN, True, False, None, True),
        (Role.SKIN, False, True, None, True),
        (Role.SKIN, False, False, None, False),
        (Role.SKIN, True, True, 34.0, False),
        (Role.TUMOR, True, True, None, False),
    ],
)
def test_where_the_skin_is_heading(
    role: Role, required: bool, reads: bool, predicted_c: float | None, is_found: bool
) -> None:
    """H42."""
    item = seen(role, predicted_c=predicted_c, codes=() if reads else (Why.NO_VALUE,))
    item = replace(item, probe=replace(item.probe, required=required))
    expected = [Reason("prediction_unknown", role.value)] if is_found else []
    assert found(at.prediction_unknown, seen=(item,)) == expected
