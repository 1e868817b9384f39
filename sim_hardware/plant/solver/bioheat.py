# SPDX-License-Identifier: Apache-2.0
"""Pennes' bioheat equation on a voxel grid: explicit finite volumes, float32, any tissue layout.

Accurate to first order in time and second in space. It knows nothing of patients, skin or probes.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim_hardware.plant.solver import kernel
from sim_hardware.plant.solver.kernel import F32
from sim_hardware.plant.solver.medium import Medium
from sim_hardware.plant.solver.tissue import ARTERIAL_C

SAFE = 0.95
"""Part of the stable step that is used."""
SPARE = 64
"""Room beyond one plane on both sides, so that arrays start at different places of the cache."""


class Bioheat:
    """The field of temperatures in a `Medium` and its explicit step.

    Arrays are flat and padded: `view(array)` gives (z, y, x). `rise` is °C above 37, `perfusion`
    W·c_b in W/m³/K, `heat` W/m³ for each (kA/m)² of squared peak field, `dose` CEM43 in min.
    """

    def __init__(self, medium: Medium, *, with_dose: bool = False) -> None:
        self.medium = medium
        _, ny, nx = medium.label.shape
        self.place = (ny * nx + SPARE, nx, ny * nx)
        runs = medium.runs
        self.runs = (runs.first, runs.x0, runs.x1, runs.kind)
        self.rise, self._next = self.array(), self.array()
        self.perfusion, self.heat = self.array(), self.array()
        self.dose: F32 | None = self.array() if with_dose else None
        self.core_c = ARTERIAL_C
        self._tissue = runs.kinds[:, 0].copy()
        self._step_s, self._coefficients = 0.0, np.zeros((0, 0), np.float32)

    def array(self) -> F32:
        """Return zeros for every voxel, padded."""
        nz, ny, nx = self.medium.label.shape
        return np.zeros(nz * ny * nx + 2 * self.place[0], np.float32)

    def view(self, array: F32) -> F32:
        """Return the inside of a padded array as (z, y, x), not a copy."""
        start = self.place[0]
        return array[start : len(array) - start].reshape(self.medium.label.shape)

    def celsius(self) -> F32:
        """Return temperatures (z, y, x), °C; meaningless outside the body."""
        return self.view(self.rise) + np.float32(ARTERIAL_C)

    def flat(self, index: NDArray[np.intp]) -> NDArray[np.int32]:
        """Return padded positions of flat (z, y, x) positions."""
        return np.asarray(index + self.place[0], dtype=np.int32)

    @property
    def stable_s(self) -> float:
        """Longest step for the present perfusion, s."""
        return SAFE * self.medium.stable_s(float(self.perfusion.max()))

    def prepare(self, step_s: float) -> F32:
        """Make ready for steps of `step_s`. Gives the coefficients of one step."""
        if step_s != self._step_s:
            self._coefficients = self.medium.coefficients(step_s)
            self._step_s = step_s
        return self._coefficients

    def step(self, step_s: float, field2: float) -> F32:
        """Advance by one step with the mean squared peak field, (kA/m)².

        Gives the temperatures the step began with, for whoever adds explicit exchange to `rise`.
        """
        fields = (self._next, self.rise, self.perfusion, self.heat)
        drive = (np.float32(field2), np.float32(self.core_c - ARTERIAL_C))
        kernel.step(fields, self.runs, self.prepare(step_s), self.place, drive)
        self.rise, self._next = self._next, self.rise
        return self._next

    def flow(self, table: F32, laws: F32, share: float) -> None:
        """Let perfusion close `share` of its way to equilibrium (tables of `plant.tissue`)."""
        rows = (table, laws, self._tissue)
        kernel.sweep((self.rise, self.perfusion), self.runs, rows, self.place, np.float32(share))

    def add_dose(self, minutes: float) -> None:
        """Add minutes at the present temperatures to `dose`, if it is kept."""
        if self.dose is not None:
            kernel.add_dose((self.rise, self.dose), self.runs, self.place, np.float32(minutes))

    def bytes_per_voxel(self) -> float:
        """Return what all arrays hold, per voxel of the block."""
        arrays: list[NDArray[Any]] = [self.rise, self._next, self.perfusion, self.heat]
        arrays += [self.medium.label, *self.runs]
        arrays += [] if self.dose is None else [self.dose]
        return sum(array.nbytes for array in arrays) / self.medium.label.size
