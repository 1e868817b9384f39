# SPDX-License-Identifier: Apache-2.0
"""Trips: de-energize at once, latched. The rules that set them stand in interlock/rules.py."""

from dataclasses import dataclass
from enum import StrEnum


class Effect(StrEnum):
    """What a rule does: an inhibit clears by itself with its cause, a trip latches."""

    INHIBIT = "inhibit"
    TRIP = "trip"


@dataclass(frozen=True, slots=True)
class Trip:
    """One latched trip: rule code, hazard id, where, numbers, monotonic and treatment time."""

    code: str
    hazard: str
    where: str
    value: float | None
    limit: float | None
    at: float
    treatment_s: float


@dataclass(frozen=True, slots=True)
class Latch:
    """First-out and all that followed, in order. Empty means not latched."""

    trips: tuple[Trip, ...] = ()

    @property
    def is_latched(self) -> bool:
        """Whether anything has tripped since the last reset."""
        return bool(self.trips)

    @property
    def first_out(self) -> Trip | None:
        """The first trip of the cascade."""
        return self.trips[0] if self.trips else None
