# SPDX-License-Identifier: Apache-2.0
"""The closed forms themselves, against the numbers that the project's reference prints."""

import math

import numpy as np
import pytest

from tests import formulas
from tests.formulas import Material, Robin

CAPACITY = 1050.0 * 3600.0
BARE = Material(0.5, CAPACITY)
PERFUSED = Material(0.5, CAPACITY, 3013.0)
SLAB = Material(0.5, CAPACITY, 2000.0)
SOURCE = (0.01, 1e5)
TIMES_S = [10.0, 60.0, 300.0, 600.0, 1800.0]
# r in mm → rise at TIMES_S, and at last.
V1_BARE = {
    0.0: (0.2646, 1.5527, 4.6907, 6.0270, 7.6125, 10.0000),
    5.0: (0.2645, 1.4342, 4.0675, 5.2839, 6.7990, 9.1667),
    10.0: (0.1208, 0.6255, 2.1153, 3.0332, 4.3569, 6.6667),
    20.0: (0.0000, 0.0008, 0.1480, 0.4493, 1.2311, 3.3333),
}
V1_PERFUSED = {
    0.0: (0.2635, 1.5167, 4.2941, 5.2459, 5.9557, 6.0639),
    10.0: (0.1204, 0.6115, 1.9196, 2.5708, 3.1560, 3.2563),
    20.0: (0.0000, 0.0008, 0.1254, 0.3364, 0.6691, 0.7491),
}
# Distances from the sphere and its image, mm → rise under an adiabatic skin from 60 s.
V2_ADIABATIC = {
    (15.0, 15.0): (0.0728, 1.0276, 1.8400, 2.7626, 2.9451),
    (0.0, 30.0): (1.5167, 4.2984, 5.2842, 6.1302, 6.2937),
    (10.0, 20.0): (0.6123, 2.0451, 2.9072, 3.8251, 4.0055),
}
DEPTHS_M = np.array([0.0, 2.0, 5.0, 10.0, 15.0, 20.0]) * 1e-3
V3 = {
    (500.0, 10.0, 25.0): (34.3500, 34.7018, 35.1544, 35.7476, 36.1892, 36.5239),
    (500.0, 100.0, 20.0): (24.2694, 25.8778, 27.9559, 30.7052, 32.7946, 34.4347),
    (20000.0, 10.0, 25.0): (39.6406, 40.1688, 40.7581, 41.2463, 41.1542, 40.4727),
    (20000.0, 100.0, 20.0): (25.9820, 28.2128, 31.0046, 34.4142, 36.5547, 37.6419),
}
V4_TIMES_S = (60.0, 300.0, 1800.0)
V4 = {
    (2.0, 2000.0): (3.6566, 4.8114, 5.2451),
    (5.0, 2000.0): (1.2332, 3.2636, 4.2700),
    (2.0, 0.0): (3.6940, 4.9342, 5.5618),
    (5.0, 0.0): (1.2569, 3.4478, 4.9126),
}
PRINTED = 6e-5
"""Half of the last digit, and a little."""


def whole(material: Material, r_m: float) -> np.ndarray:
    r = np.array([r_m])
    rows = formulas.sphere(material, SOURCE, r, TIMES_S)[:, 0]
    return np.append(rows, formulas.sphere_steady(material, SOURCE, r))


@pytest.mark.parametrize(("material", "table"), [(BARE, V1_BARE), (PERFUSED, V1_PERFUSED)])
def test_v1_is_what_the_reference_prints(
    material: Material, table: dict[float, tuple[float, ...]]
) -> None:
    for r_mm, row in table.items():
        assert whole(material, r_mm * 1e-3) == pytest.approx(row, abs=PRINTED)


def test_v2_is_what_the_reference_prints() -> None:
    for (near, image), row in V2_ADIABATIC.items():
        found = whole(PERFUSED, near * 1e-3) + whole(PERFUSED, image * 1e-3)
        assert found[1:] == pytest.approx(row, abs=PRINTED)
    for (near, image), last in (((0.0, 30.0), 5.8341), ((10.0, 20.0), 2.5072)):
        cooled = whole(PERFUSED, near * 1e-3) - whole(PERFUSED, image * 1e-3)
        assert cooled[-1] == pytest.approx(last, abs=PRINTED)
    assert 2.0 * whole(BARE, 0.015)[-2:] == pytest.approx((4.4512, 8.8889), abs=PRINTED)


def test_v1_does_not_depend_on_how_time_is_cut() -> None:
    r = np.array([0.0, 1e-5, 9.9e-3, 0.01, 0.02])
    many = formulas.sphere(PERFUSED, SOURCE, r, [10.0, 37.0, 600.0, 1800.0])[-1]
    assert many == pytest.approx(formulas.sphere(PERFUSED, SOURCE, r, [1800.0])[0], abs=1e-9)


def test_v1_comes_to_its_steady_state() -> None:
    r = np.array([0.0, 0.004, 0.01, 0.03])
    late = formulas.sphere(PERFUSED, SOURCE, r, [30000.0])[0]
    assert late == pytest.approx(formulas.sphere_steady(PERFUSED, SOURCE, r), abs=1e-8)


def test_little_perfusion_is_almost_none() -> None:
    r = np.array([0.0, 0.005, 0.01, 0.02])
    faint = formulas.sphere_steady(Material(0.5, CAPACITY, 1e-6), SOURCE, r)
    assert faint == pytest.approx(formulas.sphere_steady(BARE, SOURCE, r), rel=1e-3)


def test_v3_is_what_the_reference_prints() -> None:
    for (q, h, air_c), row in V3.items():
        found = 37.0 + formulas.slab(SLAB, Robin(q, h, air_c, 0.03), DEPTHS_M)
        assert found == pytest.approx(row, abs=PRINTED)


def test_v4_is_what_the_reference_prints() -> None:
    for (depth_mm, perfusion), row in V4.items():
        material, x = Material(0.5, CAPACITY, perfusion), np.array([depth_mm * 1e-3])
        found = [6.0 * formulas.half_space(material, x, t)[0] for t in V4_TIMES_S]
        assert found == pytest.approx(row, abs=PRINTED)
    last = 6.0 * formulas.half_space(SLAB, np.array([0.002, 0.005]), math.inf)
    assert last == pytest.approx((5.2871, 4.3734), abs=PRINTED)


def test_layers_share_a_difference_by_their_resistance() -> None:
    k, thickness = np.array([0.2, 0.5]), np.array([0.01, 0.03])  # 0.05 and 0.06 m²K/W
    found = formulas.layers(k, thickness, (0.0, 11.0), np.array([0.0, 0.01, 0.025, 0.04]))
    assert found == pytest.approx([0.0, 5.0, 8.0, 11.0])


def test_the_dose_of_constant_temperatures() -> None:
    for (celsius, minutes), dose in formulas.CEM43_MIN.items():
        assert formulas.cem43_min(celsius, minutes) == pytest.approx(dose, rel=3e-4)


# W·c_b, place: image or not, r in m → gain K per W/kg, t63, t95, and at the skin τ, dead time.
RESPONSES = {
    (3013.0, 0.0, False): (0.0637, 229.0, 1122.0, 240.0, None),
    (3013.0, 0.01, False): (0.0342, 344.5, 1457.0, 368.0, None),
    (3013.0, 0.015, True): (0.0309, 611.0, 1964.0, 543.0, 68.0),
    (1500.0, 0.0, False): (0.0735, 290.0, 1744.0, None, None),
    (1500.0, 0.01, False): (0.0417, 465.0, 2318.0, None, None),
    (1500.0, 0.015, True): (0.0423, 832.5, 3129.0, 784.0, 48.5),
}


@pytest.mark.parametrize("case", RESPONSES)
def test_two_points_give_the_step_responses_of_the_reference(
    case: tuple[float, float, bool],
) -> None:
    perfusion, r_m, has_image = case
    material, r = Material(0.5, CAPACITY, perfusion), np.array([r_m])
    times = np.concatenate([np.arange(2.0, 600.0, 4.0), np.arange(600.0, 6000.0, 20.0)])
    per = (2.0 if has_image else 1.0) * 1050.0 / 1e5
    rise = formulas.sphere(material, SOURCE, r, times.tolist())[:, 0] * per
    last = float(formulas.sphere_steady(material, SOURCE, r)[0]) * per
    found = formulas.response(times, rise, last)
    values = (found.gain, found.t63_s, found.t95_s, found.tau_s, found.dead_s)
    for value, printed in zip(values, RESPONSES[case], strict=True):
        if printed is not None:
            assert value == pytest.approx(printed, abs=5e-5 if printed < 1.0 else 1.0)


def test_the_fit_finds_a_first_order_with_dead_time() -> None:
    times = np.arange(0.0, 4000.0, 1.0)
    rise = 0.03 * np.clip(-np.expm1(-(times - 70.0) / 540.0), 0.0, None)
    found = formulas.response(times, rise, 0.03)
    assert (found.tau_s, found.dead_s) == pytest.approx((540.0, 70.0), abs=0.1)
