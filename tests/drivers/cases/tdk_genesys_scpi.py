# SPDX-License-Identifier: Apache-2.0
"""TDK-Lambda GENESYS+: user manual page 163 (watchdog)."""

from drivers.tdk_genesys_scpi import SPEC
from mnht_controller.devices.contract import Setup
from mnht_controller.devices.dc_feed import FeedOptions
from sim_hardware.devices.sources.genesys_scpi import GenesysScpiTwin
from tests.drivers.cases import Case

IDN = (b"*IDN?\n", b"TDK-LAMBDA,G40-38,SIM0001,1.000\n")
SETUP = (
    b"OUTP OFF;*CLS;:VOLT 30;:CURR 0\nSYST:COMM:WATC:TIM 1;:SYST:COMM:WATC:STAT ON\n",
    b"",
)
ASK = (
    b":CURR?;:MEAS:CURR?;:OUTP?;:STAT:QUES:COND?;:SYST:COMM:WATC:STAT?;:SYST:COMM:WATC:TIM?;*ESR?\n"
)
STATE = b"+0.0E+00;+0.0E+00;0;0;ON;+1.0E+00;0\n"
NO_ERROR = (b"SYST:ERR?\n", b'0,"No error"\n')

CASES = (
    Case(
        SPEC,
        opening=(IDN, SETUP, (ASK, STATE), NO_ERROR),
        twin=lambda start_s: GenesysScpiTwin(start_s=start_s),
        setup=Setup((), FeedOptions(field_ka_per_m_per_a=0.3, volts_max=30.0)),
    ),
)
