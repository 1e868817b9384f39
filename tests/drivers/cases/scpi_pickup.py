# SPDX-License-Identifier: Apache-2.0
"""A pick-up coil on a scope: InfiniiVision and TDS programmer's manuals, partly from memory."""

from drivers.scpi_pickup import SPEC, PickupOptions
from mnht_controller.devices.contract import Setup
from sim_hardware.devices.auxiliaries.scope import ScopeTwin
from tests.drivers.cases import Case

KEYSIGHT_IDN = (b"*IDN?\n", b"KEYSIGHT TECHNOLOGIES,DSOX1102G,SIM0003,01.20\n")
TEKTRONIX_IDN = (b"*IDN?\n", b"TEKTRONIX,TDS 2002,SIM0003,CF:91.1CT FV:v3.41\n")
RIGOL_IDN = (b"*IDN?\n", b"RIGOL TECHNOLOGIES,DS1104Z,SIM0003,00.04.04\n")
KEYSIGHT = b":MEAS:VPP? CHAN1;:MEAS:FREQ? CHAN1;:OPER:COND?;:TRIG:SWE?;:TER?\n"
TEKTRONIX = (
    b":HEAD 0;:MEASU:IMM:SOU CH1;TYP PK2PK;VAL?;:MEASU:IMM:TYP FREQ;VAL?;:ACQ:STATE?;NUMAC?\n"
)
GENERIC = PickupOptions(
    area_cm2=1.0,
    dialect="generic",
    maker="RIGOL",
    volts_query=":MEAS:VPP? CHAN1",
    frequency_query=":MEAS:FREQ? CHAN1",
)
VOLTS, HERTZ = b":MEAS:VPP? CHAN1\n", b":MEAS:FREQ? CHAN1\n"


def twin(_: float) -> ScopeTwin:
    return ScopeTwin(lambda _: 3.0, lambda _: 1e5)


def tektronix(_: float) -> ScopeTwin:
    return ScopeTwin(lambda _: 3.0, lambda _: 1e5, maker="TEKTRONIX")


def generic(_: float) -> ScopeTwin:
    return ScopeTwin(lambda _: 3.0, lambda _: 1e5, maker="RIGOL TECHNOLOGIES")


CASES = (
    Case(
        SPEC,
        opening=(KEYSIGHT_IDN, (KEYSIGHT, b"+2.0E-03;+9.9E+37;+8;AUTO;+0\n")),
        twin=twin,
        setup=Setup((), PickupOptions(area_cm2=1.0)),
    ),
    Case(
        SPEC,
        opening=(TEKTRONIX_IDN, (TEKTRONIX, b"2.0E-3;9.9E37;1;17\n")),
        twin=tektronix,
        setup=Setup((), PickupOptions(area_cm2=1.0, dialect="tektronix")),
    ),
    Case(
        SPEC,
        opening=(RIGOL_IDN, (VOLTS, b"2.000000e-03\n"), (HERTZ, b"9.9E37\n")),
        twin=generic,
        setup=Setup((), GENERIC),
    ),
)
