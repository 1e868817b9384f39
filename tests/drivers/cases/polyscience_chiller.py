# SPDX-License-Identifier: Apache-2.0
"""PolyScience: LS manual page 19. In °C, and as a unit that shows °F and knows no RF."""

from drivers.polyscience_chiller import SPEC, PolyScienceOptions
from mnht_controller.devices.contract import Setup
from sim_hardware.devices.auxiliaries.polyscience import PolyScienceTwin
from tests.drivers.cases import Case

OPENING = (
    (b"RU\r", b"C\r"),
    (b"SE0\r", b"!\r"),
    (b"RU\r", b"C\r"),
    (b"RT\r", b"+22.0\r"),
    (b"RW\r", b"0\r"),
    (b"RF\r", b"00\r"),
)
FAHRENHEIT = (
    (b"RU\r", b"F\r"),
    (b"SE0\r", b"!\r"),
    (b"RU\r", b"F\r"),
    (b"RT\r", b"+71.6\r"),
    (b"RW\r", b"0\r"),
)

CASES = (
    Case(
        SPEC,
        opening=OPENING,
        twin=PolyScienceTwin,
        setup=Setup((), PolyScienceOptions(setpoint_c=20.0)),
    ),
    Case(
        SPEC,
        opening=FAHRENHEIT,
        twin=lambda start_s: PolyScienceTwin(start_s, "F"),
        setup=Setup((), PolyScienceOptions(setpoint_c=22.0, faults=False)),
    ),
)
