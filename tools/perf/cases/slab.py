# SPDX-License-Identifier: Apache-2.0
"""V3 and V4, one column of voxels: a slab with a Robin skin, a half-space whose surface steps.

Depth is counted from the outside of the first voxel; the slab's far side is the core.
"""

import math

import numpy as np

from sim_hardware.plant.solver.bioheat import Bioheat
from sim_hardware.plant.solver.medium import Medium
from sim_hardware.plant.solver.runs import CORE, INSULATED
from tests import formulas
from tests.formulas import Material, Robin
from tools.perf.cases.common import (
    ARTERIAL_C,
    Found,
    Parameters,
    Run,
    between,
    centers,
    top_skin,
)

DEPTHS_MM = (2.0, 5.0, 10.0, 15.0, 20.0)
STEP_TIMES_S = (60.0, 300.0, 1800.0)
STEP_DEPTHS_MM = (2.0, 5.0)
SPREADS = 3.5
"""The half-space ends so many √(4αt) below its surface, or after e^(−DECAYS)."""
DECAYS = 11.0


def _column(count: int, voxel_m: float, material: Material, q: float, floor: int) -> Bioheat:
    label = np.ones((count, 1, 1), np.uint8)
    rows = (np.array([0.0, material.k]), np.array([1.0, material.capacity]), np.array([0.0, q]))
    heat = Bioheat(Medium(label, voxel_m, *rows, floor=floor))
    heat.view(heat.perfusion)[:] = material.perfusion
    return heat


def slab(p: Parameters, voxel_m: float) -> Found:
    """V3: every row, all depths; the skin is what the skin's own state says."""
    found, thick = Found(), p.slab_mm * 1e-3
    material = p.material(p.slab_perfusion)
    count = max(4, round(thick / voxel_m))
    size = thick / count
    z = centers(count, size)
    for q, h, air_c in p.slabs():
        robin = Robin(q, h, air_c, thick)
        heat = _column(count, size, material, q, CORE)
        skin = top_skin(heat, h, air_c)
        run = Run(heat, skin)
        rate = material.perfusion / material.capacity
        run.settle(rate + material.alpha * (math.pi / 2.0 / thick) ** 2)
        line, exact = run.line((0, 0)), formulas.slab(material, robin, z)
        name = f"q {q:g} h {h:g}"
        worst = int(np.abs(line - exact).argmax())
        found.take(float(np.abs(line - exact)[worst]), f"{name}, {1e3 * z[worst]:.2f} mm deep")
        found.show(f"{name} skin", float(skin.celsius[0]), ARTERIAL_C + _one(material, robin, 0.0))
        for depth in DEPTHS_MM:
            at = depth * 1e-3
            plant = ARTERIAL_C + between(z, line, at)
            found.show(f"{name} {depth:g} mm", plant, ARTERIAL_C + _one(material, robin, at))
    return found


def _one(material: Material, robin: Robin, x: float) -> float:
    return float(formulas.slab(material, robin, np.array([x]))[0])


def half_space(p: Parameters, voxel_m: float, perfusion: float) -> Found:
    """V4: the surface goes to 37 + step_k at time 0."""
    found, material = Found(), p.material(perfusion)
    spread = math.sqrt(4.0 * material.alpha * max(STEP_TIMES_S))
    end = SPREADS * spread
    if perfusion > 0.0:
        end = max(end, DECAYS / material.decay)
    count = math.ceil(end / voxel_m)
    heat = _column(count, voxel_m, material, 0.0, INSULATED)
    run = Run(heat, top_skin(heat, 0.0, ARTERIAL_C + p.step_k, imposed=True))
    z = centers(count, voxel_m)
    for t in STEP_TIMES_S:
        run.until(t)
        _look(found, run, (z, p.step_k * formulas.half_space(material, z, t)), f"{t:g} s")
        for depth in STEP_DEPTHS_MM:
            at = depth * 1e-3
            exact = p.step_k * float(formulas.half_space(material, np.array([at]), t)[0])
            found.show(f"{depth:g} mm {t:g} s", between(z, run.line((0, 0)), at), exact)
    if perfusion > 0.0:
        run.settle(perfusion / material.capacity)
        _look(found, run, (z, p.step_k * formulas.half_space(material, z, math.inf)), "steady")
    return found


def _look(found: Found, run: Run, exact: tuple[formulas.F64, formulas.F64], moment: str) -> None:
    deviation = np.abs(run.line((0, 0)) - exact[1])
    worst = int(deviation.argmax())
    found.take(float(deviation[worst]), f"{moment}, {1e3 * exact[0][worst]:.2f} mm deep")
