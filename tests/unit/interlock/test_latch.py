# SPDX-License-Identifier: Apache-2.0
"""The latch keeps the first-out and the order, and lets go only when asked and nothing trips.

H37, H62.
"""

import pytest

from mnht_controller.domain.trip import Effect, Latch
from mnht_controller.interlock.evaluate import Hit
from mnht_controller.interlock.latch import KEEPS_NO_LATCH, TRIPS_MAX, latched, reset
from mnht_controller.interlock.rules import RULES

SKIN = Hit("skin_trip", "H13", Effect.TRIP, "skin", 44.1, 44.0)
LOST = Hit("source_lost", "H19", Effect.TRIP, "source", None, 0.35)
CUT = Hit("skin_cap", "H15", Effect.INHIBIT, "skin", 43.6, 43.5)


@pytest.mark.shows("first_out")
def test_the_first_out_stays_first() -> None:
    """H48: a flood of trips never hides the one that began it."""
    latch = latched(Latch(), (SKIN,), 1.0, 10.0)
    latch = latched(latch, (LOST, SKIN), 2.0, 20.0)
    assert [trip.code for trip in latch.trips] == ["skin_trip", "source_lost"]
    first = latch.first_out
    assert first is not None
    assert (first.at, first.treatment_s, first.value, first.hazard) == (1.0, 10.0, 44.1, "H13")


def test_each_code_and_place_is_kept_once() -> None:
    latch = latched(Latch(), (SKIN, SKIN), 1.0, 1.0)
    assert latched(latch, (SKIN,), 2.0, 2.0) is latch
    other = Hit("skin_trip", "H13", Effect.TRIP, "skin 2", 44.2, 44.0)
    assert len(latched(latch, (other,), 2.0, 2.0).trips) == 2


def test_an_inhibit_never_latches() -> None:
    assert not latched(Latch(), (CUT,), 1.0, 1.0).is_latched


def test_it_cannot_grow_without_bound() -> None:
    many = tuple(Hit("x", "H01", Effect.TRIP, str(n), None, None) for n in range(500))
    latch = latched(Latch(), many, 1.0, 1.0)
    assert len(latch.trips) == TRIPS_MAX == 64
    assert latched(latch, many, 2.0, 2.0) is latch
    assert latch.trips[0].where == "0"


def test_reset_needs_the_cause_gone() -> None:
    latch = latched(Latch(), (SKIN,), 1.0, 1.0)
    assert reset(latch, (LOST,)) is latch
    assert not reset(latch, ()).is_latched
    assert not reset(latch, (CUT,)).is_latched


def test_what_never_goes_away_keeps_no_latch() -> None:
    """Each of these still refuses the next start; every other trip keeps the latch."""
    latch = latched(Latch(), (SKIN,), 1.0, 1.0)
    trips = {row.code for row in RULES if row.effect is Effect.TRIP}
    assert trips >= KEEPS_NO_LATCH
    for code in trips:
        hit = Hit(code, "H01", Effect.TRIP, "", None, None)
        assert reset(latch, (hit,)).is_latched is (code not in KEEPS_NO_LATCH)
