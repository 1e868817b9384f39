# SPDX-License-Identifier: Apache-2.0
"""Images that describe a body or a deposit: NIfTI through nibabel (extra `imaging`), or .npy."""

from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray


def read_image(path: Path, voxel_mm: float) -> NDArray[np.float64]:
    """Return an image of voxels of that size as (z, y, x). ValueError says what is wrong.

    The first axis of a NIfTI is x, and so on: axes are taken in their order, whatever way they
    point, but an image that is turned against them is refused.
    """
    if not path.is_file():
        raise ValueError(f"no such file {path.name}, give one beside the patient")
    if path.suffix == ".npy":
        found = np.load(path, allow_pickle=False)
    elif path.name.endswith((".nii", ".nii.gz")):
        found = _nifti(path, voxel_mm)
    else:
        raise ValueError(f"{path.name}: unknown kind, use .npy, .nii or .nii.gz")
    if found.ndim != 3:
        raise ValueError(f"{path.name}: {found.ndim} dimensions, give three")
    return np.asarray(found, dtype=np.float64)


def _nifti(path: Path, voxel_mm: float) -> NDArray[np.float64]:
    try:
        import nibabel
    except ImportError as error:
        raise ValueError("NIfTI needs nibabel: install mnht-controller[imaging]") from error
    image = cast(Any, nibabel.load(path))
    turn = np.abs(np.asarray(image.affine)[:3, :3])
    sizes = np.diag(turn)
    if not np.allclose(turn, np.diag(sizes), atol=0.01 * voxel_mm):
        raise ValueError(f"{path.name} is turned against its axes, resample it along them")
    if not np.allclose(sizes, voxel_mm, rtol=0.01):
        shown = " x ".join(f"{size:g}" for size in sizes)
        raise ValueError(
            f"{path.name} has voxels of {shown} mm, the grid {voxel_mm:g}: resample one"
        )
    return np.asarray(image.get_fdata(), dtype=np.float64).transpose(2, 1, 0)
