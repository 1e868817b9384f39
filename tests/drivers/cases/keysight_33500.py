# SPDX-License-Identifier: Apache-2.0
"""Keysight 33500B: replies as in pymeasure's driver and the operating guide."""

from drivers.keysight_33500 import SPEC
from mnht_controller.devices.contract import Setup
from mnht_controller.devices.waveform import WaveformOptions
from sim_hardware.devices.sources.keysight_33500 import Keysight33500Twin
from tests.drivers.cases import Case

IDN = (b"*IDN?\n", b"Agilent Technologies,33511B,SIM0001,3.03-1.19-2.00-52-00\n")
ASK = (
    b":SOUR1:VOLT?;:SOUR1:FREQ?;:OUTP1?;:SOUR1:FUNC?;:SOUR1:VOLT:UNIT?;:SOUR1:VOLT:OFFS?;"
    b":SOUR1:BURS:STAT?;:OUTP1:LOAD?;:SOUR1:VOLT:LIM:HIGH?;:SOUR1:VOLT:LIM:LOW?;"
    b":SOUR1:VOLT:LIM:STAT?;*ESR?\n"
)


def state(
    *, vpp="1.0E-03", hertz="1.0E+05", output="0", function="SIN", unit="VPP", offset="0.0E+00",
    burst="0", load="5.0E+01", high="5.0", clamp="0", status="0",
):  # fmt: skip
    """One reply to ASK."""
    words = (f"+{vpp}", f"+{hertz}", output, function, unit, f"+{offset}", burst, f"+{load}",
             f"+{high}E+00", f"-{high}E+00", clamp, status)  # fmt: skip
    return ";".join(words).encode() + b"\n"


OFF = (b":OUTP1 OFF;" + ASK, state(vpp="1.0E-01", hertz="1.0E+03", status="128"))
SETUP = (
    b"*CLS;:SOUR1:AM:STAT OFF;:SOUR1:FM:STAT OFF;:SOUR1:PM:STAT OFF;:SOUR1:FSK:STAT OFF;"
    b":SOUR1:SWE:STAT OFF;:SOUR1:BURS:STAT OFF;:SOUR1:VOLT:LIM:STAT OFF;:OUTP1:LOAD 50.0;"
    b":SOUR1:FUNC SIN;:SOUR1:VOLT:UNIT VPP;:SOUR1:FREQ 100000.000;:SOUR1:VOLT 0.0010;"
    b":SOUR1:VOLT:OFFS 0\n"
)
LEAST = (b":SOUR1:VOLT 0.0010;" + ASK, state())
NO_ERROR = (b"SYST:ERR?\n", b'+0,"No error"\n')
OPTIONS = WaveformOptions(field_ka_per_m_per_vpp=4.0)

CASES = (
    Case(
        SPEC,
        opening=(IDN, OFF, (SETUP, b""), LEAST, NO_ERROR),
        twin=lambda start_s: Keysight33500Twin(start_s=start_s),
        setup=Setup((), OPTIONS),
    ),
)
