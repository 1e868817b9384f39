# SPDX-License-Identifier: Apache-2.0
"""Pictures and movies: the file is there, shows something, and survives odd volumes."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim_hardware.bench import panels, pictures
from sim_hardware.bench.pictures import Movie, picture
from sim_hardware.plant.output.volume import Volume

pytest.importorskip("matplotlib")


def volume(heat_c: float = 14.0, treatment_s: float = 60.0) -> Volume:
    """Make a hot ball under flat skin, 2 mm voxels, one layer of air above."""
    z, y, x = np.meshgrid(*(np.arange(n) * 2.0 for n in (12, 14, 16)), indexing="ij")
    off_mm = np.sqrt((x - 15.0) ** 2 + (y - 13.0) ** 2 + (z - 11.0) ** 2)
    label = np.where(z < 1.0, 0, np.where(z < 3.0, 1, np.where(off_mm < 7.0, 3, 2)))
    celsius = 37.0 + heat_c * np.exp(-((off_mm / 7.0) ** 2)) - 2.0 * np.exp(-z / 4.0)
    return Volume(
        celsius=celsius.astype(np.float32),
        cem43_min=None,
        label=label.astype(np.uint8),
        names=("air", "skin", "muscle", "tumor"),
        spacing_mm=2.0,
        origin_mm=(-15.0, -13.0, -1.0),
        treatment_s=treatment_s,
        marks={"skin_center": (0.0, 0.0, 1.0), "tumor": (0.0, 0.0, 10.0), "far": (99.0, 0.0, 0.0)},
    )


def pixels(path: Path, frame: int = 0) -> np.ndarray:
    from PIL import Image

    with Image.open(path) as image:
        image.seek(frame)
        return np.asarray(image.convert("RGB")).astype(int)


def frames(path: Path) -> int:
    from PIL import Image

    with Image.open(path) as image:
        return int(getattr(image, "n_frames", 1))


def test_a_picture_shows_something_hot(tmp_path: Path) -> None:
    picture(volume(), tmp_path / "p.png")
    drawn = pixels(tmp_path / "p.png")
    assert drawn.shape == (700, 1600, 3)
    assert len(np.unique(drawn.reshape(-1, 3), axis=0)) > 500
    yellow = (drawn[..., 0] > 230) & (drawn[..., 1] > 180) & (drawn[..., 2] < 120)
    columns = np.flatnonzero(yellow.any(axis=0))
    # All three panels and the color bar, which is the last.
    assert columns.min() < 400
    assert columns.max() > 1450
    cold = tmp_path / "cold.png"
    picture(volume(), cold, at_mm=(-15.0, -13.0, 5.0))
    assert not np.array_equal(pixels(cold), drawn)


@pytest.mark.parametrize(
    "changes",
    [
        {"marks": {}},
        {"marks": {f"site_{n}": (0.0, 0.0, 10.0) for n in range(20)}},
        {"celsius": np.full((12, 14, 16), 37.0, np.float32)},
        {"label": np.ones((12, 14, 16), np.uint8)},
        {"treatment_s": 3599.7},
    ],
    ids=["no marks", "marks on marks", "uniform", "no air", "an hour"],
)
def test_odd_volumes_are_drawn(tmp_path: Path, changes: dict[str, Any]) -> None:
    picture(replace(volume(), **changes), tmp_path / "p.png")
    assert len(np.unique(pixels(tmp_path / "p.png").reshape(-1, 3), axis=0)) > 50


def test_unknown_temperatures_and_planes_in_air_are_drawn(tmp_path: Path) -> None:
    celsius = volume().celsius.copy()
    celsius[5:8, 5:8, 5:8] = np.nan
    picture(replace(volume(), celsius=celsius), tmp_path / "p.png")
    picture(volume(), tmp_path / "air.png", at_mm=(0.0, 0.0, -1.0))
    assert pixels(tmp_path / "air.png").min() < 200


def test_temperatures_continue_into_the_air() -> None:
    plane = volume().slices()[0]
    filled = panels.filled(plane)
    assert filled[0, 8] == pytest.approx(plane.celsius[1, 7:10].mean(), abs=0.2)
    assert np.array_equal(filled[1:].astype(np.float32), plane.celsius[1:])


def test_color_limits_leave_out_the_air() -> None:
    celsius = volume().celsius.copy()
    celsius[0] = -40.0
    planes = replace(volume(), celsius=celsius).slices()
    low, high = panels.limits_c([panels.range_c(plane) for plane in planes])
    assert 34.0 <= low < 37.0
    assert high in {50.0, 51.0}
    assert panels.limits_c([(37.0, 37.0)]) == (37.0, 38.0)


def test_a_movie_has_a_frame_for_each_volume(tmp_path: Path) -> None:
    path = tmp_path / "m.gif"
    movie = Movie(path)
    for number in range(4):
        movie.add(volume(4.0 * number, 30.0 * number), 2.0 * number, 36.0 + number)
    movie.save()
    assert frames(path) == 4
    assert pixels(path).shape == (480, 1000, 3)
    assert not np.array_equal(pixels(path, 0), pixels(path, 3))
    # One color scale: the bar, and muscle far from the deposit, look alike in all frames.
    first, last = pixels(path, 0), pixels(path, 3)
    assert np.array_equal(first[80:380, 520:560], last[80:380, 520:560])
    assert np.abs(first[355, 85] - last[355, 85]).max() <= 8
    assert first[355, 85].max() < 150


def test_a_long_movie_is_thinned_and_keeps_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "FRAMES_MAX", 4)
    movie, long = Movie(tmp_path / "m.gif", limits_c=(34.0, 52.0)), Movie(tmp_path / "l.gif")
    for number in range(12):
        long.add(volume(12.0, float(number)), None, None)
    long.save()
    assert 3 <= frames(tmp_path / "l.gif") <= 5
    movie.add(volume(12.0, 0.0), None, float("nan"))
    movie.add(volume(12.0, 11.0), None, 36.0)
    movie.save()
    title = slice(15, 45), slice(60, 640)
    long_end, end = (
        pixels(path, frames(path) - 1)[title] for path in (tmp_path / "l.gif", tmp_path / "m.gif")
    )
    assert np.array_equal(long_end, end)


def test_a_movie_keeps_what_it_saw(tmp_path: Path) -> None:
    movie, one = Movie(tmp_path / "m.gif", limits_c=(34.0, 52.0)), volume(0.0, 0.0)
    movie.add(one, 0.0, 36.0)
    one.celsius[1:] += np.float32(10.0)
    movie.add(replace(one, treatment_s=1.0), 0.0, 36.0)
    movie.save()
    first, last = (pixels(tmp_path / "m.gif", number)[355, 85] for number in (0, 1))
    assert last.sum() > first.sum() + 50


def test_a_movie_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"m\.gif: no frame"):
        Movie(tmp_path / "m.gif").save()


def test_a_single_frame_is_a_movie(tmp_path: Path) -> None:
    movie = Movie(tmp_path / "m.gif", at_mm=(0.0, 0.0, 10.0))
    movie.add(volume(), 5.0, 40.0)
    movie.save()
    assert frames(tmp_path / "m.gif") == 1


def test_wrong_suffixes_are_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"p\.jpg: unknown suffix, use \.png"):
        picture(volume(), tmp_path / "p.jpg")
    with pytest.raises(ValueError, match=r"m\.mp4: unknown suffix, use \.gif"):
        Movie(tmp_path / "m.mp4")


def test_a_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ValueError, match=r"p\.png needs matplotlib.*\[plots\]"):
        picture(volume(), tmp_path / "p.png")
    with pytest.raises(ValueError, match=r"m\.gif needs matplotlib.*\[plots\]"):
        Movie(tmp_path / "m.gif")
