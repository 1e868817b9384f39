# SPDX-License-Identifier: Apache-2.0
"""Keysight 33500B: commands and replies as in pymeasure's driver and the guide (page 324)."""

from drivers.keysight_33500 import SPEC
from mnht_controller.devices.contract import Setup
from mnht_controller.devices.waveform import WaveformOptions
from sim_hardware.devices.sources.keysight_33500 import Keysight33500Twin
from tests.drivers.cases import Case

IDN = (b"*IDN?\n", b"Agilent Technologies,33511B,SIM0001,3.03-1.19-2.00-52-00\n")
ASK = (
    b":SOUR1:VOLT?;:SOUR1:FREQ?;:OUTP1?;:SOUR1:FUNC?;:SOUR1:VOLT:UNIT?;:SOUR1:VOLT:OFFS?;"
    b":SOUR1:BURS:STAT?;:OUTP1:LOAD?;"
    b":SOUR1:VOLT:LIM:HIGH?;:SOUR1:VOLT:LIM:LOW?;:SOUR1:VOLT:LIM:STAT?;*ESR?\n"
)
SETS = (
    b"*CLS;:SOUR1:AM:STAT OFF;:SOUR1:FM:STAT OFF;:SOUR1:PM:STAT OFF;:SOUR1:FSK:STAT OFF;"
    b":SOUR1:SWE:STAT OFF;:SOUR1:BURS:STAT OFF;:SOUR1:VOLT:LIM:STAT OFF;:OUTP1:LOAD 50.0;"
    b":SOUR1:FUNC SIN;:SOUR1:VOLT:UNIT VPP;:SOUR1:FREQ 100000.000;:SOUR1:VOLT 0.0010;"
    b":SOUR1:VOLT:OFFS 0\n"
)
NO_ERROR = (b"SYST:ERR?\n", b'+0,"No error"\n')
OPTIONS = WaveformOptions(field_ka_per_m_per_vpp=4.0)
SETUP = Setup((), OPTIONS)
NAMES = "vpp hertz output shape unit offset burst load high low limited esr".split()
AT_REST = (
    "+1.00000000000000E-03", "+1.00000000000000E+05", "0", "SIN", "VPP", "+0.00000000000000E+00",
    "0", "+5.00000000000000E+01", "+5.00000000000000E+00", "-5.00000000000000E+00", "0", "0",
)  # fmt: skip


def state(**changes):
    """The reply to ASK, in the order of NAMES."""
    row = dict(zip(NAMES, AT_REST, strict=True)) | changes
    return ";".join(row.values()).encode() + b"\n"


FIRST = (b":OUTP1 OFF;" + ASK, state(vpp="+1.0E-01", hertz="+1.0E+03", esr="128"))
OPENING = (IDN, FIRST, (SETS, b""), (b":SOUR1:VOLT 0.0010;" + ASK, state()), NO_ERROR)

CASES = (
    Case(
        SPEC,
        opening=OPENING,
        twin=lambda start_s: Keysight33500Twin(start_s=start_s),
        setup=SETUP,
    ),
)
