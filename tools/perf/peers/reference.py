# SPDX-License-Identifier: Apache-2.0
"""What a right peer arrives at: plain slicing in double precision, written without a peer's tricks.

It never uses premultiplied coefficients, so a wrong one is noticed.
"""

from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tools.perf.peers.body import (
    ARTERIAL_C,
    CHECK_N,
    CHECK_STEPS,
    DT_S,
    DX_M,
    INSIDE,
    LAG,
    LANG_C,
    LANG_WIDTH,
    SWEEP_EVERY,
    Body,
    body,
    probes,
)

Array = NDArray[np.float64]
Formulation = Literal["faces", "cells"]

TOLERANCE_C = 1e-3


def _conduction(celsius: Array, conductivity: Array, formulation: Formulation) -> Array:
    """Sum the flows of heat through the six faces, W/m³."""
    here, own = celsius[INSIDE], conductivity[INSIDE]
    total = np.zeros_like(here)
    for axis in range(3):
        for side in (slice(None, -2), slice(2, None)):
            there = (*INSIDE[:axis], side, *INSIDE[axis + 1 :])
            face = 0.5 * (own + conductivity[there]) if formulation == "faces" else own
            total += face * (celsius[there] - here) / DX_M**2
    return total


def stepped(given: Body, steps: int, formulation: Formulation = "faces") -> Array:
    """Return the temperature of the n³ after so many steps, °C."""
    celsius = given.celsius.astype(np.float64)
    conductivity = given.conductivity.astype(np.float64)
    flow = given.flow[INSIDE].astype(np.float64)
    for step in range(steps):
        here = celsius[INSIDE]
        if formulation == "faces" and step % SWEEP_EVERY == 0:
            cold = np.minimum(here - LANG_C, 0.0)
            bell = np.exp(-(cold**2) / LANG_WIDTH)
            wanted = given.flow_base[INSIDE] + given.flow_rise[INSIDE] * bell
            flow += LAG * (wanted - flow)
        power = _conduction(celsius, conductivity, formulation)
        power += flow * (ARTERIAL_C - here) + given.source[INSIDE]
        celsius[INSIDE] += DT_S / given.heat_capacity[INSIDE] * power
    return celsius[INSIDE]


@cache
def expected(formulation: Formulation) -> tuple[float, ...]:
    """Return the probes that every peer of this formulation must show."""
    final = stepped(body(CHECK_N), CHECK_STEPS, formulation)
    return tuple(probes(final.astype(np.float32)))


def off_by_c(shown: list[float], formulation: Formulation) -> float:
    """Return by how much the worst probe is off, °C; infinite where they cannot be compared."""
    wanted = np.array(expected(formulation))
    given = np.array(shown, dtype=np.float64)
    if given.shape != wanted.shape or not np.isfinite(given).all():
        return float("inf")
    return float(np.abs(given - wanted).max())
