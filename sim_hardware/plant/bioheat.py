# SPDX-License-Identifier: Apache-2.0
"""Pennes' bioheat equation on an axisymmetric grid: finite volumes, explicit steps.

Row 0 lies under the skin. Arrays are flat (depth-major), so that neighbors are slices. Accurate
to first order in time and second in space; it knows nothing of patients or probes.
"""

from dataclasses import dataclass, field

import numpy as np

from sim_hardware.plant.tissue import ARTERIAL_C, Array

STABLE_FRACTION = 0.95


@dataclass(frozen=True)
class Grid:
    """A cylinder of square cells: axis at r = 0, surface at z = 0."""

    cell_m: float
    radial: int
    deep: int

    @property
    def r_m(self) -> Array:
        """Distance of each cell center from the axis."""
        return np.tile((np.arange(self.radial) + 0.5) * self.cell_m, self.deep)

    @property
    def z_m(self) -> Array:
        """Depth of each cell center."""
        return np.repeat((np.arange(self.deep) + 0.5) * self.cell_m, self.radial)

    @property
    def volume_m3(self) -> Array:
        """Volume of each cell, a ring."""
        return 2.0 * np.pi * self.r_m * self.cell_m**2


@dataclass(frozen=True)
class Medium:
    """What each cell is made of, flat: W/m/K and J/m³/K."""

    conductivity: Array
    heat_capacity: Array


@dataclass(frozen=True)
class Boundary:
    """Robin skin (0 W/m²/K means adiabatic), fixed or adiabatic (None) floor; adiabatic side."""

    skin_w_per_m2_k: float = 0.0
    air_c: float = 24.0
    floor_c: float | None = ARTERIAL_C


@dataclass
class _Coupling:
    """Conductances, W/K: to the next cell outward, to the next below, to air, to the floor."""

    out: Array
    down: Array
    air: Array
    floor: Array
    total: Array = field(init=False)

    def __post_init__(self) -> None:
        self.total = self.air + self.floor
        self.total[:-1] += self.out
        self.total[1:] += self.out
        radial = len(self.total) - len(self.down)
        self.total[:-radial] += self.down
        self.total[radial:] += self.down


def _couple(grid: Grid, medium: Medium, boundary: Boundary) -> _Coupling:
    k, n, cell = medium.conductivity, grid.radial, grid.cell_m
    face_z = 2.0 * np.pi * grid.r_m * cell
    out = 2.0 * np.pi * (grid.r_m[:-1] + cell / 2.0) * k[:-1] * k[1:] * 2.0 / (k[:-1] + k[1:])
    out[n - 1 :: n] = 0.0  # the last cell of a row has no neighbor in the next row
    down = face_z[n:] / cell * k[:-n] * k[n:] * 2.0 / (k[:-n] + k[n:])
    air, floor = np.zeros_like(k), np.zeros_like(k)
    if boundary.skin_w_per_m2_k > 0.0:
        air[:n] = face_z[:n] / (1.0 / boundary.skin_w_per_m2_k + cell / 2.0 / k[:n])
    if boundary.floor_c is not None:
        floor[-n:] = face_z[-n:] * k[-n:] / (cell / 2.0)
    return _Coupling(out, down, air, floor)


class Bioheat:
    """The field of temperatures `celsius` and its explicit step of `step_s` seconds.

    `set_perfusion` takes W·c_b (W/m³/K), `set_heat` the constant and the field-driven power
    density (W/m³ and W/m³ per (kA/m)²), all flat. ValueError when the step would be unstable.
    """

    def __init__(self, grid: Grid, medium: Medium, boundary: Boundary, step_s: float) -> None:
        self.grid, self.medium, self.boundary, self.step_s = grid, medium, boundary, step_s
        self.coupling = _couple(grid, medium, boundary)
        cells = grid.radial * grid.deep
        self.celsius: Array = np.full(cells, ARTERIAL_C)
        self._next, self._work = np.empty(cells), np.empty(cells)
        self._scale = step_s / (medium.heat_capacity * grid.volume_m3)
        self._per_volume = step_s / medium.heat_capacity
        n, scale, link = grid.radial, self._scale, self.coupling
        self._from_out, self._from_in = scale[:-1] * link.out, scale[1:] * link.out
        self._from_below, self._from_above = scale[:-n] * link.down, scale[n:] * link.down
        self._keep_bare = 1.0 - scale * link.total
        floor_c = boundary.floor_c or 0.0
        self._gain_bare = scale * (link.air * boundary.air_c + link.floor * floor_c)
        self.heat, self.field_heat = np.zeros(cells), np.zeros(cells)
        self._driven = np.zeros(cells)
        self.set_perfusion(np.zeros(cells))

    def set_perfusion(self, perfusion: Array) -> None:
        """Take W·c_b of every cell; effective from the next step."""
        self.perfusion = perfusion
        sink = perfusion * self._per_volume
        self._keep = self._keep_bare - sink
        self._gain = self._gain_bare + sink * ARTERIAL_C + self.heat * self._per_volume
        if self._keep.min() < 1.0 - 2.0 * STABLE_FRACTION:
            raise ValueError(f"a step of {self.step_s} s is unstable: use a smaller one")

    def set_heat(self, constant: Array, per_field2: Array) -> None:
        """Take metabolic heat and the heat of each (kA/m)² of squared peak field."""
        self.heat, self.field_heat = constant, per_field2
        self._driven = per_field2 * self._per_volume
        self.set_perfusion(self.perfusion)

    def step(self, field2: float) -> None:
        """Advance by `step_s` with the mean squared peak field, (kA/m)²."""
        old, new, work, n = self.celsius, self._next, self._work, self.grid.radial
        short, shorter = work[:-1], work[:-n]
        np.multiply(self._keep, old, new)
        np.add(new, self._gain, new)
        np.multiply(self._from_out, old[1:], short)
        np.add(new[:-1], short, new[:-1])
        np.multiply(self._from_in, old[:-1], short)
        np.add(new[1:], short, new[1:])
        np.multiply(self._from_below, old[n:], shorter)
        np.add(new[:-n], shorter, new[:-n])
        np.multiply(self._from_above, old[:-n], shorter)
        np.add(new[n:], shorter, new[n:])
        if field2 > 0.0:
            np.multiply(self._driven, field2, work)
            np.add(new, work, new)
        self.celsius, self._next = new, old

    def surface_c(self) -> Array:
        """Return the skin's surface temperature over each cell of row 0."""
        n = self.grid.radial
        inner = self.medium.conductivity[:n] / (self.grid.cell_m / 2.0)
        outer = self.boundary.skin_w_per_m2_k
        mixed: Array = inner * self.celsius[:n] + outer * self.boundary.air_c
        return mixed / (inner + outer)

    def settle(self, field2: float) -> None:
        """Jump to the steady state for the present perfusion, by block elimination over depth."""
        n, deep = self.grid.radial, self.grid.deep
        lower, upper = np.zeros(n * deep), np.zeros(n * deep)
        lower[n:], upper[:-n] = self._from_above, self._from_below
        right = self._gain + field2 * self._driven
        factors: list[Array] = []
        values: list[Array] = []
        for row in range(deep):
            here = slice(row * n, (row + 1) * n)
            block, rhs = self._block(row), right[here].copy()
            if row:
                block -= lower[here][:, None] * factors[-1]
                rhs += lower[here] * values[-1]
            both: Array = np.linalg.solve(
                block, np.column_stack([np.diag(upper[here]), rhs])
            ).astype(float)
            factors.append(both[:, :-1])
            values.append(both[:, -1])
        solved = values[-1]
        self.celsius[(deep - 1) * n :] = solved
        for row in range(deep - 2, -1, -1):
            solved = values[row] + factors[row] @ solved
            self.celsius[row * n : (row + 1) * n] = solved

    def _block(self, row: int) -> Array:
        """Return the matrix that couples one row's cells to each other."""
        n = self.grid.radial
        first = row * n
        block = np.diag(1.0 - self._keep[first : first + n])
        inner = np.arange(n - 1)
        block[inner, inner + 1] = -self._from_out[first : first + n - 1]
        block[inner + 1, inner] = -self._from_in[first : first + n - 1]
        return block
