# SPDX-License-Identifier: Apache-2.0
"""What the verification cases share: parameters, blocks of one material, time and steady states.

Symmetry planes are insulated sides, so that an octant or quarter does for a whole problem.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from sim_hardware.plant.solver import steady
from sim_hardware.plant.solver.bioheat import Bioheat
from sim_hardware.plant.solver.kernel import F32
from sim_hardware.plant.solver.medium import Medium
from sim_hardware.plant.solver.runs import INSULATED
from sim_hardware.plant.solver.skin import Exchange, Skin, Surface
from tests.formulas import F64, Material

ARTERIAL_C = 37.0
IMPOSED_W_PER_M2_K = 1e9
"""A bolus that conducts so well imposes its temperature."""
SUBSAMPLES = 8
SETTLED_K = 2e-5
SETTLE_ROUNDS = 12


@dataclass(frozen=True, slots=True)
class Parameters:
    """Everything that a case depends on; the names are the options of the command line."""

    conductivity: float = 0.5
    density: float = 1050.0
    heat: float = 3600.0
    radius_mm: float = 10.0
    power: float = 1e5
    perfusion: float = 3013.0
    depth_mm: float = 15.0
    slab_mm: float = 30.0
    slab_perfusion: float = 2000.0
    q: tuple[float, ...] = (500.0, 20000.0)
    h: tuple[float, ...] = (10.0, 100.0)
    air_c: tuple[float, ...] = (25.0, 20.0)
    step_k: float = 6.0
    times_s: tuple[float, ...] = (10.0, 60.0, 300.0, 600.0, 1800.0)
    response_perfusion: tuple[float, ...] = (3013.0, 1500.0)
    sigma: float = 0.4
    frequency_khz: float = 100.0

    def material(self, perfusion: float) -> Material:
        """Return the tissue with this W·c_b, W/m³/K."""
        return Material(self.conductivity, self.density * self.heat, perfusion)

    @property
    def source(self) -> tuple[float, float]:
        """Radius of the sphere in m, W/m³."""
        return self.radius_mm * 1e-3, self.power

    @property
    def spread_m(self) -> float:
        """How far heat diffuses until the last time, √(4αt)."""
        return float(np.sqrt(4.0 * self.material(0.0).alpha * max(self.times_s)))

    def complaint(self) -> str | None:
        """Say what no case can be made of."""
        rows = (
            (len(self.h) != len(self.air_c), "h and air_c go in pairs: give as many of each"),
            (self.depth_mm < self.radius_mm, "the sphere sticks out: depth_mm below radius_mm"),
            (min(self.perfusion, self.slab_perfusion) <= 0.0, "perfusion must be above 0"),
            (min(self.response_perfusion) <= 0.0, "response_perfusion must be above 0"),
            (
                min(self.conductivity, self.density, self.heat) <= 0.0,
                "a tissue constant is 0 or less",
            ),
            (min(self.times_s) <= 0.0, "times must be above 0"),
        )
        return next((text for is_wrong, text in rows if is_wrong), None)

    def slabs(self) -> list[tuple[float, float, float]]:
        """Every q, h, T_air of V3: h and air_c go in pairs."""
        return [(q, h, air) for q in self.q for h, air in zip(self.h, self.air_c, strict=True)]


@dataclass(slots=True)
class Found:
    """The worst deviation so far, where it is, its root mean square, values for a table."""

    error: float = 0.0
    where: str = "nowhere"
    rms: float | None = None
    table: dict[str, list[float]] = field(default_factory=dict)

    def take(self, deviation: float, where: str) -> None:
        """Keep this deviation if it is the worst."""
        if not deviation <= self.error:
            self.error, self.where = float(deviation), where

    def show(self, key: str, plant: float, exact: float) -> None:
        """Put a pair into the table and judge it."""
        self.table[key] = [round(plant, 4), round(exact, 4)]
        self.take(abs(plant - exact), key)


def block(shape: tuple[int, int, int], voxel_m: float, material: Material) -> Bioheat:
    """Return one material (z, y, x), all sides insulated."""
    label = np.ones(shape, np.uint8)
    rows = (
        np.array([0.0, material.k]),
        np.array([1.0, material.capacity]),
        np.zeros(2),
    )
    heat = Bioheat(Medium(label, voxel_m, *rows, floor=INSULATED))
    heat.view(heat.perfusion)[:] = material.perfusion
    return heat


def top_skin(heat: Bioheat, h: float, air_c: float, *, imposed: bool = False) -> Skin:
    """Return a skin over the whole plane z = 0: convection, or `air_c` imposed."""
    medium = heat.medium
    index = np.flatnonzero(medium.label[0])
    label = medium.label[0].ravel()[index]
    count, side = len(index), medium.voxel_m
    surface = Surface(
        index=heat.flat(index),
        area_per_m=np.full(count, 1.0 / side),
        inner_w_per_m2_k=2.0 * medium.conductivity[label] / side,
        bolus_w_per_m2_k=np.full(count, IMPOSED_W_PER_M2_K if imposed else 0.0),
        area_m2=np.full(count, side**2),
    )
    law = Exchange(convection_w_per_m2_k=h, air_c=air_c, is_dry=True, emissivity=0.0)
    law = replace(law, bolus_c=air_c)
    return Skin(surface, law, medium.heat_capacity[label])


def centers(count: int, voxel_m: float, start_m: float = 0.0) -> F64:
    """Return the middles of a row of voxels, m."""
    return np.asarray((np.arange(count) + 0.5) * voxel_m - start_m, dtype=np.float64)


def grid(x: F64, y: F64, z: F64) -> tuple[F64, F64, F64]:
    """Return axes that broadcast to (z, y, x)."""
    return x[None, None, :], y[None, :, None], z[:, None, None]


def filled(axes: tuple[F64, F64, F64], voxel_m: float, radius: float, volume: float) -> F64:
    """Return the part of each voxel inside the sphere about 0; the sum is exactly `volume`, m³.

    Voxels that the surface cuts are sampled, then scaled all alike.
    """
    x, y, z = axes
    r = np.sqrt(x**2 + y**2 + z**2)
    reach = 0.5 * np.sqrt(3.0) * voxel_m
    part = np.asarray(r + reach <= radius, dtype=np.float64)
    cut = np.nonzero(np.abs(r - radius) < reach)
    at = ((np.arange(SUBSAMPLES) + 0.5) / SUBSAMPLES - 0.5) * voxel_m
    sub_z, sub_y, sub_x = (part.ravel() for part in np.meshgrid(at, at, at))
    inside = (x.ravel()[cut[2]][:, None] + sub_x) ** 2
    inside = inside + (y.ravel()[cut[1]][:, None] + sub_y) ** 2
    inside = inside + (z.ravel()[cut[0]][:, None] + sub_z) ** 2
    share = (inside <= radius**2).mean(axis=1)
    whole = volume / voxel_m**3 - part.sum()
    part[cut] = share * (whole / share.sum())
    return part


class Run:
    """A block in time, with or without a skin. Steps are as long as is stable, or shorter."""

    def __init__(self, heat: Bioheat, skin: Skin | None = None, drive: float = 1.0) -> None:
        self.heat, self.skin, self.drive = heat, skin, drive
        self.at_s, self.step_s = 0.0, heat.stable_s

    def one(self, step_s: float) -> F32:
        """Advance by one step; returns what the step began with."""
        before = self.heat.step(step_s, self.drive)
        if self.skin is not None:
            self.skin.exchange(before, self.heat.rise, step_s)
        return before

    def until(self, at_s: float, longest_s: float | None = None) -> None:
        """Advance to a moment in equal steps."""
        span = at_s - self.at_s
        count = int(np.ceil(span / (longest_s or self.step_s) - 1e-9))
        for _ in range(count):
            self.one(span / count)
        self.at_s = at_s

    def settle(self, rate: float) -> int:
        """Go to the steady state; `rate` is of the slowest mode, 1/s. Returns rounds needed."""
        slowest = rate * self.step_s
        steps = steady.steps_for(slowest)

        def one(rise: F32) -> F32:
            self.heat.rise[:] = rise  # copied: the solver writes into both of its own arrays
            self.one(self.step_s)
            return self.heat.rise

        for number in range(SETTLE_ROUNDS):
            before = self.heat.rise.copy()
            self.heat.rise[:] = steady.relax(one, before, slowest, steps)
            if float(np.abs(self.heat.rise - before).max()) < SETTLED_K:
                return number + 1
        return SETTLE_ROUNDS

    def line(self, start: tuple[int, int]) -> F64:
        """Return the rise along z at (y, x), as float."""
        found = self.heat.view(self.heat.rise)[:, start[0], start[1]]
        return np.asarray(found, dtype=np.float64)


def on_edge(block_: F64) -> F64:
    """Return values on the line y = x = 0 of a block symmetric about those planes (z, y, x).

    The plane lies half a voxel before the first: an even parabola through two voxels.
    """
    on_y = (9.0 * block_[:, 0] - block_[:, 1]) / 8.0
    return np.asarray((9.0 * on_y[:, 0] - on_y[:, 1]) / 8.0)


def between(z: F64, values: F64, at: float) -> float:
    """Interpolate by a cubic through the four nearest points."""
    last = len(z) - 4
    low = int(np.clip(np.searchsorted(z, at) - 2, 0, last))
    nodes, chosen = z[low : low + 4], values[low : low + 4]
    total = 0.0
    for i in range(4):
        others = np.delete(nodes, i)
        total += float(chosen[i] * np.prod((at - others) / (nodes[i] - others)))
    return total


Case = Callable[[Parameters, float], Found]
"""Runs a case on voxels of that many m."""
Mask = NDArray[np.bool_]
