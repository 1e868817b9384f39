# SPDX-License-Identifier: Apache-2.0
"""One instant of the patient in three dimensions: temperature, dose and tissue of every voxel.

Arrays are indexed [z, y, x]: x lateral, y along the field, z the depth below the skin.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

AIR = 0
"""The label of what lies outside the body; temperatures there mean nothing."""

VOXEL_TYPES = MappingProxyType({"celsius": "float32", "cem43_min": "float32", "label": "uint8"})

AXES = "xyz"
PLANES = (("x", "z"), ("y", "z"), ("x", "y"))
"""The axes of each slice: across the page, and down it."""

Point = tuple[float, float, float]
"""x, y, z in mm."""


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    """A plane across `normal` at `at_mm`; arrays are indexed [down, across], air included."""

    across: str
    down: str
    normal: str
    at_mm: float
    across_mm: NDArray[np.float64]
    down_mm: NDArray[np.float64]
    celsius: NDArray[np.float32]
    label: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Volume:
    """Voxels of `spacing_mm`, the center of [0, 0, 0] at `origin_mm`, marks (sites, probes) in mm.

    `names` holds the tissue of each label, "air" first. `mark_c` is the true temperature at marks
    that are between voxels or on the skin; the others have their voxel's. ValueError when the
    parts do not fit.
    """

    celsius: NDArray[np.float32]
    cem43_min: NDArray[np.float32] | None
    label: NDArray[np.uint8]
    names: tuple[str, ...]
    spacing_mm: float
    origin_mm: Point
    treatment_s: float
    marks: Mapping[str, Point]
    mark_c: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shape = self.celsius.shape
        if len(shape) != 3 or not self.celsius.size:
            raise ValueError(f"celsius: three dimensions are needed, not {shape}")
        for name in VOXEL_TYPES:
            array = getattr(self, name)
            if array is not None and array.shape != shape:
                raise ValueError(f"{name}: shape {array.shape}, but celsius has {shape}")
            if array is not None and array.dtype != VOXEL_TYPES[name]:
                raise ValueError(f"{name}: {VOXEL_TYPES[name]} is needed, not {array.dtype}")
        if self.names[:1] != ("air",) or int(self.label.max()) >= len(self.names):
            raise ValueError("names: one for each label is needed, 'air' first")
        if not self.spacing_mm > 0.0:
            raise ValueError(f"spacing_mm: {self.spacing_mm} is not above 0")

    def axis_mm(self, axis: str) -> NDArray[np.float64]:
        """Return where the voxels' centers lie along x, y or z."""
        number = AXES.index(axis)
        count = self.celsius.shape[2 - number]
        return self.origin_mm[number] + self.spacing_mm * np.arange(count, dtype=np.float64)

    def hottest_mm(self) -> Point:
        """Return the center of the body's hottest voxel; ValueError where there is no body."""
        inside = (self.label != AIR) & np.isfinite(self.celsius)
        if not inside.any():
            raise ValueError("label: the volume holds no tissue")
        flat = int(np.argmax(np.where(inside, self.celsius, -np.inf)))
        z, y, x = np.unravel_index(flat, self.celsius.shape)
        return self._center_mm(int(z), int(y), int(x))

    def middle_mm(self, tissue: str) -> Point | None:
        """Return the center of gravity of one tissue; None where it does not occur."""
        if tissue not in self.names:
            return None
        found = np.argwhere(self.label == self.names.index(tissue))
        if not len(found):
            return None
        z, y, x = (float(value) for value in found.mean(axis=0))
        return self._center_mm(z, y, x)

    def voxel(self, at_mm: Point) -> tuple[int, int, int]:
        """Return the index [z, y, x] of the voxel that holds a point; ValueError if none does."""
        found: list[int] = []
        counts = self.celsius.shape[::-1]
        for axis, at, first, count in zip(AXES, at_mm, self.origin_mm, counts, strict=True):
            # Of two voxels, a face belongs to the later: depth 0 is skin, not air, rounding or not.
            steps = (at - first) / self.spacing_mm + 0.5
            if not -1e-6 <= steps <= count + 1e-6:
                raise ValueError(f"{axis} {at:g} mm lies outside the volume")
            found.append(min(max(int(steps + 1e-6), 0), count - 1))
        return found[2], found[1], found[0]

    def slices(self, at_mm: Point | None = None) -> tuple[Slice, Slice, Slice]:
        """Cut the planes x–z, y–z and x–y through a point, or through the hottest voxel."""
        index = self.voxel(self.hottest_mm() if at_mm is None else at_mm)
        made = tuple(self._slice(across, down, index) for across, down in PLANES)
        return made[0], made[1], made[2]

    def _slice(self, across: str, down: str, index: tuple[int, int, int]) -> Slice:
        number = next(n for n, axis in enumerate(AXES) if axis not in {across, down})
        cut = [slice(None)] * 3
        where = index[2 - number]
        picked: tuple[slice | int, ...] = (*cut[: 2 - number], where, *cut[3 - number :])
        return Slice(
            across=across,
            down=down,
            normal=AXES[number],
            at_mm=float(self.axis_mm(AXES[number])[where]),
            across_mm=self.axis_mm(across),
            down_mm=self.axis_mm(down),
            celsius=self.celsius[picked],
            label=self.label[picked],
        )

    def _center_mm(self, z: float, y: float, x: float) -> Point:
        at = [
            float(o + self.spacing_mm * n) for o, n in zip(self.origin_mm, (x, y, z), strict=True)
        ]
        return at[0], at[1], at[2]
