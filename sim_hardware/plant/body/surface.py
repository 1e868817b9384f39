# SPDX-License-Identifier: Apache-2.0
"""Finds the skin: which voxels have bare faces, with the true area behind a staircase of faces."""

import numpy as np

from sim_hardware.plant.body.geometry import Geometry, normals
from sim_hardware.plant.body.patient_file import Skin as SkinTable
from sim_hardware.plant.solver.bioheat import Bioheat
from sim_hardware.plant.solver.runs import AIR
from sim_hardware.plant.solver.skin import Exchange, Surface

BARE_SIDES = ((2, -1), (2, 1), (1, -1), (1, 1), (0, -1), (0, 1))
"""Axis and direction of the six faces, in the order of `runs`."""


def find(geometry: Geometry, heat: Bioheat, table: SkinTable) -> Surface:
    """Return the surface of a body. Voxels under the bolus have its conductance."""
    faces = _faces(geometry)
    index = np.flatnonzero(faces)
    count = faces.ravel()[index].astype(float)
    up = normals(geometry.body)
    steps = sum(np.abs(part.ravel()[index]) for part in up)
    voxel_m = geometry.voxel_mm * 1e-3
    # A plane with unit normal n shows |nx| + |ny| + |nz| of staircase for each unit of its area.
    share = 1.0 / np.clip(steps, 1.0, np.sqrt(3.0))
    area_m2 = count * share * voxel_m**2
    label = geometry.label.ravel()[index]
    return Surface(
        index=heat.flat(index),
        area_per_m=area_m2 / voxel_m**3,
        inner_w_per_m2_k=2.0 * heat.medium.conductivity[label] / voxel_m,
        bolus_w_per_m2_k=_bolus(geometry, index, table),
        area_m2=area_m2,
    )


def _faces(geometry: Geometry) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Count the faces of each tissue voxel that look into air; above z = 0 is air."""
    body = geometry.body
    faces = np.zeros(body.shape, np.uint8)
    for axis, direction in BARE_SIDES:
        beyond = np.roll(geometry.label, -direction, axis=axis) == AIR
        edge = [slice(None)] * 3
        edge[axis] = slice(0, 1) if direction < 0 else slice(-1, None)
        beyond[tuple(edge)] = axis == 0 and direction < 0
        faces += beyond & body
    return faces


def _bolus(
    geometry: Geometry, index: np.ndarray[tuple[int], np.dtype[np.intp]], table: SkinTable
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    bolus = table.bolus
    if bolus is None:
        return np.zeros(len(index))
    x, y, z = geometry.at
    near = np.broadcast_to(x**2 + y**2 <= bolus.radius_mm**2, geometry.label.shape)
    # The bag lies on the side that is seen from outside, not on the far side of a limb.
    half = 0.5 * float(z.max())
    near = near & (z <= half)
    return np.where(near.ravel()[index], bolus.w_per_m2_k, 0.0)


def exchange(table: SkinTable) -> Exchange:
    """Return the surroundings of a patient file's skin."""
    sweat, bolus = table.sweat, table.bolus
    return Exchange(
        air_c=table.air_c,
        radiant_c=table.radiant_c,
        vapor_kpa=table.vapor_kpa,
        convection_w_per_m2_k=table.convection_w_per_m2_k,
        emissivity=table.emissivity,
        is_dry=table.dry,
        sweat_onset_c=sweat.onset_c if sweat else 36.5,
        sweat_range_c=sweat.range_c if sweat else 1.0,
        wet_max=sweat.wet_max if sweat else 0.0,
        bolus_c=bolus.celsius if bolus else 37.0,
    )
