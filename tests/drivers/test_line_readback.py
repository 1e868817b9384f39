# SPDX-License-Identifier: Apache-2.0
"""Who reads the enable line back: a module's monitor input, a source's status bit (H16)."""

import asyncio
from typing import Any

import pytest

from drivers.advantech_adam4050 import AdamOptions, AdvantechAdam4050
from drivers.generic_scpi_source import SPEC
from mnht_controller.devices.contract import Setup
from mnht_controller.devices.link import Link
from sim_hardware.devices.auxiliaries.adam4050 import Adam4050Twin
from sim_hardware.devices.sources.generic_scpi import ScpiSource
from sim_hardware.wire.memory import MemoryTransport
from tests.support import run_virtual

INPUTS = {"0": "e_stop", "1": "door"}


def seen_by_module(line_input: int, *closed: bool) -> list[bool | None]:
    """What a module says of a line that goes through these states."""

    async def main() -> list[bool | None]:
        twin = Adam4050Twin()
        twin.line_input, state = line_input, [False]
        twin.enable_contact = lambda _: state[0]
        driver = AdvantechAdam4050(
            Link(MemoryTransport(twin, "io")), AdamOptions(INPUTS, line_input=line_input)
        )
        await driver.open()
        seen = []
        for state[0] in closed:
            reading = await driver.poll()
            assert reading.interlocks_open == (), "the line's own state is no open interlock"
            seen.append(reading.line_closed)
        return seen

    return run_virtual(main())


def test_the_monitor_opens_while_the_line_is_closed() -> None:
    assert seen_by_module(6, False, True, False) == [False, True, False]


def test_a_module_without_a_monitor_says_nothing_of_the_line() -> None:
    assert seen_by_module(-1, False, True) == [None, None]


def test_a_broken_monitor_wire_reads_as_a_line_that_does_not_open() -> None:
    async def main() -> bool | None:
        twin = Adam4050Twin()
        twin.set_input(6, is_open=True)
        driver = AdvantechAdam4050(
            Link(MemoryTransport(twin, "io")), AdamOptions(INPUTS, line_input=6)
        )
        await driver.open()
        return (await driver.poll()).line_closed

    assert run_virtual(main()) is True


@pytest.mark.parametrize("wrong", [7, -2, 1])
def test_a_monitor_has_an_input_of_its_own(wrong: int) -> None:
    with pytest.raises(ValueError, match="line_input"):
        AdamOptions(INPUTS, line_input=wrong)


def test_the_generic_source_reads_its_enable_contact() -> None:
    async def main() -> list[Any]:
        twin = ScpiSource("SIM1", asyncio.get_running_loop().time())
        state = [False]
        twin.enable_contact = lambda _: state[0]
        driver: Any = SPEC.make(Link(MemoryTransport(twin, "source")), Setup())
        await driver.open()
        found = []
        for state[0] in (False, True):
            reading = await driver.poll()
            found.append(reading.line_closed)
            assert reading.watchdog_on
        return found

    assert run_virtual(main()) == [False, True]
