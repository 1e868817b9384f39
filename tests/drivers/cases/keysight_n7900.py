# SPDX-License-Identifier: Apache-2.0
"""Keysight N7900: N6900/N7900 guide page 252 (watchdog)."""

from drivers.keysight_n7900 import SPEC
from mnht_controller.devices.contract import Setup
from mnht_controller.devices.dc_feed import FeedOptions
from sim_hardware.devices.sources.keysight_n7900 import KeysightN7900Twin
from tests.drivers.cases import Case

IDN = (b"*IDN?\n", b"Keysight Technologies,N7951A,SIM0001,A.02.00\n")
SETUP = (
    b"OUTP OFF;*CLS;:VOLT 30;:CURR 0\nOUTP:PROT:WDOG:DEL 1;:OUTP:PROT:WDOG ON\n",
    b"",
)
ASK = b":CURR?;:MEAS:CURR?;:OUTP?;:STAT:QUES:COND?;:OUTP:PROT:WDOG?;:OUTP:PROT:WDOG:DEL?;*ESR?\n"
STATE = b"+0.0E+00;+0.0E+00;0;0;1;+1.0E+00;0\n"
NO_ERROR = (b"SYST:ERR?\n", b'+0,"No error"\n')

CASES = (
    Case(
        SPEC,
        opening=(IDN, SETUP, (ASK, STATE), NO_ERROR),
        twin=lambda start_s: KeysightN7900Twin(start_s=start_s),
        setup=Setup((), FeedOptions(field_ka_per_m_per_a=0.3, volts_max=30.0)),
    ),
)
