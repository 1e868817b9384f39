# SPDX-License-Identifier: Apache-2.0
"""Lines of TDK-Lambda's GEN dialect: a checksum behind `$`, and words for what is refused."""

import re
from types import MappingProxyType

from mnht_controller.devices.dc_feed import Order
from mnht_controller.devices.errors import DeviceFault
from mnht_controller.devices.link import Link
from mnht_controller.devices.scpi import unconfirmed

SUM_RESIDUAL = 1.0 / 256.0
"""How often a reply that noise has replaced at random passes its sum. One wrong bit never does."""

SUM = rb"\$[0-9A-F]{2}"
OK = re.compile(rb"OK\$9A")
EVENT = re.compile(rb"OK|[CE]0\d|!\d\d(?:" + SUM + rb")?")
"""Acknowledgements of lines without a sum, which nobody waits for, and service requests."""

ERRORS = MappingProxyType(
    {
        "C01": "illegal command or query",
        "C02": "missing parameter",
        "C03": "illegal parameter",
        "C04": "checksum error",
        "C05": "setting out of range",
        "E01": "volts above the range, or above 95 % of the over-voltage protection",
        "E02": "volts below the under-voltage limit",
        "E04": "over-voltage protection too low for these volts",
        "E06": "under-voltage limit above the volts",
        "E07": "output on refused during a fault",
    }
)
"""Genesys user manual, tables 7-1 and 7-2."""


def checked(text: str) -> bytes:
    """A line with its checksum: the low byte of the sum of its characters."""
    return f"{text}${sum(text.encode('ascii', 'replace')) & 0xFF:02X}\r".encode()


def judged(link: Link, answer: bytes) -> str:
    """The text of a reply whose sum is right. ProtocolError, or DeviceFault for an error word."""
    body, _, _ = answer.partition(b"$")
    said = body.decode("ascii", "replace")
    if answer + b"\r" != checked(said):
        raise unconfirmed(link, answer)
    if said in ERRORS:
        raise DeviceFault(
            f"{link.resource}: {said}: {ERRORS[said]}; the command was not obeyed; look at the"
            " supply's settings"
        )
    return said


def commands(order: Order) -> tuple[str, ...]:
    """An order in words: off first; automatic restart may have been set at the front panel."""
    off = ("OUT OFF",) if order.is_off or order.is_on is False else ()
    restart = ("AST OFF",) if order.is_on is False else ()
    amps = () if order.amps is None else (f"PC {order.amps:.3f}",)
    return (*off, *restart, *amps, *(("OUT ON",) if order.is_on else ()))
