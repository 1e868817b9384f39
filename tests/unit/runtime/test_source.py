# SPDX-License-Identifier: Apache-2.0
"""The source's owner: off overtakes, UNCERTAIN forbids all but off, nothing expired is sent.

Covers H16, H19, H20, H50.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from mnht_controller.devices.contract import Identity
from mnht_controller.devices.errors import DeviceError, LinkLostError, ReplyTimeoutError
from mnht_controller.domain.command import Inhibit, Permit
from mnht_controller.domain.reading import SourceReading
from mnht_controller.runtime.device import DeviceRow
from mnht_controller.runtime.liveness import Liveness
from mnht_controller.runtime.source import SourceTask

OFF = SourceReading(0.0, 0, 0.0, 1, 0, 0.0, 0.0, False, True, 18.0, 1e5, 25.0, 3.0)
TWIN = Identity("OPENMFH", "FS100K", "SIM001", "1.0")


class FakeSource:
    """A source that notes each call; `fails` calls raise a time-out."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.fails = 0
        self.error: DeviceError = ReplyTimeoutError("no reply")
        self.state = OFF
        self.identity = TWIN

    async def _call(self, name: str) -> SourceReading:
        self.calls.append(name)
        await asyncio.sleep(0.005)
        if self.fails:
            self.fails -= 1
            raise self.error
        return self.state

    async def open(self) -> Identity:
        self.state = OFF
        await self._call("open")
        return self.identity

    async def prepare(self, limit_ka_per_m: float) -> SourceReading:
        self.state = replace(self.state, limit_ka_per_m=limit_ka_per_m)
        return await self._call(f"prepare {limit_ka_per_m}")

    async def apply(self, permit: Permit) -> SourceReading:
        self.state = replace(self.state, output_on=True, setpoint_ka_per_m=permit.field_ka_per_m)
        return await self._call(f"apply {permit.field_ka_per_m}")

    async def off(self) -> SourceReading:
        self.state = replace(self.state, output_on=False)
        return await self._call("off")

    async def poll(self) -> SourceReading:
        return await self._call("poll")

    async def close(self) -> None:
        self.calls.append("close")


async def play(script: Callable[[SourceTask, FakeSource], object]) -> FakeSource:
    driver = FakeSource()
    row = DeviceRow("source", "fake", "memory", simulated=True)
    task = SourceTask(row, driver, 0.1)
    running = asyncio.create_task(task.run(Liveness()))
    try:
        await asyncio.sleep(0.05)
        await script(task, driver)  # type: ignore[misc]
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    return driver


def permit(field: float, expires_at: float = 1e9) -> Permit:
    return Permit(field, 1, expires_at)


def test_a_permit_is_applied_and_verified(run_virtual):
    async def script(task, _driver):
        task.act(permit(5.0))
        await asyncio.sleep(0.05)
        assert task.latest.setpoint_ka_per_m == 5.0
        assert task.uncertain_s(asyncio.get_running_loop().time()) == 0.0

    assert "apply 5.0" in run_virtual(play(script)).calls


def test_an_expired_permit_becomes_off(run_virtual):
    async def script(task, _driver):
        task.act(permit(5.0, expires_at=0.01))
        await asyncio.sleep(0.05)

    calls = run_virtual(play(script)).calls
    assert "apply 5.0" not in calls
    assert "off" in calls


def test_only_the_newest_verdict_is_sent(run_virtual):
    async def script(task, _driver):
        task.act(permit(5.0))
        task.act(Inhibit((), True))
        await asyncio.sleep(0.05)

    assert "apply 5.0" not in run_virtual(play(script)).calls


def test_an_uncertain_command_is_followed_by_off_or_poll_only(run_virtual):
    async def script(task, driver):
        driver.fails = 1
        task.act(permit(5.0))
        await asyncio.sleep(0.02)
        assert task.uncertain_s(asyncio.get_running_loop().time()) > 0.0
        driver.calls.clear()
        driver.fails = 5
        for _ in range(3):
            task.act(permit(6.0))
            await asyncio.sleep(0.15)

    calls = run_virtual(play(script)).calls
    assert calls
    assert not [call for call in calls if call.startswith("apply")]


def test_a_lost_device_is_opened_again_and_limited_again(run_virtual):
    async def script(task, driver):
        task.prepare(7.5)
        await asyncio.sleep(0.3)
        driver.calls.clear()
        driver.fails, driver.error = 1, LinkLostError("unplugged")
        await asyncio.sleep(1.0)

    calls = run_virtual(play(script)).calls
    assert calls.index("open") < calls.index("prepare 7.5")


def test_a_missed_reply_is_no_lost_device(run_virtual):
    """H19: one late reply costs a resynchronization, not a re-init that switches off."""

    async def script(task, driver):
        await asyncio.sleep(0.3)
        driver.calls.clear()
        driver.fails = 1
        await asyncio.sleep(0.6)
        assert task.row.connected
        assert not task.row.error

    assert "open" not in run_virtual(play(script)).calls


def test_a_real_instrument_in_a_simulated_site_is_never_used(run_virtual):
    """H50: refused although it answers correctly."""

    async def script(task, driver):
        driver.identity = replace(TWIN, serial="4711")
        task.row.failed(LinkLostError("unplugged"))
        driver.calls.clear()
        task.act(permit(5.0))
        await asyncio.sleep(0.5)
        assert "real instrument" in task.row.error

    calls = run_virtual(play(script)).calls
    assert set(calls) <= {"open", "close"}


def test_whatever_ends_the_task_closes_the_source(run_virtual):
    async def script(task, _driver):
        task.act(permit(5.0))
        await asyncio.sleep(0.05)

    assert run_virtual(play(script)).calls[-1] == "close"


@pytest.mark.parametrize("state_on", [True, False])
def test_off_is_repeated_while_the_output_says_on(run_virtual, state_on):
    """H16: an ignored off is sent again every tick."""

    async def script(task, driver):
        async def stubborn() -> SourceReading:
            await driver._call("off")
            return replace(OFF, output_on=state_on)

        driver.state = replace(OFF, output_on=state_on)
        await asyncio.sleep(0.25)
        driver.off = stubborn
        for _ in range(4):
            task.act(Inhibit((), True))
            await asyncio.sleep(0.1)

    offs = run_virtual(play(script)).calls.count("off")
    assert offs >= 3 if state_on else offs <= 1
