# SPDX-License-Identifier: Apache-2.0
"""What the self-test at start has shown: that the enable line and the watchdog act."""

from dataclasses import dataclass
from enum import StrEnum

from mnht_controller.domain.compiled import quick


class Outcome(StrEnum):
    """How far a proof is. Only the last two let a session be armed."""

    WAITING = "waiting"
    RUNNING = "running"
    FAILED = "failed"
    PROVEN = "proven"
    NOT_PROVABLE = "not_provable"


SETTLED = frozenset({Outcome.PROVEN, Outcome.NOT_PROVABLE})


@quick
@dataclass(frozen=True, slots=True)
class Proof:
    """One part. `why`: what was not seen and what to do, or why it cannot be shown here.

    `seen_s`: how long after the last byte, or the last traffic, it was seen to have acted.
    """

    outcome: Outcome = Outcome.WAITING
    why: str = ""
    seen_s: float | None = None

    @property
    def refuses(self) -> bool:
        """Whether nothing may be armed before this has been shown."""
        return self.outcome not in SETTLED


class Step(StrEnum):
    """Where the test of the enable line is: not on, waiting for it to close, or to open."""

    REST = "rest"
    CLOSE = "close"
    OPEN = "open"


UNTESTED = Proof()


@quick
@dataclass(frozen=True, slots=True)
class SelfTest:
    """Both parts, and what goes on. A proof holds for one start of the device it is about.

    `since`: monotonic time of the step. `guard_born_at`: which guard it was. `asks_watchdog`: the
    source's task may let the watchdog trip now.
    """

    line: Proof = UNTESTED
    watchdog: Proof = UNTESTED
    step: Step = Step.REST
    since: float = 0.0
    guard_born_at: float = 0.0
    asks_watchdog: bool = False

    @property
    def asks_line(self) -> bool:
        """Whether the guard is asked to feed the enable line for a moment."""
        return self.step is Step.CLOSE

    @property
    def refuses(self) -> bool:
        """Whether nothing may be armed yet."""
        return self.line.refuses or self.watchdog.refuses


NOT_BEGUN = SelfTest()
