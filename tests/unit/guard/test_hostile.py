# SPDX-License-Identifier: Apache-2.0
"""What no sound controller sends and no sound guard holds still ends in silence. H31, H38, H62."""

from dataclasses import replace

import pytest

from mnht_controller.domain.lease import GuardState
from mnht_controller.domain.trip import Effect, Latch
from mnht_controller.guard import backstop, machine
from mnht_controller.guard.state import changes, treatment_s, with_hits
from mnht_controller.interlock.evaluate import Hit
from tests.plans import ENVELOPE, PROBES
from tests.unit.guard.desk import Desk
from tests.unit.interlock.scene import NOW, lease, source


def test_a_lease_for_no_limits_to_a_guard_without_limits_is_refused() -> None:
    desk = Desk()
    assert desk.send(lease(1, desk.now, envelope_sha256="")) == set()
    assert desk.state is GuardState.DISABLED
    assert desk.guard.memory.treatment_s is None
    assert desk.confirm() >= {"lease_envelope", "nothing_pending"}


@pytest.mark.parametrize("count", [0, 1, 2, 4])
def test_a_lease_of_another_shape_arms_nothing(count: int) -> None:
    desk = Desk()
    desk.run(1.2)
    desk.propose()
    quiet = lease(99, desk.now)
    assert desk.send(replace(quiet, probes=(quiet.probes * 2)[:count])) == {"lease_shape"}
    assert desk.confirm() == {"lease_envelope"}


def test_no_nonce_confirms_nothing() -> None:
    """H56: what is empty on both sides is not the same."""
    desk = Desk()
    desk.run(1.2)
    assert desk.confirm(sha="", nonce="") >= {"nothing_pending", "nonce"}


@pytest.mark.parametrize("lost", ["lease", "envelope"])
@pytest.mark.parametrize("state", [GuardState.ARMED, GuardState.RUN])
def test_a_live_guard_without_lease_or_limits_latches(lost: str, state: GuardState) -> None:
    desk = Desk().heat()
    desk.guard = replace(desk.guard, state=state, **{lost: None})  # type: ignore[arg-type]
    assert desk.tick() == b""
    assert desk.trips == ["lease_expired"]


@pytest.mark.parametrize("kept", [Latch(), Desk().guard.latch])
def test_a_silent_guard_owes_no_closing_sequence(kept: Latch) -> None:
    guard, data = machine.tick(machine.start(NOW, kept), NOW)
    assert (data, guard.reclose_due) == (b"", False)


def test_a_second_trip_is_recorded_though_the_state_stays() -> None:
    """The journal holds the whole cascade."""
    desk = Desk().heat()
    desk.guard = machine.stop(desk.guard, "desk", desk.now)
    hit = Hit("skin_trip", "H13", Effect.TRIP, "skin", 44.1, 44.0)
    after = with_hits(desk.guard, (hit,), desk.now)
    (event,) = changes(desk.guard, after, desk.now)
    assert [trip.code for trip in event.trips] == ["skin_trip"]
    assert changes(after, after, desk.now) == ()


def test_an_optional_probe_may_be_silent_before_the_backstop() -> None:
    optional = replace(ENVELOPE, probes=(*PROBES[:2], replace(PROBES[2], required=False)))
    quiet = lease(1, NOW)
    old = replace(quiet, probes=(*quiet.probes[:2], replace(quiet.probes[2], at=0.0)))
    assert backstop.why_stop(optional, old, NOW, 0.0, 0.0) == ""
    assert backstop.why_stop(ENVELOPE, old, NOW, 0.0, 0.0) == "backstop_stale"


@pytest.mark.parametrize("measured", [None, 0.0])
@pytest.mark.parametrize("permit", [None, 0.0])
def test_no_field_is_below_the_smallest_cap(permit: float | None, measured: float | None) -> None:
    tiny = replace(ENVELOPE, limits=replace(ENVELOPE.limits, field_ka_per_m_cap=0.01))
    message = lease(1, NOW, source=source(NOW, measured_ka_per_m=measured))
    assert backstop.why_stop(tiny, replace(message, permit_ka_per_m=permit), NOW, 0.0, 0.0) == ""
    assert backstop.why_stop(tiny, replace(message, source=None), NOW, 0.0, 0.0) == ""


@pytest.mark.parametrize(
    ("seconds", "code"), [(0.4, None), (-0.05, None), (0.401, "lease_expired")]
)
def test_a_lease_at_its_limits_of_age(seconds: float, code: str | None) -> None:
    """H26, H33: exactly at them it still counts."""
    guard = replace(Desk().guard, envelope=ENVELOPE)
    message = lease(1, 0.0, envelope_sha256="", sent_at=0.0)
    assert machine._lease_fault(guard, message, seconds) == code


def test_a_required_probe_is_silent_at_its_limit() -> None:
    """H10: at it, not only beyond."""
    quiet = lease(1, 0.0)
    limit_s = 0.1 + 0.8
    assert backstop.why_stop(ENVELOPE, quiet, limit_s, 0.0, 0.0) == "backstop_stale"
    early = replace(quiet, source=source(0.0))
    assert backstop.why_stop(ENVELOPE, early, limit_s - 1e-9, 0.0, 0.0) == ""


def test_a_guard_without_limits_has_no_treatment_time() -> None:
    assert treatment_s(Desk().guard, 9999.0) == 0.0
