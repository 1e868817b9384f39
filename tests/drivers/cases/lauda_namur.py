# SPDX-License-Identifier: Apache-2.0
"""Lauda: Ecoline manual pages 7, 10, 11; ECO Gold pages 70, 78 (RS-485); MC 250 pages 42, 43."""

from drivers.lauda_namur import SPEC, LaudaOptions
from mnht_controller.devices.contract import Setup
from sim_hardware.devices.auxiliaries.lauda import LaudaTwin
from tests.drivers.cases import Case

POLL = (("IN_PV_00", "22.00"), ("STATUS", "0"))
ECOLINE = (
    ("TYPE", "E200"),
    ("VERSION", "SIM 1.30"),
    ("IN_MODE_02", "ERR_3"),
    ("IN_SP_01", "0"),
    POLL[0],
    ("IN_SP_01", "0"),
    POLL[1],
)
ECO_GOLD = (
    ("TYPE", "ECO"),
    ("VERSION_R", "SIM 1.30"),
    ("IN_MODE_02", "1"),
    POLL[0],
    ("IN_MODE_02", "1"),
    POLL[1],
)
MICROCOOL = (
    ("TYPE", "MC"),
    ("VERSION", "SIM 1.30"),
    ("IN_MODE_02", "ERR_3"),
    ("IN_SP_01", "ERR_3"),
    *POLL,
)


def spoken(
    rows: tuple[tuple[str, str], ...], address: int | None
) -> tuple[tuple[bytes, bytes], ...]:
    """The same conversation as it is on the wire."""
    prefix, end = ("", "\r\n") if address is None else (f"A{address:03d}_", "\r")
    return tuple(
        (f"{prefix}{sent}\r".encode(), f"{prefix}{said}{end}".encode()) for sent, said in rows
    )


def case(family: str, rows: tuple[tuple[str, str], ...], options: LaudaOptions) -> Case:
    address = options.address
    return Case(
        SPEC,
        opening=spoken(rows, address),
        twin=lambda start_s: LaudaTwin(start_s, address=address, family=family),
        setup=Setup((), options),
        identity_steps=2,
    )


CASES = (
    case("ecoline", ECOLINE, LaudaOptions(setpoint_c=20.0)),
    case("eco_gold", ECO_GOLD, LaudaOptions(setpoint_c=20.0, address=15, version="VERSION_R")),
    case("mc", MICROCOOL, LaudaOptions(setpoint_c=20.0)),
)
