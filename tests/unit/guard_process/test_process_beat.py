# SPDX-License-Identifier: Apache-2.0
"""H28, H29, H43: how often the guard's process says and keeps what, in ticks of 50 ms."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mnht_controller.domain.spent import Spent
from mnht_controller.domain.trip import Latch
from mnht_controller.guard import realtime
from mnht_controller.interlock.lease import encode_lease
from mnht_controller.journal.errors import JournalError
from tests.system.guard_bench import make_lease
from tests.unit.guard_process.test_process import Rig


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path)
    yield rig
    rig.close()


def test_it_says_that_it_lives_every_half_second(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[bytes, int]] = []

    def tell(word: bytes) -> None:
        told.append((word, rig.process.guard.ticks))

    monkeypatch.setattr(realtime, "tell", tell)
    rig.step(40)
    assert told == [(b"WATCHDOG=1", ticks) for ticks in range(10, rig.process.guard.ticks + 1, 10)]
    assert len(told) >= 4


def test_what_was_used_is_kept_every_second(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[int] = []

    def keep(_: Spent) -> None:
        kept.append(rig.process.guard.ticks)

    monkeypatch.setattr(rig.ledger, "keep", keep)
    rig.step(60)
    assert kept == list(range(20, rig.process.guard.ticks + 1, 20))
    assert len(kept) >= 3


@pytest.mark.parametrize(("before_s", "waits"), [(0.0029, True), (0.0031, False)])
def test_a_message_waits_for_a_tick_that_is_three_milliseconds_away(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, before_s: float, waits: bool
) -> None:
    rig.step(3)
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        rig.now += seconds

    monkeypatch.setattr(time, "sleep", sleep)
    rig.process._next_tick = rig.now + before_s
    rig.peer.sendall(encode_lease(make_lease(rig.seq + 1, rig.now, 0.0)))
    rig.process.turn()
    assert slept == ([pytest.approx(before_s)] if waits else [])


def test_a_latch_that_the_disk_refused_is_tried_again_every_second(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """H34, H37: until it is kept, and then no more."""
    tried: list[int] = []

    def refuse(_path: Path, _latch: Latch) -> None:
        tried.append(rig.process.guard.ticks)
        raise JournalError("guard.latch", 0, "full")

    monkeypatch.setattr("mnht_controller.guard.process.save_latch", refuse)
    rig.step(25)
    rig.ask("stop")
    (first,) = {*tried}
    rig.step(60)
    due = [ticks for ticks in range(first + 1, rig.process.guard.ticks + 1) if ticks % 20 == 0]
    assert {*tried} == {first, *due}
    assert len(due) >= 3
    monkeypatch.undo()
    rig.step(25)
    tried.clear()
    monkeypatch.setattr("mnht_controller.guard.process.save_latch", refuse)
    rig.step(25)
    assert tried == []
