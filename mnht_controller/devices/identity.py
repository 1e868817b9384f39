# SPDX-License-Identifier: Apache-2.0
"""Whether who answered is the one the site asked for: a twin or a real one, and which."""

import re
from dataclasses import dataclass

TWIN_PREFIX = "SIM"
KINDS = ("real", "simulated")


@dataclass(frozen=True, slots=True)
class Expected:
    """Who the site says is there. None: any kind; empty: any serial number."""

    simulated: bool | None = None
    serial: str = ""


def is_twin(serial: str) -> bool:
    """Whether this serial number is a twin's."""
    return serial.strip().startswith(TWIN_PREFIX)


def wrong_one(found: re.Match[bytes], expected: Expected, *, anonymous: bool = False) -> str:
    """Why this identity is refused; empty when it is not.

    The identity pattern of a driver must have a group named `serial`, unless its dialect carries
    nothing that could tell one instrument from another.
    """
    text = found.groupdict().get("serial")
    if text is None:
        if anonymous and expected.serial:
            return "its protocol carries no serial number, but the site asks for one"
        if anonymous or expected.simulated is None:
            return ""
        return "the driver's identity pattern has no group `serial`, so a twin cannot be told"
    serial = text.decode("ascii", "replace").strip()
    if expected.simulated is not None and is_twin(serial) is not expected.simulated:
        return (
            f"a {KINDS[is_twin(serial)]} instrument (serial {serial}) answers, but the site says"
            f" {KINDS[expected.simulated]}: simulated and real do not mix"
        )
    if expected.serial and serial != expected.serial:
        return f"serial number {serial} answers, but the site asks for {expected.serial}"
    return ""
