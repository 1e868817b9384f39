# SPDX-License-Identifier: Apache-2.0
"""The self-test of a watchdog with real drivers, links and twins: it trips once, dark (H24)."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, cast

import pytest

from drivers import generic_scpi_source, keysight_n7900, tdk_genesys_scpi
from mnht_controller.devices.contract import DriverSpec, FieldSource, Setup
from mnht_controller.devices.link import Link
from mnht_controller.devices.registry import driver_names, find_driver
from mnht_controller.domain.command import Permit
from mnht_controller.domain.self_test import Outcome, Proof
from mnht_controller.runtime.device import DeviceRow
from mnht_controller.runtime.liveness import Liveness
from mnht_controller.runtime.source import NOT_ACTED, SourceTask
from sim_hardware.devices.sources.generic_scpi import ScpiSource
from sim_hardware.devices.sources.genesys_scpi import GenesysScpiTwin
from sim_hardware.devices.sources.keysight_n7900 import KeysightN6700Twin, KeysightN7900Twin
from sim_hardware.wire.memory import MemoryTransport
from tests.drivers.cases import keysight_n7900 as keysight_cases
from tests.drivers.cases import tdk_genesys_scpi as tdk_cases
from tests.support import run_virtual

Made = tuple[DriverSpec, Setup, Callable[..., Any]]
SOURCES: dict[str, Made] = {
    "generic": (generic_scpi_source.SPEC, Setup(), ScpiSource),
    "n7900": (keysight_n7900.SPEC, keysight_cases.SETUP, KeysightN7900Twin),
    "n6700": (keysight_n7900.SPEC, keysight_cases.CASES[1].setup, KeysightN6700Twin),
    "genesys": (tdk_genesys_scpi.SPEC, tdk_cases.SETUP, GenesysScpiTwin),
}
Script = Callable[[SourceTask, Any], Coroutine[Any, Any, None]]


def play(name: str, script: Script) -> list[float]:
    """Run a script beside the task; gives when the twin was switched on."""
    spec, setup, make = SOURCES[name]

    async def main() -> list[float]:
        twin = make(serial="SIM1", start_s=asyncio.get_running_loop().time())
        starts: list[float] = []
        switch_on = twin.stage.switch_on

        def noted(t: float) -> None:
            starts.append(t)
            switch_on(t)

        twin.stage.switch_on = noted
        driver = cast(FieldSource, spec.make(Link(MemoryTransport(twin, "twin")), setup))
        row = DeviceRow("source", spec.name, "memory", simulated=True)
        task = SourceTask(row, driver, spec.period_s, spec.watchdog_proof_s, spec.unproven)
        running = asyncio.create_task(task.run(Liveness()))
        try:
            await asyncio.sleep(0.5)
            assert task.watchdog.outcome is Outcome.WAITING
            await script(task, twin)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        return starts

    return run_virtual(main())


async def proven(task: SourceTask) -> Proof:
    task.prove(now=True)
    await asyncio.sleep(2.5)
    task.prove(now=False)
    return task.watchdog


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.shows("source_watchdog")
def test_it_acts_once_and_all_is_as_before(name: str) -> None:
    """Nothing is switched on by clearing, which restores ON on some."""

    async def script(task: SourceTask, twin: Any) -> None:
        trips: list[object] = []
        told = twin.stage.on_trip

        def tripped(cause: object) -> None:
            trips.append(cause)
            told(cause)

        twin.stage.on_trip = tripped
        await proven(task)
        assert task.watchdog.outcome is Outcome.PROVEN, task.watchdog
        assert 0.0 < (task.watchdog.seen_s or 0.0) < 1.6
        assert len(trips) == 1
        latest = task.latest
        assert latest is not None
        assert (latest.output_on, latest.watchdog_on, latest.faults) == (False, True, ())

    assert play(name, script) == []


@pytest.mark.parametrize("name", SOURCES)
def test_one_that_does_not_act_is_found_out_and_prepare_tries_again(name: str) -> None:
    async def script(task: SourceTask, twin: Any) -> None:
        twin.inject("watchdog_dead", "", asyncio.get_running_loop().time())
        found = [await proven(task), await proven(task)]
        assert found == [Proof(Outcome.FAILED, NOT_ACTED)] * 2, "only a person tries again"
        twin.clear("watchdog_dead")
        task.prepare(5.0)
        assert (await proven(task)).outcome is Outcome.PROVEN

    assert play(name, script) == []


@pytest.mark.parametrize("name", SOURCES)
def test_it_can_heat_after_its_test(name: str) -> None:
    async def script(task: SourceTask, twin: Any) -> None:
        await proven(task)
        task.prepare(5.0)
        await asyncio.sleep(0.3)
        loop = asyncio.get_running_loop()
        for serial in range(5):
            task.act(Permit(2.0, serial, loop.time() + 0.3))
            await asyncio.sleep(0.1)
        assert twin.stage.is_energized

    assert len(play(name, script)) == 1


def test_a_reboot_and_a_new_link_take_the_proof_away() -> None:
    async def script(task: SourceTask, twin: Any) -> None:
        await proven(task)
        twin.inject("reboot", "", asyncio.get_running_loop().time())
        await asyncio.sleep(0.5)
        assert task.watchdog.outcome is Outcome.WAITING

    play("generic", script)


def test_a_driver_that_cannot_show_it_says_why() -> None:
    for name in driver_names():
        spec = find_driver(name)
        assert spec.watchdog_proof_s > 0.0 or spec.unproven
        own = spec.unproven != "it has no watchdog"
        assert spec.watchdog_s == 0.0 or spec.watchdog_proof_s > 0.0 or own, name
