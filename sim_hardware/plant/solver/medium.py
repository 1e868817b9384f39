# SPDX-License-Identifier: Apache-2.0
"""What a block of tissue is made of, and the coefficients of one explicit step made from it.

Conductance of a face is the harmonic mean of both sides' conductivity, which is exact for layers
with faces between voxels (series resistance); the arithmetic mean would let fat conduct too well.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sim_hardware.plant.solver.kernel import COEFFICIENTS, F32
from sim_hardware.plant.solver.runs import AIR, CORE, INSULATED, SIDES, Labels, Runs, encode

F64 = NDArray[np.float64]


@dataclass(frozen=True)
class Medium:
    """A labeled block (z, y, x) of cubic voxels; label 0 is outside.

    Rows of the arrays are labels: W/m/K, J/m³/K, W/m³. `floor` is CORE (held at the core's
    temperature half a voxel below the last plane) or INSULATED; the other sides are insulated.
    """

    label: Labels
    voxel_m: float
    conductivity: F64
    heat_capacity: F64
    metabolic: F64
    floor: int = CORE
    runs: Runs = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "runs", encode(self.label, self.floor))

    def face(self, one: Labels, other: Labels) -> F64:
        """Return conductance between neighbors, W/m³/K: harmonic, 0 to air and insulated sides."""
        k = np.zeros(256)
        k[: len(self.conductivity)] = self.conductivity
        a, b = k[one], k[other]
        total = a + b
        mean = np.divide(2.0 * a * b, total, out=np.zeros_like(total), where=total > 0.0)
        return np.asarray(mean / self.voxel_m**2)

    def coefficients(self, step_s: float) -> F32:
        """Return the kernel's table for steps of `step_s` (kinds, COEFFICIENTS)."""
        kinds = self.runs.kinds
        own = kinds[:, 0]
        scale = step_s / self.heat_capacity[own]
        table = np.zeros((len(kinds), COEFFICIENTS))
        for side in range(SIDES):
            table[:, side] = self.face(own, kinds[:, 1 + side]) * scale
        table[:, 6] = scale
        table[:, 7] = self.metabolic[own] * scale
        table[:, 8] = self._to_core() * scale
        return table.astype(np.float32)

    def _to_core(self) -> F64:
        """Return conductance to the floor, half a voxel away, W/m³/K."""
        kinds = self.runs.kinds
        is_floor = (kinds[:, 1:] == CORE).any(axis=1)
        return np.asarray(2.0 * self.conductivity[kinds[:, 0]] / self.voxel_m**2 * is_floor)

    def stable_s(self, perfusion_max: float) -> float:
        """Return the longest step in which no voxel can overshoot its neighbors, s.

        A voxel at the skin may also lose through its bare faces, at most half a voxel's conduction.
        """
        kinds = self.runs.kinds
        own = kinds[:, 0]
        rate = self._to_core() + perfusion_max
        for side in range(SIDES):
            rate = rate + self.face(own, kinds[:, 1 + side])
        bare = (kinds[:, 1:] == AIR).sum(axis=1)
        rate = rate + bare * 2.0 * self.conductivity[own] / self.voxel_m**2
        return float((self.heat_capacity[own] / rate).min())


def edges(floor: str) -> int:
    """Return the label of the floor by its name in a patient file."""
    return {"core": CORE, "insulated": INSULATED}[floor]
