# SPDX-License-Identifier: Apache-2.0
"""Ambrell EASYHEAT: 3542 manual page 49 (eight fields), 0112 manual page 46 (seven)."""

from drivers.ambrell_easyheat import SPEC, AmbrellOptions
from mnht_controller.devices.contract import Setup
from sim_hardware.devices.sources.ambrell import AmbrellTwin, Model
from tests.drivers.cases import Case

OPTIONS = AmbrellOptions(field_ka_per_m_per_a=0.072, frequency_hz=1e5)
OFF = b"\r1,hoff\r"


def opening(data: bytes) -> tuple[tuple[bytes, bytes], ...]:
    """Who is there; off; zero amperes, off, and the data that show it."""
    zero = b"1,amps,0.00\r1,hoff\r1,rdata\r"
    return (b"1,rdata\r", data), (OFF, b""), (zero, data)


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
