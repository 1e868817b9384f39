# SPDX-License-Identifier: Apache-2.0
"""How a probe answers to the field: gain, lag, and how far both stand out of the noise.

Least squares of T = c + trend·t + g·(E - lag·u) with E the energy, the integral of u dt: what a tip
with a first-order lag shows in tissue that has not begun to lose heat. It judges nothing.
"""

import math
from dataclasses import dataclass

from mnht_controller.domain.compiled import quick

DETERMINANT_MIN = 1e-9
"""Relative; below it energy and power cannot be told apart yet."""


@quick
@dataclass(frozen=True, slots=True)
class Sums:
    """Sums over samples of 1, E, u and y, y in °C from the first sample on, its trend taken off."""

    first_c: float = 0.0
    count: int = 0
    e: float = 0.0
    u: float = 0.0
    ee: float = 0.0
    eu: float = 0.0
    uu: float = 0.0
    y: float = 0.0
    ey: float = 0.0
    uy: float = 0.0


@quick
@dataclass(frozen=True, slots=True)
class Response:
    """`gain_c_per_s` is °C/s per unit u; sigmas come from the declared noise alone."""

    gain_c_per_s: float
    gain_sigma: float
    lag_s: float
    lag_sigma_s: float

    @property
    def snr(self) -> float:
        """How many sigmas the gain stands out; negative where the probe falls when heated."""
        return self.gain_c_per_s / self.gain_sigma


def added(sums: Sums, celsius: float, trend_c: float, energy: float, power: float) -> Sums:
    """Take in one sample; `trend_c` is what it would have changed by without a field."""
    first_c = sums.first_c if sums.count else celsius
    y = celsius - first_c - trend_c
    return Sums(
        first_c,
        sums.count + 1,
        sums.e + energy,
        sums.u + power,
        sums.ee + energy * energy,
        sums.eu + energy * power,
        sums.uu + power * power,
        sums.y + y,
        sums.ey + energy * y,
        sums.uy + power * y,
    )


def solved(sums: Sums, sigma_c: float) -> Response | None:
    """The fit; None while the samples do not decide it."""
    if sums.count < 4 or not (sigma_c > 0.0):
        return None
    n = float(sums.count)
    # Centered, the constant drops out: two unknowns are left.
    ee, uu = sums.ee - sums.e * sums.e / n, sums.uu - sums.u * sums.u / n
    eu = sums.eu - sums.e * sums.u / n
    ey, uy = sums.ey - sums.e * sums.y / n, sums.uy - sums.u * sums.y / n
    determinant = ee * uu - eu * eu
    if not (determinant > DETERMINANT_MIN * ee * uu > 0.0):
        return None
    gain = (ey * uu - uy * eu) / determinant
    delay = (uy * ee - ey * eu) / determinant  # -gain·lag
    if gain == 0.0 or not math.isfinite(gain + delay):
        return None
    lag_s = -delay / gain
    variance = sigma_c * sigma_c / determinant
    lag_variance = variance * (ee - 2.0 * lag_s * eu + lag_s * lag_s * uu) / (gain * gain)
    return Response(gain, math.sqrt(variance * uu), lag_s, math.sqrt(max(0.0, lag_variance)))
