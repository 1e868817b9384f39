# SPDX-License-Identifier: Apache-2.0
"""The reduced patient: a few dozen modes of the 3-D one; blood flow and skin stay nonlinear.

Modes (POD) carry temperature; perfusion, its lag and the skin's balance are evaluated at a few
weighted voxels, whose weights are never negative (energy-conserving sampling, Farhat 2014). It has
no physics of its own: everything comes from a fit to the 3-D solver.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from sim_hardware.plant.body.patient_file import PatientFile
from sim_hardware.plant.heating.power import Power
from sim_hardware.plant.models.patient import F64, Steps, Truth, exceeded, flow_factor
from sim_hardware.plant.solver.kernel import F32
from sim_hardware.plant.solver.skin import balance_c, surrounded
from sim_hardware.plant.solver.tissue import ARTERIAL_C, TABLE_FROM_C, TABLE_PER_C
from sim_hardware.plant.support.jit import compiled

SETTLE_ROUNDS = 400
SETTLED = 1e-9
SKIN_ROUNDS = 3
SKIN_C = 33.0
"""Where the search for a surface temperature begins."""


@dataclass(frozen=True)
class Reduction:
    """What a fit leaves of a patient (m points, r modes); temperatures are °C above 37.

    `decay` (r) are the modes' rates; `pull` (sources, r) how core, eddies and each deposit act on
    them. Points: modes, base, W·c_b at rest, weight, tissue; where there is skin, the last
    columns of `skin` are its data: inner W/m²/K, area 1/m, bolus W/m²/K, flux and slope at rest.
    """

    decay: F64
    pull: F64
    modes: F64
    base: F64
    rest: F64
    weight: F64
    tissue: NDArray[np.int32]
    skin: F64
    skin_law: F64
    flow: F32
    sites: F64
    sites_base: F64
    site_skin: F64
    surface: F32
    surface_base: F64
    surface_skin: F64
    tumor: F32
    tumor_base: F64
    healthy: F32
    healthy_base: F64
    error: F64
    """Largest errors found against the 3-D solver, °C, in the order of `fit.ERRORS`."""

    def as_arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return everything by name, ready for `numpy.savez`."""
        return {item.name: getattr(self, item.name) for item in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> "Reduction":
        """Take what `as_arrays` gave. KeyError when something is missing."""
        return cls(**{item.name: arrays[item.name] for item in fields(cls)})  # type: ignore[arg-type]


@compiled()
def _force(
    state: tuple[F64, F64, F64],
    points: tuple[F64, F64, F64, F64, NDArray[np.int32]],
    skin: tuple[F64, F64],
    flow: F32,
    drive: tuple[float, float],
) -> F64:
    """Return what the sampled points do to the modes, after letting flow and skin follow.

    state: amplitudes, W·c_b, skin °C (the last two change). drive: core's rise, share of the way
    to the equilibrium of flow.
    """
    amplitude, perfusion, surface = state
    modes, base, rest, weight, tissue = points
    rows, law = skin
    core, share = drive
    force = np.zeros(len(amplitude))
    for m in range(len(base)):
        change = 0.0
        for k in range(len(amplitude)):
            change += modes[m, k] * amplitude[k]
        rise = base[m] + change
        at = min(max((rise + 37.0 - TABLE_FROM_C) * TABLE_PER_C, 0.0), flow.shape[1] - 2.0)
        low = int(at)
        row = flow[tissue[m]]
        wanted = row[low] + (row[low + 1] - row[low]) * (at - low)
        perfusion[m] += (wanted - perfusion[m]) * share
        power = (perfusion[m] - rest[m]) * (core - rise)
        if rows[m, 1] > 0.0:
            surface[m] = balance_c(rise + 37.0, surface[m], (rows[m, 0], rows[m, 2]), law)
            flux = rows[m, 0] * (rise + 37.0 - surface[m])
            power += rows[m, 4] * change - rows[m, 1] * (flux - rows[m, 3])
        power *= weight[m]
        for k in range(len(amplitude)):
            force[k] += power * modes[m, k]
    return force


@compiled()
def _look(amplitude: F64, sites: tuple[F64, F64, F64], law: F64, celsius: F64) -> None:
    """Put the sites' temperatures into `celsius`; sites: modes, base, data of their skin."""
    modes, base, rows = sites
    for n in range(len(base)):
        deep_c = base[n] + 37.0
        for k in range(len(amplitude)):
            deep_c += modes[n, k] * amplitude[k]
        if rows[n, 1] > 0.0:
            celsius[n] = balance_c(deep_c, celsius[n], (rows[n, 0], rows[n, 2]), law)
        else:
            celsius[n] = deep_c


@compiled()
def _step(
    state: tuple[F64, F64, F64, F64],
    points: tuple[F64, F64, F64, F64, NDArray[np.int32]],
    rest: tuple[F64, F64, F32, tuple[F64, F64, F64]],
    linear: tuple[F64, F64, F64],
    drive: tuple[float, float, F64],
) -> None:
    """Advance everything by one step: exact for the linear part, forces held over the step.

    state: amplitudes, W·c_b, skin, sites. rest: skin's rows and law, flow table, sites. linear:
    decay over a step, gain of a force, pull of the sources. drive: core's rise, share, sources.
    """
    amplitude, perfusion, surface, celsius = state
    rows, law, flow, sites = rest
    keep, gain, pull = linear
    core, share, acting = drive
    force = _force((amplitude, perfusion, surface), points, (rows, law), flow, (core, share))
    for n in range(len(acting)):
        for k in range(len(force)):
            force[k] += acting[n] * pull[n, k]
    for k in range(len(force)):
        amplitude[k] = keep[k] * amplitude[k] + gain[k] * force[k]
    _look(amplitude, sites, law, celsius)


class ReducedPatient:
    """The fast `Patient`. Starts at the steady state without field; steps like the 3-D one."""

    def __init__(self, reduction: Reduction, patient: PatientFile, power: Power) -> None:
        self.reduction, self.power, self.blood = reduction, power, patient.circulation
        self._number = {site.name: n for n, site in enumerate(patient.site)}
        self._steps = Steps(patient.grid.step_s)
        step_s, found = self._steps.step_s, reduction
        self._points = (found.modes, found.base, found.rest, found.weight, found.tissue)
        self._sites = (found.sites, found.sites_base, found.site_skin)
        self._flow, self._law = found.flow, found.skin_law
        self._rest = (found.skin, self._law, self._flow, self._sites)
        keep = np.exp(-found.decay * step_s)
        self._linear = (keep, (1.0 - keep) / found.decay, found.pull)
        self._share = float(-np.expm1(-step_s / self.blood.lag_s))
        self._changes, self._flow_factor = patient.perturbation, 1.0
        self.flow_factor = 1.0
        """Multiplies all blood flow besides the file's perturbations."""
        self._acting, self._field2 = np.zeros(len(found.pull)), math.nan
        self.treatment_s, self.core_c = 0.0, self.blood.core_c
        self.amplitude = np.zeros(len(found.decay))
        self.perfusion = found.rest.copy()
        self.surface_c = np.full(len(found.base), SKIN_C)
        self._now = np.full(len(self._number), SKIN_C)
        self._before = self._now.copy()
        self.settle(0.0)

    def surround(self, celsius: float | None) -> None:
        """Let what cools the skin be this warm; None: as the file says."""
        self._law = surrounded(self.reduction.skin_law, celsius)
        self._rest = (self._rest[0], self._law, self._flow, self._sites)

    # ---- time ------------------------------------------------------------------------------

    def advance(self, dt_s: float, field2: float) -> None:
        """Advance by treatment seconds with the mean squared peak field over them, (kA/m)²."""
        for mean in self._steps.take(dt_s, field2):
            self._step(mean)

    def _step(self, field2: float) -> None:
        step_s, blood = self._steps.step_s, self.blood
        self._act(field2)
        self._change_flow()
        self._before[:] = self._now
        state = (self.amplitude, self.perfusion, self.surface_c, self._now)
        drive = (self.core_c - ARTERIAL_C, self._share, self._acting)
        _step(state, self._points, self._rest, self._linear, drive)
        surplus = self._absorbed_w - blood.regulation_w_per_k * (self.core_c - blood.core_c)
        self.core_c += step_s * surplus / blood.heat_j_per_k
        self.treatment_s += step_s

    def _act(self, field2: float) -> None:
        """Set what acts on the modes: rise of the core, squared field, power of each deposit."""
        self._acting[0] = self.core_c - self.blood.core_c
        if field2 != self._field2:
            self._acting[1] = max(field2, 0.0)
            self._acting[2:] = self.power.w_per_kg(field2)
            self._absorbed_w = self.power.absorbed_w(field2)
            self._field2 = field2

    def _change_flow(self) -> None:
        """Take the flow that perturbations ask for at this moment."""
        factor = self.flow_factor
        if self._changes:
            factor *= flow_factor(self._changes, self.treatment_s)
        if factor != self._flow_factor:
            self._flow_factor = factor
            self._flow = np.float32(factor) * self.reduction.flow
            self._rest = (self._rest[0], self._rest[1], self._flow, self._rest[3])

    def settle(self, field2: float) -> None:
        """Jump to the steady state under a constant mean squared field, (kA/m)².

        The core stays where it is: its own time constant is more than an hour.
        """
        self._act(field2)
        self._change_flow()
        found, core = self.reduction, self.core_c - ARTERIAL_C
        for _ in range(SETTLE_ROUNDS):
            state = (self.amplitude, self.perfusion, self.surface_c)
            skin = (found.skin, self._law)
            force = _force(state, self._points, skin, self._flow, (core, 0.5))
            wanted = (force + self._acting @ found.pull) / found.decay
            change = 0.5 * (wanted - self.amplitude)
            self.amplitude += change
            if float(np.abs(change).max()) < SETTLED * (1.0 + float(np.abs(wanted).max())):
                break
        self._steps.restart()
        for _ in range(SKIN_ROUNDS):
            _look(self.amplitude, self._sites, self._law, self._now)
        self._before[:] = self._now

    # ---- looking ---------------------------------------------------------------------------

    def site_c(self, name: str) -> float:
        """Return the true temperature at a named site; KeyError when there is none."""
        number = self._number[name]
        before, now = float(self._before[number]), float(self._now[number])
        return before + (now - before) * self._steps.part

    def truth(self) -> Truth:
        """Return the extremes of the present field."""
        found, small = self.reduction, self.amplitude.astype(np.float32)
        tumor = found.tumor @ small + found.tumor_base + ARTERIAL_C
        healthy = found.healthy @ small + found.healthy_base + ARTERIAL_C
        deep = found.surface @ small + found.surface_base + ARTERIAL_C
        hottest = int(np.argmax(deep))
        row, now = found.surface_skin[hottest], float(deep[hottest]) - 1.0
        for _ in range(SKIN_ROUNDS):
            now = balance_c(float(deep[hottest]), now, (row[0], row[2]), self._law)
        t90, t50, t10 = exceeded(tumor, 0.9, 0.5, 0.1)
        return Truth(
            skin_surface_c_max=now,
            tumor_c_max=float(tumor.max()),
            tumor_t90_c=t90,
            tumor_t50_c=t50,
            tumor_t10_c=t10,
            healthy_c_max=float(healthy.max()),
            core_c=self.core_c,
        )

    # ---- saving ----------------------------------------------------------------------------

    def save(self) -> dict[str, F64]:
        """Return the whole state, ready for `numpy.savez`."""
        clock = [self._steps.owed_s, self._steps.owed_heat, self.treatment_s, self.core_c]
        return {
            "amplitude": self.amplitude.copy(),
            "perfusion": self.perfusion.copy(),
            "surface": self.surface_c.copy(),
            "sites": np.stack([self._before, self._now]),
            "clock": np.array(clock),
        }

    def restore(self, state: dict[str, F64]) -> None:
        """Take a saved state of the same patient file; ValueError when it does not fit."""
        if (
            "amplitude" not in state
            or state["amplitude"].shape != self.amplitude.shape
            or (state["perfusion"].shape != self.perfusion.shape)
        ):
            raise ValueError("the saved state belongs to another patient: save a new one")
        self.amplitude = state["amplitude"].copy()
        self.perfusion = state["perfusion"].copy()
        self.surface_c = state["surface"].copy()
        self._before, self._now = (row.copy() for row in state["sites"])
        owed_s, owed_heat, treatment_s, core_c = (float(x) for x in state["clock"])
        self._steps.owed_s, self._steps.owed_heat = owed_s, owed_heat
        self.treatment_s, self.core_c = treatment_s, core_c
