# SPDX-License-Identifier: Apache-2.0
"""H37, H34: a latch that the disk did not take is tried again, while nobody is armed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mnht_controller.guard.process import KEEP_TICKS, latch_path
from mnht_controller.journal.keep import load_latch
from tests.unit.guard_process.test_process import Rig


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path)
    yield rig
    rig.close()


def test_a_latch_comes_to_disk_as_soon_as_there_is_one(rig: Rig) -> None:
    rig.step(3)
    state, away = rig.folder / "state", rig.folder / "away"
    state.rename(away)
    rig.ask("stop", actor="a")
    rig.step(3 * KEEP_TICKS)
    away.rename(state)
    assert not load_latch(latch_path(rig.config)).is_latched
    rig.step(KEEP_TICKS + 1)
    assert load_latch(latch_path(rig.config)) == rig.process.guard.latch
    assert rig.process._desk.why == ""
    refused = [line for line in rig.journal.lines if b'"refused"' in line]
    assert len(refused) == 1, "said once"
