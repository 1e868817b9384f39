# SPDX-License-Identifier: Apache-2.0
"""A pulse that has failed latches by each of its codes; other reasons for off do not. H06, H07."""

import pytest

from mnht_controller.domain.command import FieldDemand, Reason
from mnht_controller.domain.trip import Effect
from mnht_controller.interlock.evaluate import Hit
from mnht_controller.interlock.gate import demand_hits
from tests.unit.interlock.scene import PLAN


@pytest.mark.parametrize(
    ("code", "hazard"),
    [("pulse_map", "H06"), ("pulse_sign", "H41"), ("pulse_weak", "H06"), ("pulse_lag", "H07")],
)
def test_a_failed_pulse_trips_by_its_code(code: str, hazard: str) -> None:
    demand = FieldDemand(None, (Reason(code, "tumor", 0.1, 0.2),))
    assert demand_hits(demand, PLAN) == (Hit(code, hazard, Effect.TRIP, "tumor", 0.1, 0.2),)


@pytest.mark.parametrize("code", ["control.no_loop", "control.no_reading", "phase", "pulse"])
def test_off_for_another_reason_trips_nothing(code: str) -> None:
    assert demand_hits(FieldDemand(None, (Reason(code),)), PLAN) == ()
