# SPDX-License-Identifier: Apache-2.0
"""Fits a reduced patient to its 3-D one: runs it through a treatment, keeps modes and points.

The error is measured on another course of the field than the one it was fitted to.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sim_hardware.plant.body.patient_file import Perturbation
from sim_hardware.plant.heating.power import Power
from sim_hardware.plant.models.patient import F64
from sim_hardware.plant.models.reduced import ReducedPatient, Reduction
from sim_hardware.plant.models.sampling import weigh
from sim_hardware.plant.models.voxel_patient import Model, VoxelPatient
from sim_hardware.plant.solver.kernel import F32
from sim_hardware.plant.solver.skin import bare_loss
from sim_hardware.plant.solver.tissue import ARTERIAL_C

MODES_MAX = 32
ENERGY_LEFT = 3e-9
"""Part of the snapshots' energy that modes may leave out."""
CANDIDATES = 2500
POINTS_MAX = 220
POINTS_TOLERANCE = 2e-3
HEALTHY_KEPT = 2500
HOT_C = 75.0
"""Training goes no hotter: no treatment does."""
FULL_KA_PER_M = 18.0
CHUNK = 200_000

ERRORS = ("sites", "skin_surface_c_max", "tumor_t90_c", "tumor_c_max", "healthy_c_max")
"""What the error of a fit is measured of: all sites, then fields of `Truth`."""

Say = Callable[[str], None]


@dataclass
class _Snapshots:
    """Rises above rest and perfusion of every body voxel, skin of every element, core, by time."""

    rise: list[F32]
    flow: list[F32]
    skin: list[F64]
    core: list[float]


def course(hold2: float, cap2: float) -> Iterator[tuple[float, float, float, float]]:
    """Give the training's legs: seconds, (kA/m)², seconds between snapshots, factor of flow."""
    yield from ((6.0, cap2, 2.0, 1.0), (54.0, cap2, 9.0, 1.0), (540.0, cap2, 30.0, 1.0))
    yield from ((5.0, 0.0, 2.5, 1.0), (55.0, 0.0, 11.0, 1.0), (240.0, 0.0, 30.0, 1.0))
    yield from ((60.0, hold2, 10.0, 1.0), (840.0, hold2, 40.0, 1.0))
    yield from ((400.0, hold2, 50.0, 2.0), (400.0, hold2, 50.0, 0.5))
    yield from ((600.0, 0.5 * hold2, 60.0, 1.0), (60.0, cap2, 10.0, 1.0))
    yield from ((300.0, 0.8 * hold2, 30.0, 1.0), (900.0, 0.0, 60.0, 1.0))
    yield from ((10.0, FULL_KA_PER_M**2, 2.5, 1.0), (60.0, 0.0, 10.0, 1.0))


TRIAL = (
    *((200.0, 1.0, 0.0), (100.0, 0.0, 0.7), (400.0, 0.0, 1.0), (30.0, 0.0, 0.0)),
    *((300.0, 0.0, 1.1), (200.0, 0.0, 0.3), (120.0, 0.0, 0.0)),
)
"""Legs of the measurement of error: seconds, parts of the cap's and of the holding (kA/m)²."""
TRIAL_CHANGE = Perturbation(at_s=500.0, until_s=900.0, flow_factor=1.6)
"""Flow that changes during it, unlike in training."""


def fit(model: Model, say: Say = lambda _text: None) -> tuple[Reduction, Power]:
    """Return the reduction of a patient, with its error, and its heat. Takes seconds."""
    calm = model.with_perturbations()
    whole = VoxelPatient(calm)
    reach = model.patient.reaches
    hold2, cap2 = reach.field_ka_per_m**2, reach.cap_ka_per_m**2
    rest = whole.save()
    body = np.flatnonzero(model.geometry.body.ravel())
    work = _Fit(whole, body)
    say(f"{model.patient.name}: 3-D course of {len(body)} voxels")
    shots = work.run(course(hold2, cap2))
    say(f"{model.patient.name}: modes of {len(shots.rise)} snapshots")
    modes = work.modes(shots)
    found = work.reduce(shots, modes)
    power = whole.sources.power
    tried = calm.with_perturbations(TRIAL_CHANGE)
    other = VoxelPatient(tried, start=False)
    other.restore(rest)
    errors = _error(other, ReducedPatient(found, tried.patient, power), hold2, cap2)
    shown = ", ".join(f"{name} {value:.3f}" for name, value in zip(ERRORS, errors, strict=True))
    counts = f"{len(found.decay)} modes, {len(found.base)} points"
    say(f"{model.patient.name}: {counts}; largest errors against 3-D in °C: {shown}")
    return replace(found, error=errors), power


def _error(whole: VoxelPatient, small: ReducedPatient, hold2: float, cap2: float) -> F64:
    """Run both; give the largest differences of each of ERRORS, °C."""
    names = [site.name for site in whole.model.patient.site]
    worst = np.zeros(len(ERRORS))
    for span_s, of_cap, of_hold in TRIAL:
        field2 = of_cap * cap2 + of_hold * hold2
        for _ in range(round(span_s / 10.0)):
            whole.advance(10.0, field2)
            small.advance(10.0, field2)
            a, b = whole.truth(), small.truth()
            at_sites = max(abs(whole.site_c(n) - small.site_c(n)) for n in names)
            extremes = [abs(getattr(a, name) - getattr(b, name)) for name in ERRORS[1:]]
            worst = np.maximum(worst, [at_sites, *extremes])
    return worst


class _Fit:
    """One fit under way. Positions `body` are flat (z, y, x), without padding."""

    def __init__(self, whole: VoxelPatient, body: NDArray[np.intp]) -> None:
        self.whole, self.body, heat = whole, body, whole.heat
        self.label = whole.model.geometry.label.ravel()[body]
        self.padded = heat.flat(body)
        self.rise0 = heat.rise[self.padded].copy()
        self.flow0 = heat.perfusion[self.padded].astype(float)
        self.skin0 = whole.skin.celsius.copy()
        self.capacity = heat.medium.heat_capacity[self.label]
        where = np.full(whole.model.geometry.label.size, -1, np.intp)
        where[body] = np.arange(len(body))
        self.where = where
        surface = whole.skin.surface
        self.on_skin = where[surface.index - heat.place[0]]
        self._skin_at_rest()

    def _skin_at_rest(self) -> None:
        """Set flux and slope (W/m³/K) of every surface element at rest."""
        surface, law = self.whole.skin.surface, self.whole.skin.law.constants()
        deep = self.rise0[self.on_skin].astype(float) + ARTERIAL_C
        inner, bolus = surface.inner_w_per_m2_k, surface.bolus_w_per_m2_k
        slopes = np.array([bare_loss(t, law)[1] for t in self.skin0])
        out = np.where(bolus > 0.0, bolus, slopes)
        self.skin_rows = np.column_stack(
            [
                inner,
                surface.area_per_m,
                bolus,
                inner * (deep - self.skin0),
                surface.area_per_m * inner * out / (inner + out),
            ]
        )

    # ---- the course ------------------------------------------------------------------------

    def run(self, legs: Iterator[tuple[float, float, float, float]]) -> _Snapshots:
        """Run the 3-D patient and keep what it was like."""
        whole, shots = self.whole, _Snapshots([], [], [], [])
        for span_s, field2, every_s, whole.flow_factor in legs:
            for _ in range(round(span_s / every_s)):
                is_hot = whole.truth().tumor_c_max > HOT_C
                whole.advance(every_s, 0.2 * field2 if is_hot else field2)
                shots.rise.append(whole.heat.rise[self.padded] - self.rise0)
                shots.flow.append(whole.heat.perfusion[self.padded].copy())
                shots.skin.append(whole.skin.celsius.copy())
                shots.core.append(whole.heat.core_c - ARTERIAL_C)
        return shots

    # ---- modes -----------------------------------------------------------------------------

    def modes(self, shots: _Snapshots) -> F32:
        """Return modes (voxels, r) that are orthonormal in heat content, by decay rate later."""
        count = len(shots.rise)
        gram = np.zeros((count, count))
        for part in self._chunks():
            rows = np.stack([shot[part] for shot in shots.rise]).astype(float)
            gram += (rows * self.capacity[part]) @ rows.T
        values, vectors = np.linalg.eigh(gram)
        order = np.argsort(values)[::-1]
        values, vectors = values[order], vectors[:, order]
        left = 1.0 - np.cumsum(values) / values.sum()
        keep = min(int(np.argmax(left < ENERGY_LEFT)) + 1, MODES_MAX)
        mix = (vectors[:, :keep] / np.sqrt(values[:keep])).astype(np.float32)
        modes = np.zeros((len(self.body), keep), np.float32)
        for part in self._chunks():
            modes[part] = np.stack([shot[part] for shot in shots.rise], axis=1) @ mix
        return modes

    def _chunks(self) -> Iterator[slice]:
        for start in range(0, len(self.body), CHUNK):
            yield slice(start, start + CHUNK)

    def _conduction(self, modes: F32) -> F64:
        """Return modes' energy products with conduction (r, r), negative semidefinite, W/m³/K."""
        medium, count = self.whole.heat.medium, modes.shape[1]
        label = medium.label
        total = np.zeros((count, count))
        for axis in range(3):
            stride = int(np.prod(label.shape[axis + 1 :]))
            inner = np.zeros(label.shape, bool)
            cut = [slice(None)] * 3
            cut[axis] = slice(0, -1)
            inner[tuple(cut)] = True
            one = np.flatnonzero(inner.ravel() & (label.ravel() > 0))
            one = one[label.ravel()[one + stride] > 0]
            for start in range(0, len(one), CHUNK):
                a = one[start : start + CHUNK]
                face = medium.face(label.ravel()[a], label.ravel()[a + stride])
                jump = (modes[self.where[a + stride]] - modes[self.where[a]]).astype(float)
                total -= jump.T @ (face[:, None] * jump)
        return total

    def _floor(self) -> F64:
        """Return conductance to the core through the floor, W/m³/K, by body voxel."""
        medium = self.whole.heat.medium
        found = np.zeros(medium.label.shape)
        if medium.floor != 255:
            k = medium.conductivity[medium.label[-1]]
            found[-1] = 2.0 * k / medium.voxel_m**2
        return np.asarray(found.ravel()[self.body])

    # ---- projection ------------------------------------------------------------------------

    def reduce(self, shots: _Snapshots, modes: F32) -> Reduction:
        """Project everything on the modes, choose the points, and gather what is looked at."""
        to_core = self.flow0 + self._floor()
        fixed = to_core.copy()
        np.add.at(fixed, self.on_skin, self.skin_rows[:, 4])
        matrix = self._conduction(modes) - self._product(modes, fixed)
        values, turn = np.linalg.eigh(0.5 * (matrix + matrix.T))
        modes = modes @ turn.astype(np.float32)
        points, weight = self._points(shots, modes)
        pull = [modes.T.astype(float) @ to_core, modes.T.astype(float) @ self._eddies()]
        pull += [self._iron(modes, n) for n in range(len(self.whole.sources.iron))]
        return self._gather(modes, (-values, np.stack(pull)), (points, weight), self._peak(shots))

    def _product(self, modes: F32, by: F64) -> F64:
        total = np.zeros((modes.shape[1],) * 2)
        for part in self._chunks():
            rows = modes[part].astype(float)
            total += rows.T @ (by[part, None] * rows)
        return total

    def _eddies(self) -> F64:
        return np.asarray(self.whole.heat.heat[self.padded].astype(float))

    def _iron(self, modes: F32, number: int) -> F64:
        one = self.whole.sources.iron[number]
        rows = modes[self.where[one.index - self.whole.heat.place[0]]].astype(float)
        return np.asarray(one.kg_per_m3 @ rows)

    def _powers(self, shots: _Snapshots) -> Iterator[F32]:
        """Give what is not linear, W/m³ by voxel, at every snapshot."""
        rows = self.skin_rows
        for rise, flow, skin, core in zip(
            shots.rise, shots.flow, shots.skin, shots.core, strict=True
        ):
            now = self.rise0 + rise
            power = (flow - self.flow0) * (core - now)
            deep = now[self.on_skin].astype(float) + ARTERIAL_C
            flux = rows[:, 0] * (deep - skin)
            more = rows[:, 4] * rise[self.on_skin] - rows[:, 1] * (flux - rows[:, 3])
            np.add.at(power, self.on_skin, more)
            yield power.astype(np.float32)

    def _points(self, shots: _Snapshots, modes: F32) -> tuple[NDArray[np.intp], F64]:
        """Choose voxels and weights that give every snapshot's nonlinear forces."""
        importance = np.zeros(len(self.body))
        forces = []
        for power in self._powers(shots):
            size = float(np.linalg.norm(power)) + 1e-9
            importance += np.abs(power) / size
            forces.append(power @ modes / size)
        chance = importance / importance.sum() + 0.2 / len(importance)
        chosen = np.random.default_rng(0).choice(
            len(importance),
            min(CANDIDATES, len(importance)),
            replace=False,
            p=chance / chance.sum(),
        )
        chosen = np.sort(chosen)
        rows = [
            (power[chosen] / (float(np.linalg.norm(power)) + 1e-9))[:, None] * modes[chosen]
            for power in self._powers(shots)
        ]
        parts = np.concatenate([row.T for row in rows]).astype(float)
        index, weight = weigh(
            parts, np.concatenate(forces).astype(float), POINTS_TOLERANCE, POINTS_MAX
        )
        return chosen[index], weight

    def _gather(
        self,
        modes: F32,
        linear: tuple[F64, F64],
        points: tuple[NDArray[np.intp], F64],
        peak: F32,
    ) -> Reduction:
        (decay, pull), (chosen, weight) = linear, points
        whole, width = self.whole, self.skin_rows.shape[1]
        element = np.full(len(self.body), -1, np.intp)
        element[self.on_skin] = np.arange(len(self.on_skin))
        skin = np.zeros((len(chosen), width))
        bare = element[chosen] >= 0
        skin[bare] = self.skin_rows[element[chosen][bare]]
        sites, base, site_skin = self._sites(modes, element)
        geometry = whole.model.geometry
        tumor = self.where[np.flatnonzero(geometry.target.ravel())]
        around = np.flatnonzero(whole.model.healthy().ravel()[self.body])
        # The maximum of healthy tissue is among those that were ever hottest, or are so at rest.
        ranks = [np.argsort(rise[around], kind="stable") for rise in (peak, self.rise0)]
        healthy = around[np.unique(np.concatenate([rank[-HEALTHY_KEPT:] for rank in ranks]))]
        rise0 = self.rise0.astype(float)
        return Reduction(
            decay=decay,
            pull=pull,
            modes=modes[chosen].astype(float),
            base=rise0[chosen],
            rest=self.flow0[chosen],
            weight=weight,
            tissue=self.label[chosen].astype(np.int32),
            skin=skin,
            skin_law=whole.skin.law.constants(),
            flow=whole.flow_table,
            sites=sites,
            sites_base=base,
            site_skin=site_skin,
            surface=modes[self.on_skin],
            surface_base=rise0[self.on_skin],
            surface_skin=self.skin_rows,
            tumor=modes[tumor],
            tumor_base=rise0[tumor],
            healthy=modes[healthy],
            healthy_base=rise0[healthy],
            error=np.zeros(len(ERRORS)),
        )

    def _peak(self, shots: _Snapshots) -> F32:
        """Return the highest rise over 37 °C that each voxel came to."""
        peak = shots.rise[0].copy()
        for shot in shots.rise[1:]:
            np.maximum(peak, shot, out=peak)
        return np.asarray(peak + self.rise0)

    def _sites(self, modes: F32, element: NDArray[np.intp]) -> tuple[F64, F64, F64]:
        whole, start = self.whole, self.whole.heat.place[0]
        rows, base, skin = [], [], []
        for at in whole.places.values():
            if at.is_surface:
                voxels, data = self.on_skin[at.index], at.weight @ self.skin_rows[at.index]
            else:
                voxels, data = self.where[at.index - start], np.zeros(self.skin_rows.shape[1])
            rows.append(at.weight @ modes[voxels].astype(float))
            base.append(float(at.weight @ self.rise0[voxels].astype(float)))
            skin.append(data)
        return np.stack(rows), np.array(base), np.stack(skin)
