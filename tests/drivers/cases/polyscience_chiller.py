# SPDX-License-Identifier: Apache-2.0
"""PolyScience: LS manual page 19."""

from drivers.polyscience_chiller import SPEC
from mnht_controller.devices.contract import Setup
from mnht_controller.devices.cooling import ChillerOptions
from sim_hardware.devices.auxiliaries.polyscience import PolyScienceTwin
from tests.drivers.cases import Case

OPENING = (
    (b"RU\r", b"C\r"),
    (b"SE0\r", b"!\r"),
    (b"RT\r", b"+022.0\r"),
    (b"RW\r", b"0\r"),
    (b"RF\r", b"00\r"),
)

CASES = (
    Case(
        SPEC,
        opening=OPENING,
        twin=PolyScienceTwin,
        setup=Setup((), ChillerOptions(setpoint_c=20.0)),
    ),
    Case(
        SPEC,
        opening=((b"RU\r", b"F\r"), OPENING[1], (b"RT\r", b"+071.6\r"), *OPENING[3:]),
        twin=lambda start_s: PolyScienceTwin(start_s, "F"),
        setup=Setup((), ChillerOptions(setpoint_c=20.0)),
    ),
)
