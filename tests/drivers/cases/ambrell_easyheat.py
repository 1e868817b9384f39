# SPDX-License-Identifier: Apache-2.0
"""Ambrell EASYHEAT: 3542 manual page 49 (eight fields), 0112 manual page 46 (seven)."""

from drivers.ambrell_easyheat import SPEC, AmbrellOptions
from mnht_controller.devices.contract import Setup
from sim_hardware.devices.sources.ambrell import AmbrellTwin, Model
from tests.drivers.cases import Case

OPTIONS = AmbrellOptions(field_ka_per_m_per_a=0.072)
ASK = b"1,rdata\r"
OFF = b"\r1,hoff\r"
ZERO = b"1,amps,0.00\r1,rdata\r"
AMPS_MAX = (b"1,maxamps\r", b"1,250.0\r\n")


def opening(data: bytes) -> tuple[tuple[bytes, bytes], ...]:
    """Who is there; off; what never changes; zero amperes and the data that show it."""
    return (ASK, data), (OFF, b""), AMPS_MAX, (ZERO, data)


CASES = (
    Case(
        SPEC,
        opening=opening(b"1,0,0.0,0,0,0,0,214\r\n"),
        twin=AmbrellTwin,
        setup=Setup((), OPTIONS),
    ),
    Case(
        SPEC,
        opening=opening(b"1,0,0.0,0,0,0,214\r\n"),
        twin=lambda start_s: AmbrellTwin(start_s, Model(has_watts=False, ack="OK")),
        setup=Setup((), OPTIONS),
    ),
)
