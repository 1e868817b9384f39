# SPDX-License-Identifier: Apache-2.0
"""What every SCPI dialect shares (IEEE 488.2, SCPI-1999): numbers, bits, error reply, tag query."""

import math
import re

from mnht_controller.devices.errors import DeviceFault, ProtocolError, RangeRefusedError
from mnht_controller.devices.link import Link
from mnht_controller.domain.units import FIELD_FULL_SCALE_KA_PER_M

NUMBER = r"[+-]?\d{1,20}(?:\.\d{0,20})?(?:E[+-]?0?\d{1,2})?"
"""NR1, NR2 or NR3 as an instrument sends them: no blanks, no comma, no `nan`, never infinite."""

NO_ERROR = re.compile(rb'[+-]?0,"No error.*"')
"""The reply to `SYST:ERR?` when nothing is queued."""

FIELD_STEP_KA_PER_M = 0.001
"""Amplitudes closer than this are the same: instruments store A/m."""

NOT_A_NUMBER = 9.9e37
"""9.91E37 is SCPI's not-a-number and ±9.9E37 its infinity: no measurement."""


def measured(text: bytes, scale: float = 1.0) -> float | None:
    """Read a number that the caller's pattern has matched; None where it says: no measurement."""
    value = float(text)
    return value * scale if abs(value) < NOT_A_NUMBER else None


def tag(number: int) -> tuple[bytes, re.Pattern[bytes]]:
    """Ask for a number just stored in the event enable register, which nothing else here uses."""
    value = number % 255 + 1
    return f"*ESE {value};*ESE?\n".encode(), re.compile(rf"\+?{value}".encode())


async def refuse_errors(link: Link) -> None:
    """Raise DeviceFault with the instrument's own words when its error queue is not empty."""
    answer = await link.query(b"SYST:ERR?\n")
    if not NO_ERROR.fullmatch(answer):
        raise DeviceFault(
            f"{link.resource}: the instrument refused a command: {answer!r}; it is treated as not"
            " obeyed; look the number up in its manual"
        )


def a_per_m(field_ka_per_m: float) -> str:
    """Write a peak amplitude in A/m, to 0.1. RangeRefusedError outside 0 to full scale, or NaN."""
    if not (0.0 <= field_ka_per_m <= FIELD_FULL_SCALE_KA_PER_M):
        raise RangeRefusedError(
            f"{field_ka_per_m} kA/m is outside 0 to {FIELD_FULL_SCALE_KA_PER_M}; nothing was sent"
        )
    return f"{field_ka_per_m * 1000.0:.1f}"


def within(field_ka_per_m: float, limit_ka_per_m: float) -> float:
    """An amplitude that a source without a limit register may take. RangeRefusedError."""
    if not (0.0 <= field_ka_per_m <= limit_ka_per_m):
        raise RangeRefusedError(
            f"{field_ka_per_m} kA/m is outside 0 to {limit_ka_per_m}; nothing was sent"
        )
    return field_ka_per_m


def at_most(value: float, decimals: int) -> float:
    """Cut a set value to so many decimals: rounding up would pass the cap."""
    scale = 10.0**decimals
    return math.floor(value * scale * (1.0 + 1e-12)) / scale


def is_same_field(read_ka_per_m: float | None, sent_ka_per_m: float) -> bool:
    """Whether a read-back is the amplitude that was sent."""
    return read_ka_per_m is not None and abs(read_ka_per_m - sent_ka_per_m) <= FIELD_STEP_KA_PER_M


def unconfirmed(link: Link, got: object) -> ProtocolError:
    """Make the error for a reply that does not confirm the command; the link is then DIRTY."""
    link.distrust()
    return ProtocolError(
        f"{link.resource}: {got!r} does not confirm what was sent; whether it was obeyed is"
        " unknown, so the output must go off"
    )
