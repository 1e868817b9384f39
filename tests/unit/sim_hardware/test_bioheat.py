# SPDX-License-Identifier: Apache-2.0
"""The 3-D solver against closed forms on coarse grids; `./run perf verify` does it on fine ones."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sim_hardware.plant.heating.sources import eddy_w_per_m3, slp_w_per_kg
from sim_hardware.plant.models.load import read
from sim_hardware.plant.solver.bioheat import SAFE, Bioheat
from sim_hardware.plant.solver.medium import Medium
from sim_hardware.plant.solver.runs import CORE, INSULATED
from sim_hardware.plant.solver.skin import Skin
from sim_hardware.plant.solver.tissue import TissueFile, perfusion_table, rising_laws
from sim_hardware.plant.support import jit
from tests import formulas
from tools.perf.cases import order, slab, sphere
from tools.perf.cases.common import Parameters, Run, block, centers, filled, grid, top_skin

TISSUES = Path(__file__).parents[3] / "config" / "tissues" / "human.toml"
SHORT = replace(Parameters(), times_s=(60.0, 300.0, 600.0))
CAPACITY = 1050.0 * 3600.0


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Blocks this small gain nothing from a second one, and lose much beside other tests."""
    jit.set_threads(1)
    yield
    jit.set_threads(10_000)


def settings() -> Iterator[tuple[bool, str, bool, float]]:
    """Perfused or not, which skin, steady or not; and the largest error on 2 mm, °C.

    At an adiabatic skin the plant reads the middle of the outermost voxel, 1 mm too deep.
    """
    for is_steady in (False, True):
        yield (False, "none", is_steady, 0.02)
        yield (True, "none", is_steady, 0.02)
        yield (True, "isothermal", is_steady, 0.025)
        yield (True, "adiabatic", is_steady, 0.06)


@pytest.mark.parametrize(("is_perfused", "skin", "is_steady", "limit_c"), [*settings()])
def test_v1_v2_a_heated_sphere(is_perfused, skin, is_steady, limit_c) -> None:
    found = sphere.compare(SHORT, 2e-3, (is_perfused, skin, is_steady))
    assert found.error < limit_c, (found.where, found.table)


def test_v1_the_numbers_of_the_reference() -> None:
    """Not through the formulas: what the table prints for 600 s and at last, on 2 mm."""
    shown = sphere.compare(SHORT, 2e-3, (True, "none", False)).table
    shown |= sphere.compare(SHORT, 2e-3, (True, "none", True)).table
    printed = {
        "center 600 s": 5.2459,
        "rim 600 s": 2.5708,
        "r_two_radii 600 s": 0.3364,
        "center steady": 6.0639,
        "rim steady": 3.2563,
    }
    for key, value in printed.items():
        assert shown[key][0] == pytest.approx(value, abs=0.02), key


def test_v3_a_slab_with_a_robin_skin() -> None:
    found = slab.slab(Parameters(), 1e-3)
    assert found.error < 0.01, found.where
    assert len(found.table) == 24
    plant, exact = found.table["q 20000 h 100 skin"]
    assert plant == pytest.approx(25.9820, abs=0.005)
    assert exact == pytest.approx(25.9820, abs=1e-4)


@pytest.mark.parametrize("perfusion", [0.0, 2000.0])
def test_v4_a_half_space_whose_surface_steps(perfusion: float) -> None:
    found = slab.half_space(Parameters(), 1e-3, perfusion)
    assert found.error < 0.01, found.where


def test_v6_second_order_in_space_first_in_time() -> None:
    coarse, fine = (order.spatial(Parameters(), voxel_m).error for voxel_m in (4e-3, 2e-3))
    assert 1.7 < np.log2(coarse / fine) < 2.3
    errors = order.temporal(Parameters())["error_c"]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(1.0, abs=0.05)
    assert np.log2(errors[1] / errors[2]) == pytest.approx(1.0, abs=0.05)


def test_v7_energy_goes_nowhere() -> None:
    found = order.balance(Parameters(), 2e-3)
    assert found.imbalance < 1e-5
    parts = (found.perfusion, found.surface, found.floor, found.stored)
    assert min(abs(part) for part in parts) > 1e-3 * found.source


# ---- heterogeneous blocks --------------------------------------------------------------------


def patchwork(floor: int = INSULATED) -> Bioheat:
    """Random tissues with holes of air, random temperatures between 0 and 1 above 37."""
    chance = np.random.default_rng(7)
    label = chance.integers(0, 4, (12, 10, 14)).astype(np.uint8)
    k, capacity = np.array([0.0, 0.2, 0.5, 0.9]), np.array([1.0, 2e6, 3.7e6, 2.1e6])
    heat = Bioheat(Medium(label, 1e-3, k, capacity, np.zeros(4), floor))
    heat.view(heat.rise)[:] = chance.random(label.shape) * (label > 0)
    return heat


def stored_j(heat: Bioheat) -> float:
    capacity = heat.medium.heat_capacity[heat.medium.label]
    volume = heat.medium.voxel_m**3
    return volume * float((capacity * (heat.medium.label > 0) * heat.view(heat.rise)).sum())


def test_an_insulated_block_keeps_its_heat() -> None:
    heat = patchwork()
    before = stored_j(heat)
    spread = float(heat.view(heat.rise)[heat.medium.label > 0].std())
    for _ in range(300):
        heat.step(heat.stable_s, 100.0)
    assert stored_j(heat) == pytest.approx(before, rel=2e-6)
    assert float(heat.view(heat.rise)[heat.medium.label > 0].std()) < 0.5 * spread


def test_air_stays_out_of_it() -> None:
    heat = patchwork()
    heat.step(heat.stable_s, 100.0)
    assert not heat.view(heat.rise)[heat.medium.label == 0].any()


def test_layers_conduct_like_resistances_in_series() -> None:
    """Faces between voxels: the harmonic mean makes the staircase of k exact at every voxel."""
    depth = np.array([0.004, 0.010, 0.006])
    label = np.repeat([1, 2, 3], [4, 10, 6]).astype(np.uint8)[:, None, None]
    k = np.array([0.0, 0.2, 0.9, 0.05])
    heat = Bioheat(Medium(label, 1e-3, k, np.array([1.0, 2e6, 2e6, 2e6]), np.zeros(4), CORE))
    run = Run(heat, top_skin(heat, 0.0, 47.0, imposed=True))
    run.settle(2e-3)
    exact = formulas.layers(k[1:], depth, (10.0, 0.0), centers(20, 1e-3))
    assert run.line((0, 0)) == pytest.approx(exact, abs=2e-4)
    wrong = formulas.layers(np.full(3, k[1:].mean()), depth, (10.0, 0.0), centers(20, 1e-3))
    assert np.abs(exact - wrong).max() > 1.0


def test_every_direction_conducts_alike() -> None:
    """The same layers along x and along y, between metabolism and perfusion, as along z."""
    found = []
    for axis in range(3):
        shape = [1, 1, 1]
        shape[axis] = 12
        label = np.repeat([1, 2], 6).astype(np.uint8).reshape(shape)
        k, capacity = np.array([0.0, 0.2, 0.7]), np.array([1.0, 2e6, 3e6])
        heat = Bioheat(Medium(label, 1e-3, k, capacity, np.array([0.0, 9e3, 0.0]), INSULATED))
        heat.view(heat.perfusion)[:] = np.where(label == 2, 9000.0, 500.0)
        for _ in range(400):
            heat.step(0.9, 0.0)
        found.append(heat.view(heat.rise).ravel().copy())
    assert found[0].std() > 0.1
    assert found[1] == pytest.approx(found[0], rel=2e-6)
    assert found[2] == pytest.approx(found[0], rel=2e-6)


def advanced(threads: int) -> np.ndarray:
    assert jit.set_threads(threads) == threads
    tissues = tuple(read(TISSUES, TissueFile).tissue.values())[:3]
    table, laws = perfusion_table(tissues), rising_laws(tissues)
    heat = patchwork(CORE)
    heat.dose = heat.array()
    heat.view(heat.rise)[:] *= 8.0
    heat.view(heat.heat)[:] = 1e4
    for _ in range(40):
        heat.step(0.3, 2.0)
        heat.flow(table, laws, 0.1)
        heat.add_dose(0.005)
    return np.stack([heat.rise, heat.perfusion, heat.dose])


def test_threads_do_not_change_a_bit() -> None:
    if jit.set_threads(2) < 2:
        pytest.skip("only one processor")
    one, two = advanced(1), advanced(2)
    assert one.any(axis=1).all()
    assert np.array_equal(one, two)


# ---- steps -----------------------------------------------------------------------------------


def test_no_voxel_overshoots_its_neighbors_at_the_stable_step() -> None:
    heat = patchwork(CORE)
    heat.view(heat.perfusion)[:] = 50_000.0
    for _ in range(50):
        heat.step(heat.stable_s, 0.0)
        assert float(heat.rise.min()) >= -1e-6
        assert float(heat.rise.max()) <= 1.0 + 1e-6


@pytest.mark.parametrize(("factor", "is_stable"), [(1.0, True), (1.05 / SAFE, False)])
def test_the_stable_step_is_not_much_shorter_than_it_must_be(factor, is_stable) -> None:
    shape = (10, 10, 10)
    heat = block(shape, 1e-3, formulas.Material(0.5, CAPACITY))
    heat.view(heat.rise)[:] = 1.0 - 2.0 * (np.indices(shape).sum(axis=0) % 2)
    inside = 0.5 * CAPACITY * 1e-6 / (3 * 0.5)  # ρc dx²/6k
    step_s = factor * SAFE * inside
    for _ in range(200):
        heat.step(step_s, 0.0)
    assert (float(np.abs(heat.rise).max()) < 1.0) is is_stable


def test_a_skin_as_cold_as_can_be_is_stable_too() -> None:
    heat = block((8, 4, 4), 1e-3, formulas.Material(0.5, CAPACITY, 3000.0))
    heat.view(heat.rise)[:] = 5.0
    run = Run(heat, top_skin(heat, 0.0, 7.0, imposed=True))
    lowest = 5.0
    for _ in range(400):
        run.one(run.step_s)
        now = float(heat.view(heat.rise).min())
        assert -30.0 <= now <= lowest + 1e-6
        lowest = now
    assert isinstance(run.skin, Skin)
    assert run.skin.celsius == pytest.approx(7.0, abs=1e-3)


# ---- dose, blood, sources --------------------------------------------------------------------


@pytest.mark.parametrize("case", formulas.CEM43_MIN)
def test_dose_in_the_kernel(case: tuple[float, float]) -> None:
    celsius, minutes = case
    medium = block((1, 1, 3), 1e-3, formulas.Material(0.5, CAPACITY)).medium
    heat = Bioheat(medium, with_dose=True)
    heat.view(heat.rise)[:] = celsius - 37.0
    for _ in range(10):
        heat.add_dose(minutes / 10.0)
    assert heat.dose is not None
    found = heat.view(heat.dose).ravel()
    assert found == pytest.approx([formulas.cem43_min(celsius, minutes)] * 3, rel=1e-3)
    assert found == pytest.approx([formulas.CEM43_MIN[case]] * 3, rel=1.5e-3)


# Lang 1999, kg/m³/s at 37, 38, … 45 °C.
FLOWS = {
    "muscle": (0.467, 0.510, 0.627, 0.892, 1.386, 2.127, 2.994, 3.716, 4.000),
    "fat": (0.362, 0.366, 0.378, 0.405, 0.455, 0.530, 0.618, 0.691, 0.720),
    "tumor": (0.833, 0.833, 0.828, 0.797, 0.690, 0.4165, 0.416, 0.416, 0.416),
}
COLD_FLOWS = {"muscle": 0.450, "fat": 0.360, "tumor": 0.833}  # at 32 °C


@pytest.mark.parametrize("name", FLOWS)
def test_blood_follows_temperature_as_lang_says(name: str) -> None:
    tissues = (read(TISSUES, TissueFile).tissue[name],)
    heat = block((1, 1, 11), 1e-3, formulas.Material(0.5, CAPACITY))
    heat.view(heat.rise)[:] = np.array([-5.0, *range(9), 20.0])
    table, laws = perfusion_table(tissues), rising_laws(tissues)
    heat.flow(table, laws, 1.0)
    found = heat.view(heat.perfusion).ravel() / 3617.0
    assert found[1:-1] == pytest.approx(FLOWS[name], abs=1e-3)
    assert found[-1] == pytest.approx(FLOWS[name][-1], abs=1e-3)
    assert found[0] == pytest.approx(COLD_FLOWS[name], abs=1e-3)
    heat.perfusion[:] = 0.0
    heat.flow(table, laws, 0.25)
    assert heat.view(heat.perfusion).ravel() / 3617.0 == pytest.approx(0.25 * found, rel=1e-5)


def test_heat_in_the_solver_grows_with_the_square_of_the_field() -> None:
    rises = []
    for field_ka_per_m in (5.0, 10.0):
        heat = block((3, 3, 3), 1e-3, formulas.Material(0.5, CAPACITY))
        heat.view(heat.heat)[:] = 400.0
        heat.step(1.0, field_ka_per_m**2)
        rises.append(float(heat.view(heat.rise)[1, 1, 1]))
    assert rises == pytest.approx([1e4 / CAPACITY, 4e4 / CAPACITY], rel=1e-5)


def test_heat_grows_with_the_square_of_the_field() -> None:
    assert slp_w_per_kg(2.0, 5.0, 100.0) == pytest.approx(5000.0)
    assert 10.0 * slp_w_per_kg(2.0, 7.5, 100.0) / 1050.0 == pytest.approx(107.1, abs=0.1)
    assert slp_w_per_kg(2.0, 10.0, 100.0) == pytest.approx(4.0 * slp_w_per_kg(2.0, 5.0, 100.0))


@pytest.mark.parametrize(
    ("radius_m", "field", "rim_kw_per_m3"),
    [(0.15, 5.0, 17.5), (0.15, 18.0, 227.0), (0.10, 8.5, 22.5), (0.08, 13.5, 36.4)],
)
def test_eddy_heat_at_the_rim(radius_m, field, rim_kw_per_m3) -> None:
    found = eddy_w_per_m3(0.4, radius_m, field, 100.0) / 1e3
    assert found == pytest.approx(rim_kw_per_m3, rel=0.01)


@pytest.mark.parametrize("voxel_m", [3e-3, 2e-3, 0.7e-3])
def test_a_staircase_sphere_has_all_its_power(voxel_m: float) -> None:
    side = centers(round(0.015 / voxel_m), voxel_m)
    octant = np.pi / 6.0 * 0.01**3
    part = filled(grid(side, side, side), voxel_m, 0.01, octant)
    assert part.sum() * voxel_m**3 == pytest.approx(octant, rel=1e-9)
    assert part.min() >= 0.0
    assert part.max() <= 1.05


def test_a_whole_patient_keeps_its_energy_too() -> None:
    """Particles, eddies, metabolism and blood, less skin and floor, are what is stored."""
    found = order.patient()
    assert found.imbalance < 2e-4
