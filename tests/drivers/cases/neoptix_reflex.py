# SPDX-License-Identifier: Apache-2.0
"""Neoptix Reflex: Omega FOB100 manual, pages 13 to 16."""

from drivers.neoptix_reflex import SPEC
from mnht_controller.devices.contract import Setup
from sim_hardware.devices.thermometers.neoptix import NeoptixTwin
from tests.drivers.cases import Case

INFO = (
    b"Model: Reflex\rOption: none\rNB Channel: 2\rMode: Fast\rScanning rate: 10 Hz\r"
    b"Serial Number: SIM0002\rInternal Software: 2.10\r*"
)
OPENING = ((b"i\r", INFO), (b"ta-\r", b"*"), (b"p-\r", b"*"), (b"uc\r", b"*"))

CASES = (
    Case(
        SPEC,
        opening=OPENING,
        twin=lambda _: NeoptixTwin({1: lambda _: 41.2, 2: lambda _: 44.5}),
        setup=Setup((1, 2)),
        expects={1: 41.2, 2: 44.5},
    ),
)
