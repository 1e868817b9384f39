# SPDX-License-Identifier: Apache-2.0
"""Thermal dose: cumulative equivalent minutes at 43 °C (Sapareto and Dewey 1984).

Exact on linear temperature segments, so it does not depend on how densely they are sampled.
"""

import math

BREAK_C = 43.0
FLOOR_C = 39.0
"""Below this nothing counts: the common clinical convention; some authors count from 37 °C."""

_EXPONENT_ABOVE_PER_C = math.log(2.0)
"""-ln R with R = 0.5 at or above the break."""
_EXPONENT_BELOW_PER_C = math.log(4.0)
"""-ln R with R = 0.25 below the break."""


def cem43_min(t0_c: float, t1_c: float, duration_s: float, floor_c: float = FLOOR_C) -> float:
    """CEM43 in minutes while the temperature goes linearly from `t0_c` to `t1_c` in `duration_s`.

    R is 0.5 at or above 43 °C, 0.25 below, 0 below `floor_c` (at most 43). The dose does not depend
    on the direction. A segment that does not last longer than zero has none.
    """
    if not (duration_s > 0.0):
        return 0.0
    low, high = (t0_c, t1_c) if t0_c <= t1_c else (t1_c, t0_c)
    if high < floor_c:
        return 0.0
    if low == high:
        return _piece_min(low, high, duration_s)
    s_per_c = duration_s / (high - low)
    start = max(low, floor_c)
    middle = min(max(start, BREAK_C), high)
    below = _piece_min(start, middle, (middle - start) * s_per_c)
    return below + _piece_min(middle, high, (high - middle) * s_per_c)


def _piece_min(low_c: float, high_c: float, duration_s: float) -> float:
    """The closed form on a piece that does not cross the break."""
    exponent = _EXPONENT_ABOVE_PER_C if low_c >= BREAK_C else _EXPONENT_BELOW_PER_C
    x = exponent * (high_c - low_c)
    mean = math.expm1(x) / x if x > 0.0 else 1.0
    return duration_s / 60.0 * math.exp(exponent * (low_c - BREAK_C)) * mean
