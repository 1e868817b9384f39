# SPDX-License-Identifier: Apache-2.0
"""Where a temperature is taken and why. A channel of a thermometer carries a probe."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """Why the probe is there."""

    SKIN = "skin"
    TUMOR = "tumor"
    HEALTHY = "healthy"


@dataclass(frozen=True, slots=True)
class Probe:
    """One probe with what its thermometer declares; part of what the guard is asked to confirm.

    `deposit_depth_mm` is the plan's distance from the probe to the deposit's hot edge (skin only;
    None: unknown, the longest prediction time applies). Probes that name the same `zone` measure
    the same place, and must agree.
    """

    id: str
    device: str
    channel: int
    role: Role
    required: bool
    noise_c: float
    resolution_c: float
    lag_s: float
    period_s: float
    deposit_depth_mm: float | None = None
    zone: str | None = None
