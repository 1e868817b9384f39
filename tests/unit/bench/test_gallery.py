# SPDX-License-Identifier: Apache-2.0
"""What a simulated session leaves in pictures: frames at their pace, the plateau's slices."""

import sys
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from mnht_controller.domain.errors import ConfigError
from mnht_controller.domain.phase import Phase
from sim_hardware.bench.gallery import EVERY_S, Gallery
from sim_hardware.plant.models.patient import Patient
from sim_hardware.plant.models.voxel_patient import VoxelPatient
from sim_hardware.plant.output.volume import Volume
from tests.unit.bench.evidence import truth


class Warming(VoxelPatient):
    """A body that is as warm as it was last told, and counts how often it was looked at."""

    def __init__(self) -> None:
        self.celsius, self.looks = 37.0, 0

    def volume(self) -> Volume:
        self.looks += 1
        label = np.ones((12, 12, 12), np.uint8)
        warm = np.full(label.shape, self.celsius, np.float32)
        warm[6, 6, 6] += 1.0
        names = ("air", "tumor")
        return Volume(warm, None, label, names, 1.0, (-5.5, -5.5, 0.5), 0.0, {})


def test_frames_keep_their_pace_and_the_plateau_is_what_is_saved(tmp_path: Path) -> None:
    body, gallery = Warming(), Gallery(tmp_path)
    for second in range(100):
        phase = Phase.PLATEAU if 20 <= second < 70 else Phase.COOLDOWN
        body.celsius = 43.0 if phase is Phase.PLATEAU else 37.0
        gallery.look(body, truth(float(second), treatment_s=float(second)), phase)
    assert body.looks == 100 / EVERY_S
    files = gallery.save()
    assert [file.name for file in files] == ["temperature.gif", "slices.png", "temperature.npz"]
    assert all(file.stat().st_size > 100 for file in files)
    assert np.load(files[2])["celsius"].max() == pytest.approx(44.0)


def test_a_patient_without_voxels_leaves_nothing(tmp_path: Path) -> None:
    gallery = Gallery(tmp_path)
    gallery.look(cast(Patient, object()), truth(0.0), Phase.PLATEAU)
    assert gallery.save() == []


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_a_missing_extra_is_named_before_the_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    monkeypatch.setitem(sys.modules, "nibabel", None)
    with pytest.raises(ConfigError) as caught:
        Gallery(tmp_path / "new", suffix)
    assert caught.value.key == "--volume"
    assert "install mnht-controller[imaging]" in caught.value.why
    assert not (tmp_path / "new").exists()
    Gallery(tmp_path / "new", ".vti")


def test_companions_are_named_too(tmp_path: Path) -> None:
    pytest.importorskip("nibabel")
    gallery = Gallery(tmp_path, ".nii.gz")
    gallery.look(Warming(), truth(0.0), Phase.PLATEAU)
    files = gallery.save()
    assert {file.name for file in files} == {
        "temperature.gif", "slices.png", "temperature.nii.gz", "temperature_label.nii.gz",
    }  # fmt: skip
    assert sorted(files) == sorted(tmp_path.iterdir())


def test_an_unknown_format_is_refused_before_the_session(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"\.doc"):
        Gallery(tmp_path, ".doc")
