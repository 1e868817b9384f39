# SPDX-License-Identifier: Apache-2.0
"""What the wire says, with quality. Missing is None plus quality: never NaN, 0, last-good."""

from dataclasses import dataclass
from enum import StrEnum

from mnht_controller.domain.compiled import quick


class Quality(StrEnum):
    """How far a reading can be trusted."""

    GOOD = "good"
    SUSPECT = "suspect"
    BAD = "bad"
    STALE = "stale"


@quick
@dataclass(frozen=True, slots=True)
class Reading:
    """One temperature in °C, taken at monotonic time `at`, the link's frame counter in `seq`."""

    value: float | None
    quality: Quality
    at: float
    seq: int
    detail: str = ""


@quick
@dataclass(frozen=True, slots=True)
class SourceReading:
    """One atomic snapshot of the field source; `clock_s` and `boot` are the instrument's own."""

    at: float
    seq: int
    clock_s: float
    boot: int
    heartbeat: int
    setpoint_ka_per_m: float
    measured_ka_per_m: float | None
    output_on: bool
    watchdog_on: bool
    limit_ka_per_m: float
    frequency_hz: float | None
    coil_c: float | None
    coolant_l_per_min: float | None
    faults: tuple[str, ...] = ()
    interlocks_open: tuple[str, ...] = ()
