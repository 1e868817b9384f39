# SPDX-License-Identifier: Apache-2.0
"""TDK-Lambda GENESYS+ supplies before an inverter, SCPI over LAN, with their watchdog.

GENESYS+ user manual, page 163. Socket 8003, one client at a time, LF. The watchdog is fed by any
message, invalid ones too; on expiry the output is off, error 342, QUES bit 15, cleared by
`OUTP:PROT:CLE`. At most 20 commands may stand before a query: one line a tick is far below.
"""

import re
from enum import IntFlag

from mnht_controller.devices.contract import DeadMan, DriverSpec, Kind
from mnht_controller.devices.dc_feed import FeedOptions
from mnht_controller.devices.scpi_feed import WATCHDOG_S, FeedDialect, ScpiFeed

IDENTITY = re.compile(
    rb"(?:TDK-LAMBDA|TDK-Lambda|LAMBDA),(?P<model>G[^,]+),(?P<serial>[^,]+),(?P<firmware>.+)"
)


class Fault(IntFlag):
    """STAT:QUES:COND, in the order of the GEN dialect's fault bits; bit 15 is the watchdog."""

    MAINS, OVER_TEMPERATURE, PROTECTION, OVER_VOLTAGE, SHUT_OFF, INHIBITED = 2, 4, 8, 16, 32, 64
    WATCHDOG = 1 << 15


DIALECT = FeedDialect(
    maker="TDK-Lambda",
    identity=IDENTITY,
    watchdog_on="SYST:COMM:WATC:STAT",
    watchdog_delay="SYST:COMM:WATC:TIM",
    fault=Fault,
    interlock_bits=1 << 7,
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
    stop_path="OUTP OFF; its watchdog after 1 s of silence; the enable line at its ENABLE input",
    status=(Fault,),
    settling_s=0.3,
    resolution=0.01,
    watchdog_s=WATCHDOG_S,
    provenance=(
        ("SYST:COMM:WATC:STAT, :TIM 1 to 3600 s", "documented: GENESYS+ manual p163"),
        ("fed by any message, invalid ones too", "documented: GENESYS+ manual p163"),
        ("error 342, QUES bit 15 on expiry", "documented: GENESYS+ manual p163"),
        ("socket 8003, one client", "documented: LAN manual, port from memory"),
        ("VOLT, CURR, OUTP, MEAS:CURR?", "documented: LAN manual"),
        ("QUES bits below 15", "assumed: as the GEN dialect's FR register"),
        ("watchdog state answers 0/1 or OFF/ON", "assumed: either is taken"),
    ),
)
