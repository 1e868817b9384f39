# SPDX-License-Identifier: Apache-2.0
"""The sinks: same bytes, never in the way, and honest about a disk that fails (H34, H35)."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from mnht_controller.domain.command import Reason
from mnht_controller.journal import disk, sink
from mnht_controller.journal.chain import lines_of, verify
from mnht_controller.journal.errors import JournalError
from mnht_controller.journal.read import read_records
from mnht_controller.journal.records import Event, Header
from mnht_controller.journal.sink import FileJournal, MemoryJournal

HEADER = Header(process="controller", boot="boot", started_at="")
EVENT = Event("x")


def wait_until(condition: Callable[[], bool]) -> None:
    """Another thread gets there; the deadline only bounds a failure."""
    deadline = time.monotonic() + 10.0
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def synced_to(journal: FileJournal, seq: int) -> bool:
    return journal.synced_seq == seq


class Stalled:
    """A disk that takes nothing until released."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.entered, self.release = threading.Event(), threading.Event()
        real = disk.append_and_sync

        def stall(descriptor: int, data: bytes) -> None:
            self.entered.set()
            self.release.wait(10.0)
            real(descriptor, data)

        monkeypatch.setattr(disk, "append_and_sync", stall)


def test_file_and_memory_hold_the_same_bytes(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    on_disk = FileJournal(path, HEADER, clock=lambda: 1.25)
    in_memory = MemoryJournal(HEADER, clock=lambda: 1.25)
    for number in range(50):
        assert on_disk.write("event", Event("x", str(number)))
        assert in_memory.write("event", Event("x", str(number)))
    assert on_disk.close()
    assert path.read_bytes() == b"".join(in_memory.lines)
    assert on_disk.synced_seq == in_memory.synced_seq == 50
    assert verify(path, expected_head=in_memory.head).ok
    assert path.stat().st_mode & 0o777 == 0o600
    assert not on_disk.write("event", EVENT)


def test_the_header_is_durable_before_anything_else(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    journal = FileJournal(path, HEADER)
    assert verify(path).records == 1
    assert journal.synced_seq == 0
    assert journal.is_healthy
    journal.close()


def test_h35_synced_means_that_fdatasync_has_returned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = FileJournal(tmp_path / "j.jsonl", HEADER)
    seen: list[tuple[int, int]] = []
    size = (tmp_path / "j.jsonl").stat().st_size

    def sync(descriptor: int) -> None:
        seen.append((os.fstat(descriptor).st_size, journal.synced_seq))

    monkeypatch.setattr(os, "fdatasync", sync)
    assert journal.write("event", EVENT)
    assert journal.close()
    assert [before for _, before in seen] == [0]
    assert seen[0][0] > size, "written first, then synced"
    assert journal.synced_seq == 1


def test_an_existing_file_is_never_appended_to(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    path.write_bytes(b"old")
    with pytest.raises(JournalError, match="File exists"):
        FileJournal(path, HEADER)
    assert path.read_bytes() == b"old"
    with pytest.raises(JournalError, match="No such file"):
        FileJournal(tmp_path / "none" / "j.jsonl", HEADER)


@pytest.mark.shows("bounded_queues")
def test_h34_a_full_queue_refuses_and_the_hole_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "j.jsonl"
    journal = FileJournal(path, HEADER, capacity=3)
    stalled = Stalled(monkeypatch)
    assert journal.write("event", EVENT)
    assert stalled.entered.wait(10.0)
    taken = [journal.write("event", EVENT) for _ in range(5)]
    assert taken == [True, True, True, False, False]
    assert not journal.is_healthy
    assert "queue was full" in journal.why
    stalled.release.set()
    wait_until(lambda: journal.write("event", EVENT))
    assert not journal.close(), "records are missing for good"
    records = [*read_records(path)]
    lost = [record.data["records"] for record in records if record.kind == "lost"]
    assert sum(lost) >= 2
    assert verify(path).ok


def test_h35_a_disk_that_falls_behind_is_unhealthy_until_it_catches_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = FileJournal(tmp_path / "j.jsonl", HEADER)
    stalled = Stalled(monkeypatch)
    assert journal.write("event", EVENT)
    assert stalled.entered.wait(10.0)
    assert journal.is_healthy
    monkeypatch.setattr(sink, "BEHIND_S_MAX", -1.0)
    assert "behind" in journal.why
    assert journal.write("event", EVENT), "it still takes records"
    stalled.release.set()
    wait_until(lambda: journal.is_healthy)
    assert journal.close()


def test_h35_a_disk_that_hangs_at_the_end_holds_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = FileJournal(tmp_path / "j.jsonl", HEADER)
    stalled = Stalled(monkeypatch)
    journal.write("event", EVENT)
    assert stalled.entered.wait(10.0)
    assert not journal.close(deadline_s=0.0)
    assert "hung" in journal.why
    stalled.release.set()
    journal._thread.join(10.0)


@pytest.mark.parametrize("code", [28, 5])
@pytest.mark.parametrize("good", [0, 1, 2])
def test_h34_h35_after_a_disk_error_the_handle_is_dead_for_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, good: int
) -> None:
    path = tmp_path / "j.jsonl"
    journal = FileJournal(path, HEADER)
    real = disk.append_and_sync
    calls = []

    def fail_once(descriptor: int, data: bytes) -> None:
        calls.append(data)
        if len(calls) == good + 1:
            raise OSError(code, os.strerror(code))
        real(descriptor, data)

    monkeypatch.setattr(disk, "append_and_sync", fail_once)
    for number in range(good):
        assert journal.write("event", EVENT)
        wait_until(partial(synced_to, journal, number + 1))
    assert journal.write("event", EVENT)
    wait_until(lambda: not journal.is_healthy)
    assert os.strerror(code) in journal.why
    assert not journal.write("event", EVENT)
    assert not journal.is_healthy
    assert not journal.close()
    assert journal.synced_seq == good
    assert verify(path).records == good + 1


def test_h34_a_really_full_device_is_reported() -> None:
    with (
        Path("/dev/full").open("wb", buffering=0) as full,
        pytest.raises(OSError, match="No space left"),
    ):
        disk.append_and_sync(full.fileno(), b"x")


def test_a_bug_in_the_writer_is_unhealthy_and_not_silent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = FileJournal(tmp_path / "j.jsonl", HEADER)
    monkeypatch.setattr(disk, "append_and_sync", lambda: None)
    journal.write("event", EVENT)
    wait_until(lambda: not journal.is_healthy)
    assert "our bug" in journal.why
    assert not journal.close()


def test_h40_a_number_that_json_cannot_hold_is_refused_and_reported(tmp_path: Path) -> None:
    bad = Reason("x", value=float("nan"))
    on_disk = FileJournal(tmp_path / "j.jsonl", HEADER)
    in_memory = MemoryJournal(HEADER, clock=lambda: 0.0)
    for journal in (on_disk, in_memory):
        assert not journal.write("event", bad)
        assert "cannot be written as JSON" in journal.why
        assert not journal.is_healthy
        assert journal.write("event", EVENT), "one bad record does not end the record"
        assert not journal.close()


def test_a_writing_error_of_a_dump_is_a_journal_error(tmp_path: Path) -> None:
    journal = MemoryJournal(HEADER, clock=lambda: 0.0)
    with pytest.raises(JournalError, match="cannot be written"):
        journal.dump(tmp_path)


WRITER = """
import sys
from pathlib import Path
from mnht_controller.journal.records import Event, Header
from mnht_controller.journal.sink import FileJournal
journal = FileJournal(Path(sys.argv[1]), Header(process="controller", boot="", started_at=""))
while True:
    journal.write("event", Event("x", "some text to make the record as long as a real one is"))
    print(journal.synced_seq, flush=True)
"""


@pytest.mark.real
@pytest.mark.parametrize("reports", [1, 60, 900])
def test_h37_killed_at_any_point_the_file_is_sound_up_to_a_torn_tail(
    tmp_path: Path, reports: int
) -> None:
    path = tmp_path / "j.jsonl"
    command = [sys.executable, "-c", WRITER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        synced = [int(writer.stdout.readline()) for _ in range(reports)]
        writer.send_signal(signal.SIGKILL)
    verdict = verify(path)
    assert verdict.ok or verdict.torn, verdict
    assert verdict.records > synced[-1], "what was reported synced is there"
    assert sum(1 for _ in lines_of(path)) - verdict.records <= 1


def test_memory_is_never_behind() -> None:
    """H35."""
    journal = MemoryJournal(HEADER, lambda: 1.0)
    assert (journal.behind_s, journal.is_healthy) == (0.0, True)
