# SPDX-License-Identifier: Apache-2.0
"""TDK-Lambda Genesys, GEN dialect: user manual, serial chapter. `STT?$3A` is its own example."""

from drivers.tdk_genesys import SPEC
from mnht_controller.devices.contract import Setup
from mnht_controller.devices.dc_feed import FeedOptions
from sim_hardware.devices.sources.genesys import GenesysTwin
from tests.drivers.cases import Case


def line(text: str) -> bytes:
    """With the checksum of the manual: the low byte of the sum of the characters."""
    return f"{text}${sum(text.encode()) & 0xFF:02X}\r".encode()


ADR = (line("ADR 06"), line("OK"))
IDN = (line("IDN?"), line("LAMBDA,GEN40-38"))
SN = (line("SN?"), line("SIM0001"))
SETS = tuple(
    (line(text), line("OK"))
    for text in (
        "RMT REM", "OUT OFF", "AST OFF", "FLD OFF", "SENA 00", "FENA 00", "PC 0", "PV 30",
    )
)  # fmt: skip
OUT = (line("OUT?"), line("OFF"))
STT = (line("STT?"), line("MV(0.000),PV(30),MC(0.0000),PC(0),SR(04),FR(00)"))
AST = (line("AST?"), line("OFF"))

CASES = (
    Case(
        SPEC,
        opening=(ADR, IDN, SN, *SETS, OUT, STT, AST),
        twin=lambda start_s: GenesysTwin(start_s=start_s),
        setup=Setup((), FeedOptions(field_ka_per_m_per_a=0.3, volts_max=30.0)),
        identity_steps=3,
    ),
)
