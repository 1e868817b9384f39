# SPDX-License-Identifier: Apache-2.0
"""The generic text thermometer, once with one question for all channels, once with one for each."""

from dataclasses import replace

from drivers.generic_ascii import SPEC, AsciiOptions
from mnht_controller.devices.contract import Setup
from sim_hardware.devices.thermometers.ascii_line import AsciiLineTwin
from tests.drivers.cases import Case

ALL = AsciiOptions(
    reply=r"T1=(?P<c1>\S+) T2=(?P<c2>\S+)",
    query=r"?T\r",
    identity_query=r"?ID\r",
    identity=r"THERMO \d (?P<serial>SIM\d+)",
)
EACH = replace(ALL, reply=r"T\d=(?P<value>\S+)", query=r"?T{channel}\r")
ASKED = ((b"?ID\r", b"THERMO 4 SIM0002\r\n"),)


def case(options: AsciiOptions) -> Case:
    return Case(
        SPEC,
        opening=ASKED,
        twin=lambda _: AsciiLineTwin({1: lambda _: 41.2, 2: lambda _: 44.5}),
        setup=Setup((1, 2), options),
        expects={1: 41.2, 2: 44.5},
    )


CASES = (case(ALL), case(EACH))
