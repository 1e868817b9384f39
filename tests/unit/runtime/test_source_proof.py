# SPDX-License-Identifier: Apache-2.0
"""H24: how the source's owner lets the watchdog trip: asked for, dark, clean, once."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import pytest

from mnht_controller.devices.errors import LinkLostError, ReplyTimeoutError
from mnht_controller.domain.command import Permit
from mnht_controller.domain.reading import SourceReading
from mnht_controller.domain.self_test import Outcome, Proof
from mnht_controller.runtime.device import DeviceRow
from mnht_controller.runtime.liveness import Liveness
from mnht_controller.runtime.source import CUT_SHORT, NOT_ACTED, NOT_BACK, SourceTask
from tests.unit.runtime.test_source import FakeSource

PROOF_S = 0.5


class Provable(FakeSource):
    """Its watchdog trips `after_s` of silence, unless `is_dead`; `clears` says whether it ends."""

    def __init__(self) -> None:
        super().__init__()
        self.is_dead, self.clears, self.comes_on = False, True, False

    async def trip_watchdog(self) -> None:
        await self._call("trip")
        if not self.is_dead:
            self.state = replace(self.state, faults=("watchdog",), output_on=self.comes_on)

    async def prepare(self, limit_ka_per_m: float, *, clear: bool = False) -> SourceReading:
        if clear and self.clears:
            self.state = replace(self.state, faults=())
        return await super().prepare(limit_ka_per_m, clear=clear)


Script = Callable[[SourceTask, Provable], Coroutine[Any, Any, None]]


async def play(script: Script, proof_s: float = PROOF_S) -> Provable:
    driver = Provable()
    row = DeviceRow("source", "fake", "memory", simulated=True)
    task = SourceTask(row, driver, 0.1, proof_s, "it has no watchdog")
    running = asyncio.create_task(task.run(Liveness()))
    try:
        await asyncio.sleep(0.3)
        await script(task, driver)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    return driver


async def ask(task: SourceTask) -> Proof:
    task.prove(now=True)
    await asyncio.sleep(1.0)
    task.prove(now=False)
    return task.watchdog


def test_nothing_is_tried_before_it_is_asked_for(run_virtual: Any) -> None:
    async def script(task: SourceTask, driver: Provable) -> None:
        assert task.watchdog == Proof()

    assert "trip" not in run_virtual(play(script)).calls


def test_nothing_is_said_between_the_trip_and_the_look(run_virtual: Any) -> None:
    """Traffic would feed some watchdogs."""

    async def script(task: SourceTask, driver: Provable) -> None:
        assert (await ask(task)).outcome is Outcome.PROVEN
        assert (task.watchdog.seen_s or 0.0) >= PROOF_S

    calls = run_virtual(play(script)).calls
    at = calls.index("trip")
    assert calls[at + 1 : at + 3] == ["poll", "prepare 0.0 and clear"]
    assert calls.count("trip") == 1


@pytest.mark.parametrize(
    ("how", "why"), [("is_dead", NOT_ACTED), ("comes_on", NOT_ACTED), ("clears", NOT_BACK)]
)
def test_what_was_not_seen_is_said(run_virtual: Any, how: str, why: str) -> None:
    async def script(task: SourceTask, driver: Provable) -> None:
        setattr(driver, how, not getattr(driver, how))
        assert await ask(task) == Proof(Outcome.FAILED, why)

    run_virtual(play(script))


@pytest.mark.parametrize("changes", [{"output_on": True}, {"faults": ("coolant",)}])
def test_it_is_not_tried_with_an_output_on_or_a_fault(
    run_virtual: Any, changes: dict[str, Any]
) -> None:
    async def script(task: SourceTask, driver: Provable) -> None:
        driver.state = replace(driver.state, **changes)
        await asyncio.sleep(0.3)
        assert (await ask(task)).outcome is Outcome.WAITING

    assert "trip" not in run_virtual(play(script)).calls


def test_a_time_out_cuts_it_short_and_a_lost_link_begins_it_anew(run_virtual: Any) -> None:
    async def script(task: SourceTask, driver: Provable) -> None:
        driver.slow["trip"], driver.error = 0.0, ReplyTimeoutError("late")
        task.prove(now=True)
        await asyncio.sleep(0.3)
        driver.fails = 1
        await asyncio.sleep(0.7)
        assert task.watchdog == Proof(Outcome.FAILED, CUT_SHORT)
        driver.fails, driver.error = 1, LinkLostError("gone")
        await asyncio.sleep(1.5)
        assert task.watchdog.outcome is Outcome.PROVEN

    run_virtual(play(script))


def test_prepare_tries_again_what_has_failed_and_keeps_its_limit(run_virtual: Any) -> None:
    async def script(task: SourceTask, driver: Provable) -> None:
        driver.is_dead = True
        await ask(task)
        driver.is_dead = False
        task.prepare(5.0)
        assert (await ask(task)).outcome is Outcome.PROVEN
        task.prepare(5.0)
        assert task.watchdog.outcome is Outcome.PROVEN, "what was seen stays seen"

    assert "prepare 5.0 and clear" in run_virtual(play(script)).calls


def test_a_reboot_takes_the_proof_away(run_virtual: Any) -> None:
    async def script(task: SourceTask, driver: Provable) -> None:
        await ask(task)
        driver.state = replace(driver.state, boot=2)
        await asyncio.sleep(0.3)
        assert task.watchdog == Proof()

    run_virtual(play(script))


def test_one_that_cannot_be_seen_is_never_tried(run_virtual: Any) -> None:
    async def script(task: SourceTask, driver: Provable) -> None:
        proof = await ask(task)
        assert proof == Proof(Outcome.NOT_PROVABLE, "not provable here: it has no watchdog")
        task.act(Permit(3.0, 1, 1e9))
        await asyncio.sleep(0.1)

    assert "trip" not in run_virtual(play(script, proof_s=0.0)).calls
