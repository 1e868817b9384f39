# SPDX-License-Identifier: Apache-2.0
"""The eight shipped patients do on the 3-D plant what their files say, and what was published."""

from pathlib import Path

import pytest

from sim_hardware.plant.models import hold
from sim_hardware.plant.models.load import load
from sim_hardware.plant.models.voxel_patient import VoxelPatient

FOLDER = Path(__file__).parents[3] / "config" / "patients"
FILES = sorted(FOLDER.glob("*.toml"))
CAPS = {"pelvis": 6.0, "thorax": 7.5, "neck": 7.5, "head": 13.5, "extremity": 14.6}


def test_there_are_eight() -> None:
    assert [path.stem for path in FILES] == [
        "brain_glioblastoma",
        "breast_wall",
        "extremity_bone",
        "foot_sole",
        "gel_phantom",
        "neck_node",
        "prostate",
        "skin_metastasis",
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_target_is_reached_where_the_file_says(path: Path) -> None:
    """A patient who cannot reach 43 °C under the cap is marked, not bent."""
    model = load(path)
    file, reach = model.patient, model.patient.reaches
    whole = VoxelPatient(model, start=False)
    whole.settle(reach.field_ka_per_m**2)
    sites = hold.sites_of(file, reach.role)
    assert hold.hottest_c(whole, sites) == pytest.approx(reach.celsius, abs=0.15)
    assert reach.cap_ka_per_m == CAPS[file.region]
    assert reach.field_ka_per_m <= reach.cap_ka_per_m
    assert reach.field_limited == (reach.celsius < 43.0)
    assert {probe.role for probe in file.probe} == {"skin", "tumor", "healthy"}


@pytest.mark.parametrize(("session", "hottest", "coldest"), [(1, 48.5, 40.0), (6, 42.5, 39.4)])
def test_the_prostate_is_as_published(session: int, hottest: float, coldest: float) -> None:
    """Johannsen 2005: a fit of four parameters to these four numbers, at the published field."""
    model = load(FOLDER / "prostate.toml", session)
    whole = VoxelPatient(model, start=False)
    assert 4.0 <= model.patient.reaches.field_ka_per_m <= 5.0
    field2 = model.patient.reaches.field_ka_per_m**2
    whole.settle(field2)
    gland = [whole.site_c(name) for name in hold.sites_of(model.patient, "tumor")]
    assert max(gland) == pytest.approx(hottest, abs=1.0)
    assert min(gland) == pytest.approx(coldest, abs=1.0)
    if session == 1:
        slp = whole.sources.power.w_per_kg(field2)
        sar = [
            (row.iron_mg_per_ml or 0.0) * p / 1045.0
            for row, p in zip(model.patient.deposit, slp, strict=True)
        ]
        assert all(60.0 <= value <= 380.0 for value in sar)
