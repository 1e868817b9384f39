# SPDX-License-Identifier: Apache-2.0
"""Where the field becomes heat in a body: eddy currents everywhere, particles in their deposits.

Eddy power is proportional to H² and lives in a dense array; particles follow their own law of H
and live in a list of voxels. H is the peak at the applicator's center; a map gives it elsewhere.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sim_hardware.plant.body import shape
from sim_hardware.plant.body.geometry import Geometry
from sim_hardware.plant.body.patient_file import Deposit, PatientFile
from sim_hardware.plant.heating.particle import Particle
from sim_hardware.plant.heating.power import Power
from sim_hardware.plant.heating.sources import eddy_w_per_m3
from sim_hardware.plant.solver.bioheat import Bioheat
from sim_hardware.plant.solver.kernel import F32, add_sparse
from sim_hardware.plant.solver.runs import Ints

F64 = NDArray[np.float64]
FieldAt = Callable[[F64, F64, F64], F64]
"""Relative peak field at x, y, z in mm from the applicator's center; 1 there."""

IRON_MIN_MG_PER_ML = 1e-3
"""Less iron than this in a voxel is none."""
BLUR_SIGMAS = 4.0
BORE_M = 0.3
"""Length of the body part in the field: the applicator's aperture."""


def uniform(x: F64, y: F64, z: F64) -> F64:
    """Return the relative field of an ideal applicator."""
    return np.ones(np.broadcast_shapes(x.shape, y.shape, z.shape))


@dataclass(frozen=True)
class Iron:
    """One deposit on the grid: padded positions, kg of iron per m³ there, and as a whole."""

    index: Ints
    kg_per_m3: F64
    relative_field: float
    kg: float


class Sources:
    """All heat of a field in one body. That of eddies is set on the solver itself."""

    def __init__(self, iron: tuple[Iron, ...], heat: Bioheat, power: Power) -> None:
        self.iron, self.power = iron, power
        capacity = heat.medium.heat_capacity[heat.medium.label.ravel()]
        start = heat.place[0]
        self._kelvin = [
            (one.kg_per_m3 / capacity[one.index - start]).astype(np.float32) for one in iron
        ]

    def add(self, rise: F32, step_s: float, field2: float) -> None:
        """Warm the deposits of `rise` for one step."""
        if field2 <= 0.0:
            return
        powers = self.power.w_per_kg(field2)
        for one, kelvin, power in zip(self.iron, self._kelvin, powers, strict=True):
            add_sparse(rise, one.index, kelvin, np.float32(step_s * power))


@dataclass(frozen=True)
class Scene:
    """A body in the applicator: what its sources are made from, but for the solver.

    `particles` and `images` (mg of iron per mL, z y x) are by the references of the patient file;
    `session` counts from 1.
    """

    patient: PatientFile
    geometry: Geometry
    particles: Mapping[str, Particle]
    images: Mapping[str, F64]
    session: int = 1
    field_at: FieldAt = uniform

    @cached_property
    def iron(self) -> tuple[F64, ...]:
        """Iron of each deposit in this session, mg/mL. ValueError when none lies in the body."""
        found = tuple(_iron_mg_per_ml(self, row) for row in self.patient.deposit)
        for number, volume in enumerate(found):
            if not float(volume.max()) > IRON_MIN_MG_PER_ML:
                raise ValueError(
                    f"deposit[{number}].solid: no iron lies in the body in session {self.session}: "
                    "move it inside, or ask for an earlier session"
                )
        return found

    def relative_field(self) -> F64:
        """Return the relative peak field of every voxel; the tumor's middle is at the center."""
        where = np.nonzero(self.geometry.target)
        middle = [
            float(axis.ravel()[index].mean())
            for axis, index in zip(self.geometry.at, where[::-1], strict=True)
        ]
        x, y, z = (axis - center for axis, center in zip(self.geometry.at, middle, strict=True))
        found = self.field_at(np.asarray(x), np.asarray(y), np.asarray(z))
        return np.broadcast_to(found, self.geometry.label.shape)


def place(scene: Scene, heat: Bioheat, sigma: F64) -> Sources:
    """Set the eddy heat of a solver and give all its sources. `sigma` is by label, S/m."""
    relative = scene.relative_field()
    heat.view(heat.heat)[:] = eddies(scene, sigma) * relative**2
    deposits = scene.patient.deposit
    iron = tuple(_iron(scene, number, heat, relative) for number in range(len(deposits)))
    power = Power(
        particles=tuple(scene.particles[row.particle] for row in deposits),
        relative_field=tuple(one.relative_field for one in iron),
        kg=tuple(one.kg for one in iron),
        eddy_body_w=_eddy_body_w(scene, sigma),
        frequency_khz=scene.patient.frequency_khz,
    )
    return Sources(iron, heat, power)


def eddies(scene: Scene, sigma: F64) -> F64:
    """Return eddy power for 1 kA/m peak everywhere, W/m³.

    The body part is a cylinder of `body.radius_mm` along the field: induction grows with the
    distance from its axis, and no place of the body lies further out than its skin.
    """
    patient, geometry = scene.patient, scene.geometry
    x, _, z = geometry.at
    radius_mm = patient.body.radius_mm
    from_axis = np.minimum(np.sqrt(x**2 + (z - radius_mm) ** 2), radius_mm) * 1e-3
    unit = eddy_w_per_m3(1.0, 1.0, 1.0, patient.frequency_khz)
    power = np.asarray(sigma[geometry.label] * unit * from_axis**2)
    for spot in patient.hot_spot:
        power = np.where(spot.solid.inside(geometry.at), spot.factor * power, power)
    return power


def _eddy_body_w(scene: Scene, sigma: F64) -> float:
    """Return eddy power of the body part in the bore for 1 kA/m, W: half the rim's, all over."""
    radius_m = scene.patient.body.radius_mm * 1e-3
    inside = scene.geometry.body
    mean = float(sigma[scene.geometry.label[inside]].mean())
    rim = eddy_w_per_m3(mean, radius_m, 1.0, scene.patient.frequency_khz)
    return 0.5 * rim * np.pi * radius_m**2 * BORE_M


def _iron_mg_per_ml(scene: Scene, row: Deposit) -> F64:
    """Return a deposit's iron in this session: filled, spread, and what is still there."""
    geometry, course = scene.geometry, scene.patient.course
    if row.map is not None:
        iron = scene.images[row.map].astype(float)
    elif row.solid is not None and row.iron_mg_per_ml is not None:
        filled = shape.fraction(row.solid, geometry.at, geometry.voxel_mm)
        iron = row.iron_mg_per_ml * filled
    else:
        raise ValueError("deposit: missing, give a solid with iron_mg_per_ml, or a map")
    iron = iron * geometry.body
    after = scene.session - 1
    sigma_mm = (row.spread_mm**2 + after * course.spread_mm**2) ** 0.5
    whole = float(iron.sum())
    iron = _blur(iron, sigma_mm / geometry.voxel_mm) * geometry.body
    # What the blur carries out of the body or over the block's sides stays in it.
    lost = float(iron.sum())
    return iron * (whole / lost if lost > 0.0 else 0.0) * course.retention**after


def _iron(scene: Scene, number: int, heat: Bioheat, relative: F64) -> Iron:
    voxel_m, volume = scene.geometry.voxel_mm * 1e-3, scene.iron[number].ravel()
    index = np.flatnonzero(volume > IRON_MIN_MG_PER_ML)
    iron = volume[index]
    mean = float(np.average(relative.ravel()[index], weights=iron))
    kg = float(iron.sum()) * voxel_m**3
    return Iron(heat.flat(index), iron, mean, kg)


def _blur(volume: F64, sigma: float) -> F64:
    """Blur with a Gaussian of `sigma` voxels along each axis."""
    if sigma < 0.1:
        return volume
    reach = int(np.ceil(BLUR_SIGMAS * sigma))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    weights /= weights.sum()
    for axis in range(3):
        moved = np.moveaxis(volume, axis, 0)
        padded = np.pad(moved, ((reach, reach), (0, 0), (0, 0)))
        size = moved.shape[0]
        parts = (w * padded[n : n + size] for n, w in enumerate(weights))
        volume = np.moveaxis(sum(parts, np.zeros_like(moved)), 0, axis)
    return volume
