# SPDX-License-Identifier: Apache-2.0
"""The compiled inner loops of the 3-D bioheat solver. Temperatures are °C above 37 (float32).

Arrays are flat with room for one plane before and after, so that every neighbor exists; what lies
outside is multiplied by zero. Each voxel is computed alone: threads do not change a bit.
"""

import numpy as np
from numpy.typing import NDArray

from sim_hardware.plant.solver.runs import Ints
from sim_hardware.plant.solver.tissue import (
    ARTERIAL_C,
    LANG_C,
    LANG_WIDTH,
    TABLE_FROM_C,
    TABLE_PER_C,
)
from sim_hardware.plant.support.jit import compiled, prange

F32 = NDArray[np.float32]
RunArrays = tuple[Ints, Ints, Ints, Ints]
"""first, x0, x1, kind of `Runs`."""
Place = tuple[int, int, int]
"""Offset of the first voxel, length of a row, size of a plane."""

COEFFICIENTS = 9
"""Per kind: six conductances x−…z+, dt/ρc, metabolism, coupling to the core; for one step."""

_TO_TABLE = np.float32(ARTERIAL_C - TABLE_FROM_C)
_PER_C = np.float32(TABLE_PER_C)
_ONE, _ZERO = np.float32(1.0), np.float32(0.0)
_RISE_39, _RISE_43, _EXPONENT_MAX = np.float32(2.0), np.float32(6.0), np.float32(60.0)
_LN2_64 = np.float32(np.log(2.0) / 64.0)
_LANG, _LANG_64 = np.float32(LANG_C - ARTERIAL_C), np.float32(-1.0 / (64.0 * LANG_WIDTH))
_FLAT = np.float32(-0.8)
"""Below e^(−51) nothing is left of Lang's exponential."""
_E2, _E3, _E4 = np.float32(1 / 2), np.float32(1 / 6), np.float32(1 / 24)
_E5, _E6 = np.float32(1 / 120), np.float32(1 / 720)


@compiled(parallel=True)
def step(
    fields: tuple[F32, F32, F32, F32],
    runs: RunArrays,
    coefficients: F32,
    place: Place,
    drive: tuple[np.float32, np.float32],
) -> None:
    """Advance one explicit step.

    fields: next and present rise (°C), W·c_b (W/m³/K), heat per (kA/m)² (W/m³). drive: (kA/m)²,
    rise of the core.
    """
    new, old, perfusion, heat = fields
    first, x0, x1, kind = runs
    start, row_length, plane_size = place
    field2, core = drive
    # Unsigned positions need no test for a negative index, and that makes vectors of the loop.
    one, nx, plane = np.uint64(1), np.uint64(row_length), np.uint64(plane_size)
    for row in prange(len(first) - 1):
        base = start + row * row_length
        for r in range(first[row], first[row + 1]):
            c = coefficients[kind[r]]
            xm, xp, ym, yp, zm, zp, s = c[0], c[1], c[2], c[3], c[4], c[5], c[6]
            q = s * field2
            rest = c[7] + c[8] * core
            keep = _ONE - (xm + xp + ym + yp + zm + zp + c[8])
            for i in range(np.uint64(base + x0[r]), np.uint64(base + x1[r])):
                t = old[i]
                across = xm * old[i - one] + xp * old[i + one]
                along = ym * old[i - nx] + yp * old[i + nx]
                deep = zm * old[i - plane] + zp * old[i + plane]
                blood = s * perfusion[i] * (core - t)
                new[i] = keep * t + blood + across + along + deep + q * heat[i] + rest


@compiled()
def _raised(x: np.float32) -> np.float32:
    """Return e^(64 x) for |x| < 1: a polynomial, squared six times, so that loops stay vectors."""
    p = _ONE + x * (_ONE + x * (_E2 + x * (_E3 + x * (_E4 + x * (_E5 + x * _E6)))))
    p *= p
    p *= p
    p *= p
    p *= p
    p *= p
    p *= p
    return p


@compiled()
def _tabled(rise: np.float32, row: F32) -> np.float32:
    """Look up W·c_b at a temperature, linear between the table's columns."""
    at = min(max((rise + _TO_TABLE) * _PER_C, _ZERO), np.float32(len(row) - 2))
    low = np.int32(at)
    found: np.float32 = row[low] + (row[low + 1] - row[low]) * (at - np.float32(low))
    return found


@compiled()
def _rising(rise: np.float32, base: np.float32, gain: np.float32) -> np.float32:
    """Return base + gain · exp(−min(T − 45, 0)² / 12), Lang's law for muscle and fat."""
    below = min(rise - _LANG, _ZERO)
    return base + gain * _raised(max(below * below * _LANG_64, _FLAT))


@compiled()
def _dose_rate(rise: np.float32) -> np.float32:
    """Return CEM43 per unit of time: R^(43 − T), R = 0.5 from 43 °C, 0.25 below, 0 below 39 °C.

    Relative error below 1e-3 up to 95 °C.
    """
    over = min(rise - _RISE_43, _EXPONENT_MAX)
    rate = _raised((over if over > _ZERO else over + over) * _LN2_64)
    return rate if rise >= _RISE_39 else _ZERO


@compiled(parallel=True)
def sweep(
    fields: tuple[F32, F32],
    runs: RunArrays,
    rows: tuple[F32, F32, NDArray[np.uint8]],
    place: Place,
    share: np.float32,
) -> None:
    """Let blood flow follow temperature: W·c_b closes `share` of its distance to equilibrium.

    fields: rise (°C), W·c_b. rows: by tissue, the table of equilibria and the numbers of a rising
    law (0, 0: none, use the table); the tissue of each kind.
    """
    rise, perfusion = fields
    first, x0, x1, kind = runs
    table, laws, tissue = rows
    start, nx, _ = place
    for row in prange(len(first) - 1):
        base = start + row * nx
        for r in range(first[row], first[row + 1]):
            a, e = base + x0[r], base + x1[r]
            t, w, name = rise[a:e], perfusion[a:e], tissue[kind[r]]
            rest, gain = laws[name, 0], laws[name, 1]
            if gain != _ZERO:
                for i in range(e - a):
                    w[i] += (_rising(t[i], rest, gain) - w[i]) * share
            else:
                for i in range(e - a):
                    w[i] += (_tabled(t[i], table[name]) - w[i]) * share


@compiled(parallel=True)
def add_dose(fields: tuple[F32, F32], runs: RunArrays, place: Place, minutes: np.float32) -> None:
    """Add `minutes` at the present temperature to the thermal dose. fields: rise, CEM43 (min)."""
    rise, dose = fields
    first, x0, x1, _ = runs
    start, nx, _ = place
    for row in prange(len(first) - 1):
        base = start + row * nx
        for r in range(first[row], first[row + 1]):
            a, e = base + x0[r], base + x1[r]
            t, d = rise[a:e], dose[a:e]
            for i in range(e - a):
                d[i] += minutes * _dose_rate(t[i])


@compiled()
def add_sparse(rise: F32, index: Ints, amount: F32, factor: np.float32) -> None:
    """Add `factor` times `amount` to the voxels of a list."""
    for n in range(len(index)):
        rise[index[n]] += factor * amount[n]
