# SPDX-License-Identifier: Apache-2.0
"""H37, H43: the guard's process keeps what was used, takes it up again, and refuses without it."""

from pathlib import Path

import pytest

from mnht_controller.domain.spent import ProbeDose, Spent
from mnht_controller.guard import machine
from mnht_controller.interlock.lease import decode_status
from mnht_controller.journal.ledger import Ledger
from tests.system.guard_bench import ENVELOPE
from tests.unit.guard_process.test_process import Rig

USED = Spent(
    ENVELOPE.prescription_sha256, 100.0, (ProbeDose(ENVELOPE.probes[0].id, 5.0),), over=False
)


class Kept(Rig):
    """A guard that finds this file; `state` exists before its rig makes it."""

    def __init__(self, folder: Path, content: bytes) -> None:
        self.content = content
        super().__init__(folder)

    def clock(self) -> float:
        path = self.folder / "state" / "guard.spent"
        if not path.exists():
            path.write_bytes(self.content)  # the rig asks the time before it opens the ledger
        return self.now


def file_of(folder: Path) -> bytes:
    ledger = Ledger(folder / "other")
    ledger.keep(USED)
    ledger.close()
    return (folder / "other").read_bytes()


def told(rig: Rig) -> str:
    """The fault in the newest status."""
    return decode_status(rig.heard.split(b"\n")[-2]).fault


@pytest.mark.shows("spent_is_kept")
def test_what_was_used_is_taken_up_and_goes_on_and_is_kept(tmp_path: Path) -> None:
    rig = Kept(tmp_path, file_of(tmp_path))
    rig.run()
    assert told(rig) == ""
    used = machine.spent(rig.process.guard)
    rig.close()
    assert used.field_s > 100.5
    assert used.doses[0].cem43_min >= 5.0
    later = Ledger(tmp_path / "state" / "guard.spent")
    later.close()
    assert later.kept is not None
    assert later.kept.field_s >= used.field_s


def test_a_file_that_does_not_read_refuses_the_confirmation_and_is_told(tmp_path: Path) -> None:
    rig = Kept(tmp_path, b"\x00garbage")
    reply = rig.confirm()
    assert not reply["ok"]
    assert "guard.spent" in str(reply["reasons"])
    assert "guard.spent" in told(rig)
    rig.close()
    assert (tmp_path / "state" / "guard.spent").read_bytes() == b"\x00garbage"
