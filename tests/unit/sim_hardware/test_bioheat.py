# SPDX-License-Identifier: Apache-2.0
"""The bioheat solver against closed-form solutions (V1, V2, V3) and its own energy."""

import numpy as np
import pytest

from sim_hardware.plant.bioheat import Bioheat, Boundary, Grid, Medium
from sim_hardware.plant.sources import deposit_w_per_m3, eddy_w_per_m3, slp_w_per_kg

# V1: sphere of 10 mm with 1e5 W/m³ in an infinite medium; rows are r in mm, columns seconds.
TIMES_S = (60.0, 300.0, 600.0)
V1 = {
    0.0: {
        0.0: (1.5527, 4.6907, 6.0270),
        5.0: (1.4342, 4.0675, 5.2839),
        10.0: (0.6255, 2.1153, 3.0332),
        20.0: (0.0008, 0.1480, 0.4493),
    },
    3013.0: {
        0.0: (1.5167, 4.2941, 5.2459),
        10.0: (0.6115, 1.9196, 2.5708),
        20.0: (0.0008, 0.1254, 0.3364),
    },
}
V1_STEADY = {0.0: 6.0639, 10.0: 3.2563, 20.0: 0.7491}
# V2: the same sphere, perfused, 15 mm below an adiabatic skin; the skin above it.
V2_SKIN = (0.0728, 1.0276, 1.8400)
V2_SKIN_STEADY = 2.9451
# V3: slab of 30 mm, k 0.5, W·c_b 2000: (q, h, air) → depth in mm and °C.
V3 = {
    (500.0, 10.0, 25.0): ((0.0, 34.3500), (2.0, 34.7018), (10.0, 35.7476), (20.0, 36.5239)),
    (20000.0, 100.0, 20.0): ((0.0, 25.9820), (5.0, 31.0046), (20.0, 37.6419)),
}


def sphere(grid: Grid, depth_m: float) -> np.ndarray:
    offsets = ((np.arange(8) + 0.5) / 8 - 0.5) * grid.cell_m
    parts = [
        (grid.r_m + dr) ** 2 + (grid.z_m + dz - depth_m) ** 2 <= 0.01**2
        for dr in offsets
        for dz in offsets
    ]
    share: np.ndarray = np.mean(parts, axis=0)
    return share


def bench(radial: int, deep: int, depth_m: float, perfusion: float) -> Bioheat:
    grid = Grid(1e-3, radial, deep)
    cells = radial * deep
    medium = Medium(np.full(cells, 0.5), np.full(cells, 1050.0 * 3600.0))
    heat = Bioheat(grid, medium, Boundary(), 1.0)
    heat.set_heat(np.zeros(cells), sphere(grid, depth_m) * 1e5)
    heat.set_perfusion(np.full(cells, perfusion))
    return heat


def below_axis(heat: Bioheat, depth_mm: float) -> float:
    column = heat.celsius.reshape(heat.grid.deep, heat.grid.radial)[:, 0]
    return float(np.interp(depth_mm, np.arange(heat.grid.deep) + 0.5, column)) - 37.0


@pytest.mark.parametrize("perfusion", [0.0, 3013.0])
def test_v1_heated_sphere_on_a_1_mm_grid(perfusion: float) -> None:
    heat = bench(50, 100, 0.05, perfusion)
    done = 0
    for column, until in enumerate(TIMES_S):
        for _ in range(int(until) - done):
            heat.step(1.0)
        done = int(until)
        for r_mm, row in V1[perfusion].items():
            expected = row[column]
            assert below_axis(heat, 50.0 - r_mm) == pytest.approx(expected, rel=0.02, abs=0.01)


def test_v1_steady_state_with_perfusion() -> None:
    heat = bench(60, 120, 0.06, 3013.0)
    heat.settle(1.0)
    for r_mm, expected in V1_STEADY.items():
        assert below_axis(heat, 60.0 - r_mm) == pytest.approx(expected, rel=0.02)


def test_v2_sphere_under_an_adiabatic_skin() -> None:
    heat = bench(50, 65, 0.015, 3013.0)
    done = 0
    for until, expected in zip(TIMES_S, V2_SKIN, strict=True):
        for _ in range(int(until) - done):
            heat.step(1.0)
        done = int(until)
        assert heat.surface_c()[0] - 37.0 == pytest.approx(expected, rel=0.02, abs=0.01)
    heat.settle(1.0)
    assert heat.surface_c()[0] - 37.0 == pytest.approx(V2_SKIN_STEADY, rel=0.02)


@pytest.mark.parametrize("case", V3)
def test_v3_slab_with_a_cooled_skin(case: tuple[float, float, float]) -> None:
    heat_w_per_m3, skin_w_per_m2_k, air_c = case
    grid, cells = Grid(0.5e-3, 2, 60), 120
    medium = Medium(np.full(cells, 0.5), np.full(cells, 1050.0 * 3600.0))
    heat = Bioheat(grid, medium, Boundary(skin_w_per_m2_k, air_c), 0.25)
    heat.set_heat(np.full(cells, heat_w_per_m3), np.zeros(cells))
    heat.set_perfusion(np.full(cells, 2000.0))
    heat.settle(0.0)
    for depth_mm, expected in V3[case]:
        found = heat.surface_c()[0] if depth_mm == 0.0 else below_axis(heat, depth_mm * 2) + 37.0
        assert found == pytest.approx(expected, abs=0.02)


def test_the_steady_state_is_where_the_steps_lead() -> None:
    heat = bench(20, 20, 0.012, 8000.0)
    for _ in range(8000):
        heat.step(2.0)
    stepped = heat.celsius.copy()
    heat.settle(2.0)
    assert np.abs(heat.celsius - stepped).max() < 1e-3


def test_energy_balance() -> None:
    """Source minus perfusion, skin and floor equals what is stored, to 0.5 % (here to rounding)."""
    grid = Grid(1e-3, 30, 40)
    cells = 1200
    medium = Medium(np.linspace(0.2, 0.6, cells), np.linspace(2e6, 4e6, cells))
    heat = Bioheat(grid, medium, Boundary(9.0, 24.0), 0.5)
    heat.set_heat(np.full(cells, 900.0), sphere(grid, 0.014) * 4e3)
    heat.set_perfusion(np.linspace(1000.0, 7000.0, cells))
    before, volume, expected = heat.celsius.copy(), grid.volume_m3, 0.0
    for _ in range(600):
        now = heat.celsius
        power = volume * (heat.heat + 30.0 * heat.field_heat - heat.perfusion * (now - 37.0))
        lost = heat.coupling.air * (now - 24.0) + heat.coupling.floor * (now - 37.0)
        expected += 0.5 * float((power - lost).sum())
        heat.step(30.0)
    stored = float((medium.heat_capacity * volume * (heat.celsius - before)).sum())
    assert stored == pytest.approx(expected, rel=1e-6)


def test_an_unstable_step_is_refused() -> None:
    grid = Grid(1e-3, 5, 5)
    with pytest.raises(ValueError, match="unstable"):
        Bioheat(grid, Medium(np.full(25, 0.5), np.full(25, 3.78e6)), Boundary(), 3.0)


def test_heat_grows_with_the_square_of_the_field() -> None:
    assert slp_w_per_kg(2.0, 5.0, 100.0) == pytest.approx(5000.0)
    assert deposit_w_per_m3(2.0, 10.0, 7.5, 100.0) / 1050.0 == pytest.approx(107.1, abs=0.1)
    twice = deposit_w_per_m3(2.0, 10.0, 10.0, 100.0) / deposit_w_per_m3(2.0, 10.0, 5.0, 100.0)
    assert twice == pytest.approx(4.0)


@pytest.mark.parametrize(
    ("sigma", "radius_m", "field", "rim_kw_per_m3"),
    [(0.4, 0.15, 5.0, 17.5), (0.4, 0.15, 18.0, 227.0), (0.4, 0.05, 18.0, 25.2)],
)
def test_eddy_heat_at_the_rim(sigma, radius_m, field, rim_kw_per_m3) -> None:
    found = eddy_w_per_m3(sigma, radius_m, field, 100.0) / 1e3
    assert found == pytest.approx(rim_kw_per_m3, rel=0.01)
