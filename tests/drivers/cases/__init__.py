# SPDX-License-Identifier: Apache-2.0
"""One file a driver, of the driver's name: the manual's conversation, and a twin that it meets."""

import importlib
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from mnht_controller.devices.contract import DriverSpec, Setup
from mnht_controller.devices.link import Link
from mnht_controller.devices.testing import Pair, expected_wire
from mnht_controller.devices.transport import Transport
from mnht_controller.domain.reading import Reading
from sim_hardware.devices.core import Core


@dataclass(frozen=True)
class Case:
    """One dialect of one driver.

    `opening`: what a good `open` sends and gets, from the manual, with a twin's serial number; its
    first `identity_steps` pairs identify. `twin(start_s)` makes the twin; `expects`: what a
    thermometer's channels then show, °C.
    """

    spec: DriverSpec
    opening: tuple[Pair, ...]
    twin: Callable[[float], Core]
    setup: Setup = field(default_factory=lambda: Setup((1,)))
    identity_steps: int = 1
    expects: dict[int, float] = field(default_factory=dict)
    baud: int | None = None


def cases_of(name: str) -> tuple[Case, ...]:
    """The cases of one driver, by its name. ModuleNotFoundError: nobody has written them."""
    cases: tuple[Case, ...] = importlib.import_module(f"tests.drivers.cases.{name}").CASES
    return cases


async def played(case: Case, pairs: Iterable[Pair], act: Callable[[Any], Awaitable[Any]]) -> Any:
    """Open the case's driver, then play `pairs` while `act` uses it; gives what `act` gives."""
    with expected_wire([*case.opening, *pairs]) as wire:
        driver = case.spec.make(Link(wire), case.setup)
        await driver.open()
        return await act(driver)


def made(case: Case, transport: Transport, setup: Setup | None = None) -> Any:
    """The case's driver on a transport; untyped, as each test knows which kind it is."""
    return case.spec.make(Link(transport), setup or case.setup)


async def sampled(case: Case, *pairs: Pair) -> dict[int, Reading]:
    """One sample of a thermometer."""
    readings: dict[int, Reading] = await played(case, pairs, lambda driver: driver.sample())
    return readings
