# SPDX-License-Identifier: Apache-2.0
"""Closed-form solutions of the bioheat equation that the solver is judged by; SI, rise in K.

They know nothing of the plant. Integrals are by own quadrature: numpy has neither erf nor quad.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]

LEGENDRE = 12
"""Nodes of Gauss and Legendre in each panel of an integral."""
PANELS = 44
SHORTEST = 1e-9
"""The first panel of time ends at this part of the last time; panels grow geometrically."""
CHUNK = 64

_ERF = np.frompyfunc(math.erf, 1, 1)
_ERFC = np.frompyfunc(math.erfc, 1, 1)


def erf(x: F64) -> F64:
    """Return the error function."""
    return np.asarray(_ERF(x), dtype=np.float64)


def erfc(x: F64) -> F64:
    """Return its complement, also where that is tiny."""
    return np.asarray(_ERFC(x), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Material:
    """W/m/K, J/m³/K, W·c_b in W/m³/K."""

    k: float
    capacity: float
    perfusion: float = 0.0

    @property
    def alpha(self) -> float:
        """Diffusivity, m²/s."""
        return self.k / self.capacity

    @property
    def decay(self) -> float:
        """λ = √(W·c_b/k), 1/m."""
        return math.sqrt(self.perfusion / self.k)


# ---- V1: sphere with P W/m³ in an infinite medium ------------------------------------------


def sphere(material: Material, source: tuple[float, float], r: F64, times: list[float]) -> F64:
    """Return the rise (times, r) of a sphere of (radius m, W/m³) switched on at 0."""
    radius, power = source
    rate = material.perfusion / material.capacity
    edges = _panels(times)
    total = np.empty((len(times), len(r)))
    stops = [int(np.searchsorted(edges, t * (1.0 - 1e-12))) for t in times]
    s, weight = _nodes(edges)
    weight = weight * np.exp(-rate * s) * (power / material.capacity)
    for start in range(0, len(r), CHUNK):
        part = r[start : start + CHUNK]
        parts = _kernel(material.alpha, radius, part, s) * weight
        sums = np.cumsum(parts.reshape(len(part), -1, LEGENDRE).sum(axis=2), axis=1)
        total[:, start : start + CHUNK] = sums[:, [stop - 1 for stop in stops]].T
    return total


def _panels(times: list[float]) -> F64:
    graded = max(times) * np.geomspace(SHORTEST, 1.0, PANELS)
    return np.unique(np.concatenate([[0.0], graded, np.asarray(times)]))


def _nodes(edges: F64) -> tuple[F64, F64]:
    """Return nodes and weights over all panels; s = u² takes the root out of the integrand."""
    x, w = np.polynomial.legendre.leggauss(LEGENDRE)
    u = np.sqrt(edges)
    half = 0.5 * np.diff(u)
    at = (u[:-1] + half)[:, None] + half[:, None] * x
    return (at**2).ravel(), (2.0 * at * half[:, None] * w).ravel()


def _kernel(alpha: float, radius: float, r: F64, s: F64) -> F64:
    """Return F(r, s) of Andrä's solution, (r, s)."""
    wide = np.sqrt(4.0 * alpha * s)
    near, far = (radius - r)[:, None] / wide, (radius + r)[:, None] / wide
    found = 0.5 * (erf(near) + erf(far))
    step = np.exp(-(near**2)) - np.exp(-(far**2))
    found -= np.sqrt(alpha * s / np.pi) / np.where(r > 0.0, r, 1.0)[:, None] * step
    middle = erf(radius / wide)
    middle -= 2.0 * radius / (wide * math.sqrt(math.pi)) * np.exp(-((radius / wide) ** 2))
    return np.where((r > 0.0)[:, None], found, middle)


def sphere_steady(material: Material, source: tuple[float, float], r: F64) -> F64:
    """Return the rise at last."""
    radius, power = source
    outside = np.maximum(r, radius)
    if material.perfusion == 0.0:
        within = power * (3.0 * radius**2 - r**2) / (6.0 * material.k)
        beyond = power * radius**3 / (3.0 * material.k * outside)
        return np.where(r < radius, within, beyond)
    lam, a = material.decay, material.decay * radius
    x = np.maximum(lam * np.minimum(r, radius), 1e-9)
    within = 1.0 - (1.0 + a) * math.exp(-a) * np.sinh(x) / x
    y = lam * outside
    beyond = (a * math.cosh(a) - math.sinh(a)) * np.exp(-y) / y
    return power / material.perfusion * np.where(r < radius, within, beyond)


# ---- V3: slab with a Robin skin, V4: half-space with a step at its surface ------------------


@dataclass(frozen=True, slots=True)
class Robin:
    """W/m³ of metabolism, W/m²/K at the skin, °C of air, thickness in m; far side at 37 °C."""

    heat: float
    h: float
    air_c: float
    thickness: float


def slab(material: Material, robin: Robin, x: F64) -> F64:
    """Return the steady rise above 37 °C at depth x."""
    lam = material.decay
    level = robin.heat / material.perfusion
    theta_air = robin.air_c - 37.0
    # θ(L) = 0 and kθ'(0) = h (θ(0) − θ_air) for θ = level + A cosh λx + B sinh λx.
    cosh, sinh = math.cosh(lam * robin.thickness), math.sinh(lam * robin.thickness)
    matrix = np.array([[cosh, sinh], [-robin.h, material.k * lam]])
    a, b = np.linalg.solve(matrix, np.array([-level, robin.h * (level - theta_air)]))
    return np.asarray(level + a * np.cosh(lam * x) + b * np.sinh(lam * x))


def half_space(material: Material, x: F64, t: float) -> F64:
    """Return the rise for a surface that steps by 1 K at time 0; t may be infinite."""
    lam, rate = material.decay, material.perfusion / material.capacity
    if math.isinf(t):
        return np.asarray(np.exp(-lam * x))
    wide, root = x / math.sqrt(4.0 * material.alpha * t), math.sqrt(rate * t)
    falling = np.exp(-lam * x) * erfc(wide - root)
    rising = np.exp(lam * x) * erfc(wide + root)
    return np.asarray(0.5 * (falling + rising))


# ---- layers, dose, step responses -----------------------------------------------------------


def layers(k: F64, thickness: F64, ends: tuple[float, float], x: F64) -> F64:
    """Return the steady rise without sources through layers in series, between two ends."""
    resistance = np.concatenate([[0.0], np.cumsum(thickness / k)])
    place = np.concatenate([[0.0], np.cumsum(thickness)])
    share = np.interp(x, place, resistance) / resistance[-1]
    return np.asarray(ends[0] + (ends[1] - ends[0]) * share)


def cem43_min(celsius: float, minutes: float) -> float:
    """Return the dose of a constant temperature: R = 0.5 from 43 °C, 0.25 below, 0 below 39."""
    if celsius < 39.0:
        return 0.0
    return minutes * float((0.5 if celsius >= 43.0 else 0.25) ** (43.0 - celsius))


@dataclass(frozen=True, slots=True)
class Response:
    """A step response: gain, times to parts of it, first order plus dead time."""

    gain: float
    t63_s: float
    t95_s: float
    tau_s: float
    dead_s: float


def response(times: F64, rise: F64, last: float) -> Response:
    """Fit by two points, 28.3 % and 63.2 %: τ = 1.5 (t63 − t28), dead time = t63 − τ."""
    marks = [1.0 - math.exp(-1.0 / 3.0), 1.0 - math.exp(-1.0), 0.95]
    t28, t63, t95 = (float(t) for t in np.interp(marks, rise / last, times))
    tau = 1.5 * (t63 - t28)
    return Response(last, t63, t95, tau, t63 - tau)


CEM43_MIN = {
    (39.0, 60.0): 0.2344,
    (40.0, 60.0): 0.9375,
    (41.0, 60.0): 3.75,
    (42.0, 60.0): 15.0,
    (42.5, 60.0): 30.0,
    (43.0, 30.0): 30.0,
    (43.5, 30.0): 42.43,
    (44.0, 30.0): 60.0,
    (45.0, 15.0): 60.0,
    (46.0, 30.0): 240.0,
    (48.5, 60.0): 2715.3,
    (50.0, 1.0): 128.0,
    (56.0, 1.0 / 60.0): 136.5,
    (38.99, 60.0): 0.0,
}
"""Reference doses, minutes: °C and minutes held there."""
