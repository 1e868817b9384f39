# SPDX-License-Identifier: Apache-2.0
"""The amplifier's owner with the real driver, link and twin: what is on the wire, and when."""

import asyncio
from typing import cast

import pytest

from drivers.generic_scpi_source import SPEC
from mnht_controller.devices.contract import FieldSource, Setup
from mnht_controller.devices.identity import Expected
from mnht_controller.devices.link import Link
from mnht_controller.domain.command import Inhibit, Permit
from mnht_controller.runtime.device import DeviceRow
from mnht_controller.runtime.liveness import Liveness
from mnht_controller.runtime.source import SourceTask
from sim_hardware.devices.sources.generic_scpi import ScpiSource
from sim_hardware.wire.memory import MemoryTransport
from tests.support import run_virtual

OFF = b"\nOUTP OFF\n"
STOP = Inhibit((), True)


class Bench(MemoryTransport):
    """A twin on a wire that can chatter, fall silent, and be slow to take bytes."""

    def __init__(self, twin):
        super().__init__(twin, "memory")
        self.twin = twin
        self.written: list[tuple[float, bytes]] = []
        self.chatters = self.is_mute = False
        self.write_s = 0.0

    async def write(self, data):
        self.written.append((asyncio.get_running_loop().time(), data))
        half = len(data) // 2 if self.write_s else len(data)
        await super().write(data[:half])
        if self.write_s:
            await asyncio.sleep(self.write_s)
            await super().write(data[half:])

    async def read(self, timeout_s):
        if self.chatters and timeout_s > 0.0:
            await asyncio.sleep(min(timeout_s, 0.02))
            return b"junk\n"
        if self.is_mute or self.chatters:
            await asyncio.sleep(timeout_s)
            raise TimeoutError
        return await super().read(timeout_s)

    def since(self, start_s):
        return [(round(at - start_s, 3), data) for at, data in self.written if at >= start_s]


def permit(for_s=0.3):
    return Permit(5.0, serial=1, expires_at=asyncio.get_running_loop().time() + for_s)


def play(script, *, heats=True, simulated=True):
    async def main():
        bench = Bench(ScpiSource("SIM1", asyncio.get_running_loop().time()))
        row = DeviceRow("source", SPEC.name, "memory", simulated=simulated)
        driver = cast(FieldSource, SPEC.make(Link(bench, expected=Expected(simulated)), Setup()))
        task = SourceTask(row, driver, SPEC.period_s)
        running = asyncio.create_task(task.run(Liveness()))
        try:
            await asyncio.sleep(0.35)
            for _ in range(5 if heats else 0):
                task.act(permit())
                await asyncio.sleep(0.1)
            assert bench.twin.stage.is_energized is heats
            await script(task, bench, running)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        return bench

    return run_virtual(main())


@pytest.mark.parametrize("dirty_s", [0.0, 0.2, 0.45])
def test_h16_off_is_on_a_chattering_line_within_the_time_of_one_read(dirty_s):
    async def script(task, bench, _):
        bench.chatters = True
        task.act(permit())
        await asyncio.sleep(dirty_s)
        stop_s = asyncio.get_running_loop().time()
        for _ in range(3):
            task.act(STOP)
            await asyncio.sleep(0.1)
        at, _line = next(row for row in bench.since(stop_s) if row[1].startswith(OFF))
        assert at <= 0.2
        assert not bench.twin.stage.is_energized

    play(script)


def test_h16_a_permit_that_waits_for_a_resync_gives_up_when_stop_comes():
    """Without the STOP the resync succeeds, and what was permitted before it would heat after."""

    async def script(task, bench, _):
        bench.is_mute = True  # a poll is missed: DIRTY, and nothing is uncertain
        await asyncio.sleep(0.35)
        bench.written.clear()
        bench.is_mute, bench.chatters = False, True
        task.act(permit(5.0))
        await asyncio.sleep(0.1)
        assert bench.written == []
        task.act(STOP)
        bench.chatters = False
        await asyncio.sleep(1.0)
        assert bench.written[0][1] == OFF
        assert not [data for _, data in bench.written if b"OUTP ON" in data]
        assert task.row.connected
        assert task.latest.output_on is False

    play(script, heats=False)


def test_h17_a_permit_that_expires_in_a_resync_never_reaches_the_wire():
    async def script(task, bench, _):
        bench.is_mute = True
        await asyncio.sleep(0.35)
        bench.is_mute, bench.chatters = False, True
        task.act(permit(0.3))
        await asyncio.sleep(0.4)
        bench.chatters = False
        await asyncio.sleep(1.0)
        assert not [data for _, data in bench.written if b"OUTP ON" in data]
        assert task.row.connected
        assert task.uncertain_s(asyncio.get_running_loop().time()) == 0.0

    play(script, heats=False)


@pytest.mark.parametrize("gone_s", [0.02, 0.1, 0.3])
def test_h20_a_source_that_is_lost_and_found_has_no_snapshot_at_the_next_tick(gone_s):
    """Its watchdog, its limit and its OFF are set again; a snapshot comes after two ticks."""

    async def script(task, bench, _):
        loop = asyncio.get_running_loop()
        bench.inject("link_drop", "", loop.time())
        loop.call_later(gone_s, bench.clear, "link_drop")
        task.act(permit())
        for _ in range(2):
            await asyncio.sleep(0.1)
            assert task.latest is None
        await asyncio.sleep(1.0)
        assert task.latest.output_on is False

    play(script)


@pytest.mark.parametrize("after_s", [0.0, 0.001, 0.003, 0.006, 0.05])
def test_h16_whatever_a_shutdown_cuts_off_the_last_line_is_off(after_s):
    """Within a write half a line is out; OFF begins with the end of that line."""

    async def script(task, bench, running):
        bench.write_s = 0.004
        task.act(permit())
        await asyncio.sleep(after_s)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert bench.written[-1][1] == OFF
        assert not bench.twin.stage.is_energized

    play(script)


def test_h50_a_twin_at_a_real_site_gets_the_identity_query_and_nothing_else():
    async def script(task, bench, running):
        task.act(STOP)
        await asyncio.sleep(1.5)
        assert "nothing but the identity query was written" in task.row.error
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert [data for _, data in bench.written] == [b"*IDN?\n"] * 2

    play(script, heats=False, simulated=False)


def test_h23_a_latched_fault_outlives_every_re_init_until_a_person_prepares():
    async def script(task, bench, _):
        task.prepare(7.5)
        await asyncio.sleep(0.3)
        task.act(permit())
        await asyncio.sleep(0.1)
        bench.inject("link_drop", "", asyncio.get_running_loop().time())
        await asyncio.sleep(1.0)  # the host is silent: the instrument's watchdog latches
        bench.clear("link_drop")
        await asyncio.sleep(1.0)
        assert (task.latest.limit_ka_per_m, task.latest.faults) == (7.5, ("watchdog",))
        task.prepare(7.5)
        await asyncio.sleep(0.3)
        assert task.latest.faults == ()

    play(script)
