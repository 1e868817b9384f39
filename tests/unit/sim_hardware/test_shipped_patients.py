# SPDX-License-Identifier: Apache-2.0
"""The eight shipped patients do on the 3-D plant what their files say, and what was published."""

from pathlib import Path

import numpy as np
import pytest

from sim_hardware.plant.models import hold
from sim_hardware.plant.models.load import build, load
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
    """Johannsen 2005, 60 min at 4.5 kA/m: a fit of four parameters to these four numbers."""
    model = load(FOLDER / "prostate.toml", session)
    field2 = model.patient.reaches.field_ka_per_m**2
    assert 4.0 <= field2**0.5 <= 5.0
    whole = VoxelPatient(model)
    whole.advance(3600.0, field2)
    gland = [whole.site_c(name) for name in hold.sites_of(model.patient, "tumor")]
    assert max(gland) == pytest.approx(hottest, abs=1.0)
    assert min(gland) == pytest.approx(coldest, abs=1.0)
    powers = whole.sources.power.w_per_kg(field2)
    heat = np.sum([iron * p for iron, p in zip(model.scene.iron, powers, strict=True)], axis=0)
    sar = heat[model.geometry.target] / 1045.0
    assert 60.0 <= float(sar.max()) <= 380.0


def test_a_fold_gets_warm_where_no_probe_is() -> None:
    """H11: the hidden hot spot of the prostate's patient; the probed skin lies under a cool bag."""
    whole = VoxelPatient(load(FOLDER / "prostate.toml"), start=False)
    whole.settle(4.5**2)
    assert whole.truth().skin_surface_c_max > whole.site_c("perineum") + 5.0
    calm = load(FOLDER / "prostate.toml")
    quiet = calm.patient.model_copy(update={"hot_spot": ()})
    without = VoxelPatient(build(quiet, FOLDER / "prostate.toml"), start=False)
    without.settle(4.5**2)
    assert whole.truth().skin_surface_c_max > without.truth().skin_surface_c_max + 1.0
