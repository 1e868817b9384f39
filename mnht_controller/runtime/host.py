# SPDX-License-Identifier: Apache-2.0
"""What the controller asks its host beside the time: how much room is left for the record.

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


@dataclass(frozen=True, slots=True)
class SteadyHost:
    """A host to which nothing happens: of `simulate`, and of tests."""

    free_mb: float | None = 100_000.0

    def disk_free_mb(self) -> float | None:
        """As much as it always has."""
        return self.free_mb


class RealHost:
    """The host that this process runs on."""

    def __init__(self, folder: Path) -> None:
        """Ask once now, then again and again until `close`."""
        self._folder = folder
        self._ended = threading.Event()
        self._answer: tuple[float, float] | None = None
        self._ask()
        threading.Thread(target=self._run, name="disk space", daemon=True).start()

    def disk_free_mb(self) -> float | None:
        """The last answer, unless it is too old."""
        answer = self._answer
        if answer is None or not (time.monotonic() - answer[0] <= ANSWER_S_MAX):
            return None
        return answer[1]

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
