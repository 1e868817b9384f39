# SPDX-License-Identifier: Apache-2.0
"""The generic Modbus thermometer as a LumaSMART: manual page 96 (float32, CD AB, strength)."""

from drivers.generic_modbus import SPEC, ModbusOptions
from mnht_controller.devices.contract import Setup
from mnht_controller.devices.modbus_map import ModbusChannel, ModbusIdentity
from sim_hardware.devices.modbus import crc
from sim_hardware.devices.thermometers.modbus_registers import LumaSmartTwin
from tests.drivers.cases import Case


def framed(*body: int) -> bytes:
    """A frame of unit 1 with its checksum."""
    data = bytes((1, *body))
    return data + crc(data)


def channel(number: int) -> ModbusChannel:
    start = 4 * (number - 1)
    return ModbusChannel(start=start, type="f32", order="CDAB", signal=start + 2, signal_min=10.0)


TWO = (channel(1), channel(2))
LUMASMART = ModbusOptions(TWO, function=4)
PINNED = ModbusOptions(TWO, function=4, identity=ModbusIdentity(148, (0b11,)))
FIRST = (framed(4, 0, 0, 0, 4), framed(4, 8, 0xCC, 0xCD, 0x42, 0x24, 0, 0, 0x42, 0x96))
"""41.2 °C is 0x4224CCCD, a strength of 75 is 0x42960000."""

ENABLED = (framed(3, 0, 148, 0, 1), framed(3, 2, 0, 0b11))


def twin(_: float) -> LumaSmartTwin:
    return LumaSmartTwin({1: lambda _: 41.2, 2: lambda _: 44.5})


CASES = (
    Case(SPEC, (FIRST,), twin, Setup((1, 2), LUMASMART), expects={1: 41.2, 2: 44.5}),
    Case(SPEC, (ENABLED,), twin, Setup((1, 2), PINNED), expects={1: 41.2, 2: 44.5}),
)
