# SPDX-License-Identifier: Apache-2.0
"""The simulated patient: layers with a heated deposit under the skin, axisymmetric.

`Patient` is what the bench needs; a 3-D patient will take over behind it. Time here is treatment
time: the caller applies any speed-up.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from sim_hardware.plant.anatomy import Anatomy, Site
from sim_hardware.plant.bioheat import Bioheat, Boundary, Grid, Medium
from sim_hardware.plant.sources import deposit_w_per_m3, eddy_w_per_m3
from sim_hardware.plant.tissue import (
    TABLE_FROM_C,
    TABLE_PER_C,
    TISSUES,
    Array,
    Indices,
    Mask,
    perfusion_table,
    tissue_index,
)

PERFUSION_EVERY_S = 2.0
SUBCELLS = 8


@dataclass(frozen=True, slots=True)
class Truth:
    """Noise-free extremes of the present field of temperatures, °C."""

    skin_surface_c_max: float
    tumor_c_max: float
    tumor_t90_c: float
    tumor_t50_c: float
    healthy_c_max: float


class Patient(Protocol):
    """A body under a field. Advancing is deterministic; nothing else changes it."""

    def advance(self, dt_s: float, field2: float) -> None:
        """Advance by treatment seconds with the mean squared peak field over them, (kA/m)²."""

    def site_c(self, name: str) -> float:
        """Return the true temperature at a named site; KeyError when there is none."""

    def truth(self) -> Truth:
        """Return the extremes of the present field."""

    def save(self) -> dict[str, Array]:
        """Return the whole state, ready for `numpy.savez`."""

    def restore(self, state: dict[str, Array]) -> None:
        """Take a saved state of the same patient file; ValueError when it does not fit."""


class LayeredPatient:
    """The first Patient: see config/patients/neck_node.toml for one, and for what it does.

    Starts at the steady state without field. Steps are fixed (`mesh.step_s`); sites move linearly
    from one step's result to the next, so their values lag by one step and never jump.
    """

    def __init__(self, anatomy: Anatomy) -> None:
        self.anatomy = anatomy
        mesh, cell_m = anatomy.mesh, anatomy.mesh.cell_mm * 1e-3
        self.grid = Grid(
            cell_m, round(mesh.radius_mm / mesh.cell_mm), round(mesh.depth_mm / mesh.cell_mm)
        )
        self.fraction = _deposit_fraction(self.grid, anatomy)
        self.is_tumor = self.fraction >= 0.5
        tissue = _tissues(self.grid, anatomy, self.is_tumor)
        medium = Medium(
            np.array([row.conductivity_w_per_m_k for row in TISSUES])[tissue],
            np.array([row.density_kg_per_m3 * row.heat_j_per_kg_k for row in TISSUES])[tissue],
        )
        boundary = Boundary(anatomy.body.skin_w_per_m2_k, anatomy.body.air_c)
        self.heat = Bioheat(self.grid, medium, boundary, mesh.step_s)
        metabolic = np.array([row.metabolic_w_per_m3 for row in TISSUES])[tissue]
        self.heat.set_heat(metabolic, self._field_heat(tissue))
        self._table = perfusion_table().ravel()
        columns = len(self._table) // len(TISSUES)
        self._offset = tissue * columns - round(TABLE_FROM_C * TABLE_PER_C)
        self._sites = {site.name: self._weights(site) for site in anatomy.sites}
        self._debt_s, self._debt_heat, self._perfusion_s = 0.0, 0.0, 0.0
        self.settle(0.0)

    def _field_heat(self, tissue: Indices) -> Array:
        """Return W/m³ for 1 kA/m peak: particles in the deposit, eddy currents everywhere."""
        body, deposit, khz = self.anatomy.body, self.anatomy.deposit, self.anatomy.frequency_khz
        iron_kg_per_m3 = deposit.iron_mg_per_ml
        particles = deposit_w_per_m3(deposit.ilp_nh_m2_per_kg, iron_kg_per_m3, 1.0, khz)
        eddy = np.array([eddy_w_per_m3(row.sigma_s_per_m, 1.0, 1.0, khz) for row in TISSUES])
        from_axis_m = np.maximum(body.radius_mm * 1e-3 - self.grid.z_m, 0.0)
        result: Array = self.fraction * particles + eddy[tissue] * from_axis_m**2
        return result

    def _target_perfusion(self) -> Array:
        index = (self.heat.celsius * TABLE_PER_C).astype(np.intp)
        index += self._offset
        return self._table.take(index, mode="clip")

    def settle(self, field2: float) -> None:
        """Jump to the steady state under a constant mean squared field, (kA/m)²."""
        for _ in range(60):
            before = self.heat.celsius.copy()
            self.heat.set_perfusion(0.5 * (self.heat.perfusion + self._target_perfusion()))
            self.heat.settle(field2)
            if float(np.abs(self.heat.celsius - before).max()) < 1e-3:
                break
        self._debt_s, self._debt_heat, self._perfusion_s = 0.0, 0.0, 0.0
        self._now = {name: self._at(name) for name in self._sites}
        self._before = dict(self._now)

    def advance(self, dt_s: float, field2: float) -> None:
        """Advance by treatment seconds with the mean squared peak field over them, (kA/m)²."""
        step_s = self.heat.step_s
        while self._debt_s + dt_s >= step_s - 1e-9:
            part_s = step_s - self._debt_s
            self._step((self._debt_heat + part_s * field2) / step_s)
            dt_s -= part_s
            self._debt_s = self._debt_heat = 0.0
        if dt_s > 0.0:
            self._debt_s += dt_s
            self._debt_heat += dt_s * field2

    def _step(self, field2: float) -> None:
        self.heat.step(max(field2, 0.0))
        self._perfusion_s += self.heat.step_s
        if self._perfusion_s >= PERFUSION_EVERY_S - 1e-9:
            share = -np.expm1(-self._perfusion_s / self.anatomy.mesh.perfusion_lag_s)
            change = self._target_perfusion()
            change -= self.heat.perfusion
            change *= share
            change += self.heat.perfusion
            self.heat.set_perfusion(change)
            self._perfusion_s = 0.0
        self._before = self._now
        self._now = {name: self._at(name) for name in self._sites}

    def site_c(self, name: str) -> float:
        """Return the true temperature at a named site; KeyError when there is none."""
        before, now = self._before[name], self._now[name]
        return before + (now - before) * max(self._debt_s, 0.0) / self.heat.step_s

    def truth(self) -> Truth:
        """Return the extremes of the present field."""
        celsius, tumor = self.heat.celsius, self.is_tumor
        order = np.argsort(celsius[tumor])
        volume = np.cumsum(self.grid.volume_m3[tumor][order])
        ranked = celsius[tumor][order]
        share = volume / volume[-1]
        return Truth(
            skin_surface_c_max=float(self.heat.surface_c().max()),
            tumor_c_max=float(ranked[-1]),
            tumor_t90_c=float(np.interp(0.1, share, ranked)),
            tumor_t50_c=float(np.interp(0.5, share, ranked)),
            healthy_c_max=float(celsius[~tumor].max()),
        )

    def save(self) -> dict[str, Array]:
        """Return the whole state, ready for `numpy.savez`."""
        sites = [[self._before[name], self._now[name]] for name in self._sites]
        clock = [self._debt_s, self._debt_heat, self._perfusion_s]
        return {
            "celsius": self.heat.celsius.copy(),
            "perfusion": self.heat.perfusion.copy(),
            "sites": np.array(sites),
            "clock": np.array(clock),
        }

    def restore(self, state: dict[str, Array]) -> None:
        """Take a saved state of the same patient file; ValueError when it does not fit."""
        if state["celsius"].shape != self.heat.celsius.shape:
            raise ValueError("the saved state belongs to another patient: save a new one")
        self.heat.celsius = state["celsius"].copy()
        self.heat.set_perfusion(state["perfusion"].copy())
        pairs = dict(zip(self._sites, state["sites"].tolist(), strict=True))
        self._before = {name: pair[0] for name, pair in pairs.items()}
        self._now = {name: pair[1] for name, pair in pairs.items()}
        self._debt_s, self._debt_heat, self._perfusion_s = (float(x) for x in state["clock"])

    def _at(self, name: str) -> float:
        celsius = self.heat.celsius
        places, weights, constant = self._sites[name]
        return constant + sum(
            weight * float(celsius[place]) for place, weight in zip(places, weights, strict=True)
        )

    def _weights(self, site: Site) -> tuple[list[int], list[float], float]:
        """Return cells, weights and constant that interpolate a site (linear in r and z)."""
        cell_mm, n, deep = self.anatomy.mesh.cell_mm, self.grid.radial, self.grid.deep
        if site.r_mm > self.anatomy.mesh.radius_mm or site.depth_mm > self.anatomy.mesh.depth_mm:
            raise ValueError(f"site {site.name!r} lies outside the mesh: move it inside")
        r_low, r_share = _between(site.r_mm / cell_mm - 0.5, n)
        row, row_share = _between(site.depth_mm / cell_mm - 0.5, deep)
        across = [(r_low, 1.0 - r_share), (min(r_low + 1, n - 1), r_share)]
        if site.depth_mm <= 0.0:
            body, medium = self.anatomy.body, self.heat.medium
            inner = float(medium.conductivity[0]) / (cell_mm * 1e-3 / 2.0)
            total = inner + body.skin_w_per_m2_k
            weights = [share * inner / total for _, share in across]
            return [cell for cell, _ in across], weights, body.skin_w_per_m2_k * body.air_c / total
        down = [(row, 1.0 - row_share), (min(row + 1, deep - 1), row_share)]
        corners = [(z * n + r, zs * rs) for z, zs in down for r, rs in across if zs * rs > 0.0]
        return [cell for cell, _ in corners], [share for _, share in corners], 0.0


def _between(position: float, count: int) -> tuple[int, float]:
    """Return the lower cell and the share of the upper one for a position in cells."""
    inside = min(max(position, 0.0), count - 1.0)
    low = int(inside)
    return low, inside - low


def _deposit_fraction(grid: Grid, anatomy: Anatomy) -> Array:
    """Return which part of each cell the deposit fills, by SUBCELLS² samples."""
    deposit = anatomy.deposit
    offsets = ((np.arange(SUBCELLS) + 0.5) / SUBCELLS - 0.5) * grid.cell_m
    filled = np.zeros(grid.radial * grid.deep)
    for dr in offsets:
        for dz in offsets:
            square = (grid.r_m + dr) ** 2 + (grid.z_m + dz - deposit.depth_mm * 1e-3) ** 2
            filled += square <= (deposit.radius_mm * 1e-3) ** 2
    return filled / SUBCELLS**2


def _tissues(grid: Grid, anatomy: Anatomy, is_tumor: Mask) -> Indices:
    """Return the row of TISSUES for each cell."""
    result = np.full(grid.radial * grid.deep, tissue_index(anatomy.layers[-1].tissue), np.intp)
    floor_m = sum(layer.thickness_mm for layer in anatomy.layers) * 1e-3
    for layer in reversed(anatomy.layers):
        result[grid.z_m < floor_m] = tissue_index(layer.tissue)
        floor_m -= layer.thickness_mm * 1e-3
    result[is_tumor] = tissue_index(anatomy.deposit.tissue)
    return result
