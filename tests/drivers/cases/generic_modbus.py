# SPDX-License-Identifier: Apache-2.0
"""The generic Modbus thermometer as a LumaSMART: manual page 96 (float32, CD AB, strength)."""

from drivers.generic_modbus import SPEC, ModbusChannel, ModbusOptions
from mnht_controller.devices.contract import Setup
from sim_hardware.devices.modbus import crc
from sim_hardware.devices.thermometers.lumasmart import LumaSmartTwin
from tests.drivers.cases import Case


def framed(*body: int) -> bytes:
    """A frame of unit 1 with its checksum."""
    data = bytes((1, *body))
    return data + crc(data)


def channel(number: int) -> ModbusChannel:
    start = 4 * (number - 1)
    return ModbusChannel(
        start=start, type="f32", order="CDAB", worth=start + 2, worth_min=10.0, worth_max=100.0
    )


LUMASMART = ModbusOptions(
    channels=(channel(1), channel(2)), address=1, function=4, identity_start=64, identity=(0, 0)
)
ASKED = (framed(4, 0, 64, 0, 2), framed(4, 4, 0, 0, 0, 0))

CASES = (
    Case(
        SPEC,
        opening=(ASKED, ASKED),
        twin=lambda _: LumaSmartTwin({1: lambda _: 41.2, 2: lambda _: 44.5}),
        setup=Setup((1, 2), LUMASMART),
        expects={1: 41.2, 2: 44.5},
    ),
)
