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
    """One atomic snapshot of the field source; `clock_s` and `boot` are the instrument's own.

    `watchdog_on` and `limit_ka_per_m` are None for an instrument that has no such thing.
    `line_closed`: the enable line as read back by a look that began at `line_seen_at`; None:
    nothing here reads it.
    """

    at: float
    seq: int
    clock_s: float
    boot: int
    heartbeat: int
    setpoint_ka_per_m: float
    measured_ka_per_m: float | None
    output_on: bool
    watchdog_on: bool | None
    limit_ka_per_m: float | None
    frequency_hz: float | None
    coil_c: float | None
    coolant_l_per_min: float | None
    faults: tuple[str, ...] = ()
    interlocks_open: tuple[str, ...] = ()
    line_closed: bool | None = None
    line_seen_at: float = 0.0


@quick
@dataclass(frozen=True, slots=True)
class AuxiliaryReading:
    """What a device beside the source says. None: it does not measure that.

    `permit` is the run-permit contact as read back. `is_ready` is False while the device does not
    do what it is there for: a chiller that does not run. `line_closed`: the enable line's contact.
    """

    at: float
    seq: int
    is_ready: bool = True
    permit: bool | None = None
    measured_ka_per_m: float | None = None
    frequency_hz: float | None = None
    coolant_c: float | None = None
    faults: tuple[str, ...] = ()
    interlocks_open: tuple[str, ...] = ()
    line_closed: bool | None = None
