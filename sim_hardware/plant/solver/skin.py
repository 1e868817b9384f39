# SPDX-License-Identifier: Apache-2.0
"""The skin's heat exchange: convection, radiation, evaporation, sweat, or a water bolus.

Insensible evaporation 3.054 (0.256 T − 3.37 − p) and sweat 16.7 h_c w (0.256 T − 3.37 − p), W/m²,
after Fanger; both stop where they would condense. Knows a list of surface voxels, not a shape.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim_hardware.plant.solver.kernel import F32
from sim_hardware.plant.solver.runs import Ints
from sim_hardware.plant.solver.tissue import ARTERIAL_C
from sim_hardware.plant.support.jit import compiled, prange

F64 = NDArray[np.float64]

STEFAN_BOLTZMANN = 5.670374e-8
KELVIN = 273.15
SETTLE_ROUNDS = 20
HALVINGS = 8


@dataclass(frozen=True, slots=True)
class Exchange:
    """Constants of the surroundings, °C, kPa, W/m²/K. `wet_max` 0 means no sweat."""

    air_c: float = 24.0
    radiant_c: float = 24.0
    vapor_kpa: float = 1.4
    convection_w_per_m2_k: float = 4.0
    emissivity: float = 0.97
    is_dry: bool = False
    sweat_onset_c: float = 36.5
    sweat_range_c: float = 6.0
    wet_max: float = 0.0
    bolus_c: float = 37.0

    def constants(self) -> F64:
        """Return them in the order that the kernel reads."""
        return np.array(
            [
                self.air_c,
                (self.radiant_c + KELVIN) ** 4,
                self.vapor_kpa,
                self.convection_w_per_m2_k,
                self.emissivity * STEFAN_BOLTZMANN,
                0.0 if self.is_dry else 3.054,
                self.sweat_onset_c,
                self.sweat_range_c,
                16.7 * self.convection_w_per_m2_k * self.wet_max,
                self.bolus_c,
            ]
        )


@dataclass(frozen=True, slots=True)
class Surface:
    """Voxels with skin: flat index, true area per volume (1/m), k/(dx/2), bolus W/m²/K (0: bare).

    `area_m2` is the true area of each: a staircase has too much, the body's normal corrects it.
    """

    index: Ints
    area_per_m: F64
    inner_w_per_m2_k: F64
    bolus_w_per_m2_k: F64
    area_m2: F64


def surrounded(law: F64, celsius: float | None) -> F64:
    """Return the constants with air, walls and water bag at one temperature; None: as they are."""
    if celsius is None:
        return law
    other = law.copy()
    other[[0, 9]], other[1] = celsius, (celsius + KELVIN) ** 4
    return other


@compiled()
def bare_loss(celsius: float, law: F64) -> tuple[float, float]:
    """Return what bare skin loses, W/m², and its slope, W/m²/K."""
    kelvin = celsius + 273.15
    cube = kelvin * kelvin * kelvin
    loss = law[3] * (celsius - law[0]) + law[4] * (cube * kelvin - law[1])
    slope = law[3] + 4.0 * law[4] * cube
    wet = 0.256 * celsius - 3.37 - law[2]
    if wet > 0.0:
        share = (celsius - law[6]) / law[7]
        inside = 0.0 < share < 1.0
        share = min(max(share, 0.0), 1.0)
        loss += (law[5] + law[8] * share) * wet
        slope += (law[5] + law[8] * share) * 0.256
        if inside:
            slope += law[8] * wet / law[7]
    return loss, slope


@compiled()
def balance_c(deep_c: float, now_c: float, exchange: tuple[float, float], law: F64) -> float:
    """Move a surface temperature to its balance: one Newton step, halved while it overshoots.

    exchange: W/m²/K inwards, bolus W/m²/K (under a bolus the result is exact). Where sweat sets
    in, the loss has a corner, and full steps could jump to and fro across it.
    """
    inner, bolus = exchange
    if bolus > 0.0:
        return float((inner * deep_c + bolus * law[9]) / (inner + bolus))
    loss, slope = bare_loss(now_c, law)
    missing = inner * (deep_c - now_c) - loss
    step = missing / (inner + slope)
    for _ in range(HALVINGS):
        there = now_c + step
        left = inner * (deep_c - there) - bare_loss(there, law)[0]
        if abs(left) <= abs(missing):
            break
        step *= 0.5
    return now_c + step


@compiled(parallel=True)
def _exchange(fields: tuple[F32, F32], skin_c: F64, parts: tuple[Ints, F64, F64], law: F64) -> None:
    """Move each surface temperature to its balance and cool its voxel.

    fields: present rise, next rise. parts: index, W/m²/K inwards, bolus W/m²/K. skin_c: °C, and
    below it how much one W/m² cools the voxel in this step, K.
    """
    now, new = fields
    index, inner, bolus = parts
    for n in prange(len(index)):  # every voxel is on the list once
        deep_c = float(now[index[n]]) + 37.0
        ts = balance_c(deep_c, skin_c[0, n], (inner[n], bolus[n]), law)
        skin_c[0, n] = ts
        new[index[n]] -= np.float32(skin_c[1, n] * inner[n] * (deep_c - ts))


class Skin:
    """State of the surface: `celsius` of each element. `exchange` acts on a solver's arrays."""

    def __init__(self, surface: Surface, law: Exchange, heat_capacity: F64) -> None:
        self.surface, self.law = surface, law
        self._law = law.constants()
        self._per_flux = surface.area_per_m / heat_capacity
        self._state = np.stack([np.full(len(surface.index), 33.0), self._per_flux])
        self._step_s = 1.0
        self._parts = (surface.index, surface.inner_w_per_m2_k, surface.bolus_w_per_m2_k)

    @property
    def celsius(self) -> F64:
        """Temperature of the skin's surface over each element."""
        row: F64 = self._state[0]
        return row

    def exchange(self, now: F32, new: F32, step_s: float) -> None:
        """Cool (or warm) the surface voxels of `new` for one step that began at `now`."""
        if step_s != self._step_s:
            self._state[1] = self._per_flux * step_s
            self._step_s = step_s
        _exchange((now, new), self._state, self._parts, self._law)

    def surround(self, celsius: float | None) -> None:
        """Let air, walls and water bag be this warm; None: as the patient's file says."""
        self._law = surrounded(self.law.constants(), celsius)

    def settle(self, now: F32) -> None:
        """Bring the surface into balance with the voxels below it."""
        kept, self._step_s = self._state[1].copy(), self._step_s
        self._state[1] = 0.0
        for _ in range(SETTLE_ROUNDS):
            _exchange((now, now), self._state, self._parts, self._law)
        self._state[1] = kept

    def loss_w(self, rise: F32) -> float:
        """Return the heat that leaves through the skin, W."""
        deep_c = rise[self.surface.index].astype(np.float64) + ARTERIAL_C
        flux = self.surface.inner_w_per_m2_k * (deep_c - self.celsius)
        return float((flux * self.surface.area_m2).sum())
