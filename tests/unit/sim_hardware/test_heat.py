# SPDX-License-Identifier: Apache-2.0
"""Where the field becomes heat: particles in their deposits, eddies around the body's axis."""

import copy
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sim_hardware.plant.heating import heat
from sim_hardware.plant.heating.heat import Scene, Sources
from sim_hardware.plant.heating.particle import Particle
from sim_hardware.plant.heating.power import Power
from sim_hardware.plant.models.voxel_patient import Model
from sim_hardware.plant.solver.bioheat import Bioheat
from tests.unit.sim_hardware.small_patient import ANYWHERE, built, small

ILP = "../particles/mcl.toml"
ILP_NH_M2_PER_KG = 0.8
RADIUS_MM, IRON_MG_PER_ML = 8.0, 10.0
BALL = {"shape": "sphere", "center_mm": [0.0, 0.0, 14.0], "radius_mm": RADIUS_MM}
IRON_KG = IRON_MG_PER_ML * 4.0 / 3.0 * math.pi * (RADIUS_MM * 1e-3) ** 3


def model_of(session: int = 1, field_at: heat.FieldAt = heat.uniform, **changes: Any) -> Model:
    row = {"particle": ILP, "iron_mg_per_ml": IRON_MG_PER_ML, "solid": BALL}
    row |= changes.pop("deposit", {})
    return built(small(deposit=[row], **copy.deepcopy(changes)), session, field_at=field_at)


def placed(model: Model, scene: Scene | None = None) -> tuple[Bioheat, Sources]:
    solver = Bioheat(model.medium())
    sigma = model.by_label("sigma_s_per_m")
    return solver, heat.place(scene or model.scene, solver, sigma)


def particles_w(model: Model, field_ka_per_m: float, scene: Scene | None = None) -> float:
    """Give the power that really warms the voxels of the deposit, W."""
    solver, sources = placed(model, scene)
    sources.add(solver.rise, 0.5, field_ka_per_m**2)
    warmed = solver.view(solver.rise).astype(float)
    capacity = solver.medium.heat_capacity[solver.medium.label]
    return float((warmed * capacity).sum()) * solver.medium.voxel_m**3 / 0.5


def iron(model: Model) -> np.ndarray:
    return model.scene.iron[0]


# ---- particles -----------------------------------------------------------------------------


@pytest.mark.parametrize(("field", "frequency"), [(5.0, 100.0), (10.0, 100.0), (5.0, 300.0)])
def test_a_sphere_heats_as_its_iron_does(field: float, frequency: float) -> None:
    model = model_of(frequency_khz=frequency)
    expected = ILP_NH_M2_PER_KG * field**2 * frequency * IRON_KG
    assert particles_w(model, field) == pytest.approx(expected, rel=0.01)


def test_power_as_a_whole_is_iron_and_eddies() -> None:
    """Particles by their mass, eddies of a cylinder of 0.3 m: half the rim's, all over."""
    model = model_of(body={"shape": "slab", "radius_mm": 50.0})
    sigma = np.full(len(model.tissues) + 1, 0.4)
    power = heat.place(model.scene, Bioheat(model.medium()), sigma).power
    rim_w_per_m3, volume_m3 = 25.2e3, math.pi * 0.05**2 * 0.3
    particles = ILP_NH_M2_PER_KG * 18.0**2 * 100.0 * IRON_KG
    expected = 0.5 * rim_w_per_m3 * volume_m3 + particles
    assert power.absorbed_w(18.0**2) == pytest.approx(expected, rel=0.01)
    assert power.absorbed_w(0.0) == power.absorbed_w(-1.0) == 0.0


@pytest.mark.parametrize("center", [[0.0, 0.0, 14.0], [0.0, 0.0, 4.0], [14.0, -13.0, 8.0]])
@pytest.mark.parametrize("spread_mm", [1.0, 4.0, 9.0])
def test_spreading_conserves_iron(center: list[float], spread_mm: float) -> None:
    """Also where it would leave through the skin, or over the block's sides."""
    solid = BALL | {"center_mm": center}
    whole = iron(model_of(deposit={"solid": solid}))
    spread = iron(model_of(deposit={"solid": solid, "spread_mm": spread_mm}))
    assert spread.sum() == pytest.approx(whole.sum(), rel=1e-9)
    assert spread.min() >= 0.0
    assert (spread > 0.1).sum() > (whole > 0.1).sum()


def test_spreading_widens_by_its_sigma() -> None:
    plain, wide = iron(model_of()), iron(model_of(deposit={"spread_mm": 3.0}))
    x = model_of().geometry.at[0]

    def variance(volume: np.ndarray) -> float:
        return float((volume * x**2).sum() / volume.sum())

    assert variance(wide) - variance(plain) == pytest.approx(9.0, rel=0.05)


@pytest.mark.parametrize(("session", "share"), [(1, 1.0), (2, 0.7), (4, 0.343)])
def test_from_session_to_session_iron_is_lost_and_spreads(session: int, share: float) -> None:
    course = {"retention": 0.7, "spread_mm": 2.0}
    found = iron(model_of(session, course=course))
    first = iron(model_of())
    assert found.sum() == pytest.approx(share * first.sum(), rel=1e-9)
    sigma_mm = 2.0 * math.sqrt(session - 1)
    alike = iron(model_of(deposit={"spread_mm": sigma_mm}))
    assert found == pytest.approx(share * alike, abs=1e-9)


def test_particles_that_saturate_do_not_follow_the_square() -> None:
    model = model_of()
    text = {
        "schema": 1,
        "name": "level",
        "title": "t",
        "source": ["s"],
        "core_nm": 10.0,
        "material": "m",
        "evidence": "assumed",
        "heating": {
            "model": "saturating",
            "slp_w_per_kg_max": 40e3,
            "half_field_ka_per_m": 8.0,
            "frequency_khz": 100.0,
        },
    }
    scene = replace(model.scene, particles={ILP: Particle.model_validate(text)})
    for field in (4.0, 8.0, 16.0):
        expected = 40e3 * field**2 / (field**2 + 64.0) * IRON_KG
        assert particles_w(model, field, scene) == pytest.approx(expected, rel=0.01)
    ratio = particles_w(model, 16.0, scene) / particles_w(model, 8.0, scene)
    assert ratio == pytest.approx(1.6, rel=1e-4)
    assert particles_w(model, 16.0) / particles_w(model, 8.0) == pytest.approx(4.0, rel=1e-4)


def test_without_field_particles_do_nothing() -> None:
    assert particles_w(model_of(), 0.0) == 0.0


# ---- eddies --------------------------------------------------------------------------------


def eddies(radius_mm: float, **changes: Any) -> tuple[np.ndarray, Model]:
    body = {"shape": "cylinder", "radius_mm": radius_mm}
    model = model_of(body=body, **ANYWHERE, **changes)
    return heat.eddies(model.scene, np.full(len(model.tissues) + 1, 0.4)), model


@pytest.mark.parametrize(
    ("radius_mm", "field", "rim_kw_per_m3"),
    [
        (150.0, 5.0, 17.5),
        (150.0, 18.0, 227.0),
        (100.0, 8.5, 22.5),
        (80.0, 13.5, 36.4),
        (50.0, 18.0, 25.2),
    ],
)
def test_at_the_rim_eddies_have_the_documented_power(
    radius_mm: float, field: float, rim_kw_per_m3: float
) -> None:
    """physics.md 3.3, for 0.4 S/m and 100 kHz; the first voxel's middle lies 1 mm inside."""
    power, _ = eddies(radius_mm)
    inside = math.hypot(radius_mm - 1.0, 1.0) / radius_mm
    found = power[0, 10, 10] * field**2 / inside**2 / 1e3
    assert found == pytest.approx(rim_kw_per_m3, rel=0.005)


def test_the_axis_has_no_eddies_and_power_grows_with_its_square() -> None:
    power, model = eddies(15.0)
    x, _, z = model.geometry.at
    radius = np.hypot(x, z - 15.0) + 0.0 * power
    on_axis, rim = power[7, :, 9:11].max(), power[0, 10, 9]
    assert on_axis < 0.01 * rim
    body = model.geometry.body
    assert power[body] / radius[body] ** 2 == pytest.approx(rim / radius[0, 10, 9] ** 2)


def test_eddies_follow_conductivity_and_frequency() -> None:
    model, fast = model_of(), model_of(frequency_khz=200.0)
    sigma = np.zeros(len(model.tissues) + 1)
    sigma[model.geometry.names.index("muscle")] = 0.36
    power = heat.eddies(model.scene, sigma)
    muscle = model.geometry.label == model.geometry.names.index("muscle")
    assert (power[muscle] > 0.0).all()
    assert (power[~muscle] == 0.0).all()
    assert heat.eddies(fast.scene, sigma)[muscle] == pytest.approx(4.0 * power[muscle])


def test_a_hot_spot_multiplies_inside_and_only_there() -> None:
    block = {"shape": "box", "center_mm": [8.0, 0.0, 4.0], "size_mm": [8.0, 12.0, 8.0]}
    plain, model = eddies(65.0)
    spot, _ = eddies(65.0, hot_spot=[{"solid": block, "factor": 3.0}])
    x, y, z = model.geometry.at
    inside = (np.abs(x - 8.0) <= 4.0) & (np.abs(y) <= 6.0) & (np.abs(z - 4.0) <= 4.0)
    assert inside.sum() == 4 * 6 * 4
    assert spot[inside] == pytest.approx(3.0 * plain[inside])
    assert (spot[~inside] == plain[~inside]).all()


# ---- the applicator's field ----------------------------------------------------------------


def test_a_weaker_field_heats_by_its_square_and_is_1_at_the_tumor() -> None:
    half = model_of(field_at=lambda x, y, z: 0.5 + 0.0 * (x + y + z))
    assert particles_w(half, 8.0) == pytest.approx(particles_w(model_of(), 4.0), rel=1e-5)
    full, quarter = placed(model_of())[0], placed(half)[0]
    assert quarter.heat == pytest.approx(0.25 * full.heat)
    steep = model_of(field_at=lambda x, y, z: 1.0 + 0.01 * (x + y + z))
    relative = steep.scene.relative_field()
    assert relative[steep.geometry.target].mean() == pytest.approx(1.0)
    assert relative[14, 19, 19] > 1.2


# ---- refused -------------------------------------------------------------------------------


def test_a_deposit_outside_the_body_is_refused_by_key() -> None:
    with pytest.raises(ValueError, match=r"deposit\[0\]\.solid: no iron lies in the body"):
        model_of(deposit={"solid": BALL | {"center_mm": [0.0, 0.0, -40.0]}})


def test_a_map_is_iron_as_it_stands(tmp_path: Any) -> None:
    volume = np.zeros((15, 20, 20))
    volume[5:8, 9:11, 9:11] = 25.0
    np.save(tmp_path / "iron.npy", volume)
    found = model_of(deposit={"map": str(tmp_path / "iron.npy")})
    assert iron(found) == pytest.approx(volume)
    power = placed(found)[1].power
    assert isinstance(power, Power)
    assert power.kg == pytest.approx((25.0 * 12 * 8e-9,))


@pytest.mark.parametrize(
    ("volume", "said"),
    [
        (np.ones((15, 20, 19)), r"deposit\S*: .* is \(15, 20, 19\), the grid is \(15, 20, 20\)"),
        (np.full((15, 20, 20), -0.1), "the least is 0"),
        (np.full((15, 20, 20), np.nan), "the least is 0"),
    ],
)
def test_a_map_that_does_not_fit_is_refused(tmp_path: Any, volume: np.ndarray, said: str) -> None:
    np.save(tmp_path / "iron.npy", volume)
    with pytest.raises(ValueError, match=said):
        model_of(deposit={"map": str(tmp_path / "iron.npy")})
