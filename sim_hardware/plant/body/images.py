# SPDX-License-Identifier: Apache-2.0
"""Images that describe a body or a deposit: NIfTI through nibabel (extra `imaging`), or .npy."""

from collections.abc import Iterator
from contextlib import contextmanager
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
        return _npy(path)
    if path.name.endswith((".nii", ".nii.gz")):
        return _nifti(path, voxel_mm)
    raise ValueError(f"{path.name}: unknown kind, use .npy, .nii or .nii.gz")


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Say of a broken file that it is broken, whatever a library raises: there are dozens."""
    try:
        yield
    except Exception as error:
        what = str(error).partition("\n")[0] or type(error).__name__
        raise ValueError(f"{path.name} cannot be read ({what}), write it again") from error


def _check_shape(path: Path, shape: tuple[int, ...]) -> None:
    if len(shape) != 3:
        raise ValueError(f"{path.name}: {len(shape)} dimensions, give three")


def _npy(path: Path) -> NDArray[np.float64]:
    with _readable(path):
        found = np.lib.format.open_memmap(path, mode="r")
    _check_shape(path, found.shape)
    with _readable(path):
        return _numbers(found)


def _numbers(found: NDArray[Any]) -> NDArray[np.float64]:
    """Return real numbers as float64; TypeError for texts, complex numbers and records."""
    if found.dtype.kind not in "biuf":
        raise TypeError(f"{found.dtype} is no kind of real number")
    return np.array(found, dtype=np.float64)


def _nifti(path: Path, voxel_mm: float) -> NDArray[np.float64]:
    try:
        import nibabel
    except ImportError as error:
        raise ValueError("NIfTI needs nibabel: install mnht-controller[imaging]") from error
    with _readable(path):
        image = cast(Any, nibabel.load(path))
        shape = tuple(image.shape)
    _check_shape(path, shape)
    turn = np.abs(np.asarray(image.affine)[:3, :3])
    sizes = np.diag(turn)
    if not np.allclose(turn, np.diag(sizes), atol=0.01 * voxel_mm):
        raise ValueError(f"{path.name} is turned against its axes, resample it along them")
    if not np.allclose(sizes, voxel_mm, rtol=0.01):
        shown = " x ".join(f"{size:g}" for size in sizes)
        raise ValueError(
            f"{path.name} has voxels of {shown} mm, the grid {voxel_mm:g}: resample one"
        )
    with _readable(path):
        return _numbers(np.asarray(image.dataobj)).transpose(2, 1, 0)
