# SPDX-License-Identifier: Apache-2.0
"""Opsens, from public laboratory scripts (wire facts: `SPEC.provenance`)."""

from drivers.opsens_handysens import SPEC, OpsensOptions
from mnht_controller.devices.contract import Setup
from sim_hardware.devices.thermometers.opsens import OpsensTwin
from tests.drivers.cases import Case

PICOM = OpsensOptions(profile="picom")

CASES = (
    Case(
        SPEC,
        opening=((b"*IDN?\n", b"OPSENS,HandySens,SIM0042,1.7\n\x04\n"),),
        twin=lambda _: OpsensTwin({1: lambda _: 41.2, 2: lambda _: 44.5}),
        setup=Setup((1, 2)),
        expects={1: 41.2, 2: 44.5},
    ),
    Case(
        SPEC,
        opening=((b"*IDN?\r", b"OPSENS,PicoM,SIM0042,1.7\n\x04\n"),),
        twin=lambda _: OpsensTwin({1: lambda _: 41.2, 2: lambda _: 44.5}, model="PicoM"),
        setup=Setup((1, 2), PICOM),
        expects={1: 41.2, 2: 44.5},
        baud=9600,
    ),
)
