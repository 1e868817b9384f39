# SPDX-License-Identifier: Apache-2.0
"""Kept alarms survive; a file that does not read is told, never taken for silence. H48."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mnht_controller.domain.alarm import NO_ALARMS, AlarmState, Occurrence, Priority
from mnht_controller.journal import disk
from mnht_controller.journal.errors import JournalError
from mnht_controller.journal.keep_alarms import AlarmFile, AlarmMemory, load_alarms, save_alarms

FOUND = Occurrence(7, "tissue_hot", "skin_trip", "skin", 44.1, 44.0, Priority.HIGH, 5.0, 5.0)
STATE = AlarmState((FOUND,), (), 8)


def test_alarms_survive_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "alarms.json"
    assert load_alarms(path) == (NO_ALARMS, "")
    acknowledged = replace(FOUND, acknowledged_by="nurse", acknowledged_at=6.5, kept=True)
    for state in (STATE, replace(STATE, occurrences=(acknowledged,), paused_until=99.5)):
        save_alarms(path, state)
        assert load_alarms(path) == (state, "")
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["alarms.json"]


def test_every_truncation_and_flipped_byte_is_told(tmp_path: Path) -> None:
    """And numbers go on above all that the file can have held."""
    path = tmp_path / "alarms.json"
    save_alarms(path, STATE)
    whole = path.read_bytes()
    damaged = [whole[:length] for length in range(len(whole) - 1)]
    damaged += [
        whole[:at] + bytes([byte ^ 1]) + whole[at + 1 :] for at, byte in enumerate(whole[:-1])
    ]
    for data in damaged:
        path.write_bytes(data)
        state, why = load_alarms(path)
        assert why, data
        assert not state.occurrences
        assert state.next_id > 1_000_000


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"[" * 100_000, b'{"state":NaN}', b"null"])
def test_garbage_is_told(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "alarms.json"
    path.write_bytes(data)
    assert load_alarms(path)[1]
    assert load_alarms(tmp_path)[1], "a folder is no file"


class Later:
    """Runs what was submitted when told to."""

    def __init__(self) -> None:
        self.jobs: list[Callable[[], None]] = []

    def __call__(self, job: Callable[[], None]) -> None:
        self.jobs.append(job)

    def run(self) -> None:
        while self.jobs:
            self.jobs.pop(0)()


def test_the_newest_state_overtakes_those_that_wait(tmp_path: Path) -> None:
    later, path = Later(), tmp_path / "alarms.json"
    file = AlarmFile(path, later)
    for number in (1, 2, 3):
        file.keep(number, replace(STATE, next_id=7 + number))
        assert file.kept == 0, "nothing is called durable before it is"
    later.run()
    assert (file.kept, file.fault) == (3, "")
    assert AlarmFile(path, later).before.next_id == 10


def test_a_failing_disk_is_said_until_it_works_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """H34: and the file keeps what it had."""
    later, path = Later(), tmp_path / "alarms.json"
    save_alarms(path, STATE)
    file = AlarmFile(path, later)

    def fail(descriptor: int, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(disk, "append_and_sync", fail)
        with pytest.raises(JournalError, match="No space left"):
            save_alarms(path, NO_ALARMS)
        file.keep(1, NO_ALARMS)
        later.run()
    assert (file.kept, "No space left" in file.fault) == (0, True)
    assert load_alarms(path) == (STATE, "")
    file.keep(2, NO_ALARMS)
    later.run()
    assert (file.kept, file.fault, load_alarms(path)[0]) == (2, "", NO_ALARMS)


def test_memory_is_durable_at_once_and_keeps_nothing() -> None:
    """H48: what virtual time uses."""
    memory = AlarmMemory()
    memory.keep(3, memory.before)
    assert (memory.kept, memory.fault, memory.unreadable) == (3, "", "")
