# SPDX-License-Identifier: Apache-2.0
"""The skin: how much of it a voxelized body has, and what it loses to its surroundings."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim_hardware.plant.body import surface
from sim_hardware.plant.models.voxel_patient import Model, VoxelPatient
from sim_hardware.plant.solver.bioheat import Bioheat
from sim_hardware.plant.solver.skin import Exchange, Skin, Surface, bare_loss
from tests.unit.sim_hardware.small_patient import built, small

STEFAN_BOLTZMANN = 5.670374419e-8
CAPACITY = 3.76e6
SWEATING = Exchange(sweat_onset_c=36.5, sweat_range_c=6.0, wet_max=0.5)
LAWS = {
    "usual": Exchange(),
    "dry": Exchange(is_dry=True),
    "sweat": SWEATING,
    "fan and sweat": replace(SWEATING, convection_w_per_m2_k=20.0, vapor_kpa=0.8),
    "cold walls": Exchange(air_c=20.0, radiant_c=5.0, emissivity=0.6),
    "tropics": Exchange(air_c=38.0, radiant_c=38.0, vapor_kpa=6.0),
}


def loss(law: Exchange, celsius: float) -> float:
    """Give what bare skin loses, W/m², by physics.md 3.5."""
    radiation = (celsius + 273.15) ** 4 - (law.radiant_c + 273.15) ** 4
    wet_kpa = max(0.256 * celsius - 3.37 - law.vapor_kpa, 0.0)
    wetted = law.wet_max * min(max((celsius - law.sweat_onset_c) / law.sweat_range_c, 0.0), 1.0)
    evaporation = (0.0 if law.is_dry else 3.054) + 16.7 * law.convection_w_per_m2_k * wetted
    dry = law.convection_w_per_m2_k * (celsius - law.air_c)
    return dry + law.emissivity * STEFAN_BOLTZMANN * radiation + evaporation * wet_kpa


def skin_over(deep_c: list[float], law: Exchange, bolus: float = 0.0) -> tuple[Skin, np.ndarray]:
    """Give skin over one voxel of 1 mm for each temperature, and those voxels' rises."""
    count = len(deep_c)
    found = Surface(
        index=np.arange(count, dtype=np.int32),
        area_per_m=np.full(count, 1000.0),
        inner_w_per_m2_k=np.full(count, 372.0 * 2.0),
        bolus_w_per_m2_k=np.full(count, bolus),
        area_m2=np.full(count, 1e-6),
    )
    rise = np.array(deep_c, np.float32) - np.float32(37.0)
    return Skin(found, law, np.full(count, CAPACITY)), rise


# ---- area ----------------------------------------------------------------------------------


def round_body(body: dict[str, Any], size_mm: list[float]) -> Model:
    return built(small(body=body, grid={"voxel_mm": 2.0, "size_mm": size_mm}))


def areas_m2(model: Model) -> tuple[float, float]:
    """Give the area that the skin is taken to have, and that of its bare voxel faces."""
    found = surface.find(model.geometry, Bioheat(model.medium()), model.patient.skin)
    body = model.geometry.body.astype(int)
    faces = sum(int(np.abs(np.diff(body, axis=axis)).sum()) for axis in range(3))
    return float(found.area_m2.sum()), (faces + int(body[0].sum())) * model.geometry.voxel_mm**2


def ellipsoid_mm2(a: float, b: float, c: float) -> float:
    """Integrate the area over the parameters' square."""
    u = (np.arange(400)[:, None] + 0.5) * math.pi / 400
    v = (np.arange(800)[None, :] + 0.5) * 2 * math.pi / 800
    parts = np.sqrt(
        (b * c * np.sin(u) * np.cos(v)) ** 2
        + (a * c * np.sin(u) * np.sin(v)) ** 2
        + (a * b * np.cos(u)) ** 2
    )
    return float((parts * np.sin(u)).sum() * (math.pi / 400) * (2 * math.pi / 800))


def test_a_cylinder_has_its_true_area_and_not_the_staircases() -> None:
    model = round_body({"shape": "cylinder", "radius_mm": 30.0}, [68.0, 40.0, 64.0])
    found, stairs = areas_m2(model)
    true = 2.0 * math.pi * 30.0 * 40.0
    assert found * 1e6 == pytest.approx(true, rel=0.02)
    assert stairs > 1.2 * true


def test_of_a_wide_cylinder_only_the_arc_in_the_block_is_skin() -> None:
    found, _ = areas_m2(round_body({"shape": "cylinder", "radius_mm": 65.0}, [60.0, 40.0, 30.0]))
    assert found * 1e6 == pytest.approx(2.0 * 65.0 * math.asin(30.0 / 65.0) * 40.0, rel=0.02)


def test_an_ellipsoid_has_its_true_area_and_not_the_staircases() -> None:
    axes = [30.0, 38.0, 26.0]
    body = {"shape": "ellipsoid", "radius_mm": 26.0, "semi_axes_mm": axes}
    found, stairs = areas_m2(round_body(body, [68.0, 84.0, 56.0]))
    true = ellipsoid_mm2(*axes)
    assert found * 1e6 == pytest.approx(true, rel=0.02)
    assert stairs > 1.2 * true


def test_a_slab_has_exactly_its_top() -> None:
    model = built(small())
    found = surface.find(model.geometry, Bioheat(model.medium()), model.patient.skin)
    assert found.area_m2.sum() == pytest.approx(40.0 * 40.0 * 1e-6, rel=1e-12)
    assert len(found.index) == 400, "sides and floor are no skin"
    assert found.inner_w_per_m2_k == pytest.approx(np.full(400, 0.372 / 1e-3))


# ---- exchange ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LAWS)
def test_a_settled_surface_loses_what_reaches_it(name: str) -> None:
    law = LAWS[name]
    skin, rise = skin_over([12.0, 25.0, 34.0, 37.0, 40.0, 43.0, 50.0, 70.0], law)
    skin.settle(rise)
    for n, celsius in enumerate(skin.celsius):
        inwards = 744.0 * (float(rise[n]) + 37.0 - celsius)
        assert inwards == pytest.approx(loss(law, celsius), abs=1e-4)


def test_the_losses_have_the_documented_sizes() -> None:
    """8 to 10 W/m²/K dry, basal evaporation about 10, sweat 100 to 400 W/m² at the most."""
    dry, usual = LAWS["dry"].constants(), LAWS["usual"].constants()
    assert 8.0 <= bare_loss(34.0, dry)[0] / 10.0 <= 10.5
    assert bare_loss(34.0, usual)[0] - bare_loss(34.0, dry)[0] == pytest.approx(12.0, abs=0.1)
    sweat = bare_loss(43.0, SWEATING.constants())[0] - bare_loss(43.0, usual)[0]
    assert 100.0 <= sweat <= 400.0
    assert bare_loss(36.5, SWEATING.constants()) == bare_loss(36.5, usual)


def test_nothing_condenses_on_cold_skin() -> None:
    damp = replace(SWEATING, air_c=20.0, radiant_c=20.0, vapor_kpa=7.0, sweat_onset_c=10.0)
    assert bare_loss(20.0, damp.constants())[0] == pytest.approx(0.0, abs=1e-3)
    for celsius in (15.0, 25.0, 35.0, 40.0):
        dry = bare_loss(celsius, replace(damp, is_dry=True, wet_max=0.0).constants())
        assert bare_loss(celsius, damp.constants()) == dry


laws = st.builds(
    Exchange,
    air_c=st.floats(-20.0, 60.0),
    radiant_c=st.floats(-20.0, 60.0),
    vapor_kpa=st.floats(0.0, 7.0),
    convection_w_per_m2_k=st.floats(0.0, 30.0),
    emissivity=st.floats(0.0, 1.0),
    is_dry=st.booleans(),
    sweat_onset_c=st.floats(30.0, 42.0),
    sweat_range_c=st.floats(2.0, 10.0),
    wet_max=st.floats(0.0, 0.5),
)


@settings(max_examples=200, deadline=None)
@given(laws, st.lists(st.floats(5.0, 80.0), min_size=1, max_size=6))
def test_newton_converges_wherever_skin_may_be(law: Exchange, deep_c: list[float]) -> None:
    skin, rise = skin_over(deep_c, law)
    skin.settle(rise)
    expected = [loss(law, celsius) for celsius in skin.celsius]
    inwards = 744.0 * (rise.astype(float) + 37.0 - skin.celsius)
    assert inwards == pytest.approx(np.array(expected), abs=1e-3)


@pytest.mark.parametrize("fan_w_per_m2_k", [10.0, 20.0])
def test_newton_converges_on_skin_that_sweats_under_a_fan(fan_w_per_m2_k: float) -> None:
    """Sweat's slope exceeds conduction's there, and a full step may jump to and fro."""
    law = replace(SWEATING, wet_max=1.0, convection_w_per_m2_k=fan_w_per_m2_k)
    skin, rise = skin_over([float(celsius) for celsius in np.linspace(34.0, 60.0, 53)], law)
    skin.surface.inner_w_per_m2_k[:] = 186.0  # voxels of 4 mm
    skin.settle(rise)
    expected = [loss(law, celsius) for celsius in skin.celsius]
    inwards = 186.0 * (rise.astype(float) + 37.0 - skin.celsius)
    assert inwards == pytest.approx(np.array(expected), abs=0.1)


@settings(max_examples=100, deadline=None)
@given(laws, st.floats(0.0, 70.0))
def test_the_slope_is_that_of_the_loss(law: Exchange, celsius: float) -> None:
    share = (celsius - law.sweat_onset_c) / law.sweat_range_c
    kinks = (share, share - 1.0, 0.256 * celsius - 3.37 - law.vapor_kpa)
    if min(abs(kink) for kink in kinks) < 1e-3:
        return  # a kink has two slopes
    slope = (loss(law, celsius + 1e-4) - loss(law, celsius - 1e-4)) / 2e-4
    found = bare_loss(celsius, law.constants())
    assert found == pytest.approx((loss(law, celsius), slope), rel=1e-4, abs=1e-3)


def test_exchange_takes_from_the_voxel_what_the_surface_loses() -> None:
    skin, rise = skin_over([34.0, 40.0], Exchange())
    skin.settle(rise)
    new = rise.copy()
    skin.exchange(rise, new, 0.5)
    fluxes = [loss(Exchange(), celsius) for celsius in skin.celsius]
    cooled = (rise - new).astype(float)
    assert cooled == pytest.approx(np.array(fluxes) * 1000.0 * 0.5 / CAPACITY, rel=1e-3)
    assert skin.loss_w(rise) == pytest.approx(sum(fluxes) * 1e-6, rel=1e-6)
    half = rise.copy()
    skin.exchange(rise, half, 0.25)
    assert (rise - half).astype(float) == pytest.approx(cooled / 2.0, rel=1e-3)


def test_a_bolus_imposes_its_conductance() -> None:
    skin, rise = skin_over([37.0, 43.0], Exchange(bolus_c=15.0), bolus=100.0)
    skin.settle(rise)
    for deep, celsius in zip((37.0, 43.0), skin.celsius, strict=True):
        inwards = (deep - 15.0) / (1.0 / 744.0 + 1.0 / 100.0)
        assert 100.0 * (celsius - 15.0) == pytest.approx(inwards)


def test_a_bolus_covers_its_disc_and_cools_what_lies_under_it() -> None:
    bolus = {"celsius": 15.0, "w_per_m2_k": 100.0, "radius_mm": 10.0}
    model = built(small(skin={"bolus": bolus}))
    patient = VoxelPatient(model)
    x, y, _ = model.geometry.at
    under = (np.hypot(x, y)[0] <= 10.0).ravel()
    found = patient.skin.surface
    assert found.bolus_w_per_m2_k.tolist() == np.where(under, 100.0, 0.0).tolist()
    assert patient.skin.celsius[under].max() < 27.0 < 32.0 < patient.skin.celsius[~under].max()


def test_a_bolus_lies_on_one_side_of_a_limb() -> None:
    bolus = {"celsius": 15.0, "w_per_m2_k": 100.0, "radius_mm": 10.0}
    limb = {"shape": "cylinder", "radius_mm": 30.0}
    data = small(body=limb, skin={"bolus": bolus})
    model = built(data | {"grid": {"voxel_mm": 2.0, "size_mm": [68.0, 40.0, 64.0]}})
    heat = Bioheat(model.medium())
    found = surface.find(model.geometry, heat, model.patient.skin)
    flat = found.index[found.bolus_w_per_m2_k > 0.0] - heat.place[0]
    z = np.unravel_index(flat, model.geometry.label.shape)[0]
    assert len(z) > 50
    assert z.max() * 2.0 < 10.0
