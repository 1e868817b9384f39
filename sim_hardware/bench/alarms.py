# SPDX-License-Identifier: Apache-2.0
"""Alarms as the controller tells of them, and which of them a trip must raise."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from mnht_controller.domain.alarm import Change, Priority
from mnht_controller.domain.codec import from_plain
from mnht_controller.domain.trip import Trip
from mnht_controller.journal.read import parse_records
from mnht_controller.journal.records import AlarmRecord

ALARM_S = 1.0
"""From the trip to the alarm that people can see."""

URGENT = frozenset(
    {"skin_trip", "tumor_cap", "healthy_cap", "rate_of_rise", "backstop_skin", "field_cap",
     "backstop_field", "readback_high", "off_not_obeyed"}
)  # fmt: skip
"""Somebody may be hurt now: high. Written here again, so that a wrong row of the table shows."""
CONSEQUENCES = frozenset({"controller_trip"})
"""The guard follows the controller, whose own trip is the alarm: information is enough."""

_MARK = b',"kind":"alarm",'


@dataclass(frozen=True, slots=True)
class Raised:
    """One occurrence: from when it was shown until its condition ended or it was reset."""

    id: int
    code: str
    where: str
    priority: Priority
    shown_at: float
    until: float = math.inf


def recorded_in(lines: Iterable[bytes]) -> Iterator[AlarmRecord]:
    """What a controller's journal says of alarms, in order."""
    marked = (line for line in lines if _MARK in line[:64] and line.endswith(b"\n"))
    for record in parse_records(marked, "controller"):
        yield from_plain(AlarmRecord, record.data)


def raised_in(records: Iterable[AlarmRecord]) -> tuple[Raised, ...]:
    """Every occurrence that the records tell of, in order."""
    found: dict[int, Raised] = {}
    for told in records:
        one = told.event.occurrence
        if one is None:
            continue
        if one.id not in found:
            found[one.id] = Raised(one.id, one.code, one.where, one.priority, told.shown_at)
        elif told.event.change in {Change.ENDED, Change.RESET}:
            found[one.id] = replace(found[one.id], until=min(found[one.id].until, told.event.at))
    return tuple(found.values())


def is_raised(trip: Trip, alarms: Iterable[Raised], *, anywhere: bool = False) -> bool:
    """Whether this trip was an alarm in time: its code, its place, loud enough."""
    return any(
        one.code == trip.code
        and (anywhere or one.where == trip.where)
        and one.shown_at <= trip.at + ALARM_S
        and trip.at <= one.until
        and _is_loud_enough(one)
        for one in alarms
    )


def _is_loud_enough(one: Raised) -> bool:
    if one.code in URGENT:
        return one.priority is Priority.HIGH
    return one.priority is not Priority.INFO or one.code in CONSEQUENCES
