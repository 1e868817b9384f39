# SPDX-License-Identifier: Apache-2.0
"""H40: wherever a limit is compared, what is no number falls on the safe side.

Each test here was red for `t > limit` in place of `not (t <= limit)`.
"""

import math
from dataclasses import replace

import pytest

from mnht_controller.domain.lease import GuardState
from mnht_controller.domain.probe import Role
from mnht_controller.domain.reading import Quality, Reading
from mnht_controller.domain.trip import Latch
from mnht_controller.interlock.bounds import envelope_faults
from mnht_controller.interlock.memory import Memory, Since
from mnht_controller.interlock.permissives import StartRequest, unmet
from mnht_controller.interlock.witness import field_is_on
from mnht_controller.thermometry import rate
from mnht_controller.thermometry.observe import Clock, Why, observe, start
from tests.plans import ENVELOPE, HEALTHY, PROBES
from tests.unit.guard.desk import Desk
from tests.unit.interlock.scenarios import SCENARIOS
from tests.unit.interlock.scene import (
    NOW,
    PLAN,
    codes,
    judged,
    observed,
    seen,
    source,
    status,
    witness,
)

NAN = math.nan


@pytest.mark.shows("nan_is_over")
@pytest.mark.parametrize(
    ("permit", "measured", "uncertain_s"), [(NAN, 0.0, 0.0), (0.0, NAN, 0.0), (0.0, 0.0, NAN)]
)
def test_a_field_that_is_no_number_is_on(
    permit: float, measured: float, uncertain_s: float
) -> None:
    assert not field_is_on(0.0, source(measured_ka_per_m=0.0), 0.0)
    assert field_is_on(permit, source(measured_ka_per_m=measured), uncertain_s)


def test_a_debounce_without_a_time_does_not_hold_a_trip_back() -> None:
    (moment, *_) = SCENARIOS["probe_bad"]
    assert "probe_bad" not in codes([moment])
    began = Memory(since=(Since("probe_bad", "skin", NAN),))
    assert "probe_bad" in codes([moment], began)


def test_a_skin_that_is_no_number_is_too_warm_to_start() -> None:
    item = seen(Role.SKIN)
    item = replace(item, reading=replace(item.reading, value=NAN))
    moment = witness(observations=observed(item), armed=False, permit_ka_per_m=None)
    guard = status(state=GuardState.DISABLED)
    request = StartRequest(moment, judged([moment])[0], Latch(), guard, PLAN, HEALTHY, tick=1)
    assert "skin_too_warm" in {reason.code for reason in unmet(request)}


def test_a_reading_without_a_time_is_not_believed() -> None:
    probe = PROBES[0]
    reading = Reading(37.0, Quality.GOOD, NAN, 1)
    clock = Clock(NOW, 0.0, 1.0, True)
    _, (found,) = observe((probe,), start((probe,)), (reading,), clock)
    assert Why.FUTURE in found.codes
    assert found.reading.value is None


def test_a_cap_that_is_no_number_is_wider_than_the_regions() -> None:
    limits = replace(ENVELOPE.limits, field_ka_per_m_cap=NAN)
    faults = envelope_faults(replace(ENVELOPE, limits=limits))
    assert {fault.where for fault in faults} >= {"field_ka_per_m_cap", "region neck"}


def test_a_lease_without_a_time_latches() -> None:
    desk = Desk().heat()
    desk.renew(sent_at=NAN)
    assert desk.state is GuardState.LATCHED
    assert desk.trips[0] == "lease_future"


def test_a_slope_without_a_time_is_closed() -> None:
    track = replace(rate.SlopeTrack(), count=1, open_s=NAN)
    assert rate.closes(track, 1.0)
