# SPDX-License-Identifier: Apache-2.0
"""Whether who answered is of the kind that the site asked for: a twin or a real instrument."""

import re

TWIN_PREFIX = "SIM"
KINDS = ("real", "simulated")


def is_twin(serial: str) -> bool:
    """Whether this serial number is a twin's."""
    return serial.strip().startswith(TWIN_PREFIX)


def wrong_kind(found: re.Match[bytes], simulated: bool | None) -> str:
    """Why this identity is refused; empty when it is not. None takes either kind.

    The identity pattern of a driver must have a group named `serial`.
    """
    if simulated is None:
        return ""
    serial = found.groupdict().get("serial")
    if serial is None:
        return "the driver's identity pattern has no group `serial`, so a twin cannot be told"
    text = serial.decode("ascii", "replace").strip()
    if is_twin(text) is simulated:
        return ""
    return (
        f"a {KINDS[is_twin(text)]} instrument (serial {text}) answers, but the site says"
        f" {KINDS[simulated]}: simulated and real do not mix"
    )
