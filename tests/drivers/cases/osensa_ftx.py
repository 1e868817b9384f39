# SPDX-License-Identifier: Apache-2.0
"""OSENSA FTX: the maker's package osensapy 0.1.7 (register map)."""

from drivers.osensa_ftx import SPEC, OsensaOptions
from mnht_controller.devices.contract import Setup
from sim_hardware.devices.modbus import crc
from sim_hardware.devices.thermometers.osensa import OsensaTwin
from tests.drivers.cases import Case

UNIT, TRIPLE = 247, 40


def framed(*body: int, unit: int = UNIT) -> bytes:
    """A frame with its checksum."""
    data = bytes((unit, *body))
    return data + crc(data)


def opening(unit: int = UNIT):
    """Serial number in 2-3, device id in 10."""
    return (
        (framed(3, 0, 2, 0, 2, unit=unit), framed(3, 4, *b"SIM2", unit=unit)),
        (framed(3, 0, 10, 0, 1, unit=unit), framed(3, 2, 0, 102, unit=unit)),
    )


CASES = (
    Case(
        SPEC,
        opening=opening(),
        twin=lambda _: OsensaTwin({1: lambda _: 41.2, 2: lambda _: 44.5}),
        setup=Setup((1, 2)),
        expects={1: 41.2, 2: 44.5},
    ),
    Case(
        SPEC,
        opening=opening(TRIPLE),
        twin=lambda _: OsensaTwin({n: lambda _: -7.25 for n in (1, 2, 3)}, address=TRIPLE),
        setup=Setup((1, 2, 3), OsensaOptions(address=TRIPLE)),
        expects=dict.fromkeys((1, 2, 3), -7.25),
        baud=115200,
    ),
)
