# SPDX-License-Identifier: Apache-2.0
"""The volume and its files: a hot voxel stays where it is, whoever reads it."""

import base64
import sys
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from sim_hardware.plant.output.volume import Volume
from sim_hardware.plant.output.volume_files import read, write

SHAPE = (4, 5, 6)  # z, y, x: all different, or a wrong order would not show
HOT = (1, 3, 4)
HOT_MM = (-10.0 + 4 * 2.0, 20.0 + 3 * 2.0, 1.0 + 1 * 2.0)


def volume(**changes: Any) -> Volume:
    celsius = np.full(SHAPE, 37.0, np.float32)
    celsius[HOT] = 50.0
    label = np.ones(SHAPE, np.uint8)
    label[0, 0, 0] = 0
    label[HOT] = 2
    made = Volume(
        celsius=celsius,
        cem43_min=celsius - np.float32(30.0),
        label=label,
        names=("air", "muscle", "tumor"),
        spacing_mm=2.0,
        origin_mm=(-10.0, 20.0, 1.0),
        treatment_s=61.5,
        marks={"skin_center": (0.0, 1.0, 2.0), "tumor_center": HOT_MM},
    )
    return replace(made, **changes)


def test_npz_holds_everything(tmp_path: Path) -> None:
    made, path = volume(), tmp_path / "v.npz"
    write(made, path)
    back = read(path)
    for name in ("celsius", "cem43_min", "label"):
        assert np.array_equal(getattr(back, name), getattr(made, name))
        assert getattr(back, name).dtype == getattr(made, name).dtype
    for name in ("names", "spacing_mm", "origin_mm", "treatment_s", "marks"):
        assert getattr(back, name) == getattr(made, name)
    assert back.hottest_mm() == HOT_MM


def test_npz_without_dose_or_marks(tmp_path: Path) -> None:
    write(volume(cem43_min=None, marks={}), tmp_path / "v.NPZ")
    back = read(tmp_path / "v.NPZ")
    assert back.cem43_min is None
    assert back.marks == {}


@pytest.mark.parametrize("name", ["v.nii", "v.nii.gz"])
def test_nifti_puts_the_hot_voxel_in_place(tmp_path: Path, name: str) -> None:
    nibabel = pytest.importorskip("nibabel")
    write(volume(), tmp_path / name)
    image = nibabel.load(tmp_path / name)
    data = np.asarray(image.dataobj)
    assert data.dtype == np.float32
    assert np.array_equal(data, volume().celsius.transpose(2, 1, 0))
    index = np.unravel_index(int(data.argmax()), data.shape)
    for affine in (image.affine, image.get_sform(), image.get_qform()):
        assert (affine @ [*index, 1.0])[:3] == pytest.approx(HOT_MM)
    assert image.header.get_xyzt_units() == ("mm", "sec")
    assert b"treatment_s=61.500" in image.header["descrip"].item()
    assert b"SIMULATED" in image.header["descrip"].item()


@pytest.mark.parametrize(("name", "ending"), [("v.1.nii", ".nii"), ("v.1.NII.gz", ".NII.gz")])
def test_nifti_keeps_dose_and_labels_beside_it(tmp_path: Path, name: str, ending: str) -> None:
    nibabel = pytest.importorskip("nibabel")
    files = write(volume(), tmp_path / name)
    assert [file.name for file in files] == [
        name, f"v.1_cem43_min{ending}", f"v.1_label{ending}",
    ]  # fmt: skip
    assert sorted(files) == sorted(tmp_path.iterdir())
    images = [nibabel.load(file) for file in files]
    for image, key, kind in zip(
        images, ("celsius", "cem43_min", "label"), ("float32", "float32", "uint8"), strict=True
    ):
        data = np.asarray(image.dataobj)
        assert data.dtype == kind
        assert np.array_equal(data, getattr(volume(), key).transpose(2, 1, 0))
        for affine in (image.affine, image.get_sform(), image.get_qform()):
            assert np.allclose(affine, images[0].affine)
        assert f"SIMULATED {key}, treatment_s=61.500".encode() in image.header["descrip"].item()
    comments = [extension.text for extension in images[2].header.extensions]
    assert comments == ["0 air\n1 muscle\n2 tumor"]


def test_nifti_without_dose_has_no_file_of_it(tmp_path: Path) -> None:
    pytest.importorskip("nibabel")
    files = write(volume(cem43_min=None), tmp_path / "v.nii.gz")
    assert [file.name for file in files] == ["v.nii.gz", "v_label.nii.gz"]
    assert sorted(files) == sorted(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["v.npz", "v.vti"])
def test_others_are_one_file(tmp_path: Path, name: str) -> None:
    assert write(volume(), tmp_path / name) == [*tmp_path.iterdir()] == [tmp_path / name]


def vti_arrays(path: Path) -> tuple[ET.Element, dict[str, np.ndarray]]:
    """Read a VTI as its specification says: 4 words of header, then one packed block."""
    root = ET.parse(path).getroot()
    assert root.attrib["compressor"] == "vtkZLibDataCompressor"
    assert root.attrib["header_type"] == "UInt64"
    found = {}
    for item in root.iterfind("ImageData/Piece/PointData/DataArray"):
        text = (item.text or "").strip()
        size = len(base64.b64encode(bytes(32)))
        blocks, whole, rest, packed = np.frombuffer(base64.b64decode(text[:size]), "<u8")
        data = base64.b64decode(text[size:])
        assert (blocks, rest, packed) == (1, 0, len(data))
        values = zlib.decompress(data)
        assert len(values) == whole
        kind = {"Float32": "<f4", "UInt8": "u1"}[item.attrib["type"]]
        found[item.attrib["Name"]] = np.frombuffer(values, kind)
    image = root.find("ImageData")
    assert image is not None
    return image, found


def test_vti_puts_the_hot_voxel_in_place(tmp_path: Path) -> None:
    write(volume(), tmp_path / "v.vti")
    image, arrays = vti_arrays(tmp_path / "v.vti")
    assert set(arrays) == {"celsius", "cem43_min", "label"}
    for name, values in arrays.items():
        assert np.array_equal(values, getattr(volume(), name).ravel())
    first, last = (
        np.array([int(part) for part in image.attrib["WholeExtent"].split()])[start::2]
        for start in (0, 1)
    )
    nx, ny, _ = last - first + 1
    assert (last - first + 1).tolist() == [6, 5, 4]
    # VTK counts x fastest: the point of index n is at origin + spacing * (i, j, k).
    n = int(arrays["celsius"].argmax())
    steps = np.array([n % nx, n // nx % ny, n // (nx * ny)])
    origin, spacing = (
        np.array([float(part) for part in image.attrib[name].split()])
        for name in ("Origin", "Spacing")
    )
    assert (origin + spacing * steps).tolist() == pytest.approx(HOT_MM)


def test_vti_holds_time_and_names(tmp_path: Path) -> None:
    write(volume(cem43_min=None), tmp_path / "v.vti")
    image, arrays = vti_arrays(tmp_path / "v.vti")
    assert set(arrays) == {"celsius", "label"}
    time, names = (image.findtext(f"FieldData/*[@Name='{n}']") for n in ("TimeValue", "names"))
    assert float(time or "nan") == 61.5
    assert bytes(int(part) for part in (names or "").split()) == b"air\0muscle\0tumor\0"


def test_an_unknown_suffix_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"v\.dcm: .*\.npz, \.nii, \.nii\.gz, \.vti"):
        write(volume(), tmp_path / "v.dcm")
    assert [*tmp_path.iterdir()] == []


def test_a_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nibabel", None)
    with pytest.raises(ValueError, match=r"\.nii\.gz needs nibabel.*\[imaging\]"):
        write(volume(), tmp_path / "v.nii.gz")
    write(volume(), tmp_path / "v.vti")  # needs no extra


def test_the_slices_meet_in_the_hottest_voxel() -> None:
    front, side, top = volume().slices()
    assert [(s.across, s.down, s.normal) for s in (front, side, top)] == [
        ("x", "z", "y"), ("y", "z", "x"), ("x", "y", "z"),
    ]  # fmt: skip
    assert [s.at_mm for s in (front, side, top)] == [HOT_MM[1], HOT_MM[0], HOT_MM[2]]
    for plane in (front, side, top):
        down, across = np.unravel_index(int(plane.celsius.argmax()), plane.celsius.shape)
        assert plane.celsius[down, across] == 50.0
        assert plane.label[down, across] == 2
        assert plane.across_mm[across] == HOT_MM["xyz".index(plane.across)]
        assert plane.down_mm[down] == HOT_MM["xyz".index(plane.down)]


def test_slices_through_a_point() -> None:
    front, side, top = volume().slices((-10.9, 20.9, 1.0))
    assert (side.at_mm, front.at_mm, top.at_mm) == (-10.0, 20.0, 1.0)
    assert front.celsius.max() == 37.0
    assert front.label[0, 0] == 0


@pytest.mark.parametrize(("x_mm", "inside"), [(-11.0, True), (-11.1, False), (1.0, True)])
def test_a_point_outside_is_refused(x_mm: float, inside: bool) -> None:
    if inside:
        assert volume().voxel((x_mm, 20.0, 1.0))[2] == (0 if x_mm < 0 else 5)
    else:
        with pytest.raises(ValueError, match=r"x -11\.1 mm lies outside"):
            volume().voxel((x_mm, 20.0, 1.0))


def test_hot_air_is_not_the_hottest() -> None:
    celsius = volume().celsius.copy()
    celsius[0, 0, 0] = 90.0
    assert volume(celsius=celsius).hottest_mm() == HOT_MM
    with pytest.raises(ValueError, match="no tissue"):
        volume(label=np.zeros(SHAPE, np.uint8)).hottest_mm()


def test_the_middle_of_a_tissue() -> None:
    assert volume().middle_mm("tumor") == HOT_MM
    assert volume().middle_mm("bone") is None
    assert volume(names=("air", "muscle", "tumor", "fat")).middle_mm("fat") is None


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"label": np.ones((1, 1, 1), np.uint8)}, "label: shape"),
        ({"cem43_min": np.ones((1, 1, 1), np.float32)}, "cem43_min: shape"),
        ({"celsius": np.full(SHAPE, 37.0)}, "celsius: float32 is needed"),
        ({"celsius": np.full((4, 5), 37.0, np.float32)}, "three dimensions"),
        ({"names": ("air", "muscle")}, "names"),
        ({"names": ("skin", "muscle", "tumor")}, "names"),
        ({"spacing_mm": 0.0}, "spacing_mm"),
    ],
)
def test_parts_that_do_not_fit_are_refused(changes: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        volume(**changes)
