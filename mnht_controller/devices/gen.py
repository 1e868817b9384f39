# SPDX-License-Identifier: Apache-2.0
"""Lines of TDK-Lambda's GEN dialect: a checksum behind `$`, and words for what is refused.

One garbled line in 256 passes such a sum all the same.
"""

from types import MappingProxyType

from mnht_controller.devices.errors import DeviceFault
from mnht_controller.devices.link import Link
from mnht_controller.devices.scpi import unconfirmed

SUM_RESIDUAL = 1.0 / 256.0

ERRORS = MappingProxyType(
    {
        "C01": "illegal command",
        "C02": "missing parameter",
        "C03": "illegal parameter",
        "C04": "checksum error",
        "C05": "out of range",
        "E01": "voltage above the OVP range",
        "E02": "voltage below UVL",
        "E04": "OVP too low",
        "E06": "UVL too high",
        "E07": "output on during a fault",
    }
)


def checked(text: str) -> bytes:
    """A line with its checksum: the low byte of the sum of its characters."""
    return f"{text}${sum(text.encode('ascii', 'replace')) & 0xFF:02X}\r".encode()


def judged(link: Link, answer: bytes) -> str:
    """The text of a reply whose sum is right. ProtocolError, or DeviceFault for an error word."""
    body, _, _ = answer.partition(b"$")
    said = body.decode("ascii", "replace")
    if not said or answer + b"\r" != checked(said):
        raise unconfirmed(link, answer)
    if said in ERRORS:
        link.distrust()
        raise DeviceFault(f"{link.resource}: {said}: {ERRORS[said]}")
    return said
