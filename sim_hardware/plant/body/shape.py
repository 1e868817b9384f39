# SPDX-License-Identifier: Apache-2.0
"""Solids in mm: x across, y along the field, z into the body from the skin at x = y = 0."""

from itertools import product
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from sim_hardware.plant.support.part import Part

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Axes = tuple[Array, Array, Array]
"""Coordinates x, y, z in mm that broadcast against each other."""

Triple = Annotated[tuple[float, float, float], Field(strict=False, description="x, y, z in mm")]
Length = Annotated[float, Field(gt=0.0, le=2000.0, description="mm")]
Lengths = Annotated[
    tuple[Length, Length, Length], Field(strict=False, description="along x, y, z in mm")
]
AXIS = {"x": 0, "y": 1, "z": 2}
SUBCELLS = 4


class Sphere(Part):
    """A ball."""

    shape: Literal["sphere"]
    center_mm: Triple
    radius_mm: Length

    def inside(self, at: Axes) -> Mask:
        """Return where the solid is."""
        square = sum((a - c) ** 2 for a, c in zip(at, self.center_mm, strict=True))
        return np.asarray(square <= self.radius_mm**2)


class Ellipsoid(Part):
    """A ball stretched along the axes."""

    shape: Literal["ellipsoid"]
    center_mm: Triple
    semi_axes_mm: Lengths

    def inside(self, at: Axes) -> Mask:
        """Return where the solid is."""
        triples = zip(at, self.center_mm, self.semi_axes_mm, strict=True)
        return np.asarray(sum(((a - c) / s) ** 2 for a, c, s in triples) <= 1.0)


class Cylinder(Part):
    """A round bar along x, y or z; without a length it runs through the whole body."""

    shape: Literal["cylinder"]
    center_mm: Triple
    axis: Literal["x", "y", "z"]
    radius_mm: Length
    length_mm: Length | None = None

    def inside(self, at: Axes) -> Mask:
        """Return where the solid is."""
        along = AXIS[self.axis]
        from_center = [a - c for a, c in zip(at, self.center_mm, strict=True)]
        square = sum(d**2 for n, d in enumerate(from_center) if n != along)
        found = np.asarray(square <= self.radius_mm**2)
        if self.length_mm is not None:
            found = found & (np.abs(from_center[along]) <= 0.5 * self.length_mm)
        return found


class Box(Part):
    """A block with its faces across the axes."""

    shape: Literal["box"]
    center_mm: Triple
    size_mm: Lengths

    def inside(self, at: Axes) -> Mask:
        """Return where the solid is."""
        x, y, z = (
            np.abs(a - c) <= 0.5 * s
            for a, c, s in zip(at, self.center_mm, self.size_mm, strict=True)
        )
        return np.asarray(x & y & z)


Solid = Annotated[Sphere | Ellipsoid | Cylinder | Box, Field(discriminator="shape")]


def fraction(solid: Sphere | Ellipsoid | Cylinder | Box, at: Axes, cell_mm: float) -> Array:
    """Return which part of each cell the solid fills, by SUBCELLS³ samples where it is cut.

    A cell is cut unless its center and all corners agree; every solid here is convex.
    """
    half = 0.5 * cell_mm
    corners = product((-half, half), repeat=3)
    seen = [solid.inside(at), *(solid.inside(_moved(at, corner)) for corner in corners)]
    count = np.sum(seen, axis=0)
    filled = np.where(count == len(seen), 1.0, 0.0)
    cut = np.nonzero((count > 0) & (count < len(seen)))
    where = [np.broadcast_to(axis, filled.shape)[cut] for axis in at]
    filled[cut] = _sampled(solid, (where[0], where[1], where[2]), cell_mm)
    return filled


def _moved(at: Axes, by: tuple[float, ...]) -> Axes:
    return at[0] + by[0], at[1] + by[1], at[2] + by[2]


def _sampled(solid: Sphere | Ellipsoid | Cylinder | Box, at: Axes, cell_mm: float) -> Array:
    offsets = ((np.arange(SUBCELLS) + 0.5) / SUBCELLS - 0.5) * cell_mm
    filled = np.zeros(at[0].shape)
    for by in product(offsets, repeat=3):
        filled += solid.inside(_moved(at, by))
    return filled / SUBCELLS**3
