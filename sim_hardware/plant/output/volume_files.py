# SPDX-License-Identifier: Apache-2.0
"""Writes a volume for other programs, by the file's suffix: NumPy, NIfTI, VTK ImageData.

World coordinates are the patient's own x, y, z in mm: z grows downward, into the body, and is no
scanner's z. A NIfTI holds temperatures; dose and labels lie beside it, as _cem43_min and _label.
Only .npz holds everything and is read back here.
"""

import base64
import importlib
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim_hardware.plant.output.volume import Volume

NIFTI = (".nii", ".nii.gz")
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


def write(volume: Volume, path: Path) -> list[Path]:
    """Write the volume as its suffix says; gives all files, the one asked for first.

    ValueError names the suffixes, or a missing extra. Only NIfTI has companions: beside
    `NAME.nii.gz` lie `NAME_label.nii.gz`, with the tissues' names as a comment in its header, and
    `NAME_cem43_min.nii.gz` when there is a dose.
    """
    suffix = _suffix(path.name)
    check(suffix)
    return WRITERS[suffix](volume, path)


def check(suffix: str) -> None:
    """Raise ValueError, before there is anything to write, when a format's extra is missing."""
    if suffix in NIFTI:
        _nibabel(suffix)


def _suffix(name: str) -> str:
    for suffix in WRITERS:
        if name.lower().endswith(suffix):
            return suffix
    raise ValueError(f"{name}: unknown suffix, use one of {', '.join(WRITERS)}")


def _nibabel(what: str) -> ModuleType:
    """Import nibabel late: it is an extra, and typed in part only."""
    try:
        return importlib.import_module("nibabel")
    except ImportError as error:
        raise ValueError(f"{what} needs nibabel: install mnht-controller[imaging]") from error


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


def _npz(volume: Volume, path: Path) -> list[Path]:
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
    return [path]


def _nifti(volume: Volume, path: Path) -> list[Path]:
    arrays = {"celsius": volume.celsius, "cem43_min": volume.cem43_min, "label": volume.label}
    suffix = _suffix(path.name)
    stem, ending = path.name[: -len(suffix)], path.name[-len(suffix) :]
    files = []
    for name, array in arrays.items():
        if array is not None:
            files.append(path if name == "celsius" else path.with_name(f"{stem}_{name}{ending}"))
            _one_nifti(volume, name, array, files[-1])
    return files


def _one_nifti(volume: Volume, name: str, array: NDArray[Any], path: Path) -> None:
    nibabel = _nibabel(path.name)
    affine = np.diag([volume.spacing_mm] * 3 + [1.0])
    affine[:3, 3] = volume.origin_mm
    image = nibabel.Nifti1Image(array.transpose(2, 1, 0), affine)
    # Some viewers read the one form, some the other.
    image.set_sform(affine, code="aligned")
    image.set_qform(affine, code="aligned")
    image.header.set_xyzt_units("mm", "sec")
    image.header["descrip"] = f"SIMULATED {name}, treatment_s={volume.treatment_s:.3f}"
    if name == "label":
        text = "\n".join(f"{number} {tissue}" for number, tissue in enumerate(volume.names))
        comment = nibabel.nifti1.Nifti1Extension("comment", text.encode())
        image.header.extensions.append(comment)
    nibabel.save(image, path)


def _vti(volume: Volume, path: Path) -> list[Path]:
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
    return [path]


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


WRITERS: Mapping[str, Callable[[Volume, Path], list[Path]]] = MappingProxyType(
    {".npz": _npz, ".nii": _nifti, ".nii.gz": _nifti, ".vti": _vti}
)
"""Who writes which suffix."""
