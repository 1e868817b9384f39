# SPDX-License-Identifier: Apache-2.0
"""The kept latch: survives, and fails safe when its file does not read (H37)."""

import errno
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Never

import pytest

from mnht_controller.domain.trip import Latch, Trip
from mnht_controller.journal import disk
from mnht_controller.journal.errors import JournalError
from mnht_controller.journal.keep import LATCH_UNREADABLE, LatchFile, load_latch, save_latch

LATCH = Latch((Trip("skin_trip", "H08", "skin", 44.25, 44.0, 12.5, 12.5),))


@pytest.mark.shows("latch_is_kept")
def test_h37_the_latch_survives_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "latch.json"
    assert load_latch(path) == Latch()
    save_latch(path, LATCH)
    assert load_latch(path) == LATCH
    assert path.stat().st_mode & 0o777 == 0o600
    save_latch(path, Latch())
    assert load_latch(path) == Latch()
    assert [entry.name for entry in tmp_path.iterdir()] == ["latch.json"]


def test_h37_every_truncation_and_flipped_byte_counts_as_latched(tmp_path: Path) -> None:
    path = tmp_path / "latch.json"
    save_latch(path, Latch())
    whole = path.read_bytes()
    damaged = [whole[:length] for length in range(len(whole) - 1)]
    damaged += [
        whole[:at] + bytes([byte ^ 1]) + whole[at + 1 :] for at, byte in enumerate(whole[:-1])
    ]
    for data in damaged:
        path.write_bytes(data)
        latch = load_latch(path)
        assert latch.is_latched, data
        assert latch.first_out is not None
        assert latch.first_out.code == LATCH_UNREADABLE


@pytest.mark.parametrize("data", [b"\xff\xfe", b"[" * 100_000, b'{"latch":NaN}', b"null"])
def test_h37_garbage_counts_as_latched(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "latch.json"
    path.write_bytes(data)
    assert load_latch(path).is_latched


def test_h37_a_file_that_cannot_be_opened_counts_as_latched(tmp_path: Path) -> None:
    assert load_latch(tmp_path).is_latched


def test_a_failed_save_keeps_the_old_latch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "latch.json"
    save_latch(path, LATCH)

    def fail(descriptor: int, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(disk, "append_and_sync", fail)
    with pytest.raises(JournalError, match="No space left"):
        save_latch(path, Latch())
    assert load_latch(path) == LATCH


def test_h34_a_latch_that_the_disk_refuses_is_a_fault_until_it_takes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """H34, H37: the newest latch is the one that is written."""
    path = tmp_path / "latch.json"
    waiting: list[Callable[[], None]] = []
    file = LatchFile(path, waiting.append)

    def full(*_: object) -> Never:
        raise OSError(errno.ENOSPC, "no space left on device")

    file.keep(Latch())
    file.keep(LATCH)
    with monkeypatch.context() as broken:
        broken.setattr(disk, "replace", full)
        waiting.pop(0)()
    assert "no space left" in file.fault
    waiting.pop(0)()
    assert file.fault == ""
    assert load_latch(path) == LATCH
    file.keep(Latch((replace(LATCH.trips[0], value=math.nan),)))
    waiting.pop(0)()
    assert file.fault
