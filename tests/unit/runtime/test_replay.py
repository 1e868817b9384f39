# SPDX-License-Identifier: Apache-2.0
"""Replay alone: from a chain of made-up ticks, with several sessions, kept latches and no plan."""

from pathlib import Path

import pytest

from mnht_controller.domain.intent import Verb
from mnht_controller.domain.trip import Latch, Trip
from mnht_controller.journal.errors import JournalError
from mnht_controller.journal.records import Header, TickRecord
from mnht_controller.journal.sink import MemoryJournal
from mnht_controller.runtime.decide import state_digest
from mnht_controller.runtime.replay import replay
from tests.unit.runtime.moments import PLAN, Desk

KEPT = Latch((Trip("skin_trip", "H13", "skin", 44.1, 44.0, 1.0, 1.0),))


def recorded(latch: Latch = KEPT, *, spoil: int = -1) -> MemoryJournal:
    """A journal of 30 ticks; `spoil` is the tick whose digest is not its own."""
    journal = MemoryJournal(Header("controller", "boot", "", plan=PLAN), lambda: 0.0)
    journal.write("latch", latch)
    desk = Desk(latch=latch)
    for number in range(30):
        desk.tick(*((Verb.RESET,) if number == 20 else ()))
        digest = "0" * 16 if number == spoil else state_digest(desk.state)
        journal.write("tick", TickRecord(desk.given[-1], desk.decided[-1], digest))
        journal.write("event", KEPT)  # what is no tick is passed over
    return journal


def saved(journal: MemoryJournal, folder: Path) -> Path:
    journal.dump(folder / "controller.jsonl")
    return folder / "controller.jsonl"


def test_it_begins_from_the_latch_that_was_kept(tmp_path: Path) -> None:
    result = replay(saved(recorded(), tmp_path))
    assert (result.ticks, result.identical, result.first_difference) == (30, True, None)


def test_a_latch_that_was_left_out_is_noticed(tmp_path: Path) -> None:
    journal = MemoryJournal(Header("controller", "boot", "", plan=PLAN), lambda: 0.0)
    journal.write("latch", Latch())
    desk = Desk(latch=KEPT)
    desk.tick()
    journal.write("tick", TickRecord(desk.given[0], desk.decided[0], state_digest(desk.state)))
    found = replay(saved(journal, tmp_path)).first_difference
    assert found is not None
    assert (found.tick, found.what.split(".")[0]) == (0, "decision")


def test_a_state_that_differs_while_the_decision_does_not_is_named(tmp_path: Path) -> None:
    result = replay(saved(recorded(spoil=17), tmp_path))
    found = result.first_difference
    assert found is not None
    assert (found.tick, found.what, found.recorded, result.ticks) == (17, "state", "0" * 16, 18)
    assert found.line == 2 + 17 * 2 + 1


@pytest.mark.parametrize("plan", [None, PLAN])
def test_a_journal_without_plan_or_session_is_refused(tmp_path: Path, plan: object) -> None:
    journal = MemoryJournal(Header("guard", "boot", "", plan=plan), lambda: 0.0)  # type: ignore[arg-type]
    with pytest.raises(JournalError):
        replay(saved(journal, tmp_path))
