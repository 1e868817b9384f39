# SPDX-License-Identifier: Apache-2.0
"""Keysight N6900, N7900, RP7900 and, with `channel`, N6700C supplies before an inverter.

N6900/N7900 guide pages 251-252, 286-287; N6700C guide pages 158, 309; RP7900 guide pages 226, 241.
LF. The watchdog is fed by any SCPI traffic on any interface, trips the output with the programmed
state unchanged, and is volatile: it is armed and read back at every open. `OUTP:PROT:CLE` restores
the state before the fault, ON included: OUTP OFF always stands before it. N6900 and up are set to
current priority, where VOLT:LIM is the most they reach. Principle: `devices.dc_feed`. Not
supported: N5700 and N8700 (no watchdog), lists, Questionable2.
"""

import re
from dataclasses import dataclass, replace
from enum import IntFlag

from mnht_controller.devices.contract import DeadMan, DriverSpec, Kind
from mnht_controller.devices.dc_feed import FeedOptions
from mnht_controller.devices.link import Link
from mnht_controller.devices.scpi_feed import PROOF_S, WATCHDOG_S, FeedDialect, ScpiFeed

WHO = r"(?:Agilent|Keysight) Technologies,(?P<model>{}\w+),(?P<serial>[^,]+),(?P<firmware>[^,]+)"
ONE_OUTPUT = re.compile(WHO.format("(?:N69|N79|RP79)").encode(), re.IGNORECASE)
MAINFRAME = re.compile(WHO.format("N67").encode(), re.IGNORECASE)
LIMITS = 1 << 7 | 1 << 8  # LIM+, LIM-: a limit acts, no protection


class Fault(IntFlag):
    """STAT:QUES:COND. OVER_POWER: CP+, POWER_LIMIT: CP-, SENSOR: sense leads reversed (OV-).

    WATCHDOG is PROT: the watchdog, on an N6700C a coupled channel too; OSCILLATION: OSC, EDP;
    HARDWARE: a sense lead's fault (SF), of which no guide says that it disables the output.
    """

    OVER_VOLTAGE, OVER_CURRENT, MAINS, OVER_POWER, OVER_TEMPERATURE = 1, 2, 4, 8, 16
    POWER_LIMIT, SENSOR = 32, 64
    UNREGULATED, WATCHDOG, OSCILLATION, HARDWARE = 1 << 10, 1 << 11, 1 << 12, 1 << 13


class Interlock(IntFlag):
    """INH: the inhibit input."""

    EXTERNAL_INHIBIT = 1 << 9


@dataclass(frozen=True, slots=True)
class KeysightOptions(FeedOptions):
    """As every supply; `channel` 1 to 4 of an N6700C, 0 for a supply with one output."""

    channel: int = 0

    def __post_init__(self) -> None:
        """Check ranges. ValueError."""
        FeedOptions.__post_init__(self)
        if not 0 <= self.channel <= 4:
            raise ValueError("channel is 0 to 4")


DIALECT = FeedDialect(
    maker="Keysight",
    identity=ONE_OUTPUT,
    watchdog="OUTP:PROT:WDOG",
    watchdog_time="OUTP:PROT:WDOG:DEL",
    fault=Fault,
    interlock=Interlock,
    volts="VOLT:LIM",
    normal=LIMITS,
    unharmed=Fault.UNREGULATED | Fault.HARDWARE,
    setup=":FUNC CURR",
    confirm="FUNC",
    confirmed=b"CURR",
)


N6700C = replace(
    DIALECT,
    identity=MAINFRAME,
    volts="VOLT",
    unharmed=DIALECT.unharmed | Fault.OVER_POWER | Fault.POWER_LIMIT,  # CP: limited, perhaps on
    setup="",
    confirm="",
)


def _make(link: Link, options: KeysightOptions) -> ScpiFeed:
    """A mainframe has a channel list, CURR beside VOLT, and no priority."""
    own = replace(N6700C, channels=f"(@{options.channel})") if options.channel else DIALECT
    return ScpiFeed(link, options, own)


SPEC = DriverSpec(
    name="keysight_n7900",
    kind=Kind.FIELD_SOURCE,
    title="Keysight N6900, N7900, RP7900, N6700C before an inverter",
    make=lambda link, setup: _make(link, setup.option(KeysightOptions)),
    baud=115200,
    period_s=0.1,
    dead_man=DeadMan.DEVICE,
    options=KeysightOptions,
    stop_path="OUTP OFF; its watchdog after 1 s of silence; the enable line at its INH input,"
    " which must be set to latching",
    status=(Fault, Interlock),
    settling_s=0.3,
    resolution=0.01,
    watchdog_s=WATCHDOG_S,
    watchdog_proof_s=PROOF_S,
    provenance=(
        ("OUTP:PROT:WDOG, :DEL 1 to 3600 s, volatile", "documented: N6900 p252, N6700C p158"),
        ("fed by any SCPI traffic; output state unchanged", "documented: N6900 guide p252"),
        ("it runs with the output off too, as the self-test needs", "assumed: no page says not"),
        ("OUTP:PROT:CLE restores the state before", "documented: N6900 p251, RP7900 p226"),
        ("QUES bits", "documented: N6900 p286-287, RP7900 p241, N6700C p309"),
        ("*ESR? bit 7 after power-on", "documented: N6900 guide p287"),
        ("OUTP, MEAS:CURR?, CURR, VOLT; NR3 replies", "documented: N6900 and N5700 guides"),
        ("FUNC CURR, VOLT:LIM on one-output supplies", "assumed: guide, from memory; read back"),
        ("FUNC? answers CURR", "assumed: guide, from memory"),
        ("N6700C: channel lists; its watchdog has none", "documented: N6700C guide p158"),
        ("no limit but the set current", "assumed: CURR:PROT trips at the set current itself"),
        ("model names in *IDN?", "assumed: the families' prefixes"),
    ),
)
