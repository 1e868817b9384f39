# SPDX-License-Identifier: Apache-2.0
"""TDK-Lambda GENESYS+: GH user manual page 163 (watchdog), G+ user manual page 182 (errors)."""

from drivers.tdk_genesys_scpi import SPEC
from mnht_controller.devices.contract import Setup
from mnht_controller.devices.dc_feed import FeedOptions
from sim_hardware.devices.sources.genesys_scpi import GenesysScpiTwin
from tests.drivers.cases import Case

IDN = (b"*IDN?\n", b"TDK-LAMBDA,G160-100,SIM0001,1.000\n")
ASK = (
    b":VOLT?;:CURR?;:MEAS:CURR?;:OUTP?;:STAT:QUES:COND?;"
    b":SYST:COMM:WATCHDOG:STAT?;:SYST:COMM:WATCHDOG:TIM?;*ESR?\n"
)
SETS = (
    b"*CLS;:SYST:ERR:ENAB;:VOLT 30;:CURR 0;:SYST:COMM:WATCHDOG:TIM 1;:SYST:COMM:WATCHDOG:STAT ON\n"
)


def state(amps="0.0", output="OFF", ques="0", dog="ON", dog_s="1", esr="0", measured=None):
    """One answer to everything that a tick asks."""
    flows = amps if measured is None else measured
    return f"30.0;{amps};{flows};{output};{ques};{dog};{dog_s};{esr}\n".encode()


FIRST = (b":OUTP OFF;" + ASK, state(dog="OFF", dog_s="60", esr="128"))
NO_ERROR = (b"SYST:ERR?\n", b'0,"No error"\n')
OPENING = (IDN, FIRST, (SETS, b""), (ASK, state()), NO_ERROR)
SETUP = Setup((), FeedOptions(field_ka_per_m_per_a=0.3, volts_max=30.0))

CASES = (
    Case(
        SPEC,
        opening=OPENING,
        twin=lambda start_s: GenesysScpiTwin(start_s=start_s),
        setup=SETUP,
    ),
)
