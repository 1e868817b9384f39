# SPDX-License-Identifier: Apache-2.0
"""What the shell knows and a session must hear: told when it begins, acted on nowhere here.

A session goes on with a full disk or a slow one, because ending it would not write a byte more. The
start gate is where these refuse. Pure.
"""

from collections.abc import Callable
from dataclasses import dataclass

from mnht_controller.core.phases import PRESENCE_LOST_S, PRESENCE_S
from mnht_controller.domain.command import Reason
from mnht_controller.domain.phase import ENERGIZING, Phase
from mnht_controller.domain.prescription import Plan
from mnht_controller.domain.tick import TickInput
from mnht_controller.interlock.start_findings import needed_disk_mb

BEHIND_S_MAX = 0.25
"""How long a record may be on its way to the disk before that is worth telling."""

Found = Reason | None


@dataclass(frozen=True, slots=True)
class Notice:
    """One row: `find` gives the event while there is something to tell."""

    code: str
    find: Callable[[Plan, TickInput, Phase], Found]


def noticed(
    told: tuple[str, ...], plan: Plan, given: TickInput, phase: Phase
) -> tuple[tuple[str, ...], tuple[Reason, ...]]:
    """Give what holds now, by code, and the events of what did not hold a tick ago."""
    found = [(row.code, row.find(plan, given, phase)) for row in NOTICES]
    now = tuple([code for code, event in found if event is not None])
    return now, tuple([event for code, event in found if event is not None and code not in told])


def _disk_low(plan: Plan, given: TickInput, _phase: Phase) -> Found:
    free_mb, needed_mb = given.health.disk_free_mb, needed_disk_mb(plan)
    is_enough = free_mb is not None and free_mb >= needed_mb
    return None if is_enough else Reason("disk.low", "journal", free_mb, needed_mb)


def _journal_behind(_plan: Plan, given: TickInput, _phase: Phase) -> Found:
    behind_s = given.health.journal_behind_s
    if behind_s <= BEHIND_S_MAX:
        return None
    return Reason("journal.behind", "journal", behind_s, BEHIND_S_MAX)


def _journal_failed(_plan: Plan, given: TickInput, _phase: Phase) -> Found:
    return None if given.health.journal_ok else Reason("journal.failed", "journal")


def _presence_due(_plan: Plan, given: TickInput, phase: Phase) -> Found:
    presence_s = given.health.presence_s
    if phase not in ENERGIZING or presence_s <= PRESENCE_S:
        return None
    return Reason("presence.due", "operator", presence_s, PRESENCE_LOST_S)


NOTICES: tuple[Notice, ...] = (
    Notice("disk.low", _disk_low),
    Notice("journal.behind", _journal_behind),
    Notice("journal.failed", _journal_failed),
    Notice("presence.due", _presence_due),
)
