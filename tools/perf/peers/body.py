# SPDX-License-Identifier: Apache-2.0
"""What every peer gets, a body at a start with all terms at work, and what it gives back.

All arrays have n+2 voxels a side. The outer layer never changes; the n³ inside are stepped.
"""

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
Labels = NDArray[np.uint8]

DX_M = 1e-3
DT_S = 0.5
TAU_S = 20.0
SWEEP_EVERY = 4
ARTERIAL_C = 37.0
LANG_C = 45.0
LANG_WIDTH = 12.0
CHECK_N = 48
CHECK_STEPS = 20
THREADS = 2
INSIDE = (slice(1, -1),) * 3

TISSUES = np.array(
    [
        (1109.0, 3391.0, 0.37, 7.4e3, 7.4e3, 0.0),
        (911.0, 2348.0, 0.21, 1.3e3, 2.6e3, 0.0),
        (1090.0, 3421.0, 0.49, 1.9e3, 1.6e4, 0.0),
        (1045.0, 3760.0, 0.51, 3.0e3, 2.4e3, 4e5),
        (1079.0, 3540.0, 0.52, 6.2e4, 6.2e4, 0.0),
        (1908.0, 1313.0, 0.32, 6.7e2, 6.7e2, 0.0),
        (1050.0, 3617.0, 0.52, 2.4e4, 3.6e4, 2e5),
    ]
)
"""Density, heat, conductivity, flow (W/m³/K) at 37 and from 45 °C, source: one row a tissue."""

LAG = -np.expm1(-SWEEP_EVERY * DT_S / TAU_S)


@dataclass(frozen=True, slots=True)
class Body:
    """What a peer gets. Flow is `base + rise·exp(−min(T−45, 0)²/12)`, W/m³/K."""

    n: int
    labels: Labels
    celsius: F32
    conductivity: F32
    heat_capacity: F32
    flow: F32
    source: F32
    flow_base: F32
    flow_rise: F32

    def per_step(self, watts: F32) -> F32:
        """Multiply by dt/(rho c): K per step, from W/m³."""
        return (DT_S * watts / self.heat_capacity).astype(np.float32)


def labels(n: int) -> Labels:
    """Skin (two voxels), fat to a tenth, muscle, and in them four ellipsoids of seed 0."""
    side = n + 2
    found = np.full((side, side, side), 2, np.uint8)
    found[: max(3, side // 10)] = 1
    found[:2] = 0
    chance = np.random.default_rng(0)
    axis = np.arange(side, dtype=np.float32) / side
    for tissue in (3, 4, 5, 6):
        center, radius = chance.uniform(0.3, 0.7, 3), chance.uniform(0.08, 0.2, 3)
        x, y, z = (((axis - c) / r) ** 2 for c, r in zip(center, radius, strict=True))
        found[x[:, None, None] + y[:, None] + z < 1.0] = tissue
    return found


def body(n: int) -> Body:
    """Return the body of n³ voxels: 37 to 44 °C with ripples that no wrong stencil survives."""
    found = labels(n)
    density, heat, conductivity, rest, plateau, source = TISSUES.T
    share = np.exp(-((ARTERIAL_C - LANG_C) ** 2) / LANG_WIDTH)
    rise = (plateau - rest) / (1.0 - share)
    axis = np.linspace(-1.0, 1.0, n + 2)
    x, y, z = axis[:, None, None], axis[:, None], axis
    ripples = np.random.default_rng(0).uniform(-0.5, 0.5, found.shape)
    celsius = ARTERIAL_C + 0.5 + 6.0 * np.exp(-3.0 * (x**2 + y**2 + z**2)) + ripples

    def each(values: NDArray[np.float64]) -> F32:
        return values.astype(np.float32)[found]

    return Body(
        n=n,
        labels=found,
        celsius=celsius.astype(np.float32),
        conductivity=each(conductivity),
        heat_capacity=each(density * heat),
        flow=each(rest),
        source=each(source),
        flow_base=each(plateau - rise),
        flow_rise=each(rise),
    )


def halved(conductivity: F32) -> F32:
    """Return k/(2 dx²): the sum of two neighbors is the arithmetic mean at their face, over dx²."""
    return conductivity * np.float32(0.5 / DX_M**2)


def probes(inside: F32) -> list[float]:
    """Pick every third voxel of the n³: what a peer shows of its result."""
    return [float(value) for value in inside[1::3, 1::3, 1::3].ravel()]


@dataclass(frozen=True, slots=True)
class Facts:
    """How a peer states the equation, and how much of a round it can afford.

    `faces`: arithmetic mean of k at each face, flow that lags. `cells`: own k, constant flow.
    """

    version: str
    formulation: Literal["faces", "cells"]
    note: str
    steps_max: int = 1_000_000


class Stepper(Protocol):
    """A peer, compiled and warm for one body."""

    def run(self, steps: int) -> None:
        """Go on by a multiple of SWEEP_EVERY steps."""

    def inside(self) -> F32:
        """Return the temperature of the n³, °C."""
