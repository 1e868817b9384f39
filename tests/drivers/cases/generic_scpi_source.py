# SPDX-License-Identifier: Apache-2.0
"""The generic SCPI field source: the dialect is this project's own (docs/reference/dialect.md)."""

from drivers.generic_scpi_source import SPEC
from mnht_controller.devices.contract import Setup
from sim_hardware.devices.sources.generic_scpi import ScpiSource
from tests.drivers.cases import Case

IDN = (b"*IDN?\n", b"OPENMFH,FS100K,SIM0001,1.0\n")
SETUP = (
    b"OUTP OFF;:FIEL 0;:*CLS\n"
    b"OUTP:TIM 7200;:FIEL:SLEW 100000;:SYST:COMM:WATC:MODE HEAR\n"
    b"SYST:COMM:WATC:TIM 0.5;:SYST:COMM:WATC:STAT ON\n"
)
CHECK = b"SYST:COMM:HEAR?;:OUTP:TIM?;:SYST:COMM:WATC:TIM?;:SYST:COMM:WATC:MODE?\n"
CHECKED = b"16;7.2E3;5.0E-1;HEAR\n"
NO_ERROR = (b"SYST:ERR?\n", b'0,"No error"\n')
RF_ON, WATCHDOG = 1 << 8, 1 << 12


def snapshot(beat, **changes):
    """One snapshot reply; field by field as in the reference."""
    row: dict[str, object] = {
        "seq": 7,
        "t_ms": 1234,
        "boot": 3,
        "oper": WATCHDOG,
        "ques": 0,
        "int": 0,
    }
    row |= {"set": "0.0E0", "meas": "0.0E0", "amps": "0.0E0", "hz": "1.0E5", "coil": "2.5E1"}
    row |= {"flow": "8.0E0", "wd_ms": 500, "hb": beat} | changes
    limit = row.pop("limit", "1.8E4")
    return (",".join(str(value) for value in row.values()) + f";{limit}\n").encode()


def line(beat, commands=""):
    return f"{commands}SYST:COMM:HEAR {beat};:FETC:SNAP?;:FIEL:LIM?\n".encode()


OPENING = [IDN, (SETUP, b""), (CHECK, CHECKED), (line(17), snapshot(17)), NO_ERROR]

CASES = (
    Case(
        SPEC,
        opening=tuple(OPENING),
        twin=lambda start_s: ScpiSource(start_s=start_s),
        setup=Setup(),
    ),
)
