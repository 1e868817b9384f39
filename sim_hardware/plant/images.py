# SPDX-License-Identifier: Apache-2.0
"""Images that describe a body or a deposit: NIfTI through nibabel (extra `imaging`), or .npy."""

from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray


def read_image(path: Path) -> NDArray[np.float64]:
    """Return an image as (z, y, x). ValueError says what is wrong with the file."""
    if not path.is_file():
        raise ValueError(f"no such file {path.name}, give one beside the patient")
    if path.suffix == ".npy":
        found = np.load(path, allow_pickle=False)
    elif path.name.endswith((".nii", ".nii.gz")):
        found = _nifti(path)
    else:
        raise ValueError(f"{path.name}: unknown kind, use .npy, .nii or .nii.gz")
    if found.ndim != 3:
        raise ValueError(f"{path.name}: {found.ndim} dimensions, give three")
    return np.asarray(found, dtype=np.float64)


def _nifti(path: Path) -> NDArray[np.float64]:
    try:
        import nibabel
    except ImportError as error:
        raise ValueError("NIfTI needs nibabel: install mnht-controller[imaging]") from error
    image = cast(Any, nibabel.load(path))
    return np.asarray(image.get_fdata(), dtype=np.float64).transpose(2, 1, 0)
