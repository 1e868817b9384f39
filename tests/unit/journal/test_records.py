# SPDX-License-Identifier: Apache-2.0
"""What opens every journal: which boot, and a label of the wall clock for people."""

import re
from pathlib import Path

import pytest

from mnht_controller.journal import disk
from mnht_controller.journal.records import boot_id, wall_label


def test_a_boot_is_told_from_others(monkeypatch: pytest.MonkeyPatch) -> None:
    assert re.fullmatch(r"[0-9a-f-]{36}", boot_id())
    assert boot_id() == boot_id()

    def gone(self: Path, **_: object) -> str:
        raise FileNotFoundError(2, "No such file")

    monkeypatch.setattr(Path, "read_text", gone)
    assert boot_id() == "unknown"


def test_the_label_is_utc() -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", wall_label())


@pytest.mark.parametrize("fails", ["append_and_sync", "sync_directory"])
def test_h34_a_file_that_cannot_be_made_durable_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    opened = sorted(Path("/proc/self/fd").iterdir())

    def broken(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(disk, fails, broken)
    with pytest.raises(OSError, match="Input/output"):
        disk.create(tmp_path / "a", b"header\n")
    assert sorted(Path("/proc/self/fd").iterdir()) == opened
