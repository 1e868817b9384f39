# SPDX-License-Identifier: Apache-2.0
"""Small values that outlive a process, the latch above all. Not a database.

A file that is there but does not read fails safe: it counts as latched. A file that was never
there is a first start; deleting it is as deliberate as a reset, and the journals still show it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mnht_controller.domain.codec import CodecError, digest, dumps, loads
from mnht_controller.domain.trip import Latch, Trip
from mnht_controller.journal import disk
from mnht_controller.journal.errors import JournalError

LATCH_UNREADABLE = "latch_unreadable"
"""Trip code for a kept latch that does not read; cleared by a human's reset like any other."""


@dataclass(frozen=True, slots=True)
class KeptLatch:
    """What the file holds; `sha256` is the digest of the latch, against damage, not malice."""

    latch: Latch
    sha256: str
    format: str = "mnht.latch"
    version: int = 1


def save_latch(path: Path, latch: Latch) -> None:
    """Keep the latch, atomically and durably. JournalError when it cannot be kept."""
    kept = KeptLatch(latch, digest(latch))
    try:
        disk.replace(path, dumps(kept).encode() + b"\n")
    except OSError as error:
        raise JournalError(str(path), 0, f"the latch cannot be kept: {error.strerror}") from error


class LatchFile:
    """The latch's file, written by whatever `submit` runs: no tick waits for a disk.

    `fault`: why the last latch is not on disk; empty if it is.
    """

    def __init__(self, path: Path, submit: Callable[[Callable[[], None]], object]) -> None:
        self._path, self._submit = path, submit
        self._newest = Latch()
        self.fault = ""

    def keep(self, latch: Latch) -> None:
        """Leave it for the writing thread."""
        self._newest = latch
        self._submit(self._save)

    def _save(self) -> None:
        try:
            save_latch(self._path, self._newest)
        except (JournalError, ValueError) as error:  # a number that is none has no digest
            self.fault = str(error)
        else:
            self.fault = ""


def load_latch(path: Path) -> Latch:
    """Load the latch; never raises. Missing: not latched. Damaged or unreadable: latched."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Latch()
    except OSError as error:
        return _unreadable(error.strerror or "input/output error")
    try:
        kept = loads(KeptLatch, data)
    except (CodecError, RecursionError) as error:
        return _unreadable(str(error))
    if (kept.format, kept.version) != ("mnht.latch", 1) or kept.sha256 != digest(kept.latch):
        return _unreadable("the content does not fit its digest")
    return kept.latch


def _unreadable(why: str) -> Latch:
    """Latch. The path is not in the trip: records must not depend on where a site keeps files."""
    return Latch((Trip(LATCH_UNREADABLE, "H37", why, None, None, 0.0, 0.0),))
