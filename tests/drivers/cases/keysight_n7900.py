# SPDX-License-Identifier: Apache-2.0
"""Keysight: N6900/N7900 guide pages 251, 252 (protection, watchdog), N6700C guide page 158."""

from drivers.keysight_n7900 import SPEC, KeysightOptions
from mnht_controller.devices.contract import Setup
from sim_hardware.devices.sources.keysight_n7900 import KeysightN6700Twin, KeysightN7900Twin
from tests.drivers.cases import Case

IDN = (b"*IDN?\n", b"Keysight Technologies,N7951A,SIM0001,A.02.00\n")
DOG = b":OUTP:PROT:WDOG?;:OUTP:PROT:WDOG:DEL?;*ESR?\n"
ASK = b":VOLT:LIM?;:CURR?;:MEAS:CURR?;:OUTP?;:STAT:QUES:COND?;" + DOG
SETS = b"*CLS;:FUNC CURR;:VOLT:LIM 30;:CURR 0;:OUTP:PROT:WDOG:DEL 1;:OUTP:PROT:WDOG ON\n"
NO_ERROR = (b"SYST:ERR?\n", b'+0,"No error"\n')


def state(amps="+0.0E+00", output="0", ques="0", dog="1", dog_s="1", esr="0", measured=None):
    """One answer to everything that a tick asks."""
    flows = amps if measured is None else measured
    return f"+3.0E+01;{amps};{flows};{output};{ques};{dog};{dog_s};{esr}\n".encode()


FIRST = (b":OUTP OFF;" + ASK, state(dog="0", dog_s="60", esr="128"))
OPENING = (IDN, FIRST, (SETS, b""), (ASK, state()), NO_ERROR, (b":FUNC?\n", b"CURR\n"))
SETUP = Setup((), KeysightOptions(field_ka_per_m_per_a=0.3, volts_max=30.0))

N6700_IDN = (b"*IDN?\n", b"Keysight Technologies,N6701C,SIM0001,E.02.00\n")
N6700_ASK = b":VOLT? (@1);:CURR? (@1);:MEAS:CURR? (@1);:OUTP? (@1);:STAT:QUES:COND? (@1);" + DOG
N6700_OPENING = (
    N6700_IDN,
    (b":OUTP OFF,(@1);" + N6700_ASK, state()),
    (
        b"*CLS;:VOLT 30,(@1);:CURR 0,(@1);:OUTP:PROT:WDOG:DEL 1;:OUTP:PROT:WDOG ON\n",
        b"",
    ),
    (N6700_ASK, state()),
    NO_ERROR,
)
N6700_SETUP = Setup((), KeysightOptions(field_ka_per_m_per_a=0.3, volts_max=30.0, channel=1))

CASES = (
    Case(
        SPEC,
        opening=OPENING,
        twin=lambda start_s: KeysightN7900Twin(start_s=start_s),
        setup=SETUP,
    ),
    Case(
        SPEC,
        opening=N6700_OPENING,
        twin=lambda start_s: KeysightN6700Twin(start_s=start_s),
        setup=N6700_SETUP,
    ),
)
