# SPDX-License-Identifier: Apache-2.0
"""A pick-up coil on a scope: Keysight and Tektronix programmer's manuals, from memory."""

from drivers.scpi_pickup import SPEC, PickupOptions
from mnht_controller.devices.contract import Setup
from sim_hardware.devices.auxiliaries.scope import ScopeTwin
from tests.drivers.cases import Case

KEYSIGHT_IDN = (b"*IDN?\n", b"KEYSIGHT TECHNOLOGIES,DSOX1102G,SIM0003,01.20\n")
TEKTRONIX_IDN = (b"*IDN?\n", b"TEKTRONIX,TDS 3012,SIM0003,CF:91.1CT FV:v3.41\n")
KEYSIGHT = b":MEAS:VPP? CHAN1;:MEAS:FREQ? CHAN1;:OPER:COND?\n"
TEKTRONIX = b":MEASU:IMM:SOU CH1;TYP PK2PK;VAL?;:MEASU:IMM:TYP FREQ;VAL?;:ACQ:STATE?\n"


def twin(_: float) -> ScopeTwin:
    return ScopeTwin(lambda _: 3.0, lambda _: 1e5)


def tektronix(_: float) -> ScopeTwin:
    return ScopeTwin(lambda _: 3.0, lambda _: 1e5, maker="TEKTRONIX")


CASES = (
    Case(
        SPEC,
        opening=(KEYSIGHT_IDN, (KEYSIGHT, b"+2.0E-03;+9.9E+37;8\n")),
        twin=twin,
        setup=Setup((), PickupOptions(area_cm2=1.0)),
    ),
    Case(
        SPEC,
        opening=(TEKTRONIX_IDN, (b":HEAD 0\n", b""), (TEKTRONIX, b"2.0E-3;9.9E37;1\n")),
        twin=tektronix,
        setup=Setup((), PickupOptions(area_cm2=1.0, dialect="tektronix")),
    ),
)
