# SPDX-License-Identifier: Apache-2.0
"""Voxels from solids and layers, and the runs that the kernels walk along."""

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from sim_hardware.plant.body import geometry as geometry_of
from sim_hardware.plant.body.geometry import Geometry
from sim_hardware.plant.body.patient_file import Body, PatientFile
from sim_hardware.plant.solver import runs
from tests.unit.sim_hardware.small_patient import small

NAMES = ("skin", "fat", "muscle", "tumor")
SKIN, FAT, MUSCLE, TUMOR = 1, 2, 3, 4
LAYERS = [
    {"tissue": "skin", "thickness_mm": 2.0},
    {"tissue": "fat", "thickness_mm": 3.0},
    {"tissue": "muscle", "thickness_mm": 5.0},
]


def ball(x: float, z: float, radius: float, tissue: str = "tumor", **more: Any) -> dict[str, Any]:
    solid = {"shape": "sphere", "center_mm": [x, 0.0, z], "radius_mm": radius}
    return {"tissue": tissue, "solid": solid, **more}


FAR = ball(0.0, 20.0, 2.0, target=True)


def build(**changes: Any) -> Geometry:
    start: dict[str, Any] = {
        "grid": {"voxel_mm": 1.0, "size_mm": [50.0, 12.0, 42.0]},
        "layer": LAYERS,
        "structure": [FAR],
    }
    patient = PatientFile.model_validate(small(**(start | changes)))
    return geometry_of.build(patient, NAMES)


def test_layers_of_a_slab_follow_each_other_by_depth() -> None:
    found = build()
    column = found.label[:, 0, 0]
    assert column.tolist() == [SKIN] * 2 + [FAT] * 3 + [MUSCLE] * 37, "the last one fills the rest"
    assert (found.label[:, 2, 7] == column).all()
    assert (found.top_mm == 0.0).all()
    assert found.names == ("air", *NAMES)


def test_layers_of_a_cylinder_are_rings() -> None:
    found = build(body={"shape": "cylinder", "radius_mm": 20.0})
    x, _, z = found.at
    radius = np.hypot(x, z - 20.0) + 0.0 * found.label
    expected = np.select(
        [radius >= 20.0, radius >= 18.0, radius >= 15.0], [0, SKIN, FAT], default=MUSCLE
    )
    expected[found.target] = TUMOR
    assert (found.label == expected).all()
    assert found.top_mm[0, 25] == 0.0
    assert found.top_mm[0, 0] == np.inf, "beside the cylinder no column has skin"


def test_depth_in_an_ellipsoid_is_the_distance_to_its_surface() -> None:
    semi = np.array([30.0, 40.0, 20.0])
    patient = PatientFile.model_validate(small(grid={"voxel_mm": 1.0, "size_mm": [64, 84, 42]}))
    at = geometry_of.axes(patient.grid)
    body = Body(shape="ellipsoid", radius_mm=20.0, semi_axes_mm=(30.0, 40.0, 20.0))
    depth = geometry_of.depth_mm(body, at)
    u, v = np.meshgrid(np.linspace(0, np.pi, 400), np.linspace(0, 2 * np.pi, 800))
    shell = np.stack([np.sin(u) * np.cos(v), np.sin(u) * np.sin(v), np.cos(u)], axis=-1)
    shell = shell.reshape(-1, 3) * semi + [0.0, 0.0, 20.0]
    rng = np.random.default_rng(3)
    near = np.argwhere((depth > 1.0) & (depth < 6.0))
    for z, y, x in near[rng.choice(len(near), 60, replace=False)]:
        point = np.array([at[0][0, 0, x], at[1][0, y, 0], at[2][z, 0, 0]])
        distance = float(np.linalg.norm(shell - point, axis=1).min())
        assert depth[z, y, x] == pytest.approx(distance, rel=0.1)
    inside = (at[0] / 30) ** 2 + (at[1] / 40) ** 2 + ((at[2] - 20) / 20) ** 2 < 1.0
    assert ((depth > 0.0) == inside).all()


def test_an_ellipsoid_without_semi_axes_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^body\.semi_axes_mm: missing"):
        build(body={"shape": "ellipsoid", "radius_mm": 20.0})


def test_later_structures_lie_over_earlier_ones_and_take_their_target() -> None:
    tumor = ball(0.0, 12.0, 6.0, target=True)
    bone = ball(4.0, 12.0, 4.0, tissue="fat")
    found = build(structure=[tumor, bone])
    x, y, z = found.at
    in_tumor = x**2 + y**2 + (z - 12.0) ** 2 <= 36.0
    in_bone = (x - 4.0) ** 2 + y**2 + (z - 12.0) ** 2 <= 16.0
    assert (in_tumor & in_bone).any()
    assert (found.target == (in_tumor & ~in_bone)).all()
    assert (found.label[in_tumor & ~in_bone] == TUMOR).all()
    assert (found.label[in_bone] == FAT).all()
    assert (found.label[:2][~(in_tumor | in_bone)[:2]] == SKIN).all(), "layers around them stay"


def test_two_targets_add_up_and_neither_grows_the_body() -> None:
    body = {"shape": "cylinder", "radius_mm": 20.0}
    left, right = ball(-17.0, 20.0, 6.0, target=True), ball(10.0, 20.0, 4.0, target=True)
    found, plain = build(body=body, structure=[left, right]), build(body=body)
    assert (found.body == plain.body).all()
    x, _, z = np.broadcast_arrays(*found.at)
    assert found.target[(x < -14) & found.body & (np.hypot(x + 17.0, z - 20.0) < 1.0)].any()
    assert found.target[x > 6].any()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"layer": [{"tissue": "skin", "thickness_mm": 0.7}, *LAYERS[1:]]},
            r"^grid\.voxel_mm: 1 mm is too coarse for layer\[0\] of 0\.7 mm: at most 0\.7$",
        ),
        (
            {"layer": [*LAYERS[:2], {"tissue": "air", "thickness_mm": 9.0}]},
            r"^layer\[2\]\.tissue: unknown tissue 'air', use one of fat, muscle, skin, tumor$",
        ),
        (
            {"structure": [FAR, ball(0.0, 9.0, 3.0, tissue="bone")]},
            r"^structure\[1\]\.tissue: unknown tissue 'bone', use one of fat, muscle, skin, tumor$",
        ),
        (
            {"grid": {"voxel_mm": 1.0, "size_mm": [50.0, 12.4, 42.0]}},
            r"^grid\.size_mm: 12\.4 along y is no whole voxels: 12$",
        ),
        (
            {"grid": {"voxel_mm": 1.0, "size_mm": [500.0, 400.0, 300.0]}},
            r"^grid\.voxel_mm: 500 x 400 x 300 voxels are more than 3e\+07, nearest 1\.3$",
        ),
        (
            {"structure": [ball(0.0, 60.0, 5.0, target=True)]},
            r"^structure\[0\]\.solid: no voxel of the body lies in it: .* z 0\.5 to 41\.5 mm$",
        ),
        ({"structure": [ball(0.0, 20.0, 2.0)]}, r"^structure: one needs `target = true`"),
        ({"structure": [FAR, ball(0.0, 20.0, 3.0)]}, r"must not be covered wholly"),
    ],
)
def test_a_body_that_cannot_be_is_refused_by_key(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        build(**changes)


def test_the_legal_voxel_of_a_complaint_is_legal() -> None:
    thin = {"tissue": "skin", "thickness_mm": 0.5}
    found = build(
        grid={"voxel_mm": 0.5, "size_mm": [20.0, 6.0, 25.0]},
        layer=[thin, *LAYERS[1:]],
        structure=[ball(0.0, 20.0, 2.0, target=True)],
    )
    assert found.label[:2, 0, 0].tolist() == [SKIN, FAT]


# ---- runs ----------------------------------------------------------------------------------

volumes = arrays.arrays(
    np.uint8,
    arrays.array_shapes(min_dims=3, max_dims=3, max_side=7),
    elements=st.integers(0, 3),
    fill=st.integers(0, 3),
)


def around(label: np.ndarray, floor: int) -> np.ndarray:
    """Give (z, y, x, 7): each label and its neighbors x−, x+, y−, y+, z−, z+."""
    side = np.pad(label, 1, constant_values=runs.INSULATED)
    side[0], side[-1] = runs.AIR, floor
    nz, ny, nx = label.shape
    steps = [(0, 0, 0), (0, 0, -1), (0, 0, 1), (0, -1, 0), (0, 1, 0), (-1, 0, 0), (1, 0, 0)]
    parts = [side[1 + z : 1 + z + nz, 1 + y : 1 + y + ny, 1 + x : 1 + x + nx] for z, y, x in steps]
    return np.stack(parts, axis=-1)


@settings(max_examples=150, deadline=None)
@given(volumes, st.sampled_from([runs.CORE, runs.INSULATED]))
@example(np.array([[[0, 1, 0, 1, 0]]], np.uint8), runs.CORE)  # alike, with air between them
def test_runs_decode_to_the_labels_and_their_neighbors(label: np.ndarray, floor: int) -> None:
    found, (nz, ny, nx) = runs.encode(label, floor), label.shape
    decoded = np.zeros((nz * ny, nx, 7), np.uint8)
    covered = np.zeros((nz * ny, nx), int)
    for row in range(nz * ny):
        inside = range(found.first[row], found.first[row + 1])
        for r in inside:
            assert found.x0[r] < found.x1[r]
            covered[row, found.x0[r] : found.x1[r]] += 1
            decoded[row, found.x0[r] : found.x1[r]] = found.kinds[found.kind[r]]
        for r in inside[1:]:
            joined = found.x1[r - 1] == found.x0[r] and found.kind[r - 1] == found.kind[r]
            assert not joined, "a run is as long as it can be"
    solid = (label != runs.AIR).reshape(covered.shape)
    assert (covered == solid).all(), "air yields no runs, tissue exactly one"
    expected = around(label, floor).reshape(decoded.shape)
    assert (decoded[solid] == expected[solid]).all()
    assert found.first[-1] == len(found.x0)


def test_a_block_of_air_has_no_runs() -> None:
    found = runs.encode(np.zeros((2, 3, 4), np.uint8))
    assert len(found.x0) == len(found.kinds) == 0
    assert (found.first == 0).all()
