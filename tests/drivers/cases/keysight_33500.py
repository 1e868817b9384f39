# SPDX-License-Identifier: Apache-2.0
"""Keysight 33500B: replies as in pymeasure's driver and the operating guide."""

from drivers.keysight_33500 import SPEC
from mnht_controller.devices.contract import Setup
from mnht_controller.devices.waveform import WaveformOptions
from sim_hardware.devices.sources.keysight_33500 import Keysight33500Twin
from tests.drivers.cases import Case

IDN = (b"*IDN?\n", b"Agilent Technologies,33511B,SIM0001,3.03-1.19-2.00-52-00\n")
SETUP = (
    b"OUTP1 OFF;*CLS;:OUTP1:LOAD 50;:SOUR1:FUNC SIN;VOLT:UNIT VPP\n"
    b"SOUR1:FREQ 1.000000E+05;VOLT 0.001;VOLT:OFFS 0\n"
)
ASK = (
    b":SOUR1:VOLT?;:SOUR1:FREQ?;:OUTP1?;:SOUR1:FUNC?;:OUTP1:LOAD?;"
    b":SOUR1:VOLT:LIM:HIGH?;:SOUR1:VOLT:LIM:LOW?;:SOUR1:VOLT:LIM:STAT?\n"
)
STATE = b"+1.0E-03;+1.00000000000000E+05;0;SIN;+5.0E+01;+5.0E+00;-5.0E+00;0\n"
NO_ERROR = (b"SYST:ERR?\n", b'+0,"No error"\n')
OPTIONS = WaveformOptions(field_ka_per_m_per_vpp=4.0)

CASES = (
    Case(
        SPEC,
        opening=(IDN, (SETUP, b""), (ASK, STATE), NO_ERROR),
        twin=lambda start_s: Keysight33500Twin(start_s=start_s),
        setup=Setup((), OPTIONS),
    ),
)
