# SPDX-License-Identifier: Apache-2.0
"""What a temperature can be and how it can change. Limits of belief, not of treatment."""

import math
from enum import StrEnum

from mnht_controller.domain.probe import Probe, Role


class Why(StrEnum):
    """Why an observation is not simply good."""

    NO_VALUE = "no_value"
    RANGE = "range"
    JUMP = "jump"
    FALLING = "falling"
    FLAT = "flat"
    STALE = "stale"
    COUNTER_STOPPED = "counter_stopped"
    FUTURE = "future"


RANGE_C: tuple[tuple[Role, float, float], ...] = (
    (Role.SKIN, 15.0, 60.0),
    (Role.TUMOR, 15.0, 90.0),
    (Role.HEALTHY, 15.0, 60.0),
)
JUMP_C = 2.0
"""Largest step from the last accepted sample."""
REACCEPT_S = 10.0
"""A jumped-to level becomes a reading only after it has been consistent this long (monotonic)."""
BELIEVE_S = 0.3
"""… but protects (raw sample) after this long: a spike is over by then, a hot skin is not."""
RISE_C_PER_S_MAX = 0.5
FALL_C_PER_S_MAX = 0.3
SIGMAS = 5.0
_SQRT_2 = math.sqrt(2.0)
FLAT_PROBABILITY = 1e-6
FLAT_PROBABILITY_WANTED = 1e-9
"""Taken where it decides in FLAT_S_WANTED: at 10 Hz, 1e-6 a sample is a false trip in days."""
FLAT_S_WANTED = 4.0
FLAT_REPEAT_MAX = 0.9
"""Chance of a repeat above which resolution hides the noise and flatness says nothing."""
STALE_S_MIN = 0.8
STALE_S_MAX = 2.5
STALE_PERIODS = 2.5


def in_range(role: Role, value_c: float) -> bool:
    """Whether such a tissue can have this temperature (NaN and infinity cannot be)."""
    for name, low, high in RANGE_C:
        if name is role:
            return low <= value_c <= high
    return False


def sigma_c(probe: Probe) -> float:
    """Noise of one sample as read: the declared noise and the rounding to the resolution."""
    return math.sqrt(probe.noise_c * probe.noise_c + probe.resolution_c * probe.resolution_c / 12.0)


def stale_s(period_s: float) -> float:
    """Age at which a reading is stale: max(0.8 s, 2.5 periods), at most 2.5 s."""
    age_s = STALE_PERIODS * period_s
    return max(STALE_S_MIN, age_s) if age_s <= STALE_S_MAX else STALE_S_MAX


def rises_too_fast(difference_c: float, seconds: float, probe: Probe) -> bool:
    """Whether a difference of two samples exceeds 0.5 °C/s by five sigma of its noise."""
    excess_c = difference_c - RISE_C_PER_S_MAX * seconds
    return not (excess_c <= 0.0 or excess_c <= SIGMAS * _SQRT_2 * sigma_c(probe))


def falls_too_fast(difference_c: float, seconds: float, probe: Probe) -> bool:
    """Whether it falls by more than 0.3 °C/s and five sigma: skin does not, a loose probe does."""
    excess_c = -difference_c - FALL_C_PER_S_MAX * seconds
    return not (excess_c <= 0.0 or excess_c <= SIGMAS * _SQRT_2 * sigma_c(probe))


def flat_samples(noise_c: float, resolution_c: float, period_s: float) -> int | None:
    """How many identical raw values in a row a living channel cannot give; None: cannot decide.

    With white noise s rounded to q the next value repeats with probability at most
    p = erf(q / (2·√2·s)); n identical values have at most p^(n-1).
    """
    if not (noise_c > 0.0 and resolution_c > 0.0):
        return None
    repeat = math.erf(resolution_c / (2.0 * _SQRT_2 * noise_c))
    if not (0.0 < repeat <= FLAT_REPEAT_MAX):
        return None
    needed = 2 + int(math.log(FLAT_PROBABILITY) / math.log(repeat))
    wanted = 2 + int(math.log(FLAT_PROBABILITY_WANTED) / math.log(repeat))
    return wanted if wanted * period_s <= FLAT_S_WANTED else needed
