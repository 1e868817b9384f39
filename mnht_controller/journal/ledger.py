# SPDX-License-Identifier: Apache-2.0
"""Keeps what a session has used, on a thread of its own: nobody waits for the disk.

A file that is there but does not read is never taken for zero, and never written over: it refuses
arming until a person has looked at it and moved it away. That is as deliberate as a reset.
"""

import threading
from dataclasses import dataclass
from pathlib import Path

from mnht_controller.domain.codec import CodecError, digest, dumps, loads
from mnht_controller.domain.spent import Spent
from mnht_controller.journal import disk


@dataclass(frozen=True, slots=True)
class KeptSpent:
    """What the file holds; `sha256` is the digest of `spent`, against damage, not malice."""

    spent: Spent
    sha256: str
    format: str = "mnht.spent"
    version: int = 1


class Ledger:
    """One file. `kept` is what it held at the start; `why` says what is wrong, empty if nothing."""

    def __init__(self, path: Path) -> None:
        """Load, and start the writer."""
        self._path = path
        self.why = ""
        self.kept = self._load()
        self._last = self.kept
        self._waiting: Spent | None = None
        self._closing = False
        self._change = threading.Condition()
        self._thread = threading.Thread(target=self._run, name=f"ledger {path.name}", daemon=True)
        self._thread.start()

    def keep(self, spent: Spent) -> None:
        """Replace what is kept, soon; only the newest counts. Nothing used is nothing to keep.

        What the disk has refused is tried again, whether or not more is used.
        """
        is_kept = spent == self._last and not self.why
        if spent.field_s <= 0.0 or is_kept or self.kept is None:
            return
        with self._change:
            self._last = self._waiting = spent
            self._change.notify()

    def close(self, deadline_s: float = 1.0) -> None:
        """Write what waits and stop; a disk that hangs is left behind."""
        with self._change:
            self._closing = True
            self._change.notify()
        self._thread.join(deadline_s)

    def _run(self) -> None:
        while (spent := self._next()) is not None:
            try:
                line = dumps(KeptSpent(spent, digest(spent))).encode() + b"\n"
                disk.replace(self._path, line)
                self.why = ""
            except OSError as error:
                self.why = f"{self._path.name}: cannot be kept: {error.strerror}"
            except Exception as error:  # noqa: BLE001 - a thread that dies unseen looks healthy
                self.why = f"{self._path.name}: cannot be written: {error}"

    def _next(self) -> Spent | None:
        with self._change:
            while self._waiting is None and not self._closing:
                self._change.wait()
            spent, self._waiting = self._waiting, None
            return spent

    def _load(self) -> Spent | None:
        """Missing: nothing used. Damaged or unreadable: None."""
        try:
            kept = loads(KeptSpent, self._path.read_bytes())
        except FileNotFoundError:
            return Spent()
        except (OSError, CodecError, RecursionError) as error:
            self.why = self._unreadable(str(error))
            return None
        if (kept.format, kept.version) != ("mnht.spent", 1) or kept.sha256 != digest(kept.spent):
            self.why = self._unreadable("the content does not fit its digest")
            return None
        return kept.spent

    def _unreadable(self, why: str) -> str:
        return f"{self._path.name}: what was used before cannot be read: {why}"
