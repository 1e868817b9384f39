# SPDX-License-Identifier: Apache-2.0
"""A site may ask for one serial number: another instrument of the same make is refused (H20)."""

import asyncio

import pytest

from mnht_controller.devices.errors import IdentityError
from mnht_controller.devices.identity import Expected
from mnht_controller.devices.link import Link
from mnht_controller.devices.registry import driver_names
from sim_hardware.wire.memory import MemoryTransport
from tests.drivers.cases import cases_of
from tests.support import run_virtual

FREE_TEXT = {"advantech_adam4050", "lauda_namur"}
"""Their firmware's text tells a twin, and is no serial number."""

PINNED = [
    name
    for name in driver_names()
    if not cases_of(name)[0].spec.is_anonymous and name not in FREE_TEXT
]


def opened(name, serial):
    """The serial number of the instrument that was taken."""
    case = cases_of(name)[0]

    async def main():
        twin = case.twin(asyncio.get_running_loop().time())
        link = Link(MemoryTransport(twin, "twin"), expected=Expected(simulated=True, serial=serial))
        driver = case.spec.make(link, case.setup)
        try:
            return (await driver.open()).serial
        finally:
            await driver.close()

    return run_virtual(main())


@pytest.mark.parametrize("name", PINNED)
def test_the_right_one_is_taken_and_another_is_refused(name):
    serial = opened(name, "")
    assert opened(name, serial) == serial
    with pytest.raises(IdentityError, match="asks for"):
        opened(name, "SIM9999")
