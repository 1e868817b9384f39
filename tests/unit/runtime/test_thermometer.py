# SPDX-License-Identifier: Apache-2.0
"""The thermometer's owner: a mailbox that ages and is never made up; opened again after an error.

Covers H03, H10, H50.
"""

import asyncio
from collections.abc import Callable

import pytest

from mnht_controller.devices.contract import Identity
from mnht_controller.devices.errors import (
    DeviceError,
    IdentityError,
    LinkLostError,
    ReplyTimeoutError,
)
from mnht_controller.domain.reading import Quality, Reading
from mnht_controller.runtime.device import DeviceRow
from mnht_controller.runtime.liveness import Liveness
from mnht_controller.runtime.thermometer import NEVER, ThermometerTask

TWIN = Identity("Opsens", "HandySens", "SIM0002", "1.0")


class FakeThermometer:
    """Counts calls; `errors` are raised by the next samples, one each."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.errors: list[DeviceError] = []
        self.refusal: IdentityError | None = None
        self.hangs = False

    async def open(self) -> Identity:
        self.calls.append("open")
        if self.refusal:
            raise self.refusal
        return TWIN

    async def sample(self) -> dict[int, Reading]:
        self.calls.append("sample")
        await asyncio.sleep(1e6 if self.hangs else 0.01)
        if self.errors:
            raise self.errors.pop(0)
        now = asyncio.get_running_loop().time()
        return {1: Reading(37.0, Quality.GOOD, now, self.calls.count("sample"))}

    async def close(self) -> None:
        self.calls.append("close")


Script = Callable[[ThermometerTask, FakeThermometer, Liveness], object]


@pytest.fixture
def play(run_virtual) -> Callable[[Script], tuple[ThermometerTask, FakeThermometer]]:
    async def stage(script: Script) -> tuple[ThermometerTask, FakeThermometer]:
        driver, liveness = FakeThermometer(), Liveness()
        task = ThermometerTask(
            DeviceRow("thermometer", "fake", "memory", simulated=True), driver, 0.1
        )
        running = asyncio.create_task(task.run(liveness))
        try:
            await script(task, driver, liveness)  # type: ignore[misc]
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        return task, driver

    return lambda script: run_virtual(stage(script))


def test_it_opens_once_and_samples_once_a_period(play) -> None:
    async def script(task, driver, _):
        assert task.latest(1) is NEVER
        await asyncio.sleep(1.05)

    task, driver = play(script)
    assert driver.calls.count("open") == 1
    assert driver.calls.count("sample") == 11
    assert driver.calls[-1] == "close"
    assert task.latest(1).value == 37.0


def test_before_the_first_reading_and_for_a_strange_channel_there_is_no_value(play) -> None:
    async def script(task, driver, _):
        assert (NEVER.value, NEVER.quality) == (None, Quality.STALE)
        await asyncio.sleep(0.5)
        assert task.latest(2) is NEVER

    play(script)


@pytest.mark.parametrize(
    ("error", "opened"), [(LinkLostError("gone"), 2), (ReplyTimeoutError("late"), 1)]
)
def test_an_error_leaves_the_mailbox_to_age_and_a_lost_link_is_opened_again(
    play, error: DeviceError, opened: int
) -> None:
    async def script(task, driver, _):
        await asyncio.sleep(0.25)
        driver.errors = [error]
        old = task.latest(1)
        await asyncio.sleep(0.1)
        assert task.latest(1) is old, "never made up, never refreshed by an error"
        assert task.row.error
        await asyncio.sleep(0.5)
        assert task.latest(1).at > old.at
        assert (task.row.connected, task.row.error) == (True, "")

    _, driver = play(script)
    assert driver.calls.count("open") == opened


def test_h50_another_instrument_is_never_sampled_and_not_asked_again_at_once(play) -> None:
    async def script(task, driver, liveness):
        driver.refusal = IdentityError("a real instrument (serial 4711)")
        await asyncio.sleep(0.95)
        assert task.row.connected is False
        assert "4711" in task.row.error
        assert task.latest(1) is NEVER
        assert driver.calls == ["open"]
        await asyncio.sleep(0.2)
        assert driver.calls == ["open"] * 2
        assert liveness.silent(asyncio.get_running_loop().time()) == ()
        driver.refusal = None
        await asyncio.sleep(1.1)
        assert task.row.connected

    play(script)


def test_h27_a_sample_that_hangs_is_seen_as_silence(play) -> None:
    async def script(task, driver, liveness):
        await asyncio.sleep(0.35)
        loop = asyncio.get_running_loop()
        assert liveness.silent(loop.time()) == ()
        driver.hangs = True
        await asyncio.sleep(2.3)
        assert liveness.silent(loop.time()) == ("thermometer",)

    play(script)
