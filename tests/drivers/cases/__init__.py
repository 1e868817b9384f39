# SPDX-License-Identifier: Apache-2.0
"""One file a driver, of the driver's name: the manual's conversation, and a twin that it meets."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field

from mnht_controller.devices.contract import DriverSpec, Setup
from mnht_controller.devices.testing import Pair
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
