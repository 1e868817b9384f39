# SPDX-License-Identifier: Apache-2.0
"""Keysight N6700, N6900, N7900 and RP7900 supplies before an inverter, with their watchdog.

N6900/N7900 guide page 252, N6700C guide page 158, RP7900 guide page 226. LF. The watchdog is fed by
any SCPI traffic, latches the output off, and is volatile. `OUTP:PROT:CLE` brings back the state
before the fault: OUTP OFF is sent before it. N5700 and N8700 have no watchdog: not supported.
"""

import re
from enum import IntFlag

from mnht_controller.devices.contract import DeadMan, DriverSpec, Kind
from mnht_controller.devices.dc_feed import FeedOptions
from mnht_controller.devices.scpi_feed import WATCHDOG_S, FeedDialect, ScpiFeed

IDENTITY = re.compile(
    rb"(Agilent|Keysight) Technologies,(?P<model>(?:N6[79]|N79|RP79)\w+),"
    rb"(?P<serial>[^,]+),(?P<firmware>.+)"
)


class Fault(IntFlag):
    """STAT:QUES:COND. Bit 9, INH, is an interlock; bit 11 is the watchdog or a coupled channel."""

    OVER_VOLTAGE, OVER_CURRENT, MAINS, OVER_POWER, OVER_TEMPERATURE = 1, 2, 4, 8, 16
    UNREGULATED, WATCHDOG, OSCILLATION, HARDWARE = 1 << 10, 1 << 11, 1 << 12, 1 << 13


DIALECT = FeedDialect(
    maker="Keysight",
    identity=IDENTITY,
    watchdog_on="OUTP:PROT:WDOG",
    watchdog_delay="OUTP:PROT:WDOG:DEL",
    fault=Fault,
    interlock_bits=1 << 9,
)

SPEC = DriverSpec(
    name="keysight_n7900",
    kind=Kind.FIELD_SOURCE,
    title="Keysight N6700C, N6900, N7900, RP7900 before an inverter",
    make=lambda link, setup: ScpiFeed(link, setup.option(FeedOptions), DIALECT),
    baud=115200,
    period_s=0.1,
    dead_man=DeadMan.DEVICE,
    options=FeedOptions,
    stop_path="OUTP OFF; its watchdog after 1 s of silence; the enable line at its INH input",
    status=(Fault,),
    settling_s=0.3,
    resolution=0.01,
    watchdog_s=WATCHDOG_S,
    provenance=(
        ("VOLT, CURR, OUTP, MEAS:CURR?, NR3 replies", "documented: N6900/N7900 guide"),
        ("OUTP:PROT:WDOG, :DEL 1 to 3600 s", "documented: N6900 guide p252, N6700C guide p158"),
        ("fed by any SCPI traffic; latches; QUES bit 11", "documented: RP7900 guide p226"),
        ("OUTP:PROT:CLE restores the state before the fault", "documented: N6900 guide p252"),
        ("QUES bits 0-4, 9, 10", "documented: N5700 guide p71; the same here"),
        ("QUES bits 12, 13", "documented: N6900 guide"),
        ("*ESR? bit 7 after power-on", "documented: IEEE 488.2"),
        ("model names in *IDN?", "assumed: the families' prefixes"),
    ),
)
