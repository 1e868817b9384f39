# SPDX-License-Identifier: Apache-2.0
"""H26: the guard's process watches the pipe to its parent from its first turn on."""

import os
from pathlib import Path

from mnht_controller.domain.codec import from_plain
from mnht_controller.domain.trip import Latch
from mnht_controller.guard.config import GuardConfig
from mnht_controller.guard.process import GuardProcess, Parts
from mnht_controller.journal.ledger import Ledger
from mnht_controller.journal.records import Header
from mnht_controller.journal.sink import MemoryJournal
from tests.system.guard_bench import config
from tests.unit.guard_process.test_process import FakeLine


def now() -> float:
    return 1000.0


def test_the_end_of_the_parents_pipe_ends_the_guard(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    (tmp_path / "state").mkdir()
    told = from_plain(GuardConfig, config(tmp_path, "") | {"parent_fd": reader})
    journal = MemoryJournal(Header("guard", "test", ""), now)
    ledger = Ledger(tmp_path / "state" / "guard.spent")
    process = GuardProcess(Parts(told, Latch(), FakeLine(), journal, ledger, now))
    process.turn()
    assert process.ending == ""
    os.close(writer)
    process.turn()
    assert process.ending == "parent"
    process.run()
    os.close(reader)
