# SPDX-License-Identifier: Apache-2.0
"""H34: how much room there is on the disk, by the operating system's word."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from mnht_controller.journal.disk import free_mb


def test_room_is_what_is_left_to_us_not_to_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = SimpleNamespace(f_bavail=1_000, f_bfree=9_000, f_frsize=4096)
    monkeypatch.setattr(os, "statvfs", lambda path: told if path == tmp_path else None)
    assert free_mb(tmp_path) == pytest.approx(4.096)
