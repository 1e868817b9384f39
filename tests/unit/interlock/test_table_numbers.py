# SPDX-License-Identifier: Apache-2.0
"""Numbers and ids of the safety tables, written a second time: they change by an ADR only.

H06, H07, H41, H62.
"""

import pytest

from mnht_controller.domain.command import FieldDemand, Reason
from mnht_controller.domain.trip import Effect
from mnht_controller.interlock.evaluate import Hit
from mnht_controller.interlock.gate import demand_hits
from mnht_controller.interlock.hazards import HAZARDS
from mnht_controller.interlock.rules import RULES
from tests.unit.interlock.scene import PLAN

CLASS_S: dict[float, set[str]] = {
    0.35: {"H29", "H30"},
    0.4: {"H26", "H38", "H40", "H52", "H56", "H60"},
    0.75: {"H16", "H17", "H19", "H20", "H21", "H24", "H27", "H28", "H31"},
    1.0: {"H09", "H22", "H23", "H33"},
    1.3: {"H03", "H10"},
    1.5: {"H11"},
    3.0: {"H01", "H14"},
    5.0: {"H04"},
    10.0: {"H02", "H18"},
    61.0: {"H06", "H07"},
}


def test_from_onset_to_field_zero() -> None:
    """What is not listed need not end the field."""
    known = {row.id: row.class_s for row in HAZARDS if row.class_s is not None}
    assert known == {name: class_s for class_s, names in CLASS_S.items() for name in names}


@pytest.mark.parametrize(
    ("code", "hazard"),
    [("pulse_map", "H06"), ("pulse_sign", "H41"), ("pulse_weak", "H06"), ("pulse_lag", "H07")],
)
def test_a_failed_pulse_trips_by_its_first_hazard(code: str, hazard: str) -> None:
    reasons = (Reason("control.no_reading", "skin"), Reason(code, "tumor", 1.0, 2.0))
    expected = (Hit(code, hazard, Effect.TRIP, "tumor", 1.0, 2.0),)
    assert demand_hits(FieldDemand(None, reasons), PLAN) == expected
    assert demand_hits(FieldDemand(5.0, reasons), PLAN) == ()


DEBOUNCE_S = {
    "probe_range": 0.3,
    "probe_implausible": 0.3,
    "probe_bad": 0.3,
    "readback_high": 0.2,
    "off_not_obeyed": 0.3,
    "readback_missing": 0.3,
    "field_missing": 0.3,
    "output_off_unasked": 0.6,
    "zone_apart": 5.0,
    "zone_disagrees": 10.0,
    "no_heat": 10.0,
}


def test_how_long_a_finding_must_hold() -> None:
    """H02, H08, H16, H17: every row that is not at once."""
    assert {row.code: row.debounce_s for row in RULES if row.debounce_s != 0.0} == DEBOUNCE_S
