# SPDX-License-Identifier: Apache-2.0
"""Lauda: Ecoline manual page 16 (RS-232), Integral T manual page 77 (RS-485)."""

from drivers.lauda_namur import SPEC
from mnht_controller.devices.contract import Setup
from mnht_controller.devices.cooling import ChillerOptions
from sim_hardware.devices.auxiliaries.lauda import LaudaTwin
from tests.drivers.cases import Case

SAID = {
    "TYPE": "ECO", "VERSION": "SIM 1.30", "IN_PV_00": "22.00", "IN_MODE_02": "1", "STATUS": "0",
}  # fmt: skip


def case(address: int | None, prefix: str, end: str) -> Case:
    return Case(
        SPEC,
        opening=tuple(
            (f"{prefix}{text}\r".encode(), f"{prefix}{said}{end}".encode())
            for text, said in SAID.items()
        ),
        twin=lambda start_s: LaudaTwin(start_s, address=address),
        setup=Setup((), ChillerOptions(setpoint_c=20.0, address=address)),
        identity_steps=2,
    )


CASES = (case(None, "", "\r\n"), case(15, "A015_", "\r"))
