# SPDX-License-Identifier: Apache-2.0
"""Closes what an unfinished session has used, while nobody runs the site: by whom and why, first.

What the next session may use begins at zero then, so it is as deliberate as a reset.
"""

from dataclasses import dataclass
from pathlib import Path

from mnht_controller.domain.compiled import replace
from mnht_controller.domain.errors import MnhtError
from mnht_controller.domain.spent import Spent
from mnht_controller.journal.ledger import Ledger
from mnht_controller.journal.records import Event, Header, boot_id, wall_label
from mnht_controller.journal.sink import FileJournal

LEDGERS = ("controller-spent.json", "guard.spent")


class CloseRefused(MnhtError):
    """Nothing was closed; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Closed:
    """Which files held something unfinished, what each held, and where that is on record."""

    ledgers: tuple[str, ...]
    field_s: tuple[float, ...]
    journal: str


def close_session(state_dir: Path, actor: str, reason: str, session: str) -> Closed:
    """Mark both ledgers as over. Raises CloseRefused, with nothing changed, or JournalError."""
    held = [(path, _kept(path)) for path in (state_dir / name for name in LEDGERS)]
    unfinished = [(path, spent) for path, spent in held if not spent.over]
    if not unfinished:
        raise CloseRefused(f"{state_dir}: no session is unfinished; nothing was changed")
    record = state_dir / "journal" / f"close-{session}.jsonl"
    journal = FileJournal(record, Header("close", boot_id(), wall_label()))
    for path, spent in unfinished:
        what = f"{path.name}: {spent.field_s:.0f} s of field; {reason}"
        journal.write("event", Event("session.close", "session", actor, what))
    if not journal.close():
        raise CloseRefused(f"{journal.why}; nothing was closed; free the disk, then repeat")
    for path, spent in unfinished:
        ledger = Ledger(path)
        ledger.keep(replace(spent, over=True))
        ledger.close(deadline_s=10.0)
        if not _kept(path).over:
            raise CloseRefused(f"{ledger.why or path.name}: not closed; free the disk, then repeat")
    names, used = zip(*((path.name, spent.field_s) for path, spent in unfinished), strict=True)
    return Closed(names, used, str(record))


def _kept(path: Path) -> Spent:
    ledger = Ledger(path)
    ledger.close()
    if ledger.kept is None:
        raise CloseRefused(f"{ledger.why}; look at it, then move it away; nothing was closed")
    return ledger.kept
