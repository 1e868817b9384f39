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


def whole(path: Path) -> bytes:
    if path.suffix != ".npy":
        return nifti(path, np.diag([2.0, 2.0, 2.0, 1.0]), (20, 20, 20)).read_bytes()
    np.save(path, np.random.default_rng(1).random((20, 20, 20)))
    return path.read_bytes()


@pytest.mark.parametrize("name", ["a.npy", "a.nii", "a.nii.gz"])
@pytest.mark.parametrize("part", [0.0, 0.001, 0.3, 0.9])
def test_a_broken_image_is_refused_with_a_reason(tmp_path: Path, name: str, part: float) -> None:
    path = tmp_path / name
    data = whole(path)
    assert read_image(path, 2.0).shape == (20, 20, 20)
    path.write_bytes(data[: int(part * len(data))])
    with pytest.raises(ValueError, match=rf"^{name} cannot be read \(.+\), write it again$"):
        read_image(path, 2.0)


@pytest.mark.parametrize("name", ["a.npy", "a.nii", "a.nii.gz"])
def test_something_else_is_no_image(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"PK\3\4 or whatever lies about" * 100)
    with pytest.raises(ValueError, match=rf"^{name} cannot be read \(.+\), write it again$"):
        read_image(tmp_path / name, 2.0)


@pytest.mark.parametrize(
    "array", [np.zeros((2, 2, 2), complex), np.full((2, 2, 2), "x"), np.full((2, 2, 2), None)]
)
def test_an_array_without_real_numbers_is_refused(tmp_path: Path, array: np.ndarray) -> None:
    np.save(tmp_path / "a.npy", array, allow_pickle=True)
    with pytest.raises(ValueError, match=r"^a\.npy cannot be read"):
        read_image(tmp_path / "a.npy", 2.0)


def test_four_dimensions_are_one_too_many(tmp_path: Path) -> None:
    for name in ("a.nii", "a.nii.gz"):
        image = nibabel.nifti1.Nifti1Image(np.zeros((4, 5, 6, 2), np.float32), np.eye(4))
        nibabel.save(image, tmp_path / name)
        with pytest.raises(ValueError, match=rf"^{name}: 4 dimensions, give three"):
            read_image(tmp_path / name, 2.0)
    np.save(tmp_path / "a.npy", np.zeros((2, 2)))
    with pytest.raises(ValueError, match="2 dimensions, give three"):
        read_image(tmp_path / "a.npy", 2.0)


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
