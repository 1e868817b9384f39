# SPDX-License-Identifier: Apache-2.0
"""H28, H29, H43: how often the guard's process says and keeps what, in ticks of 50 ms."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mnht_controller.domain.spent import Spent
from mnht_controller.guard import realtime
from mnht_controller.interlock.lease import encode_lease
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
