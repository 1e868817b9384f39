# SPDX-License-Identifier: Apache-2.0
"""TDK-Lambda Genesys, GEN dialect: user manual, chapter 7. `STT?$3A` is its own example."""

from drivers.tdk_genesys import SPEC, GenesysOptions
from mnht_controller.devices.contract import Setup
from sim_hardware.devices.sources.genesys import GenesysTwin
from tests.drivers.cases import Case


def line(text: str) -> bytes:
    """With the checksum of the manual: the low byte of the sum of the characters."""
    return f"{text}${sum(text.encode()) & 0xFF:02X}\r".encode()


def state(pc="0", sr="04", fr="00", mc="0.0000", pv="30", mv="0.000"):
    """The reply to STT?, in the manual's form: `MV(45.201),PV(45),MC(4.3257),PC(10),SR(30),…`."""
    return line(f"MV({mv}),PV({pv}),MC({mc}),PC({pc}),SR({sr}),FR({fr})")


OK = line("OK")
IDENTITY = (
    (line("ADR 06"), OK),
    (line("IDN?"), line("LAMBDA,GEN40-38")),
    (line("SN?"), line("SIM0001")),
)
SETS = tuple(
    (line(text), OK)
    for text in (
        "RMT REM", "OUT OFF", "AST OFF", "FLD OFF", "FENA 00", "SENA 00", "PC 0", "PV 30",
    )
)  # fmt: skip
KEPT = tuple(
    (line(question), line(answer))
    for question, answer in (("RMT?", "REM"), ("AST?", "OFF"), ("FENA?", "00"), ("SENA?", "00"))
)
OFF = (line("OUT?"), line("OFF"))
OPENING = (*IDENTITY, *SETS, *KEPT, OFF, (line("STT?"), state()))
SETUP = Setup((), GenesysOptions(field_ka_per_m_per_a=0.3, volts_max=30.0))

CASES = (
    Case(
        SPEC,
        opening=OPENING,
        twin=lambda start_s: GenesysTwin(start_s=start_s),
        setup=SETUP,
        identity_steps=3,
    ),
)
