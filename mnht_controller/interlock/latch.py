# SPDX-License-Identifier: Apache-2.0
"""The latch: keeps every trip in its order until a human resets it, and lets go of none itself."""

from mnht_controller.domain.trip import Effect, Latch, Trip
from mnht_controller.interlock.evaluate import Hit
from mnht_controller.interlock.rules import RULES

TRIPS_MAX = 64
"""Enough for every row and probe; the first-out is always kept."""

KEEPS_NO_LATCH = frozenset(
    {"lease_lost", "guard_refuses", "skin_dose", "session_time", "source_fault", "source_limit"}
)
"""What would keep a latch for ever: each process latches with the other, dose and time never go
back, and the amplifier's own latches and limit are set by PREPARE. The start gate refuses each.
"""


_TRIPPING = frozenset({row.code for row in RULES if row.effect is Effect.TRIP})


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
    return latch if causes(hits) else Latch()


def is_cause(code: str) -> bool:
    """Whether a rule of this code keeps a latch while it hits."""
    return code not in KEEPS_NO_LATCH and code in _TRIPPING


def causes(hits: tuple[Hit, ...]) -> tuple[Hit, ...]:
    """Give those hits that keep a latch."""
    return tuple(
        [hit for hit in hits if hit.effect is Effect.TRIP and hit.code not in KEEPS_NO_LATCH]
    )
