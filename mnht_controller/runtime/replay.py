# SPDX-License-Identifier: Apache-2.0
"""Decides every recorded tick again, from the recorded inputs alone, and compares bit for bit."""

from dataclasses import dataclass
from pathlib import Path

from mnht_controller.domain.codec import from_plain, to_plain
from mnht_controller.domain.spent import NOTHING, Spent
from mnht_controller.domain.trip import Latch
from mnht_controller.journal.errors import JournalError
from mnht_controller.journal.read import read_header, read_records
from mnht_controller.journal.records import TickRecord
from mnht_controller.runtime.decide import State, decide, initial, state_digest


@dataclass(frozen=True, slots=True)
class Difference:
    """The first tick that this version decides otherwise: what, recorded and now."""

    tick: int
    line: int
    what: str
    recorded: str
    now: str


@dataclass(frozen=True, slots=True)
class Replay:
    """`identical` only when every tick's decision and state digest are."""

    ticks: int
    identical: bool
    first_difference: Difference | None


def replay(path: Path) -> Replay:
    """Replay a controller's journal. JournalError when it is none, or does not read."""
    plan = read_header(path).plan
    if plan is None:
        raise JournalError(str(path), 1, "no plan in the header: not a controller's journal")
    state: State | None = None
    spent = NOTHING
    ticks = 0
    for record in read_records(path):
        if record.kind == "spent":
            spent = from_plain(Spent, record.data)
        elif record.kind == "latch":
            state = initial(plan, from_plain(Latch, record.data), spent)
        elif record.kind == "tick" and state is not None:
            recorded = from_plain(TickRecord, record.data)
            state, decision = decide(plan, state, recorded.input)
            ticks += 1
            difference = _compare(
                recorded, TickRecord(recorded.input, decision, state_digest(state))
            )
            if difference:
                what, was, now = difference
                found = Difference(recorded.input.tick, record.seq + 1, what, was, now)
                return Replay(ticks, False, found)
    if state is None:
        raise JournalError(str(path), 1, "no session stands in it")
    return Replay(ticks, True, None)


def _compare(recorded: TickRecord, now: TickRecord) -> tuple[str, str, str] | None:
    if recorded == now:
        return None
    was, new = to_plain(recorded.decision), to_plain(now.decision)
    for name in was:
        if was[name] != new[name]:
            return f"decision.{name}", str(was[name]), str(new[name])
    return "state", recorded.state, now.state
