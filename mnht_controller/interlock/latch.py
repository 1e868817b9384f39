# SPDX-License-Identifier: Apache-2.0
"""The latch: keeps every trip in its order until a human resets it, and lets go of none itself."""

from mnht_controller.domain.trip import Effect, Latch, Trip
from mnht_controller.interlock.evaluate import Hit

TRIPS_MAX = 64
"""Enough for every row and probe; the first-out is always kept."""


def latched(latch: Latch, hits: tuple[Hit, ...], now: float, treatment_s: float) -> Latch:
    """Add the hits that trip, each code at each place once."""
    trips = latch.trips
    for hit in hits:
        if hit.effect is not Effect.TRIP or len(trips) >= TRIPS_MAX:
            continue
        if any(trip.code == hit.code and trip.where == hit.where for trip in trips):
            continue
        trips += (Trip(hit.code, hit.hazard, hit.where, hit.value, hit.limit, now, treatment_s),)
    return latch if trips is latch.trips else Latch(trips)


def reset(latch: Latch, hits: tuple[Hit, ...]) -> Latch:
    """Let go, at a human's wish, unless something that trips is present now."""
    return latch if any(hit.effect is Effect.TRIP for hit in hits) else Latch()
