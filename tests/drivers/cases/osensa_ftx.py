# SPDX-License-Identifier: Apache-2.0
"""OSENSA FTX: the maker's package osensapy 0.1.7 (register map)."""

from drivers.osensa_ftx import SPEC
from mnht_controller.devices.contract import Setup
from sim_hardware.devices.modbus import crc
from sim_hardware.devices.thermometers.osensa import OsensaTwin
from tests.drivers.cases import Case

UNIT = 247


def framed(*body: int) -> bytes:
    """A frame of unit 247 with its checksum."""
    data = bytes((UNIT, *body))
    return data + crc(data)


SERIAL = (framed(3, 0, 2, 0, 2), framed(3, 4, *b"SIM2"))
DEVICE = (framed(3, 0, 10, 0, 1), framed(3, 2, 0, 102))

CASES = (
    Case(
        SPEC,
        opening=(SERIAL, SERIAL, DEVICE),
        twin=lambda _: OsensaTwin({1: lambda _: 41.2, 2: lambda _: 44.5}),
        setup=Setup((1, 2)),
        expects={1: 41.2, 2: 44.5},
    ),
)
