# SPDX-License-Identifier: Apache-2.0
"""Luxtron FOT Lab Kit: manual pages 43 and 60."""

from drivers.luxtron_fot import SPEC
from mnht_controller.devices.contract import Setup
from sim_hardware.devices.thermometers.luxtron import LuxtronTwin
from tests.drivers.cases import Case

WHO = (b"\x1bID ?\r\n", b"ID = FOT Lab Kit,SIM0002,1.10\r\n")

CASES = (
    Case(
        SPEC,
        opening=(WHO,),
        twin=lambda _: LuxtronTwin({1: lambda _: 41.2, 2: lambda _: 44.5}),
        setup=Setup((1, 2)),
        expects={1: 41.2, 2: 44.5},
    ),
)
