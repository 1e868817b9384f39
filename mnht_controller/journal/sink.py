# SPDX-License-Identifier: Apache-2.0
"""Where records go: a file with its own writer thread, or memory for virtual time.

Same bytes from both. Writing never waits for a disk and never raises: it answers whether the
record was taken, and an unhealthy journal forbids the next ARM. Off never depends on it.
"""

import os
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from mnht_controller.domain.codec import dumps
from mnht_controller.journal import disk
from mnht_controller.journal.chain import Chain
from mnht_controller.journal.errors import JournalError
from mnht_controller.journal.records import Header, Lost

QUEUE_RECORDS = 1024
"""About 100 s of ticks; a disk that hangs that long has been an alarm for long."""
BEHIND_S_MAX = 2.0
"""Wall-clock seconds that the oldest unsynced record may wait before the journal is unhealthy."""

Clock = Callable[[], float]


class Journal(Protocol):
    """What the loop, the guard and the console need of a journal."""

    @property
    def is_healthy(self) -> bool:
        """Whether all that was written is on disk, or will be shortly."""

    @property
    def why(self) -> str:
        """What is wrong; empty while healthy."""

    @property
    def synced_seq(self) -> int:
        """Number of the last record known to be durable; -1 before the header is."""

    def write(self, kind: str, value: object) -> bool:
        """Take one record. False: refused; raise an alarm and permit no further ARM."""

    def close(self, deadline_s: float = 2.0) -> bool:
        """Finish. False when something taken could not be made durable in time."""


class MemoryJournal:
    """For virtual time: no thread, no disk, the same bytes. `clock` is the loop's."""

    def __init__(self, header: Header, clock: Clock) -> None:
        """Open with the header as record 0."""
        self._chain, self._clock = Chain(), clock
        self.lines: list[bytes] = []
        self.why = ""
        self.write("header", header)

    @property
    def is_healthy(self) -> bool:
        """Whether every record could be encoded."""
        return not self.why

    @property
    def behind_s(self) -> float:
        """Memory is never behind."""
        return 0.0

    @property
    def synced_seq(self) -> int:
        """Number of the last record."""
        return self._chain.seq - 1

    @property
    def head(self) -> str:
        """Hash of the last line, as hex."""
        return self._chain.head

    def write(self, kind: str, value: object) -> bool:
        """Append one record."""
        try:
            body = dumps(value)
        except (TypeError, ValueError) as error:
            self.why = f"a {kind} record cannot be written as JSON: {error}"
            return False
        self.lines.append(self._chain.line(kind, self._clock(), body))
        return True

    def close(self, deadline_s: float = 0.0) -> bool:
        """Nothing to finish."""
        return self.is_healthy

    def dump(self, path: Path) -> None:
        """Save as a file, 0600, replacing what is there. JournalError when it cannot."""
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.writelines(self.lines)
        except OSError as error:
            raise JournalError(str(path), 0, f"cannot be written: {error.strerror}") from error


class FileJournal:
    """A new file, owned by one writer thread: bounded queue, group append, fdatasync.

    After any disk error the handle is dead for good: what the kernel dropped cannot be known, so
    a later success would prove nothing. The file already holds the header when this returns.
    """

    def __init__(
        self, path: Path, header: Header, *, clock: Clock = time.monotonic, capacity: int = 0
    ) -> None:
        """Create the file; JournalError when it exists or cannot be created."""
        self._chain, self._clock = Chain(), clock
        self._capacity = capacity or QUEUE_RECORDS
        first = self._chain.line("header", clock(), dumps(header))
        try:
            self._descriptor = disk.create(path, first)
        except OSError as error:
            raise JournalError(str(path), 0, f"cannot be created: {error.strerror}") from error
        self.path = path
        self._dead = ""
        self._flaw = ""
        self._synced_seq = 0
        self._pending: deque[tuple[str, float, str]] = deque()
        self._oldest_at: float | None = None
        self._lost = 0
        self._closing = False
        self._change = threading.Condition()
        self._thread = threading.Thread(target=self._run, name=f"journal {path.name}", daemon=True)
        self._thread.start()

    @property
    def is_healthy(self) -> bool:
        """Whether nothing was refused and the disk keeps up."""
        return not self.why

    @property
    def why(self) -> str:
        """What is wrong; empty while healthy. Only a slow disk recovers."""
        behind_s, wrong = self.behind_s, self._dead or self._flaw
        if wrong or behind_s == 0.0 or behind_s <= BEHIND_S_MAX:
            return wrong
        return f"{self.path}: the disk is {behind_s:.1f} s behind"

    @property
    def behind_s(self) -> float:
        """How long the oldest unsynced record has waited (wall-clock seconds)."""
        oldest_at = self._oldest_at
        return 0.0 if oldest_at is None else time.monotonic() - oldest_at

    @property
    def synced_seq(self) -> int:
        """Number of the last record that fdatasync has confirmed."""
        return self._synced_seq

    def write(self, kind: str, value: object) -> bool:
        """Queue one record for the writer thread; never waits for the disk."""
        try:
            body = dumps(value)
        except (TypeError, ValueError) as error:
            self._flaw = f"a {kind} record cannot be written as JSON: {error}"
            return False
        with self._change:
            if self._dead or self._closing or not self._has_room():
                return False
            if self._oldest_at is None:
                self._oldest_at = time.monotonic()
            self._pending.append((kind, self._clock(), body))
            self._change.notify()
        return True

    def close(self, deadline_s: float = 2.0) -> bool:
        """Write what is queued and stop; a disk that hangs longer is left behind."""
        with self._change:
            self._closing = True
            self._change.notify()
        self._thread.join(deadline_s)
        if self._thread.is_alive():
            self._dead = f"{self.path}: the disk hung at the end"
        return not (self._dead or self._flaw)

    def _has_room(self) -> bool:
        """Count what is refused: the chain must show the hole once there is room again."""
        if len(self._pending) >= self._capacity:
            self._lost += 1
            self._flaw = f"{self.path}: the queue was full, records are missing"
            return False
        if self._lost:
            self._pending.append(("lost", self._clock(), dumps(Lost(self._lost))))
            self._lost = 0
        return True

    def _run(self) -> None:
        try:
            while batch := self._next_batch():
                lines = b"".join([self._chain.line(*record) for record in batch])
                disk.append_and_sync(self._descriptor, lines)
                self._synced_seq = self._chain.seq - 1
        except OSError as error:
            self._die(f"{self.path}: {error.strerror}; no further record is taken")
        except Exception as error:  # noqa: BLE001 - a thread that dies unseen looks healthy
            self._die(f"{self.path}: the writer failed, our bug: {error!r}")
        finally:
            os.close(self._descriptor)

    def _next_batch(self) -> list[tuple[str, float, str]]:
        """Wait for records and take them all; empty means closed."""
        with self._change:
            if not self._pending:
                self._oldest_at = None
            while not self._pending and not self._closing:
                self._change.wait()
            batch = [*self._pending]
            self._pending.clear()
            if batch:
                self._oldest_at = time.monotonic()
            return batch

    def _die(self, why: str) -> None:
        with self._change:
            self._dead = why
            self._pending.clear()
