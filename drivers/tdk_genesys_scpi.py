# SPDX-License-Identifier: Apache-2.0
"""TDK-Lambda GENESYS+ (G, GH) supplies before an inverter, SCPI, with their watchdog.

GH user manual page 163 (watchdog), G+ user manual pages 179 and 182 (QUES bits, error queue). TCP
socket 8003, one client; LF. The watchdog is fed by any line, invalid ones too; when it expires the
output is off, error 342, QUES bit 15 (which SCPI-1999 keeps 0); OUTP:PROT:CLE ends it. At most 20
commands may stand before a query: no line here has as many. Principle: `devices.dc_feed`.
Not supported: auto-start, whose SCPI name is not in these pages: it must be off at the front panel;
an older Genesys with the LAN option, which has no watchdog.
"""

import re
from enum import IntFlag

from mnht_controller.devices.contract import DeadMan, DriverSpec, Kind
from mnht_controller.devices.dc_feed import FeedOptions
from mnht_controller.devices.scpi_feed import PROOF_S, WATCHDOG_S, FeedDialect, ScpiFeed

IDENTITY = re.compile(
    rb"(?:TDK-)?LAMBDA,(?P<model>G[^,]+),(?P<serial>[^,]+),(?P<firmware>[^,]+)", re.IGNORECASE
)


class Fault(IntFlag):
    """STAT:QUES:COND, G+ manual table 6-1. PROTECTION: fold-back; INHIBITED: the OUT button.

    Without a word of their own, so `bit_N`: 10 to 12 of grouped supplies, 13 and 14 power switch.
    """

    MAINS, OVER_TEMPERATURE, PROTECTION, OVER_VOLTAGE, SHUT_OFF, INHIBITED = 2, 4, 8, 16, 32, 64
    UNDER_VOLTAGE = 1 << 9
    WATCHDOG = 1 << 15


class Interlock(IntFlag):
    """ILC, the interlock input, and ENA, the rear ENABLE contact."""

    EXTERNAL_INHIBIT, RUN_PERMIT = 1 << 7, 1 << 8


DIALECT = FeedDialect(
    maker="TDK-Lambda",
    identity=IDENTITY,
    watchdog="SYST:COMM:WATCHDOG:STAT",  # the manual's short form is WATCH, other sources' WATC
    watchdog_time="SYST:COMM:WATCHDOG:TIM",
    fault=Fault,
    interlock=Interlock,
    setup=":SYST:ERR:ENAB",
)

SPEC = DriverSpec(
    name="tdk_genesys_scpi",
    kind=Kind.FIELD_SOURCE,
    title="TDK-Lambda GENESYS+ (SCPI) before an inverter",
    make=lambda link, setup: ScpiFeed(link, setup.option(FeedOptions), DIALECT),
    baud=115200,
    period_s=0.1,
    dead_man=DeadMan.DEVICE,
    options=FeedOptions,
    stop_path="OUTP OFF; its watchdog after 1 s of silence; the enable line at its ENABLE contact",
    status=(Fault, Interlock),
    settling_s=0.3,
    resolution=0.01,
    watchdog_s=WATCHDOG_S,
    watchdog_proof_s=PROOF_S,
    provenance=(
        ("SYST:COMM:WATCHDOG:STAT, :TIM 1 to 3600 s", "documented: GH manual p163"),
        ("fed by any line, invalid ones too", "documented: GH manual p163"),
        ("it runs with the output off too, as the self-test needs", "assumed: no page says not"),
        ("error 342, QUES bit 15, ended by OUTP:PROT:CLE", "documented: GH manual p163"),
        ("the short forms STAT and TIM, the long WATCHDOG", "documented: GH manual p163"),
        ("QUES bits", "documented: G+ manual p179, table 6-1"),
        ("SYST:ERR:ENAB fills the error queue", "documented: G+ manual p182"),
        ("VOLT, CURR, OUTP, MEAS:CURR?, STAT:QUES:COND?", "documented: LAN manual IA672"),
        ("socket 8003", "assumed: from memory; one client: documented, LAN manual"),
        ("at most 20 commands before a query", "documented: LAN manual IA672"),
        ("chained queries answer in one line, with `;`", "assumed: SCPI-1999"),
        ("booleans answer 0/1 or OFF/ON", "assumed: either is taken"),
        ("OUTP:PROT:CLE leaves the output off", "assumed: OUTP OFF goes before it all the same"),
        ("auto-start is off", "assumed: set at the front panel; *ESR? bit 7 shows a power-on"),
    ),
)
