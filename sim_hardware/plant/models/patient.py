# SPDX-License-Identifier: Apache-2.0
"""What the bench needs of a simulated patient, at whatever fidelity. Time is treatment time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sim_hardware.plant.body.patient_file import Perturbation

F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Truth:
    """Noise-free extremes of the present field of temperatures, °C."""

    skin_surface_c_max: float
    tumor_c_max: float
    tumor_t90_c: float
    tumor_t50_c: float
    tumor_t10_c: float
    healthy_c_max: float
    core_c: float


class Patient(Protocol):
    """A body under a field. Advancing is deterministic; nothing but `flow_factor` changes it.

    That multiplies all blood flow besides the file's perturbations.
    """

    flow_factor: float

    def advance(self, dt_s: float, field2: float) -> None:
        """Advance by treatment seconds with the mean squared peak field over them, (kA/m)²."""

    def site_c(self, name: str) -> float:
        """Return the true temperature at a named site; KeyError when there is none."""

    def truth(self) -> Truth:
        """Return the extremes of the present field."""

    def surround(self, celsius: float | None) -> None:
        """Let what cools the skin (air, walls, water bag) be this warm; None: as the file says."""

    def settle(self, field2: float) -> None:
        """Jump to the steady state under a constant mean squared field, (kA/m)²."""

    def save(self) -> dict[str, F64]:
        """Return the whole state, ready for `numpy.savez`."""

    def restore(self, state: dict[str, F64]) -> None:
        """Take a saved state of the same patient file; ValueError when it does not fit."""


def flow_factor(perturbations: Sequence[Perturbation], at_s: float) -> float:
    """Return by how much blood flow is changed at a moment of treatment time."""
    factor = 1.0
    for row in perturbations:
        if row.at_s <= at_s and (row.until_s is None or at_s < row.until_s):
            factor *= row.flow_factor
    return factor


def exceeded(celsius: F64, *shares: float) -> list[float]:
    """Return the temperatures that parts of equal volumes reach or exceed (0.9: T90).

    Linear between the ranked values, as `numpy.quantile`, which would sort for every part.
    """
    ranked = np.sort(celsius)
    places = np.arange(len(ranked))
    found = np.interp([(1.0 - share) * (len(ranked) - 1) for share in shares], places, ranked)
    return [float(value) for value in found]


class Steps:
    """Turns any sequence of time spans into steps of one length, with the mean field of each.

    What is left over waits; `part` says how far it has come, so that a reader can interpolate from
    the last step's values to the next's and never sees a jump.
    """

    def __init__(self, step_s: float) -> None:
        self.step_s = step_s
        self.owed_s, self.owed_heat = 0.0, 0.0

    @property
    def part(self) -> float:
        """Part of the next step that has passed, 0 to 1."""
        return max(self.owed_s, 0.0) / self.step_s

    def take(self, dt_s: float, field2: float) -> list[float]:
        """Return the mean (kA/m)² of each step that is complete after another `dt_s`."""
        done = []
        while self.owed_s + dt_s >= self.step_s - 1e-9:
            part_s = self.step_s - self.owed_s
            done.append(max((self.owed_heat + part_s * field2) / self.step_s, 0.0))
            dt_s -= part_s
            self.owed_s = self.owed_heat = 0.0
        if dt_s > 0.0:
            self.owed_s += dt_s
            self.owed_heat += dt_s * field2
        return done

    def restart(self) -> None:
        """Forget what is owed."""
        self.owed_s = self.owed_heat = 0.0
