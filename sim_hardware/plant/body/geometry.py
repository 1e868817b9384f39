# SPDX-License-Identifier: Apache-2.0
"""From a patient file to labeled voxels: body, layers by depth, structures; where the skin is."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim_hardware.plant.body.patient_file import Body, Grid, PatientFile
from sim_hardware.plant.body.shape import Axes
from sim_hardware.plant.solver.runs import AIR, Labels

F64 = NDArray[np.float64]
Mask = NDArray[np.bool_]

VOXELS_MAX = 30_000_000
LAYER_VOXELS_MIN = 1.0
"""A layer thinner than this many voxels could vanish from the grid."""


@dataclass(frozen=True)
class Geometry:
    """Voxels (z, y, x) with labels (0: outside), names by label, the tumor, depth of each column.

    `at` are coordinates in mm that broadcast to (z, y, x); `top_mm` (y, x) is where the skin is
    (infinite where a column has none).
    """

    label: Labels
    names: tuple[str, ...]
    target: Mask
    at: Axes
    top_mm: F64
    voxel_mm: float

    @property
    def body(self) -> Mask:
        """Where there is tissue."""
        return np.asarray(self.label != AIR)


def axes(grid: Grid) -> Axes:
    """Return the voxel centers: x and y around 0, z from 0 inwards, mm."""
    counts = [round(size / grid.voxel_mm) for size in grid.size_mm]
    for key, count, size in zip("xyz", counts, grid.size_mm, strict=True):
        if count < 1 or abs(count * grid.voxel_mm - size) > 1e-6 * size:
            legal = max(count, 1) * grid.voxel_mm
            raise ValueError(f"grid.size_mm: {size:g} along {key} is no whole voxels: {legal:g}")
    nx, ny, nz = counts
    if nx * ny * nz > VOXELS_MAX:
        legal = grid.voxel_mm * (nx * ny * nz / VOXELS_MAX) ** (1.0 / 3.0)
        raise ValueError(
            f"grid.voxel_mm: {nx} x {ny} x {nz} voxels are more than {VOXELS_MAX:g}, "
            f"nearest {legal:.2g}"
        )
    x: F64 = (np.arange(nx, dtype=float) - 0.5 * (nx - 1)) * grid.voxel_mm
    y: F64 = (np.arange(ny, dtype=float) - 0.5 * (ny - 1)) * grid.voxel_mm
    z: F64 = (np.arange(nz, dtype=float) + 0.5) * grid.voxel_mm
    return x[None, None, :], y[None, :, None], z[:, None, None]


def depth_mm(body: Body, at: Axes) -> F64:
    """Return how deep below the skin each place lies, mm; negative outside.

    Exact for slab and cylinder; for the ellipsoid first order in the distance.
    """
    x, y, z = at
    if body.shape == "slab":
        return np.broadcast_to(z, np.broadcast_shapes(x.shape, y.shape, z.shape)).astype(float)
    if body.shape == "cylinder":
        radius = np.sqrt(x**2 + (z - body.radius_mm) ** 2)
        return np.asarray(body.radius_mm - radius + 0.0 * y)
    if body.semi_axes_mm is None:
        raise ValueError("body.semi_axes_mm: missing, an ellipsoid needs it")
    a, b, c = body.semi_axes_mm
    u, v, w = x / a, y / b, (z - c) / c
    rho = np.sqrt(u**2 + v**2 + w**2)
    slope = np.sqrt((u / a) ** 2 + (v / b) ** 2 + (w / c) ** 2)
    return np.asarray((1.0 - rho) * rho / np.maximum(slope, 1e-9))


def build(patient: PatientFile, known: Sequence[str], labels: Labels | None = None) -> Geometry:
    """Make the voxels. `known` are the tissues of the file; `labels` an image already in them.

    Raises ValueError (`key: reason`) for unknown tissues and a grid too coarse for a layer.
    """
    at, names = axes(patient.grid), ("air", *known)
    number = {name: n for n, name in enumerate(names)}
    label = _layers(patient, at, number) if labels is None else labels.copy()
    tumor = patient.body.target
    target = label == (255 if tumor is None else _number(number, tumor, "body.target"))
    for n, structure in enumerate(patient.structure):
        name = _number(number, structure.tissue, f"structure[{n}].tissue")
        inside = structure.solid.inside(at) & (label != AIR)
        if not inside.any():
            raise ValueError(f"structure[{n}].solid: no voxel of the body lies in it: {_box(at)}")
        label[inside] = name
        target = (target | inside) if structure.target else (target & ~inside)
    if not target.any():
        raise ValueError(
            "structure: one needs `target = true` and must not be covered wholly, "
            "or `body.target` a tissue of the labels"
        )
    if not ((label != AIR) & ~target).any():
        raise ValueError("structure: the target fills the whole body, leave some around it")
    return Geometry(label, names, target, at, _top(label, at), patient.grid.voxel_mm)


def _number(number: dict[str, int], tissue: str, key: str) -> int:
    if tissue not in number or tissue == "air":
        nearest = ", ".join(sorted(set(number) - {"air"}))
        raise ValueError(f"{key}: unknown tissue {tissue!r}, use one of {nearest}")
    return number[tissue]


def _layers(patient: PatientFile, at: Axes, number: dict[str, int]) -> Labels:
    if not patient.layer:
        raise ValueError("layer: missing, every body but one of labels needs at least one")
    depth = depth_mm(patient.body, at)
    label = np.zeros(depth.shape, np.uint8)
    below, voxel_mm = 0.0, patient.grid.voxel_mm
    for n, layer in enumerate(patient.layer):
        name = _number(number, layer.tissue, f"layer[{n}].tissue")
        if layer.thickness_mm < LAYER_VOXELS_MIN * voxel_mm:
            raise ValueError(
                f"grid.voxel_mm: {voxel_mm:g} mm is too coarse for layer[{n}] of "
                f"{layer.thickness_mm:g} mm: at most {layer.thickness_mm:g}"
            )
        label[depth > below] = name
        below += layer.thickness_mm
    return label


def _box(at: Axes) -> str:
    spans = (f"{key} {axis.min():g} to {axis.max():g}" for key, axis in zip("xyz", at, strict=True))
    return f"the grid covers {', '.join(spans)} mm"


def _top(label: Labels, at: Axes) -> F64:
    """Return the depth of the skin in each column, at the outer face of its first tissue voxel."""
    solid = label != AIR
    first = solid.argmax(axis=0)
    z = at[2].ravel()
    half = 0.5 * (z[1] - z[0]) if len(z) > 1 else z[0]
    return np.where(solid.any(axis=0), z[first] - half, np.inf)


def normals(body: Mask) -> tuple[F64, F64, F64]:
    """Return the outward direction (z, y, x components) where the body ends, from a smoothed mask.

    The block's own sides are no surface: beyond them the body goes on, above z = 0 is air.
    """
    soft = body.astype(np.float32)
    for axis in range(3):
        width = [(2, 2) if n == axis else (0, 0) for n in range(3)]
        padded = np.pad(soft, width, mode="edge")
        if axis == 0:
            padded[:2] = 0.0
        size = soft.shape[axis]
        parts = [np.take(padded, range(n, n + size), axis=axis) for n in range(5)]
        soft = np.sum(parts, axis=0) / 5.0
    grown = np.pad(soft, 1, mode="edge")
    grown[0] = grown[1] - (grown[2] - grown[1])
    slopes = []
    for axis in range(3):
        size = soft.shape[axis]
        inner = tuple(slice(1, -1) if n != axis else slice(None) for n in range(3))
        line = grown[inner]
        high = np.take(line, range(2, size + 2), axis=axis)
        low = np.take(line, range(size), axis=axis)
        slopes.append(-(high - low).astype(float))
    length = np.sqrt(sum(s**2 for s in slopes)) + 1e-12
    return slopes[0] / length, slopes[1] / length, slopes[2] / length
