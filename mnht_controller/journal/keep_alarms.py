# SPDX-License-Identifier: Apache-2.0
"""Alarms that outlive the process: each change is on disk before anybody is shown it.

A file that does not read is no silence: it is an alarm of its own, and the ids that it would have
held are not given again, so that nobody acknowledges a new alarm by an old number.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mnht_controller.domain.alarm import NO_ALARMS, AlarmState
from mnht_controller.domain.codec import CodecError, digest, dumps, loads
from mnht_controller.journal import disk
from mnht_controller.journal.errors import JournalError

FORMAT, VERSION = "mnht.alarms", 1

Submit = Callable[[Callable[[], None]], object]
"""Runs a function soon on a thread that may wait for the disk; one at a time, in order."""


@dataclass(frozen=True, slots=True)
class KeptAlarms:
    """What the file holds; `sha256` is the digest of the state, against damage, not malice."""

    state: AlarmState
    sha256: str
    format: str = FORMAT
    version: int = VERSION


class AlarmKeeper(Protocol):
    """What the controller needs of a place where alarms are kept."""

    before: AlarmState
    """What was kept when the process began."""
    unreadable: str
    """Why that could not be read; empty when it could."""
    kept: int
    """Number of the newest state that is durable."""
    fault: str
    """Why the last one could not be made durable; empty when it could."""

    def keep(self, number: int, state: AlarmState) -> None:
        """Keep this state, numbered from 1 upwards; never waits."""


class AlarmMemory:
    """For virtual time and tests: durable at once."""

    def __init__(self, before: AlarmState = NO_ALARMS) -> None:
        self.before = before
        self.unreadable = self.fault = ""
        self.kept = 0

    def keep(self, number: int, state: AlarmState) -> None:
        """Forget it: nothing outlives a simulation."""
        self.kept = number


class AlarmFile:
    """One file, written by whatever `submit` runs; a newer state overtakes those that wait."""

    def __init__(self, path: Path, submit: Submit) -> None:
        self._path, self._submit = path, submit
        self._newest: tuple[int, AlarmState] = (0, NO_ALARMS)
        self.before, self.unreadable = load_alarms(path)
        self.kept, self.fault = 0, ""

    def keep(self, number: int, state: AlarmState) -> None:
        """Leave it for the writing thread."""
        self._newest = (number, state)
        self._submit(self._save)

    def _save(self) -> None:
        number, state = self._newest
        if number <= self.kept:
            return
        try:
            save_alarms(self._path, state)
        except JournalError as error:
            self.fault = str(error)
        else:
            self.kept, self.fault = number, ""


def save_alarms(path: Path, state: AlarmState) -> None:
    """Keep the state, atomically and durably. JournalError when it cannot be kept."""
    kept = KeptAlarms(state, digest(state))
    try:
        disk.replace(path, dumps(kept).encode() + b"\n")
    except OSError as error:
        raise JournalError(str(path), 0, f"alarms cannot be kept: {error.strerror}") from error


def load_alarms(path: Path) -> tuple[AlarmState, str]:
    """Load the state, and why it could not be read. A file that is not there is a first start."""
    try:
        kept = loads(KeptAlarms, path.read_bytes())
    except FileNotFoundError:
        return NO_ALARMS, ""
    except (OSError, CodecError, RecursionError) as error:
        return _unreadable(error)
    if (kept.format, kept.version) != (FORMAT, VERSION) or kept.sha256 != digest(kept.state):
        return _unreadable("the content does not fit its digest")
    return kept.state, ""


def _unreadable(why: object) -> tuple[AlarmState, str]:
    """Start empty, above every id that the file can have held: far fewer than one a second."""
    return AlarmState(next_id=int(time.time())), str(why)
