# SPDX-License-Identifier: Apache-2.0
"""What the host is asked beside the time. Covers H28, H34."""

import time
from pathlib import Path

import pytest

from mnht_controller.journal import disk
from mnht_controller.runtime import host as floor
from mnht_controller.runtime.host import ANSWER_S_MAX, RealHost


def test_room_on_the_disk_is_the_kernels_word(tmp_path: Path) -> None:
    host = RealHost(tmp_path)
    try:
        free_mb = host.disk_free_mb()
        assert free_mb is not None
        assert 0.0 < free_mb < 1e9
    finally:
        host.close()


def test_h34_a_disk_that_does_not_answer_has_no_room_that_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = RealHost(tmp_path / "gone")
    host.close()
    assert host.disk_free_mb() is None
    monkeypatch.setattr(floor, "free_mb", lambda _path: 7.0)
    host = RealHost(tmp_path)
    host.close()
    assert host.disk_free_mb() == 7.0
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + ANSWER_S_MAX + 1.0)
    assert host.disk_free_mb() is None


def test_h28_sleep_is_counted_from_the_start_of_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = RealHost(tmp_path)
    host.close()
    assert host.slept_s() < 0.1
    boot_s = time.clock_gettime(time.CLOCK_BOOTTIME)
    monkeypatch.setattr(time, "clock_gettime", lambda _clock: boot_s + 3600.0)
    assert host.slept_s() == pytest.approx(3600.0, abs=5.0)


def test_h32_the_wall_clock_is_held_against_time_that_counts_sleep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = RealHost(tmp_path)
    host.close()
    before = host.wall_offset_s()
    wall_s = time.time()
    monkeypatch.setattr(time, "time", lambda: wall_s + 86_400.0)
    assert host.wall_offset_s() - before == pytest.approx(86_400.0, abs=5.0)


def test_a_missing_folder_is_an_error_of_the_disk(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="gone"):
        disk.free_mb(tmp_path / "gone")
