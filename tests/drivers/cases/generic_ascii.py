# SPDX-License-Identifier: Apache-2.0
"""The generic text thermometer with four invented layouts: one question, one a channel, pushed."""

from dataclasses import replace

from drivers.generic_ascii import SPEC
from mnht_controller.devices.ascii_map import AsciiOptions
from mnht_controller.devices.contract import Setup
from mnht_controller.devices.testing import Pair
from sim_hardware.devices.thermometers.ascii_line import (
    ASKED,
    PUSHED,
    TENTHS,
    WORDS,
    AsciiLineTwin,
    Layout,
)
from tests.drivers.cases import Case

ALL = AsciiOptions(
    reply=r"T1=(?P<c1>\S+) T2=(?P<c2>\S+)",
    query=r"?T\r",
    identity_query=r"?ID\r",
    identity=r"THERMO \d (?P<serial>SIM\d+)",
)
EACH = replace(ALL, reply=r"T{channel}=(?P<value>\S+)", query=r"?T{channel}\r")
WHO = (b"?ID\r", b"THERMO 4 SIM0002\r\n")

ADDRESSED = AsciiOptions(
    query=r"?0{channel}\r",
    reply=r"#0{channel} (?P<value>[+-]\d{4})",
    end=r"\r",
    scale=0.1,
    invalid=("+9999", "#ER"),
)
"""Anonymous: whatever answers like channel 1 passes."""

WORDY = AsciiOptions(
    query=r"MEAS:TEMP? ALL\n",
    reply=r"(?P<c1>[^,]+),(?P<c2>[^,]+)",
    end=r"\n",
    invalid=("NO SIGNAL",),
    ignored="OK",
    init=(r"SYST:REM\n", r"UNIT C\n"),
    identity_query=r"*IDN?\n",
    identity=r"(?P<maker>\w+),(?P<model>[^,]+),(?P<serial>SIM\d+),(?P<firmware>[^,]+)",
)
IDN = (b"*IDN?\n", b"SIM,FO-4,SIM0002,1.0\n")

UNASKED = AsciiOptions(
    reply=r"(?P<c1>[+-]\d{3}\.\d\d|OVERRUN);(?P<c2>[+-]\d{3}\.\d\d|OVERRUN)", unit="f"
)


def case(options: AsciiOptions, layout: Layout, *opening: Pair) -> Case:
    return Case(
        SPEC,
        opening=opening,
        twin=lambda _: AsciiLineTwin({1: lambda _: 41.2, 2: lambda _: 44.5}, layout=layout),
        setup=Setup((1, 2), options),
        expects={1: 41.2, 2: 44.5},
    )


CASES = (
    case(ALL, ASKED, WHO),
    case(EACH, ASKED, WHO),
    case(ADDRESSED, TENTHS, (b"?01\r", b"#01 +0412\r")),
    case(WORDY, WORDS, IDN, (b"SYST:REM\n", b"OK\n"), (b"UNIT C\n", b"OK\n"), IDN),
    case(UNASKED, PUSHED, (b"", b"+106.16;+112.10\r\n")),
)
