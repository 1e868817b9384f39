# SPDX-License-Identifier: Apache-2.0
"""V6 and V7: a manufactured solution for the orders of convergence, and balances of energy."""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sim_hardware.plant.body.patient_file import PatientFile
from sim_hardware.plant.heating.particle import Particle
from sim_hardware.plant.models import load
from sim_hardware.plant.models.voxel_patient import VoxelPatient
from sim_hardware.plant.solver.bioheat import Bioheat
from sim_hardware.plant.solver.kernel import F32
from sim_hardware.plant.solver.medium import Medium
from sim_hardware.plant.solver.runs import CORE
from sim_hardware.plant.solver.skin import Exchange, Skin, Surface
from tests.formulas import F64, Material
from tools.perf.cases.anatomy import PATIENTS
from tools.perf.cases.common import ARTERIAL_C, Found, Parameters, Run, block, centers, grid

SIDES_M = (0.024, 0.032, 0.040)
"""x, y, z of the manufactured block; every grid divides them."""
PEAK_K = 10.0
GROWTH_S = 300.0
UNTIL_S = 240.0
TEMPORAL_M = 2e-3
TEMPORAL_PARTS = (1, 2, 4)

BLOCK_M = (0.024, 0.024, 0.030)
BALANCE_S = 240.0
FIELD2 = 25.0

PATIENT_S = 240.0
PATIENT_KA_PER_M = 8.0
MU0 = 4e-7 * math.pi
PARTICLE = "../particles/aminosilane_magnetite.toml"
DEPOSIT = {"shape": "sphere", "center_mm": [2.0, -3.0, 22.0], "radius_mm": 11.0}
PATIENT: dict[str, Any] = {
    "schema": 1,
    "name": "v7_patient",
    "title": "A limb's end whose floor is cut from it: every term of the balance counts",
    "source": ["made up"],
    "region": "none",
    "tissues": "../tissues/human.toml",
    "reaches": {"role": "tumor", "celsius": 45.0, "field_ka_per_m": 8.0, "cap_ka_per_m": 8.0},
    "grid": {"voxel_mm": 4.0, "size_mm": [80.0, 80.0, 60.0]},
    "body": {"shape": "ellipsoid", "radius_mm": 60.0, "semi_axes_mm": [34.0, 36.0, 48.0]},
    "layer": [
        {"tissue": "skin", "thickness_mm": 4.0},
        {"tissue": "fat", "thickness_mm": 4.0},
        {"tissue": "muscle", "thickness_mm": 90.0},
    ],
    "structure": [{"tissue": "tumor", "solid": DEPOSIT, "target": True}],
    "deposit": [{"particle": PARTICLE, "iron_mg_per_ml": 20.0, "solid": DEPOSIT, "spread_mm": 3.0}],
    "skin": {
        "sweat": {"onset_c": 34.0},
        "bolus": {"celsius": 20.0, "w_per_m2_k": 80.0, "radius_mm": 15.0},
    },
    "circulation": {"lag_s": 60.0, "heat_j_per_k": 20e3},
    "site": [
        {"name": "top", "depth_mm": 0.0},
        {"name": "middle", "depth_mm": 22.0},
        {"name": "beside", "x_mm": -20.0, "depth_mm": 18.0},
    ],
    "probe": [
        {"id": "skin", "role": "skin", "site": "top"},
        {"id": "tumor", "role": "tumor", "site": "middle"},
        {"id": "healthy", "role": "healthy", "site": "beside"},
    ],
}
"""A core of a twelfth of a body's heat capacity: blood and floor follow one that warms."""


@dataclass(frozen=True)
class Made:
    """T = 10 e^(t/300 s) cos(πx/a) cos(πy/b) cos(πz/c), insulated; perfusion varies in space.

    The source that this needs is [ρc/300 s + k Σ + W·c_b] T. With `discrete` Σ is the grid's own
    instead of π²/a² + …, so that only the error in time is left.
    """

    material: Material
    voxel_m: float
    discrete: bool

    def axes(self) -> tuple[F64, F64, F64]:
        """Return the voxels' x, y, z, shaped to broadcast."""
        x, y, z = (centers(round(side / self.voxel_m), self.voxel_m) for side in SIDES_M)
        return grid(x, y, z)

    def shape(self) -> F64:
        """Return cos cos cos (z, y, x)."""
        pairs = zip(self.axes(), SIDES_M, strict=True)
        x, y, z = (np.cos(math.pi * axis / side) for axis, side in pairs)
        return np.asarray(x * y * z)

    def perfusion(self) -> F64:
        """Return W·c_b (z, y, x): between half and one and a half of the material's."""
        x, _, z = self.axes()
        wave = np.cos(2.0 * math.pi * x / SIDES_M[0]) * np.cos(math.pi * z / SIDES_M[2])
        return np.asarray(self.material.perfusion * (1.0 + 0.5 * wave))

    def squares(self) -> float:
        """Return −∇²φ/φ, 1/m²."""
        if not self.discrete:
            return sum((math.pi / side) ** 2 for side in SIDES_M)
        waves = (1.0 - math.cos(math.pi * self.voxel_m / side) for side in SIDES_M)
        return 2.0 / self.voxel_m**2 * sum(waves)

    def run(self) -> Run:
        """Build the block at time 0."""
        shape = self.shape()
        nz, ny, nx = shape.shape
        heat = block((nz, ny, nx), self.voxel_m, self.material)
        perfusion = np.broadcast_to(self.perfusion(), shape.shape)
        heat.view(heat.perfusion)[:] = perfusion
        need = self.material.capacity / GROWTH_S + self.material.k * self.squares() + perfusion
        heat.view(heat.heat)[:] = need * shape
        heat.view(heat.rise)[:] = PEAK_K * shape
        return Run(heat)

    def error(self, step_s: float) -> tuple[float, str]:
        """Step to the end with the mean source of each step; return the worst deviation, K."""
        run = self.run()
        count = math.ceil(UNTIL_S / step_s - 1e-9)
        step_s = UNTIL_S / count
        mean = GROWTH_S / step_s * math.expm1(step_s / GROWTH_S)
        for number in range(count):
            run.drive = PEAK_K * math.exp(number * step_s / GROWTH_S) * mean
            run.one(step_s)
        exact = PEAK_K * math.exp(UNTIL_S / GROWTH_S) * self.shape()
        deviation = np.abs(run.heat.view(run.heat.rise) - exact)
        z, y, x = np.unravel_index(int(deviation.argmax()), deviation.shape)
        return float(deviation.max()), f"voxel x {x} y {y} z {z} of {deviation.shape[::-1]}"


def spatial(p: Parameters, voxel_m: float) -> Found:
    """V6 in space: steps shrink with the square of the voxel, so both errors do."""
    found = Found()
    whole = SIDES_M[0] / round(SIDES_M[0] / voxel_m)
    made = Made(p.material(p.perfusion), whole, discrete=False)
    found.take(*made.error(made.run().heat.stable_s))
    return found


def temporal(p: Parameters) -> dict[str, list[float]]:
    """V6 in time, on one grid of whose error in space the exact solution knows."""
    made = Made(p.material(p.perfusion), TEMPORAL_M, discrete=True)
    longest_s = made.run().heat.stable_s
    steps = [longest_s / part for part in TEMPORAL_PARTS]
    return {"step_s": steps, "error_c": [made.error(step_s)[0] for step_s in steps]}


# ---- V7 --------------------------------------------------------------------------------------


def _layered(p: Parameters, voxel_m: float) -> Medium:
    """Skin, fat and muscle with a tumor in one corner and a bone; air in another corner."""
    nx, ny, nz = (round(side / voxel_m) for side in BLOCK_M)
    x, y, z = grid(*(centers(n, voxel_m) for n in (nx, ny, nz)))
    label = np.full((nz, ny, nx), 3, np.uint8)
    label[np.broadcast_to(z < 0.008, label.shape)] = 2
    label[np.broadcast_to(z < 0.002, label.shape)] = 1
    label[x**2 + y**2 + (z - 0.015) ** 2 < 0.008**2] = 4
    label[(x - 0.02) ** 2 + (z - 0.024) ** 2 + 0.0 * y < 0.005**2] = 5
    label[(x - 0.024) ** 2 + (y - 0.024) ** 2 + z**2 < 0.010**2] = 0
    conductivity = np.array([0.0, 0.372, 0.211, 0.495, p.conductivity, 0.32])
    capacity = np.array([1.0, 3.76e6, 2.14e6, 3.73e6, p.density * p.heat, 2.5e6])
    metabolic = np.array([0.0, 1827.0, 461.0, 988.0, 988.0, 295.0])
    return Medium(label, voxel_m, conductivity, capacity, metabolic, CORE)


def _bare(heat: Bioheat) -> Skin:
    """Every face towards air, with radiation, evaporation and a bolus over one half."""
    medium = heat.medium
    label, side = medium.label, medium.voxel_m
    padded = np.pad(label, 1, constant_values=3)
    padded[0] = 0
    faces = np.zeros(label.shape, int)
    for axis in range(3):
        for shift in (-1, 1):
            faces += (np.roll(padded, shift, axis)[1:-1, 1:-1, 1:-1] == 0) & (label > 0)
    index = np.flatnonzero(faces)
    own = label.ravel()[index]
    count = faces.ravel()[index].astype(float)
    half = (index % label.shape[2]) < label.shape[2] // 2
    surface = Surface(
        index=heat.flat(index),
        area_per_m=count / side,
        inner_w_per_m2_k=2.0 * medium.conductivity[own] / side,
        bolus_w_per_m2_k=np.where(half, 100.0, 0.0),
        area_m2=count * side**2,
    )
    law = Exchange(bolus_c=36.0, wet_max=0.5)
    return Skin(surface, law, medium.heat_capacity[own])


@dataclass(slots=True)
class Balance:
    """Joules of a run. `source` includes metabolism."""

    source: float = 0.0
    perfusion: float = 0.0
    surface: float = 0.0
    floor: float = 0.0
    stored: float = 0.0

    @property
    def imbalance(self) -> float:
        """What is unaccounted for, as a part of the source."""
        left = self.source - self.perfusion - self.surface - self.floor - self.stored
        return abs(left) / self.source


def _sum(weight: F64, rise: F64 | F32) -> float:
    return float(np.einsum("zyx,zyx->", weight, rise, dtype=np.float64))


def balance(p: Parameters, voxel_m: float) -> Balance:
    """Add up every step of a heated, cooled, layered block.

    Source, blood, floor and store are computed here from the plant's fields. Not so the surface:
    it is the plant's own `Skin.loss_w` with its own `celsius`, and areas from `_bare`; in `patient`
    it is not.
    """
    medium = _layered(p, voxel_m)
    heat = Bioheat(medium)
    skin = _bare(heat)
    label = medium.label
    x, y, z = grid(*(centers(n, voxel_m) for n in label.shape[::-1]))
    inside = label > 0
    heat.view(heat.perfusion)[:] = inside * p.perfusion * (1.0 + 20.0 * x + 30.0 * z)
    heat.view(heat.heat)[:] = (label == 4) * p.power / FIELD2 + inside * 4e4 * (x + y)
    heat.view(heat.rise)[:] = inside * (1.0 - 80.0 * x)
    run, total, volume = Run(heat, skin, FIELD2), Balance(), voxel_m**3
    perfusion = heat.view(heat.perfusion).astype(float)
    capacity = medium.heat_capacity[label] * inside * volume
    source_w = volume * float(heat.view(heat.heat).sum(dtype=float)) * FIELD2
    source_w += volume * float(medium.metabolic[label].sum())
    floor = 2.0 * medium.conductivity[label[-1:]] * voxel_m
    before_j = _sum(capacity, heat.view(heat.rise))
    for _ in range(round(BALANCE_S / run.step_s)):
        before = run.one(run.step_s)
        now = heat.view(before)
        total.source += run.step_s * source_w
        total.perfusion += run.step_s * volume * _sum(perfusion, now)
        total.surface += run.step_s * skin.loss_w(before)
        total.floor += run.step_s * _sum(floor, now[-1:])
    total.stored = _sum(capacity, heat.view(heat.rise)) - before_j
    return total


@dataclass(slots=True)
class Ledger:
    """A patient's joules by what brings them in (the first three) and what takes them out."""

    particles: float = 0.0
    eddies: float = 0.0
    metabolism: float = 0.0
    blood: float = 0.0
    skin: float = 0.0
    floor: float = 0.0
    stored: float = 0.0

    @property
    def imbalance(self) -> float:
        """What is unaccounted for, as a part of the sources."""
        source = self.particles + self.eddies + self.metabolism
        return abs(source - self.blood - self.skin - self.floor - self.stored) / source


@dataclass(slots=True)
class Books:
    """Keeps a patient's ledger: physics and sums of its own, from the plant's fields.

    Taken from the plant are labels, temperatures (of the skin's surface too), W·c_b, iron per
    volume, the field's map and the skin's area. Blood, floor and skin act on what a step began
    with, the surface being in balance with that at the step's end.
    """

    body: VoxelPatient
    watts: tuple[float, float, float]
    total: Ledger = field(default_factory=Ledger)

    def _of(self, name: str) -> F64:
        return self.body.model.by_label(name)[self.body.model.geometry.label]

    def _celsius(self) -> F64:
        heat = self.body.heat
        return heat.view(heat.rise).astype(np.float64) + ARTERIAL_C

    def stored(self) -> float:
        """Return ρc T of the whole body, J."""
        capacity = self._of("density_kg_per_m3") * self._of("heat_j_per_kg_k")
        return self.body.heat.medium.voxel_m**3 * float((capacity * self._celsius()).sum())

    def step(self) -> None:
        """Let the body make one step and enter what moved."""
        body, total, side_m = self.body, self.total, self.body.heat.medium.voxel_m
        celsius, core_c, step_s = self._celsius(), body.heat.core_c, body.step_s
        perfusion = body.heat.view(body.heat.perfusion).astype(np.float64)
        inside, k = body.model.geometry.body, self._of("conductivity_w_per_m_k")
        at = body.skin.surface.index - body.heat.place[0]
        at_s = body.treatment_s
        body.advance(step_s, PATIENT_KA_PER_M**2)
        if abs(body.treatment_s - at_s - step_s) > 1e-9:
            raise RuntimeError("advance made another number of steps than one")
        particles, eddies, metabolism = self.watts
        total.particles += step_s * particles
        total.eddies += step_s * eddies
        total.metabolism += step_s * metabolism
        total.blood += step_s * side_m**3 * float((perfusion * (celsius - core_c))[inside].sum())
        flux = k.ravel()[at] / (0.5 * side_m) * (celsius.ravel()[at] - body.skin.celsius)
        total.skin += step_s * float(flux @ body.skin.surface.area_m2)
        below = k[-1] / (0.5 * side_m) * (celsius[-1] - core_c)
        total.floor += step_s * side_m**2 * float(below.sum())


def _sources_w(body: VoxelPatient) -> tuple[float, float, float]:
    """Return what particles, eddies and metabolism give in the constant field, W.

    Particles have the field of their middle; eddies go round the axis of the limb.
    """
    model, voxel_m3 = body.model, body.heat.medium.voxel_m**3
    scene, patient = model.scene, model.patient
    field_map, (iron,) = scene.relative_field(), scene.iron
    middle = PATIENT_KA_PER_M * float((iron * field_map).sum() / iron.sum())
    particle = load.read(model.path.parent / PARTICLE, Particle)
    kg = voxel_m3 * float(iron.sum())
    particles = kg * particle.slp_w_per_kg(middle, patient.frequency_khz)
    x, _, z = (1e-3 * axis for axis in scene.geometry.at)
    radius_m = 1e-3 * patient.body.radius_mm
    square = np.minimum(x**2 + (z - radius_m) ** 2, radius_m**2)
    induced = math.pi * MU0 * 1e3 * patient.frequency_khz * 1e3 * PATIENT_KA_PER_M * field_map
    label = scene.geometry.label
    eddies = 0.5 * model.by_label("sigma_s_per_m")[label] * induced**2 * square
    metabolism = model.by_label("metabolic_w_per_m3")[label]
    return particles, voxel_m3 * float(eddies.sum()), voxel_m3 * float(metabolism.sum())


def patient() -> Ledger:
    """Add up every step of a whole patient: rounded skin, particles, blood that follows, core."""
    model = load.build(PatientFile.model_validate(PATIENT), PATIENTS / "v7_patient.toml")
    body = VoxelPatient(model)
    books = Books(body, _sources_w(body))
    before_j = books.stored()
    for _ in range(round(PATIENT_S / body.step_s)):
        books.step()
    books.total.stored = books.stored() - before_j
    return books.total
