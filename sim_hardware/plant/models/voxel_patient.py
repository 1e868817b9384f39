# SPDX-License-Identifier: Apache-2.0
"""The 3-D patient: bioheat on voxels, skin, particles, blood that follows, and a warm core."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sim_hardware.plant.body import sites, surface
from sim_hardware.plant.body.geometry import Geometry, Mask
from sim_hardware.plant.body.patient_file import PatientFile, Perturbation
from sim_hardware.plant.heating import heat as heat_of
from sim_hardware.plant.models.patient import F64, Steps, Truth, exceeded, flow_factor
from sim_hardware.plant.output.volume import Volume
from sim_hardware.plant.solver import steady
from sim_hardware.plant.solver.bioheat import Bioheat
from sim_hardware.plant.solver.kernel import F32
from sim_hardware.plant.solver.medium import Medium, edges
from sim_hardware.plant.solver.skin import Skin
from sim_hardware.plant.solver.tissue import ARTERIAL_C, Tissue, perfusion_table, rising_laws

FLOW_EVERY_S = 4.0
"""How often blood flow follows the temperatures; far below any lag of vessels."""
DOSE_EVERY_S = 1.0
"""How often thermal dose is added: its rate doubles with each degree."""
FLOW_FACTOR_MAX = 2.0
"""Highest `flow_factor` that steps are stable for, besides the file's perturbations."""
SETTLED_C = 2e-3
SETTLE_ROUNDS = 40
SLOWEST_RATE = 2e-4
"""1/s; a guess for bodies without blood flow, which only costs time when wrong."""


@dataclass(frozen=True)
class Model:
    """Everything a voxel patient is built from; `tissues` in the order of labels 1, 2 and on."""

    scene: heat_of.Scene
    tissues: tuple[Tissue, ...]
    path: Path

    @property
    def patient(self) -> PatientFile:
        """The patient file."""
        return self.scene.patient

    @property
    def geometry(self) -> Geometry:
        """The voxels."""
        return self.scene.geometry

    def with_perturbations(self, *rows: Perturbation) -> "Model":
        """Return the same body with these perturbations alone."""
        patient = self.patient.model_copy(update={"perturbation": rows})
        return replace(self, scene=replace(self.scene, patient=patient))

    def by_label(self, name: str) -> F64:
        """Return a property of every tissue by label; 0 for air."""
        return np.array([0.0, *(float(getattr(row, name)) for row in self.tissues)])

    def healthy(self) -> Mask:
        """Return where tissue lives that is no tumor; a phantom has none, so all that is no target.

        Living is what makes or takes heat: cement in a bone is not.
        """
        alive = np.array([False, *(row.is_alive for row in self.tissues)])
        around = self.geometry.body & ~self.geometry.target
        living = around & alive[self.geometry.label]
        return living if living.any() else around

    def medium(self) -> Medium:
        """Return the thermal medium."""
        capacity = self.by_label("heat_capacity")
        capacity[0] = 1.0  # air is never computed; no division by zero either
        return Medium(
            self.geometry.label,
            self.geometry.voxel_mm * 1e-3,
            self.by_label("conductivity_w_per_m_k"),
            capacity,
            self.by_label("metabolic_w_per_m3"),
            edges(self.patient.grid.floor),
        )


class VoxelPatient:
    """The full-fidelity `Patient`. Starts at the steady state without field.

    Steps are fixed (the file's `step_s`, or what is stable); sites move linearly from one step's
    result to the next, so their values lag by one step and never jump.
    """

    def __init__(self, model: Model, *, with_dose: bool = False, start: bool = True) -> None:
        """Build it; without `start` the caller has to settle or restore it before anything else."""
        self.model = model
        geometry, patient = model.geometry, model.patient
        self.heat = Bioheat(model.medium(), with_dose=with_dose)
        self.sources = heat_of.place(model.scene, self.heat, model.by_label("sigma_s_per_m"))
        found = surface.find(geometry, self.heat, patient.skin)
        capacity = self.heat.medium.heat_capacity[
            geometry.label.ravel()[found.index - self.heat.place[0]]
        ]
        self.skin = Skin(found, surface.exchange(patient.skin), capacity)
        sites.check_probes(patient.probe, patient.site)
        self.places = sites.places(patient.site, geometry, self.heat, found)
        self.flow_table, self._laws = perfusion_table(model.tissues), rising_laws(model.tissues)
        target = geometry.target.ravel()
        self._tumor = self.heat.flat(np.flatnonzero(target))
        self._healthy = self.heat.flat(np.flatnonzero(model.healthy().ravel()))
        self.heat.core_c = patient.circulation.core_c
        self.heat.rise[:] = np.float32(self.heat.core_c - ARTERIAL_C)
        self._flow_max()
        self._steps = Steps(min(patient.grid.step_s, self.heat.stable_s))
        self._since_flow_s, self._since_dose_s, self.treatment_s = 0.0, 0.0, 0.0
        self.flow_factor = 1.0
        """Multiplies all blood flow besides the file's perturbations; a fit sets it."""
        self._now: dict[str, float] = {}
        self._before = self._now
        if start:
            self.settle(0.0)

    @property
    def step_s(self) -> float:
        """Length of a step, s."""
        return self._steps.step_s

    def surround(self, celsius: float | None) -> None:
        """Let what cools the skin be this warm; None: as the file says."""
        self.skin.surround(celsius)

    # ---- time ------------------------------------------------------------------------------

    def advance(self, dt_s: float, field2: float) -> None:
        """Advance by treatment seconds with the mean squared peak field over them, (kA/m)²."""
        for mean in self._steps.take(dt_s, field2):
            self._step(mean)

    def _step(self, field2: float) -> None:
        step_s = self._steps.step_s
        self._one(step_s, field2)
        self._warm_core(step_s, field2)
        self.treatment_s += step_s
        self._since_flow_s += step_s
        if self._since_flow_s >= FLOW_EVERY_S - 1e-9:
            lag_s = self.model.patient.circulation.lag_s
            self._flow(float(-np.expm1(-self._since_flow_s / lag_s)))
            self._since_flow_s = 0.0
        self._since_dose_s += step_s
        if self._since_dose_s >= DOSE_EVERY_S - 1e-9:
            self.heat.add_dose(self._since_dose_s / 60.0)
            self._since_dose_s = 0.0
        self._before, self._now = self._now, self._look()

    def _one(self, step_s: float, field2: float) -> None:
        before = self.heat.step(step_s, field2)
        self.skin.exchange(before, self.heat.rise, step_s)
        self.sources.add(self.heat.rise, step_s, field2)

    def _flow(self, share: float) -> None:
        """Let blood flow close a share of its way to what tissues and perturbations ask for."""
        factor = self.flow_factor * flow_factor(self.model.patient.perturbation, self.treatment_s)
        table, laws = self.flow_table, self._laws
        if factor != 1.0:
            table, laws = np.float32(factor) * table, np.float32(factor) * laws
        self.heat.flow(table, laws, share)

    def _warm_core(self, step_s: float, field2: float) -> None:
        blood = self.model.patient.circulation
        surplus = self.sources.power.absorbed_w(field2)
        surplus -= blood.regulation_w_per_k * (self.heat.core_c - blood.core_c)
        self.heat.core_c += step_s * surplus / blood.heat_j_per_k

    # ---- steady states ---------------------------------------------------------------------

    def settle(self, field2: float) -> None:
        """Jump to the steady state under a constant mean squared field, (kA/m)².

        The core stays where it is: its own time constant is more than an hour.
        """
        for number in range(SETTLE_ROUNDS):
            before = self.heat.rise.copy()
            self._flow(0.7 if number else 1.0)
            self._relax(field2)
            change = self.heat.view(np.abs(self.heat.rise - before))[self.model.geometry.body]
            if float(change.max()) < SETTLED_C:
                break
        self.skin.settle(self.heat.rise)
        self._steps.restart()
        self._since_flow_s = 0.0
        self._now = self._look()
        self._before = self._now

    def _relax(self, field2: float) -> None:
        step_s = min(self.heat.stable_s, 4.0 * self._steps.step_s)
        inside = self.heat.perfusion[self.heat.perfusion > 0.0]
        capacity = float(self.heat.medium.heat_capacity.max())
        rate = float(inside.min()) / capacity if len(inside) else 0.0
        slowest = max(rate, SLOWEST_RATE) * step_s

        def one(rise: F32) -> F32:
            self.heat.rise[:] = rise  # a copy: the solver swaps its two arrays
            self._one(step_s, field2)
            return self.heat.rise

        steps = steady.steps_for(slowest)
        self.heat.rise[:] = steady.relax(one, self.heat.rise.copy(), slowest, steps)

    def _flow_max(self) -> None:
        """Give every voxel its highest possible flow, so that the step is stable for all time."""
        changes = self.model.patient.perturbation
        factors = [flow_factor(changes, row.at_s) for row in changes]
        highest = max([FLOW_FACTOR_MAX, *factors]) * self.flow_table.max(axis=1)
        self.heat.view(self.heat.perfusion)[:] = highest[self.model.geometry.label]

    # ---- looking ---------------------------------------------------------------------------

    def site_c(self, name: str) -> float:
        """Return the true temperature at a named site; KeyError when there is none."""
        before, now = self._before[name], self._now[name]
        return before + (now - before) * self._steps.part

    def _look(self) -> dict[str, float]:
        found = {}
        for name, at in self.places.items():
            if at.is_surface:
                found[name] = float(self.skin.celsius[at.index] @ at.weight)
            else:
                found[name] = float(self.heat.rise[at.index] @ at.weight) + ARTERIAL_C
        return found

    def truth(self) -> Truth:
        """Return the extremes of the present field."""
        tumor = self.heat.rise[self._tumor].astype(float) + ARTERIAL_C
        t90, t50, t10 = exceeded(tumor, 0.9, 0.5, 0.1)
        return Truth(
            skin_surface_c_max=float(self.skin.celsius.max()),
            tumor_c_max=float(tumor.max()),
            tumor_t90_c=t90,
            tumor_t50_c=t50,
            tumor_t10_c=t10,
            healthy_c_max=float(self.heat.rise[self._healthy].max()) + ARTERIAL_C,
            core_c=self.heat.core_c,
        )

    def volume(self) -> Volume:
        """Return everything as a picture, NIfTI or VTK file takes it."""
        geometry, dose = self.model.geometry, self.heat.dose
        x, y, z = (float(axis.ravel()[0]) for axis in geometry.at)
        marks = {
            site.name: (site.x_mm, site.y_mm, self._depth(site.x_mm, site.y_mm) + site.depth_mm)
            for site in self.model.patient.site
        }
        return Volume(
            celsius=np.where(geometry.body, self.heat.celsius(), np.float32(np.nan)),
            cem43_min=None if dose is None else self.heat.view(dose).copy(),
            label=geometry.label,
            names=geometry.names,
            spacing_mm=geometry.voxel_mm,
            origin_mm=(x, y, z),
            treatment_s=self.treatment_s,
            marks=marks,
            mark_c=dict(self._now),
        )

    def _depth(self, x_mm: float, y_mm: float) -> float:
        geometry = self.model.geometry
        i = int(np.abs(geometry.at[0].ravel() - x_mm).argmin())
        j = int(np.abs(geometry.at[1].ravel() - y_mm).argmin())
        return float(geometry.top_mm[j, i])

    # ---- saving ----------------------------------------------------------------------------

    def save(self) -> dict[str, NDArray[np.float64]]:
        """Return the whole state, ready for `numpy.savez`."""
        clock = [self._steps.owed_s, self._steps.owed_heat, self._since_flow_s, self._since_dose_s]
        state: dict[str, NDArray[np.float64]] = {
            "rise": self.heat.view(self.heat.rise).astype(float),
            "perfusion": self.heat.view(self.heat.perfusion).astype(float),
            "skin": self.skin.celsius.copy(),
            "sites": np.array([[self._before[name], self._now[name]] for name in self.places]),
            "clock": np.array([*clock, self.treatment_s, self.heat.core_c]),
        }
        if self.heat.dose is not None:
            state["dose"] = self.heat.view(self.heat.dose).astype(float)
        return state

    def restore(self, state: dict[str, NDArray[np.float64]]) -> None:
        """Take a saved state of the same patient file; ValueError when it does not fit."""
        if "rise" not in state or state["rise"].shape != self.model.geometry.label.shape:
            raise ValueError("the saved state belongs to another patient: save a new one")
        self.heat.view(self.heat.rise)[:] = state["rise"]
        self.heat.view(self.heat.perfusion)[:] = state["perfusion"]
        if self.heat.dose is not None and "dose" in state:
            self.heat.view(self.heat.dose)[:] = state["dose"]
        self.skin.celsius[:] = state["skin"]
        pairs = dict(zip(self.places, state["sites"].tolist(), strict=True))
        self._before = {name: pair[0] for name, pair in pairs.items()}
        self._now = {name: pair[1] for name, pair in pairs.items()}
        owed_s, owed_heat, flow_s, dose_s, treatment_s, core_c = (float(x) for x in state["clock"])
        self._steps.owed_s, self._steps.owed_heat = owed_s, owed_heat
        self._since_flow_s, self._since_dose_s = flow_s, dose_s
        self.treatment_s, self.heat.core_c = treatment_s, core_c
