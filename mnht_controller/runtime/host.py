# SPDX-License-Identifier: Apache-2.0
"""What the controller asks its host beside the time: room for the record, sleep, the wall clock.

The disk is asked on a thread of its own, because a disk that hangs answers nothing at all.
"""

import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mnht_controller.journal.disk import free_mb

ASK_S = 2.0
ANSWER_S_MAX = 10.0
"""An answer older than this is none."""


class Host(Protocol):
    """The host as the tick sees it; nothing here waits."""

    def disk_free_mb(self) -> float | None:
        """Room where the journal lies, MB; None: not known."""

    def slept_s(self) -> float:
        """How long the host was suspended since the process began."""

    def wall_offset_s(self) -> float:
        """Wall clock minus the time that counts sleep too; only a step of it says anything."""


@dataclass(slots=True)
class SteadyHost:
    """A host to which nothing happens: of `simulate`, and of tests."""

    free_mb: float | None = 100_000.0

    def disk_free_mb(self) -> float | None:
        """As much as it always has."""
        return self.free_mb

    def slept_s(self) -> float:
        """Never."""
        return 0.0

    def wall_offset_s(self) -> float:
        """Always the same."""
        return 0.0


class RealHost:
    """The host that this process runs on."""

    def __init__(self, folder: Path) -> None:
        """Ask once now, then again and again until `close`."""
        self._folder = folder
        self._ended = threading.Event()
        self._answer: tuple[float, float] | None = None
        self._asleep_before_s = _asleep_s()
        self._ask()
        threading.Thread(target=self._run, name="disk space", daemon=True).start()

    def disk_free_mb(self) -> float | None:
        """The last answer, unless it is too old."""
        answer = self._answer
        if answer is None or not (time.monotonic() - answer[0] <= ANSWER_S_MAX):
            return None
        return answer[1]

    def slept_s(self) -> float:
        """By the clock that goes on while the host sleeps."""
        return max(0.0, _asleep_s() - self._asleep_before_s)

    def wall_offset_s(self) -> float:
        """As the kernel's two clocks have it."""
        return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)

    def close(self) -> None:
        """Ask no more."""
        self._ended.set()

    def _run(self) -> None:
        while not self._ended.wait(ASK_S):
            self._ask()

    def _ask(self) -> None:
        try:
            self._answer = (time.monotonic(), free_mb(self._folder))
        except OSError:
            self._answer = None


def _asleep_s() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME) - time.monotonic()
