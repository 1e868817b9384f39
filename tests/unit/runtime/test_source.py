# SPDX-License-Identifier: Apache-2.0
"""The source's owner: off overtakes, UNCERTAIN forbids all but off, nothing expired is sent.

Covers H16, H17, H19, H20, H23, H50.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from mnht_controller.devices.contract import Identity
from mnht_controller.devices.errors import (
    DeviceError,
    IdentityError,
    LinkLostError,
    RangeRefusedError,
    ReplyTimeoutError,
)
from mnht_controller.domain.command import Inhibit, Permit
from mnht_controller.domain.reading import SourceReading
from mnht_controller.runtime.device import DeviceRow
from mnht_controller.runtime.liveness import Liveness
from mnht_controller.runtime.source import SourceTask

OFF = SourceReading(0.0, 0, 0.0, 1, 0, 0.0, 0.0, False, True, 18.0, 1e5, 25.0, 3.0)
TWIN = Identity("OPENMFH", "FS100K", "SIM001", "1.0")


class FakeSource:
    """A source that notes each call; `fails` calls raise a time-out, `slow` ones take long."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.fails = 0
        self.error: DeviceError = ReplyTimeoutError("no reply")
        self.state = OFF
        self.refusal: DeviceError | None = None
        self.slow: dict[str, float] = {}

    async def _call(self, name: str) -> SourceReading:
        self.calls.append(name)
        await asyncio.sleep(self.slow.get(name, 0.005))
        if self.fails:
            self.fails -= 1
            raise self.error
        return self.state

    async def open(self) -> Identity:
        self.state = OFF
        await self._call("open")
        if self.refusal:
            raise self.refusal
        return TWIN

    async def prepare(self, limit_ka_per_m: float, *, clear: bool = False) -> SourceReading:
        self.state = replace(self.state, limit_ka_per_m=limit_ka_per_m)
        return await self._call(f"prepare {limit_ka_per_m}" + " and clear" * clear)

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


def newest(task: SourceTask) -> SourceReading | None:
    """Ask again: what was asserted before the wait says nothing now."""
    return task.latest


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


@pytest.mark.shows("permit_expires")
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
    """H23: the limit is set again; faults that the instrument latched are not cleared again."""

    async def script(task, driver):
        task.prepare(7.5)
        await asyncio.sleep(0.3)
        assert driver.calls.count("prepare 7.5 and clear") == 1
        driver.calls.clear()
        driver.fails, driver.error = 1, LinkLostError("unplugged")
        await asyncio.sleep(1.0)

    calls = run_virtual(play(script)).calls
    assert calls.index("open") < calls.index("prepare 7.5")
    assert "prepare 7.5 and clear" not in calls


def test_h23_a_wish_to_clear_faults_dies_with_the_connection(run_virtual):
    async def script(task, driver):
        driver.slow["poll"] = 0.1
        task.act(Inhibit((), True))  # off already: a poll
        await asyncio.sleep(0.05)
        driver.fails, driver.error = 1, LinkLostError("unplugged")
        task.prepare(7.5)
        await asyncio.sleep(1.0)

    calls = run_virtual(play(script)).calls
    assert "prepare 7.5" in calls
    assert "prepare 7.5 and clear" not in calls


@pytest.mark.parametrize("is_heating", [False, True])
def test_h20_a_lost_source_has_no_snapshot_however_soon_it_is_found(run_virtual, is_heating):
    """Else it comes back within the age that the rules allow, and the field with it."""

    async def script(task, driver):
        loop = asyncio.get_running_loop()
        task.act(permit(5.0))
        await asyncio.sleep(0.1)
        assert task.latest.output_on
        driver.calls.clear()
        driver.fails, driver.error = 1, LinkLostError("unplugged for a moment")
        if is_heating:
            task.act(permit(6.0))
        await asyncio.sleep(0.2)
        assert driver.calls == ["apply 6.0" if is_heating else "poll"]
        assert task.latest is None
        driver.slow["poll"] = 0.2
        for _ in range(2):  # found again, and not asked yet
            task.act(permit(6.0))
            await asyncio.sleep(0.1)
            assert task.latest is None
            assert (task.uncertain_s(loop.time()) > 0.2) is is_heating
        assert driver.calls[1:] == ["open", "poll"]
        await asyncio.sleep(0.2)
        assert newest(task) is not None
        assert task.uncertain_s(loop.time()) == 0.0

    run_virtual(play(script))


@pytest.mark.shows("off_overtakes")
def test_h16_off_does_not_wait_for_an_exchange_that_runs(run_virtual):
    async def script(task, driver):
        loop = asyncio.get_running_loop()
        driver.slow = {"apply 5.0": 3.0, "off": 0.5}
        task.act(permit(5.0))
        await asyncio.sleep(0.1)
        driver.calls.clear()
        for _ in range(4):
            task.act(Inhibit((), True))
            await asyncio.sleep(0.01)
            assert driver.calls == ["off"], "once, and beside what runs"
        await asyncio.sleep(1.0)
        assert task.latest.output_on is False
        assert task.uncertain_s(loop.time()) == 0.0

    run_virtual(play(script))


def test_h16_an_off_beside_a_permit_stays_uncertain_until_its_own_answer(run_virtual):
    async def script(task, driver):
        loop = asyncio.get_running_loop()
        driver.slow = {"apply 5.0": 0.3, "off": 0.5}
        task.act(permit(5.0))
        await asyncio.sleep(0.1)
        task.act(Inhibit((), True))
        await asyncio.sleep(0.3)
        assert task.latest is not None
        assert task.uncertain_s(loop.time()) >= 0.4
        task.act(permit(6.0))
        await asyncio.sleep(0.1)
        assert "apply 6.0" not in driver.calls
        await asyncio.sleep(0.15)
        assert task.uncertain_s(loop.time()) == 0.0

    assert "apply 6.0" in run_virtual(play(script)).calls


@pytest.mark.parametrize("error", [ReplyTimeoutError("late"), LinkLostError("unplugged")])
def test_an_off_beside_fails_like_any_other_exchange(run_virtual, error):
    async def script(task, driver):
        driver.slow = {"poll": 0.3}
        task.act(permit(5.0))
        await asyncio.sleep(0.3)
        assert driver.calls[-1] == "poll"
        driver.fails, driver.error = 1, error
        task.act(Inhibit((), True))
        await asyncio.sleep(0.02)
        assert task.row.error == str(error)
        assert (task.latest is None) is isinstance(error, LinkLostError)
        await asyncio.sleep(1.0)
        assert task.row.connected
        assert task.latest.output_on is False

    calls = run_virtual(play(script)).calls
    assert ("open" in calls[1:]) is isinstance(error, LinkLostError)


@pytest.mark.parametrize("after_s", [0.0, 0.1, 0.4])
def test_an_off_beside_ends_with_the_task(run_virtual, after_s):
    async def script(task, driver):
        driver.slow = {"apply 5.0": 0.3, "off": 5.0}
        task.act(permit(5.0))
        await asyncio.sleep(0.1)
        task.act(Inhibit((), True))
        await asyncio.sleep(after_s)

    assert run_virtual(play(script)).calls[-1] == "close"


def test_h17_a_permit_that_the_link_refuses_as_expired_costs_no_re_init(run_virtual):
    async def script(task, driver):
        driver.fails, driver.error = 1, RangeRefusedError("expired")
        task.act(permit(5.0))
        await asyncio.sleep(0.5)
        assert task.row.connected

    assert run_virtual(play(script)).calls.count("open") == 1


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


def test_another_instrument_is_never_used_and_not_asked_again_at_once(run_virtual):
    """H50: refused although it answers correctly."""

    async def script(task, driver):
        driver.refusal = IdentityError("a real instrument")
        task.row.failed(LinkLostError("unplugged"))
        driver.calls.clear()
        liveness.beat("source", asyncio.get_running_loop().time())
        for _ in range(20):
            task.act(permit(5.0))
            await asyncio.sleep(0.1)
        assert "real instrument" in task.row.error

    liveness = Liveness()
    calls = run_virtual(play(script)).calls
    assert calls == ["open"] * 2 + ["close"]


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
