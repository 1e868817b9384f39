# SPDX-License-Identifier: Apache-2.0
"""Wish, leave and refusal. None means off, zero means zero; an absent amplitude is no number."""

from dataclasses import dataclass

from mnht_controller.domain.compiled import quick


@quick
@dataclass(frozen=True, slots=True)
class Reason:
    """Why something was decided: a stable code, where (a probe or device id), and its numbers."""

    code: str
    where: str = ""
    value: float | None = None
    limit: float | None = None


@quick
@dataclass(frozen=True, slots=True)
class FieldDemand:
    """The wish of control: peak amplitude, or None for off."""

    field_ka_per_m: float | None
    reasons: tuple[Reason, ...] = ()


@quick
@dataclass(frozen=True, slots=True)
class Permit:
    """The interlock's leave to send one absolute amplitude, until `expires_at` (monotonic).

    Built by interlock/gate.py and nowhere else; a test walks the tree.
    """

    field_ka_per_m: float
    serial: int
    expires_at: float


@dataclass(frozen=True, slots=True)
class Inhibit:
    """Refusal now. `tripped` means latched: the lease carries null until a human resets."""

    reasons: tuple[Reason, ...]
    tripped: bool
