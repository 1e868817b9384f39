# SPDX-License-Identifier: Apache-2.0
"""H34, H37, H43: what the guard's process writes, and when: never a latch while it is armed."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mnht_controller.domain.lease import GuardState
from mnht_controller.domain.spent import Spent
from mnht_controller.domain.trip import Latch, Trip
from mnht_controller.guard import process as module
from mnht_controller.guard.process import KEEP_TICKS
from mnht_controller.journal.errors import JournalError
from tests.unit.guard_process.test_process import Rig

LATCH = Latch((Trip("skin_trip", "H13", "skin", 44.1, 44.0, 1.0, 1.0),))


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path)
    yield rig
    rig.close()


@pytest.mark.parametrize("state", GuardState)
def test_a_latch_is_written_only_while_nothing_is_fed(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, state: GuardState
) -> None:
    """A reset and a confirmation may come in one turn; the disk waits until the session ends."""
    saved: list[Latch] = []
    monkeypatch.setattr(module, "save_latch", lambda _path, latch: saved.append(latch))
    is_live = state in {GuardState.ARMED, GuardState.RUN}
    rig.process.guard = replace(rig.process.guard, state=state, latch=LATCH)
    rig.process._keep()
    assert saved == ([] if is_live else [LATCH])
    rig.process._keep()
    assert len(saved) <= 1, "only changes"


@pytest.mark.shows("spent_is_kept")
def test_what_is_used_is_looked_at_every_second_of_a_session(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not only at its end: a guard that is killed has no end."""
    rig.run()
    kept: list[Spent] = []
    before = rig.process.guard.ticks // KEEP_TICKS
    with monkeypatch.context() as patch:
        patch.setattr(rig.ledger, "keep", kept.append)
        rig.step(KEEP_TICKS)
    assert len(kept) == rig.process.guard.ticks // KEEP_TICKS - before >= 1
    assert kept[-1].field_s > 1.0


def test_leases_are_recorded_while_they_feed_the_line_and_not_before(rig: Rig) -> None:
    """An idle guard's journal must not fill the disk."""
    rig.step(10)
    assert "lease" not in kinds(rig)
    rig.run()
    assert "lease" in kinds(rig)


def kinds(rig: Rig) -> set[str]:
    """Kinds of the records so far."""
    return {str(json.loads(line)["kind"]) for line in rig.journal.lines}


def test_a_latch_that_the_disk_refuses_is_tried_once_a_second_and_said_once(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[Latch] = []

    def full(_path: Path, latch: Latch) -> None:
        tried.append(latch)
        raise JournalError("guard.latch", 0, "no space left on device")

    def look(ticks: int, state: GuardState = GuardState.LATCHED, latch: Latch = LATCH) -> int:
        rig.process.guard = replace(rig.process.guard, state=state, latch=latch, ticks=ticks)
        rig.process._keep()
        return len(tried)

    monkeypatch.setattr(module, "save_latch", full)
    assert look(KEEP_TICKS, latch=Latch()) == 0, "nothing is new, nothing was refused"
    assert look(1) == 1
    assert [look(ticks) for ticks in (2, KEEP_TICKS - 1, KEEP_TICKS)] == [1, 1, 2]
    assert look(2 * KEEP_TICKS, GuardState.ARMED) == 2
    assert sum(b'"refused"' in line for line in rig.journal.lines) == 1
