# SPDX-License-Identifier: Apache-2.0
"""Drawn patients: always the same ones, within their ranges, holding where they say; `hold`."""

import tomllib
from pathlib import Path

import pytest

from sim_hardware.plant.models import hold
from sim_hardware.plant.models.cohort import CohortFile, Range, draw
from sim_hardware.plant.models.load import BadPatient, build, read
from sim_hardware.plant.models.voxel_patient import VoxelPatient

PATH = Path(__file__).parents[3] / "config" / "cohorts" / "reference.toml"


@pytest.fixture(scope="module")
def cohort() -> CohortFile:
    return read(PATH, CohortFile)


@pytest.fixture(scope="module")
def coarse(cohort: CohortFile) -> CohortFile:
    """The same cohort on a grid that settles in milliseconds."""
    return cohort.model_copy(update={"voxel_mm": 4.0})


def test_the_same_number_is_the_same_patient_in_any_order(coarse: CohortFile) -> None:
    first = draw(coarse, PATH, 3)
    draw(coarse, PATH, 1)
    assert draw(coarse, PATH, 3) == first
    assert draw(coarse.model_copy(update={"seed": 43}), PATH, 3) != first


@pytest.mark.parametrize("number", range(6))
def test_a_patient_is_within_the_ranges(coarse: CohortFile, number: int) -> None:
    found, vary = draw(coarse, PATH, number), coarse.vary
    ball = found.deposit[0].solid
    assert ball is not None
    assert ball.shape == "sphere"
    assert vary.deposit_radius_mm.low <= ball.radius_mm <= vary.deposit_radius_mm.high
    assert ball.center_mm[2] - ball.radius_mm >= 2.0
    assert vary.flow_factor.low <= found.circulation.flow_factor <= vary.flow_factor.high
    u = (found.reaches.field_ka_per_m / coarse.cap_ka_per_m) ** 2
    assert found.reaches.field_limited or vary.hold_u.low - 1e-9 <= u <= 1.0
    assert found.deposit[0].iron_mg_per_ml == 200.0 or u <= vary.hold_u.high + 1e-9
    assert {probe.noise_c for probe in found.probe} == {0.05}
    depths = {site.name: site.depth_mm for site in found.site}
    assert depths["skin_center"] == 0.0
    assert depths["tumor_center"] == ball.center_mm[2]


@pytest.mark.parametrize("number", [0, 5])
def test_skin_holds_where_the_patient_says(coarse: CohortFile, number: int) -> None:
    found = draw(coarse, PATH, number)
    whole = VoxelPatient(build(found, PATH.parent / coarse.base))
    whole.settle(found.reaches.field_ka_per_m**2)
    assert whole.site_c("skin_center") == pytest.approx(found.reaches.celsius, abs=0.05)


@pytest.mark.parametrize("number", range(20))
def test_who_reaches_the_set_point_is_not_field_limited(coarse: CohortFile, number: int) -> None:
    reach = draw(coarse, PATH, number).reaches
    assert reach.field_limited == (reach.celsius < 43.0)
    assert reach.field_ka_per_m <= reach.cap_ka_per_m


def test_what_cannot_be_reached_is_field_limited_not_bent(coarse: CohortFile) -> None:
    weak = coarse.model_copy(update={"cap_ka_per_m": 1.0})
    found = draw(weak, PATH, 0)
    assert found.reaches.field_limited
    assert found.reaches.field_ka_per_m == 1.0
    assert found.reaches.celsius < 43.0
    assert found.deposit[0].iron_mg_per_ml == 200.0


@pytest.mark.parametrize("number", [-1, 200])
def test_a_number_outside_the_cohort_is_refused(cohort: CohortFile, number: int) -> None:
    with pytest.raises(ValueError, match="patients 0 to 199"):
        draw(cohort, PATH, number)


def test_ranges_draw_evenly_or_in_logarithms() -> None:
    import numpy as np

    random = np.random.default_rng(1)
    even = [Range(low=1.0, high=100.0).draw(random) for _ in range(2000)]
    logs = [Range(low=1.0, high=100.0, law="log").draw(random) for _ in range(2000)]
    assert np.median(even) == pytest.approx(50.5, rel=0.05)
    assert np.median(logs) == pytest.approx(10.0, rel=0.1)
    assert min(even + logs) >= 1.0
    assert max(even + logs) <= 100.0


@pytest.mark.parametrize(
    "row", [{"low": 2.0, "high": 1.0}, {"low": 0.0, "high": 1.0, "law": "log"}]
)
def test_a_range_that_is_none_is_refused(row: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="low <= high"):
        Range.model_validate(row)


def test_a_base_without_a_tumor_is_refused(coarse: CohortFile, tmp_path: Path) -> None:
    base = tomllib.loads((PATH.parent / coarse.base).read_text())
    (tmp_path / "base.toml").write_text(
        (PATH.parent / coarse.base)
        .read_text()
        .replace("[[structure]]", "[[hot_spot]]", 1)
        .replace('tissue = "tumor"\n', "", 1)
        .replace("target = true", "factor = 1.0", 1)
    )
    assert base["structure"]
    with pytest.raises(BadPatient, match="base needs layers and a structure"):
        draw(coarse.model_copy(update={"base": "base.toml"}), tmp_path / "c.toml", 0)


def test_the_secant_finds_a_zero_even_from_far_away() -> None:
    assert hold.zero(lambda x: x**2 - 9.0, 0.1, 0.2) == pytest.approx(3.0, abs=1e-3)
    assert hold.zero(lambda x: 2.0 * x - 8.0, 100.0, 90.0) == pytest.approx(4.0, abs=1e-2)
