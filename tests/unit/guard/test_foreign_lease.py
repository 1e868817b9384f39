# SPDX-License-Identifier: Apache-2.0
"""A lease for other limits than the guard's is evidence of nothing. H31, H38, H62."""

from dataclasses import replace

from mnht_controller.domain.lease import GuardState
from mnht_controller.domain.probe import Role
from mnht_controller.guard import machine
from mnht_controller.guard.judge import would_trip
from mnht_controller.guard.state import Own
from tests.plans import ENVELOPE
from tests.unit.guard.desk import Desk
from tests.unit.interlock.scene import CELSIUS, lease

OTHER = "0" * 64


def latched() -> Desk:
    """A guard with limits that somebody has stopped."""
    desk = Desk(skin_c=43.2)
    desk.propose()
    desk.run(1.2)
    desk.guard = machine.stop(desk.guard, "desk", desk.now)
    return desk


def test_a_hot_skin_under_other_limits_keeps_no_latch() -> None:
    desk = latched()
    desk.renew(envelope_sha256=OTHER, c={**CELSIUS, Role.SKIN: 44.2})
    assert would_trip(desk.guard, desk.now) == ()
    assert desk.reset() == set()
    assert desk.state is GuardState.DISABLED


def test_a_lease_of_another_shape_is_not_judged() -> None:
    """Its channels are another order of probes: a tumor would be taken for skin."""
    desk = latched()
    hot = lease(desk.seq + 1, desk.now, c={**CELSIUS, Role.SKIN: 44.2})
    assert desk.send(replace(hot, probes=hot.probes[:2])) == {"lease_shape"}
    assert would_trip(desk.guard, desk.now) == ()


def test_a_guard_that_has_no_lease_or_no_limits_finds_nothing() -> None:
    desk = latched()
    desk.renew(c={**CELSIUS, Role.SKIN: 44.2})
    assert {hit.code for hit in would_trip(desk.guard, desk.now)} >= {"skin_trip"}
    assert would_trip(replace(desk.guard, lease=None), desk.now) == ()
    assert would_trip(replace(desk.guard, envelope=None), desk.now) == ()


def test_its_own_thermometer_is_not_compared_with_probes_of_other_limits() -> None:
    desk = Desk()
    desk.propose()
    desk.guard = replace(desk.guard, own=Own(desk.now, CELSIUS[Role.SKIN]))
    desk.renew(envelope_sha256=OTHER, c={**CELSIUS, Role.SKIN: 30.0})
    desk.tick()
    assert desk.guard.own is not None
    assert desk.guard.own.apart_since is None
    desk.renew(c={**CELSIUS, Role.SKIN: 30.0})
    desk.tick()
    assert desk.guard.own.apart_since == desk.now


def test_its_own_thermometer_is_not_compared_without_a_lease() -> None:
    desk = Desk()
    desk.guard = replace(desk.guard, own=Own(desk.now, 30.0), envelope=ENVELOPE)
    desk.tick()
    assert desk.guard.own is not None
    assert desk.guard.own.apart_since is None
