# SPDX-License-Identifier: Apache-2.0
"""H37, H43: closing an unfinished session is on record first, for both files, repeatable."""

import errno
from dataclasses import replace
from pathlib import Path

import pytest

from mnht_controller.app.close import LEDGERS, CloseRefused, close_session
from mnht_controller.app.controller import LEDGER
from mnht_controller.domain.spent import ProbeDose, Spent
from mnht_controller.guard.config import GuardConfig
from mnht_controller.guard.process import ledger_path
from mnht_controller.journal import disk
from mnht_controller.journal.errors import JournalError
from mnht_controller.journal.ledger import Ledger
from mnht_controller.journal.read import read_records

USED = Spent("a" * 64, 1234.0, (ProbeDose("skin", 31.5),), over=False)


def write(path: Path, spent: Spent) -> None:
    ledger = Ledger(path)
    ledger.keep(spent)
    ledger.close()


def kept(path: Path) -> Spent | None:
    ledger = Ledger(path)
    ledger.close()
    return ledger.kept


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state folder with a session that ended by a power cut."""
    (tmp_path / "journal").mkdir()
    for name in LEDGERS:
        write(tmp_path / name, USED)
    return tmp_path


def test_the_files_are_those_of_controller_and_guard(tmp_path: Path) -> None:
    config = GuardConfig("", "", "", str(tmp_path), "", "")
    assert (LEDGER, ledger_path(config).name) == LEDGERS


def test_both_are_closed_and_the_record_says_by_whom_and_why(state: Path) -> None:
    closed = close_session(state, "dr.rossi", "another patient", "s1")
    assert closed.ledgers == LEDGERS
    assert closed.field_s == (1234.0, 1234.0)
    for name in LEDGERS:
        assert kept(state / name) == replace(USED, over=True)
    events = [row.data for row in read_records(Path(closed.journal)) if row.kind == "event"]
    assert [(one["code"], one["actor"]) for one in events] == [("session.close", "dr.rossi")] * 2
    assert "guard.spent: 1234 s of field; another patient" in events[1]["detail"]
    with pytest.raises(CloseRefused, match="no session is unfinished"):
        close_session(state, "dr.rossi", "again", "s2")


def test_what_does_not_read_is_left_alone(state: Path) -> None:
    (state / "guard.spent").write_bytes(b"garbage")
    with pytest.raises(CloseRefused, match=r"guard\.spent"):
        close_session(state, "dr.rossi", "another patient", "s1")
    assert kept(state / LEDGERS[0]) == USED
    assert (state / "guard.spent").read_bytes() == b"garbage"
    assert list((state / "journal").iterdir()) == []


def test_without_a_record_nothing_is_closed(state: Path) -> None:
    """H34."""
    (state / "journal").rmdir()
    with pytest.raises(JournalError):
        close_session(state, "dr.rossi", "another patient", "s1")
    assert kept(state / LEDGERS[0]) == USED


def test_h34_a_disk_that_takes_only_one_is_said_and_the_act_is_repeated(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, data: bytes) -> None:
        if path.name == "guard.spent":
            raise OSError(errno.ENOSPC, "no space left on device")
        path.write_bytes(data)

    with monkeypatch.context() as broken:
        broken.setattr(disk, "replace", full)
        with pytest.raises(CloseRefused, match="no space left"):
            close_session(state, "dr.rossi", "another patient", "s1")
    assert [kept(state / name) for name in LEDGERS] == [replace(USED, over=True), USED]
    assert close_session(state, "dr.rossi", "another", "s2").ledgers == ("guard.spent",)
