# SPDX-License-Identifier: Apache-2.0
"""What is wrong now, read from what a tick was given and has decided. Remembers nothing.

Nothing below decides with it: rules, gate and phases neither know alarms nor wait for them.
"""

from collections.abc import Iterable

from mnht_controller.alarms.table import LATE_TICKS, PRESENCE_S, VIEW_S_MAX, Source, row_of
from mnht_controller.domain.command import Inhibit, Reason
from mnht_controller.domain.phase import ARMED_OR_LATER, ENERGIZING, Phase
from mnht_controller.domain.reading import SourceReading
from mnht_controller.domain.snapshot import DeviceState
from mnht_controller.domain.tick import Decision, TickInput
from mnht_controller.domain.trip import Trip
from mnht_controller.domain.units import FIELD_FULL_SCALE_KA_PER_M

OFF_KA_PER_M = 0.01 * FIELD_FULL_SCALE_KA_PER_M
"""A read-back below 1 % of full scale confirms off."""
CONFIRMING_S = 0.5
"""An older read-back confirms nothing."""
FUTURE_S_MAX = 0.05
"""Nor does one that is stamped further ahead than this."""
GUARD_AGE_S_MAX = 0.2


def conditions(
    given: TickInput, decision: Decision, devices: Iterable[DeviceState]
) -> tuple[Reason, ...]:
    """Everything that an alarm stands for, each code and place once, causes first."""
    found = (
        *_tripped(given, decision),
        *_refused(decision),
        *_happened(decision),
        *_unconfirmed(given, decision),
        *_suffered(given, decision),
        *(Reason("device_lost", device.id) for device in devices if not device.connected),
    )
    if len(found) < 2:
        return found
    return tuple({(reason.code, reason.where): reason for reason in reversed(found)}.values())[::-1]


def _tripped(given: TickInput, decision: Decision) -> Iterable[Reason]:
    """Both processes' trips in order of time, so that the first cause comes first."""
    trips = decision.trips
    first = given.guard.first_out if given.guard else None
    if first is not None and all(trip.code != first.code for trip in trips):
        trips = tuple(sorted((*trips, first), key=lambda trip: trip.at))
    return [Reason(trip.code, _place(trip), trip.value, trip.limit) for trip in trips]


def _place(trip: Trip) -> str:
    """STOP is one condition, whoever pressed it and whichever process heard it."""
    return "operator" if trip.code == "operator_stop" else trip.where


def _refused(decision: Decision) -> Iterable[Reason]:
    """What holds the field back, or refuses START, while armed."""
    if decision.phase not in ARMED_OR_LATER:
        return ()
    verdict = decision.verdict
    held = verdict.reasons if isinstance(verdict, Inhibit) and not verdict.tripped else ()
    missing = decision.unmet if decision.phase is Phase.ARMED else ()
    return [
        reason
        for source, reasons in ((Source.INHIBIT, held), (Source.START, missing))
        for reason in reasons
        if (row := row_of(reason.code)) is not None and row.source is source
    ]


def _happened(decision: Decision) -> Iterable[Reason]:
    """Events that have a row: they last one tick, so their rows latch."""
    named = [
        Reason(f"session.{event.where}", event.code.removeprefix("phase."))
        if event.code.startswith("phase.")
        else event
        for event in decision.events
    ]
    return [reason for reason in named if row_of(reason.code) is not None]


def _unconfirmed(given: TickInput, decision: Decision) -> Iterable[Reason]:
    """Off is wanted for good, and no read-back says that the field is gone."""
    is_tripped = isinstance(decision.verdict, Inhibit) and decision.verdict.tripped
    if not is_tripped or is_off(given.source, given.now):
        return ()
    measured = given.source.measured_ka_per_m if given.source else None
    return (Reason("unconfirmed_off", "", measured, OFF_KA_PER_M),)


def is_off(source: SourceReading | None, now: float) -> bool:
    """Whether a read-back of just now says that there is no field."""
    if source is None or not (-FUTURE_S_MAX <= now - source.at <= CONFIRMING_S):
        return False
    return source.measured_ka_per_m is not None and source.measured_ka_per_m < OFF_KA_PER_M


def _suffered(given: TickInput, decision: Decision) -> Iterable[Reason]:
    """What the controller's own process suffers from."""
    health, guard = given.health, given.guard
    is_armed = decision.phase in ARMED_OR_LATER
    if not health.journal_ok or (is_armed and not health.spent_ok):
        yield Reason("journal")
    seen_s, presence_s = health.operator_seen_s, health.presence_s
    if decision.phase in ENERGIZING and not (presence_s <= PRESENCE_S):
        yield Reason("presence_due", "", presence_s, PRESENCE_S)
    if is_armed and not (seen_s <= VIEW_S_MAX):
        yield Reason("operator_absent", "", seen_s, VIEW_S_MAX)
    if health.late_ticks >= LATE_TICKS:
        yield Reason("tick_late", "controller", float(health.late_ticks), float(LATE_TICKS))
    if guard is None or not (given.now - guard.at <= GUARD_AGE_S_MAX):
        yield Reason("guard_silent", "guard")
