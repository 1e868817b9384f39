# SPDX-License-Identifier: Apache-2.0
"""Writes a volume for other programs, by the file's suffix: NumPy, NIfTI, VTK ImageData.

World coordinates are the patient's own x, y, z in mm: z grows downward, into the body, and is no
scanner's z. Only .npz holds everything and is read back here.
"""

import base64
import importlib
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim_hardware.plant.output.volume import Volume

VTK_TYPES = MappingProxyType({"float32": "Float32", "uint8": "UInt8"})

# TimeValue is the name by which VTK's programs know a time; a zero closes each tissue's name.
VTI = """<?xml version="1.0"?>
<!-- SIMULATED -->
<VTKFile type="ImageData" version="1.0" byte_order="LittleEndian" header_type="UInt64"
 compressor="vtkZLibDataCompressor">
<ImageData WholeExtent="{extent}" Origin="{origin}" Spacing="{spacing}">
<FieldData>
<DataArray type="Float64" Name="TimeValue" NumberOfTuples="1" format="ascii">{treatment_s}
</DataArray>
<Array type="String" Name="names" NumberOfTuples="{count}" format="ascii">{names}</Array>
</FieldData>
<Piece Extent="{extent}">
<PointData Scalars="celsius">
{arrays}
</PointData>
</Piece>
</ImageData>
</VTKFile>
"""


def write(volume: Volume, path: Path) -> None:
    """Write the volume as its suffix says; ValueError names the suffixes, or a missing extra."""
    name = path.name.lower()
    for suffix, writer in WRITERS.items():
        if name.endswith(suffix):
            writer(volume, path)
            return
    raise ValueError(f"{path.name}: unknown suffix, use one of {', '.join(WRITERS)}")


def read(path: Path) -> Volume:
    """Read a volume from .npz, as `write` left it."""
    with np.load(path, allow_pickle=False) as data:
        origin = data["origin_mm"].tolist()
        names = data["mark_names"].tolist()
        places = (tuple(row) for row in data["mark_mm"].tolist())
        return Volume(
            celsius=data["celsius"],
            cem43_min=data.get("cem43_min"),
            label=data["label"],
            names=tuple(data["names"].tolist()),
            spacing_mm=float(data["spacing_mm"]),
            origin_mm=(origin[0], origin[1], origin[2]),
            treatment_s=float(data["treatment_s"]),
            marks=dict(zip(names, places, strict=True)),
            mark_c=dict(zip(data["known_names"].tolist(), data["known_c"].tolist(), strict=True)),
        )


def _npz(volume: Volume, path: Path) -> None:
    arrays: dict[str, Any] = {
        "celsius": volume.celsius,
        "label": volume.label,
        "names": np.array(volume.names),
        "spacing_mm": volume.spacing_mm,
        "origin_mm": np.array(volume.origin_mm, dtype=np.float64),
        "treatment_s": volume.treatment_s,
        "mark_names": np.array([*volume.marks], dtype=np.str_),
        "known_names": np.array([*volume.mark_c], dtype=np.str_),
        "known_c": np.array([*volume.mark_c.values()], dtype=np.float64),
        "mark_mm": np.array([*volume.marks.values()], dtype=np.float64).reshape(-1, 3),
    }
    if volume.cem43_min is not None:
        arrays["cem43_min"] = volume.cem43_min
    with path.open("wb") as file:  # given a name, NumPy would append .npz to an .NPZ
        np.savez_compressed(file, **arrays)


def _nifti(volume: Volume, path: Path) -> None:
    try:
        nibabel: Any = importlib.import_module("nibabel")  # late: an extra, and typed in part only
    except ImportError as error:
        raise ValueError(f"{path.name} needs nibabel: install mnht-controller[imaging]") from error
    affine = np.diag([volume.spacing_mm] * 3 + [1.0])
    affine[:3, 3] = volume.origin_mm
    image = nibabel.Nifti1Image(volume.celsius.transpose(2, 1, 0), affine)
    # Some viewers read the one form, some the other.
    image.set_sform(affine, code="aligned")
    image.set_qform(affine, code="aligned")
    image.header.set_xyzt_units("mm", "sec")
    image.header["descrip"] = f"SIMULATED celsius, treatment_s={volume.treatment_s:.3f}"
    nibabel.save(image, path)


def _vti(volume: Volume, path: Path) -> None:
    nz, ny, nx = volume.celsius.shape
    arrays = {"celsius": volume.celsius, "cem43_min": volume.cem43_min, "label": volume.label}
    parts = [_vti_array(name, array) for name, array in arrays.items() if array is not None]
    text = VTI.format(
        extent=f"0 {nx - 1} 0 {ny - 1} 0 {nz - 1}",
        origin=" ".join(f"{value:.9g}" for value in volume.origin_mm),
        spacing=" ".join([f"{volume.spacing_mm:.9g}"] * 3),
        treatment_s=float(volume.treatment_s),
        count=len(volume.names),
        names=" ".join(str(byte) for name in volume.names for byte in (*name.encode(), 0)),
        arrays="\n".join(parts),
    )
    path.write_text(text, encoding="utf-8")


def _vti_array(name: str, array: NDArray[Any]) -> str:
    """One array as VTK's inline binary: a header (1 block, its size, no rest, packed), the block.

    Both are base64, each on its own.
    """
    data = array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
    packed = zlib.compress(data, 6)
    header = np.array([1, len(data), 0, len(packed)], dtype="<u8").tobytes()
    text = (base64.b64encode(header) + base64.b64encode(packed)).decode()
    kind = VTK_TYPES[array.dtype.name]
    return f'<DataArray type="{kind}" Name="{name}" format="binary">{text}</DataArray>'


WRITERS: Mapping[str, Callable[[Volume, Path], None]] = MappingProxyType(
    {".npz": _npz, ".nii": _nifti, ".nii.gz": _nifti, ".vti": _vti}
)
"""Who writes which suffix."""
