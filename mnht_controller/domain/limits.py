# SPDX-License-Identifier: Apache-2.0
"""Fixed bounds. HARD_LIMITS is compiled in; every other set of limits can only be tighter."""

from dataclasses import dataclass, fields, replace
from enum import StrEnum

from mnht_controller.domain.errors import InvariantError


class Region(StrEnum):
    """Body region; decides the cap on the field."""

    PELVIS = "pelvis"
    THORAX = "thorax"
    NECK = "neck"
    HEAD = "head"
    EXTREMITY = "extremity"


@dataclass(frozen=True, slots=True)
class Limits:
    """Upper bounds that hold during a session. A lower number is always the tighter one."""

    skin_c_setpoint: float
    skin_c_cap: float
    skin_c_trip: float
    tumor_c_cap: float
    healthy_c_cap: float
    skin_cem43_min_cap: float
    field_ka_per_m_cap: float
    field_s_max: float
    """Field-on time of one session, in treatment time."""


HARD_LIMITS = Limits(
    skin_c_setpoint=43.0,
    skin_c_cap=43.5,
    skin_c_trip=44.0,
    tumor_c_cap=60.0,
    healthy_c_cap=45.0,
    skin_cem43_min_cap=40.0,
    field_ka_per_m_cap=18.0,
    field_s_max=6000.0,
)

FIELD_KA_PER_M_CAPS: tuple[tuple[Region, float], ...] = (
    (Region.PELVIS, 6.0),
    (Region.THORAX, 7.5),
    (Region.NECK, 7.5),
    (Region.HEAD, 13.5),
    (Region.EXTREMITY, 14.6),
)
"""Cap on the peak amplitude at 100 kHz. Extremity: 4.85 · 0.15 m / 0.05 m, the thinnest radius."""


def region_cap_ka_per_m(region: Region) -> float:
    """The compiled cap for a region at 100 kHz."""
    for name, cap in FIELD_KA_PER_M_CAPS:
        if name is region:
            return cap
    raise InvariantError(f"no cap for region {region!r}; the field goes off")


def wider_than(limits: Limits, ceiling: Limits) -> tuple[str, ...]:
    """Names of the bounds that are not at or below the ceiling (NaN counts as wider) or not > 0."""
    return tuple(
        field.name
        for field in fields(Limits)
        if not (0.0 < getattr(limits, field.name) <= getattr(ceiling, field.name))
    )


def tighten(limits: Limits, **bounds: float | None) -> Limits:
    """Apply the bounds that are given and tighter; a wider one leaves the limit as it is."""
    tighter = {
        name: bound
        for name, bound in bounds.items()
        if bound is not None and bound <= getattr(limits, name)
    }
    return replace(limits, **tighter)
