# SPDX-License-Identifier: Apache-2.0
"""What a session has used of what it may use; kept beside the latch, so that no restart forgets."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProbeDose:
    """Thermal dose at one probe."""

    id: str
    cem43_min: float


@dataclass(frozen=True, slots=True)
class Spent:
    """Used under a prescription.

    `over`: that session came to its own end or was closed by a person, and counts no more.
    """

    prescription_sha256: str = ""
    field_s: float = 0.0
    doses: tuple[ProbeDose, ...] = ()
    over: bool = True


NOTHING = Spent()
"""A first start."""
