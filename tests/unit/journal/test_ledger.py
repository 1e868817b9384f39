# SPDX-License-Identifier: Apache-2.0
"""H37, H43: what was used outlives the process; what cannot be read is never taken for zero."""

import errno
import math
from pathlib import Path
from threading import Semaphore
from typing import Never

import pytest

from mnht_controller.domain.spent import ProbeDose, Spent
from mnht_controller.journal import disk
from mnht_controller.journal.ledger import Ledger

USED = Spent("a" * 64, 12.5, (ProbeDose("skin", 3.25),), over=False)


def kept(path: Path, *spent: Spent) -> Spent | None:
    """What a later process finds after these were kept."""
    ledger = Ledger(path)
    for one in spent:
        ledger.keep(one)
    ledger.close()
    later = Ledger(path)
    later.close()
    return later.kept


def test_it_survives_a_restart_and_the_newest_counts(tmp_path: Path) -> None:
    path = tmp_path / "spent"
    assert kept(path) == Spent()
    later = Spent("a" * 64, 13.5, (ProbeDose("skin", 3.5),), over=False)
    assert kept(path, USED, later) == later
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["spent"]


def test_nothing_used_does_not_replace_what_was(tmp_path: Path) -> None:
    path = tmp_path / "spent"
    assert kept(path, USED, Spent("b" * 64, 0.0, (), over=True)) == USED


def test_every_truncation_and_flipped_byte_is_unreadable_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "spent"
    kept(path, USED)
    whole = path.read_bytes()
    damaged = [whole[:length] for length in range(0, len(whole) - 1, 3)]
    damaged += [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in range(0, 150, 3)]
    for data in damaged:
        path.write_bytes(data)
        ledger = Ledger(path)
        ledger.keep(USED)
        ledger.close()
        assert (ledger.kept, bool(ledger.why)) == (None, True), data
        assert path.read_bytes() == data


def test_a_disk_that_fails_is_said_and_recovers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """H34."""

    def full(*_: object) -> Never:
        raise OSError(errno.ENOSPC, "no space left on device")

    ledger = Ledger(tmp_path / "spent")
    with monkeypatch.context() as broken:
        broken.setattr(disk, "replace", full)
        ledger.keep(USED)
        ledger.close()
    assert ledger.why == "spent: cannot be kept: no space left on device"
    assert kept(tmp_path / "spent", USED) == USED


def test_what_a_full_disk_refused_is_tried_again_although_nothing_more_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """H34, H43: a trip ends the field, so the number stays the same; it is kept all the same."""
    is_full, tries = [True], Semaphore(0)

    def replace(path: Path, data: bytes) -> None:
        try:
            if is_full[0]:
                raise OSError(errno.ENOSPC, "no space left on device")
            path.write_bytes(data)
        finally:
            tries.release()

    monkeypatch.setattr(disk, "replace", replace)
    ledger = Ledger(tmp_path / "spent")
    ledger.keep(USED)
    assert tries.acquire(timeout=5.0)
    is_full[0] = False
    for _ in range(50):  # as each second does
        ledger.keep(USED)
        if tries.acquire(timeout=0.1):
            break
    ledger.close()
    assert ledger.why == ""
    assert kept(tmp_path / "spent") == USED


def test_what_cannot_be_written_as_json_is_said(tmp_path: Path) -> None:
    """H43, H40: a dose that is no number is not kept as one, and nothing is armed."""
    ledger = Ledger(tmp_path / "spent")
    ledger.keep(Spent("a" * 64, math.nan, (), over=False))
    ledger.close()
    assert "cannot be written" in ledger.why
