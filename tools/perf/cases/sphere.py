# SPDX-License-Identifier: Apache-2.0
"""V1 and V2: a heated sphere in an infinite medium, and below an adiabatic or isothermal skin.

Only the steady states have far walls that matter: there a layer with strong perfusion towards the
exact solution holds the far field. Errors are taken in the whole field within three radii.
"""

import math
from dataclasses import dataclass, field

import numpy as np

from sim_hardware.plant.solver.bioheat import Bioheat
from tests import formulas
from tests.formulas import F64, Material, Response
from tools.perf.cases.common import (
    ARTERIAL_C,
    Found,
    Mask,
    Parameters,
    Run,
    between,
    block,
    centers,
    filled,
    grid,
    on_edge,
    top_skin,
)

SPREADS = 1.5
"""The walls stand this many √(4αt) beyond the sphere: their images are 2e-4 K within reach."""
REACH = 3.0
"""Errors are judged within so many radii of the sphere's center."""
SPONGE = 10
"""Voxels of the layer that holds the far field; it weakens what comes from the wall e^14 times."""
SPONGE_RATE = 2.0
RADIAL_M = 5e-5
RESPONSE_DECAYS = 8.0
"""The wall of a step response stands from which perfusion returns e^(−8) of the heat."""


@dataclass(frozen=True)
class Place:
    """A quarter space (z from the skin) or, when `depth` is 0 and no skin, an octant; in m."""

    parameters: Parameters
    material: Material
    voxel_m: float
    depth: float
    skin: str
    """none, adiabatic or isothermal."""
    wall: float
    """From the sphere's center."""
    axes: tuple[F64, F64, F64] = field(init=False)

    def __post_init__(self) -> None:
        side = math.ceil(self.wall / self.voxel_m)
        deep = math.ceil((self.wall + self.depth) / self.voxel_m)
        across = centers(side, self.voxel_m)
        axes = grid(across, across, centers(deep, self.voxel_m, self.depth))
        object.__setattr__(self, "axes", axes)

    @property
    def sign(self) -> float:
        """What the image source is multiplied with."""
        return {"none": 0.0, "adiabatic": 1.0, "isothermal": -1.0}[self.skin]

    def run(self) -> Run:
        """Build the block with its source, at 37 °C everywhere."""
        x, y, z = self.axes
        heat = block((len(z), y.size, x.size), self.voxel_m, self.material)
        radius, power = self.parameters.source
        volume = 4.0 / 3.0 * math.pi * radius**3 / (8.0 if self.skin == "none" else 4.0)
        heat.view(heat.heat)[:] = power * filled(self.axes, self.voxel_m, radius, volume)
        if self.skin == "none":
            return Run(heat)
        return Run(heat, top_skin(heat, 0.0, ARTERIAL_C, imposed=self.skin == "isothermal"))

    def radii(self) -> tuple[F64, F64]:
        """Distance of each voxel from the center and from its image, m."""
        x, y, z = self.axes
        across = x**2 + y**2
        image = np.sqrt(across + (z + 2.0 * self.depth) ** 2)
        return np.sqrt(across + z**2), image

    def sponge(self, heat: Bioheat) -> None:
        """Pull the outer voxels to the exact steady state, which they then do not disturb."""
        outer: Mask = np.zeros(heat.medium.label.shape, bool)
        outer[-SPONGE:] = outer[:, -SPONGE:] = outer[:, :, -SPONGE:] = True
        pull = SPONGE_RATE * self.material.k / self.voxel_m**2
        heat.view(heat.perfusion)[outer] += pull
        heat.view(heat.heat)[outer] += pull * self.steady()[outer]

    def steady(self) -> F64:
        """Return the exact steady state of every voxel."""
        near, far = self.radii()
        found = formulas.sphere_steady(self.material, self.parameters.source, near)
        if self.sign:
            image = formulas.sphere_steady(self.material, self.parameters.source, far)
            found = found + self.sign * image
        return found

    def on_axis(self, run: Run) -> tuple[F64, F64]:
        """Return z from the center and the rise along the axis; the skin's own value first."""
        z = self.axes[2].ravel()
        column = on_edge(np.asarray(run.heat.view(run.heat.rise)[:, :2, :2], np.float64))
        if self.skin == "none":  # mirrored at the center
            return np.concatenate([-z[1::-1], z]), np.concatenate([column[1::-1], column])
        return z, column

    def points(self) -> dict[str, float]:
        """Names of the places in the tables, z from the center, m."""
        radius = self.parameters.source[0]
        if self.skin == "none":
            radii = {"r_half_radius": radius / 2, "rim": radius, "r_two_radii": 2 * radius}
            return {"center": 0.0, **radii}
        return {"skin": -self.depth, "center": 0.0, "rim_above": -radius}

    def at(self, run: Run, z: float) -> float:
        """Return the rise at a place on the axis; at the skin, what the skin's own state says."""
        if run.skin is not None and z <= -self.depth:
            side = self.axes[0].size
            plane = (run.skin.celsius - ARTERIAL_C).reshape(1, side, side)
            return float(on_edge(plane[:, :2, :2])[0])
        return between(*self.on_axis(run), z)


def _judge(found: Found, place: Place, run: Run, exact: F64, moment: str) -> None:
    near, _ = place.radii()
    inside = near <= REACH * place.parameters.source[0]
    deviation = np.where(inside, np.abs(run.heat.view(run.heat.rise) - exact), 0.0)
    where = np.unravel_index(int(deviation.argmax()), deviation.shape)
    place_mm = [
        1e3 * float(axis.ravel()[i]) for axis, i in zip(place.axes, where[::-1], strict=True)
    ]
    said = ", ".join(f"{value:.2f}" for value in place_mm)
    found.rms = max(found.rms or 0.0, float(np.sqrt((deviation[inside] ** 2).mean())))
    found.take(float(deviation.max()), f"{moment}, x y z from center {said} mm")


class Exact:
    """The transient solution on a table of radii: one quadrature for all times."""

    def __init__(self, place: Place, times: list[float]) -> None:
        _, far = place.radii()
        self.r = np.arange(0.0, float(far.max()) + RADIAL_M, RADIAL_M)
        self.rows = formulas.sphere(place.material, place.parameters.source, self.r, times)
        self.place, self.times = place, times

    def field(self, t: float) -> F64:
        """Return the rise of every voxel."""
        row = self.rows[self.times.index(t)]
        near, far = self.place.radii()
        found = np.asarray(np.interp(near, self.r, row))
        if self.place.sign:
            found = found + self.place.sign * np.interp(far, self.r, row)
        return found

    def at(self, z: float, t: float) -> float:
        """Return the rise on the axis."""
        r = np.array([abs(z), abs(z + 2.0 * self.place.depth)])
        one, two = formulas.sphere(self.place.material, self.place.parameters.source, r, [t])[0]
        return float(one + self.place.sign * two)


def transient(place: Place) -> Found:
    """Run to every time of the table and compare the field and the table's places."""
    found, run, times = Found(), place.run(), list(place.parameters.times_s)
    exact = Exact(place, times)
    for t in times:
        run.until(t)
        _judge(found, place, run, exact.field(t), f"{t:g} s")
        for name, z in place.points().items():
            found.show(f"{name} {t:g} s", place.at(run, z), exact.at(z, t))
    return found


def steady(place: Place) -> Found:
    """Relax to the steady state within a wall that knows the exact far field."""
    found, run = Found(), place.run()
    place.sponge(run.heat)
    run.step_s = run.heat.stable_s
    wall = place.wall
    shallow = place.wall + place.depth
    rate = place.material.alpha * (2.0 / wall**2 + 1.0 / shallow**2) * (math.pi / 2.0) ** 2
    rate += place.material.perfusion / place.material.capacity
    run.settle(rate)
    _judge(found, place, run, place.steady(), "steady")
    for name, z in place.points().items():
        r = np.array([abs(z), abs(z + 2.0 * place.depth)])
        pair = formulas.sphere_steady(place.material, place.parameters.source, r)
        found.show(f"{name} steady", place.at(run, z), float(pair[0] + place.sign * pair[1]))
    return found


def _place(p: Parameters, voxel_m: float, perfusion: float, skin: str, *, is_steady: bool) -> Place:
    radius = p.source[0]
    wall = radius + SPREADS * p.spread_m
    if is_steady:
        wall = REACH * radius + (SPONGE + 1) * voxel_m
    depth = 0.0 if skin == "none" else p.depth_mm * 1e-3
    return Place(p, p.material(perfusion), voxel_m, depth, skin, wall)


def compare(p: Parameters, voxel_m: float, setting: tuple[bool, str, bool]) -> Found:
    """Run one of the cases: (is it perfused, which skin, is it steady)."""
    is_perfused, skin, is_steady = setting
    place = _place(p, voxel_m, p.perfusion if is_perfused else 0.0, skin, is_steady=is_steady)
    return steady(place) if is_steady else transient(place)


# ---- 4.6: step responses ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Traces:
    """Rise at some places against time, plant's and exact, K."""

    times: F64
    plant: dict[str, F64]
    exact: dict[str, F64]
    last_plant: dict[str, float]
    last_exact: dict[str, float]

    def responses(self, name: str, per: float) -> tuple[Response, Response]:
        """Return plant's and exact response, gain per `per`."""
        return (
            formulas.response(self.times, self.plant[name] / per, self.last_plant[name] / per),
            formulas.response(self.times, self.exact[name] / per, self.last_exact[name] / per),
        )


def step_response(p: Parameters, voxel_m: float, perfusion: float, skin: str) -> Traces:
    """Switch the sphere on and watch center, rim and (with one) skin until 97 %, then the end."""
    material = p.material(perfusion)
    wall = p.source[0] + RESPONSE_DECAYS / material.decay / 2.0
    depth = 0.0 if skin == "none" else p.depth_mm * 1e-3
    place = Place(p, material, voxel_m, depth, skin, wall)
    points = place.points()
    end_s = 4.0 * material.capacity / perfusion
    times = np.concatenate([np.arange(5.0, 400.0, 5.0), np.arange(400.0, end_s, 20.0)])
    run = place.run()
    rows: dict[str, list[float]] = {name: [] for name in points}
    for t in times:
        run.until(float(t))
        for name, z in points.items():
            rows[name].append(place.at(run, z))
    run.settle(perfusion / material.capacity)
    exact, last = {}, {}
    for name, z in points.items():
        r = np.array([abs(z), abs(z + 2.0 * depth)])
        pair = formulas.sphere(material, p.source, r, [float(t) for t in times])
        exact[name] = pair[:, 0] + place.sign * pair[:, 1]
        ends = formulas.sphere_steady(material, p.source, r)
        last[name] = float(ends[0] + place.sign * ends[1])
    final = {name: place.at(run, z) for name, z in points.items()}
    return Traces(times, {name: np.array(row) for name, row in rows.items()}, exact, final, last)
