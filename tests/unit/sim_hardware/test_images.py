# SPDX-License-Identifier: Apache-2.0
"""Images as bodies: axes in their order, voxels of the grid's size, the tumor by its tissue."""

from pathlib import Path

import nibabel
import numpy as np
import pytest

from sim_hardware.plant.body.images import read_image
from sim_hardware.plant.models import load
from tests.unit.sim_hardware.small_patient import Folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def nifti(path: Path, affine: np.ndarray, shape: tuple[int, int, int] = (4, 5, 6)) -> Path:
    data = np.zeros(shape, np.float32)
    data[1, 2, 3] = 7.0
    nibabel.save(nibabel.nifti1.Nifti1Image(data, affine), path)
    return path


def test_a_nifti_comes_as_z_y_x(tmp_path: Path) -> None:
    image = read_image(nifti(tmp_path / "a.nii.gz", np.diag([-2.0, -2.0, 2.0, 1.0])), 2.0)
    assert image.shape == (6, 5, 4)
    assert image[3, 2, 1] == 7.0


@pytest.mark.parametrize(
    ("affine", "why"),
    [
        (np.diag([2.0, 2.0, 3.0, 1.0]), "voxels of 2 x 2 x 3 mm, the grid 2"),
        (np.diag([1.0, 1.0, 1.0, 1.0]), "voxels of 1 x 1 x 1 mm, the grid 2"),
        (
            np.array(
                [[0.0, 2.0, 0.0, 0.0], [2.0, 0.0, 0.0, 0.0], [0.0, 0.0, 2.0, 0.0], [0, 0, 0, 1]]
            ),
            "turned against its axes",
        ),
    ],
)
def test_an_image_on_another_grid_is_refused(tmp_path: Path, affine: np.ndarray, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_image(nifti(tmp_path / "a.nii", affine), 2.0)


def test_the_tumor_of_an_image_is_a_tissue_of_it(folder: Folder) -> None:
    base = load.load(folder.write())
    image = base.geometry.label.astype(float)
    image[base.geometry.target] = 250.0
    np.save(folder.root / "body.npy", image)
    names = {str(n): name for n, name in enumerate(base.geometry.names) if n}
    folder.patient["body"] = {
        "shape": "labels",
        "radius_mm": 65.0,
        "labels": "body.npy",
        "label_names": names | {"250": "tumor"},
        "target": "tumor",
    }
    folder.patient["layer"], folder.patient["structure"] = [], []
    model = load.load(folder.write())
    assert np.array_equal(model.geometry.target, base.geometry.target)
    assert model.geometry.names[int(model.geometry.label[model.geometry.target][0])] == "tumor"
