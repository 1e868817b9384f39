# SPDX-License-Identifier: Apache-2.0
"""What the tick needs of the ledger of used dose and field-on time."""

from dataclasses import dataclass
from typing import Protocol

from mnht_controller.domain.spent import NOTHING, Spent

KEEP_TICKS = 10


class Ledger(Protocol):
    """`kept`: what a process before this one has used; None when that cannot be read."""

    kept: Spent | None
    why: str

    def keep(self, spent: Spent) -> None:
        """Keep this from now on; never waits."""


@dataclass(slots=True)
class MemoryLedger:
    """For virtual time: no thread, no disk."""

    kept: Spent | None = NOTHING
    why: str = ""
    last: Spent = NOTHING

    def keep(self, spent: Spent) -> None:
        """Remember it."""
        if spent.field_s > 0.0:
            self.last = spent
