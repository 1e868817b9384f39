# SPDX-License-Identifier: Apache-2.0
"""Pictures and movies of the simulated patient's true temperatures, for people to look at.

Drawn with matplotlib, an extra, imported late. Nothing here is a measurement, or decides anything.
"""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim_hardware.bench import panels
from sim_hardware.bench.panels import INK, LINES, OUTLINE, PALE, RIM, Box, Floats, Pair
from sim_hardware.plant.output.volume import AIR, AXES, Point, Slice, Volume

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.contour import QuadContourSet
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage
    from matplotlib.lines import Line2D
    from matplotlib.text import Text
    from PIL.Image import Image

DPI = 100
PICTURE_PX = (1600, 700)
MOVIE_PX = (1000, 480)
FRAMES_MAX = 200
FRAME_MS, LAST_FRAME_MS = 80, 2500
SHADES, TINTS = 168, 12
"""Of a movie's palette: steps of the color bar, and of each ink toward white."""

READING_ROWS = 4
DEPOSIT = "tumor"
SIMULATED_INK, FIELD_INK, SKIN_INK = "#a3322b", "#3f5f8f", "#c8502d"


def picture(volume: Volume, path: Path, at_mm: Point | None = None) -> None:
    """Draw the planes through a point, or the hottest voxel, as PNG; ValueError: no matplotlib."""
    _check(path, ".png")
    at = volume.hottest_mm() if at_mm is None else at_mm
    planes = [panels.cropped(plane) for plane in volume.slices(at)]
    limits_c = panels.limits_c([panels.range_c(plane) for plane in planes])
    figure = _figure(PICTURE_PX)
    boxes = _side_by_side(planes)
    for plane, box in zip(planes, boxes, strict=True):
        axes = figure.add_axes(_fraction(box, PICTURE_PX))
        image = panels.paint(axes, plane, limits_c)
        panels.dress(axes, plane)
        panels.iso_lines(axes, plane)
        panels.cuts(axes, plane, at)
        panels.labels(axes, plane, volume)
    _readings(figure, volume, (boxes[0][0], boxes[0][1] - 104.0))
    left, bottom, width, height = boxes[-1]
    bar = (left + width + 24.0, bottom, 18.0, height)
    _color_bar(figure, image, _fraction(bar, PICTURE_PX), height)
    what = "Hottest voxel" if at_mm is None else "Planes through"
    where = ", ".join(
        f"{axis} {panels.signed(place)}" for axis, place in zip(AXES, at, strict=True)
    )
    value = float(volume.celsius[volume.voxel(at)])
    under = f"{what}: {value:.1f} °C at {where} mm"
    _head(figure, PICTURE_PX, volume.treatment_s, under)
    _foot(figure, PICTURE_PX, f"Circles: marks within {panels.NEAR_MM:g} mm of the plane")
    figure.savefig(path, dpi=DPI)


@dataclass(frozen=True, slots=True)
class _Frame:
    """What a movie keeps of one instant."""

    treatment_s: float
    plane: Slice


class Movie:
    """An animated GIF: the plane x–z through the deposit, the field, and the skin under it.

    Without `at_mm` the plane goes through the middle of the tumor, or else the hottest voxel of
    the first volume; without `limits_c` colors span what the whole movie shows. Of more than
    FRAMES_MAX volumes every second, fourth… is kept, and the last.
    """

    def __init__(
        self, path: Path, at_mm: Point | None = None, limits_c: Pair | None = None
    ) -> None:
        _check(path, ".gif")
        self.path, self.at_mm, self.limits_c = path, at_mm, limits_c
        self._first: tuple[Volume, Slice] | None = None
        self._frames: list[_Frame] = []
        self._latest: _Frame | None = None
        self._course: list[tuple[float, float, float]] = []
        self._stride = 1

    def add(self, volume: Volume, field_ka_per_m: float | None, skin_c: float | None) -> None:
        """Take one instant; None where field or skin temperature are unknown."""
        if self._first is None:
            self.at_mm = self.at_mm or volume.middle_mm(DEPOSIT) or volume.hottest_mm()
        plane = panels.cropped(volume.slices(self.at_mm)[0])
        # A copy: the view would keep the whole volume, and a plant may go on writing into it.
        plane = replace(plane, celsius=plane.celsius.copy(), label=plane.label.copy())
        self._first = self._first or (volume, plane)
        frame = _Frame(volume.treatment_s, plane)
        if len(self._course) % self._stride == 0:
            self._frames.append(frame)
        self._latest = frame
        field, skin = (np.nan if value is None else value for value in (field_ka_per_m, skin_c))
        self._course.append((volume.treatment_s / 60.0, field, skin))
        if len(self._frames) > FRAMES_MAX:
            self._frames = self._frames[::2]
            self._stride *= 2

    def save(self) -> None:
        """Draw and write the movie; ValueError when nothing was added."""
        if self._first is None or self._latest is None:
            raise ValueError(f"{self.path.name}: no frame was added")
        frames = list(self._frames)
        if frames[-1] is not self._latest:
            frames.append(self._latest)
        limits_c = self.limits_c or panels.limits_c(
            [panels.range_c(frame.plane) for frame in frames]
        )
        stage = _Stage(*self._first, limits_c, np.array(self._course))
        _write_gif([stage.shot(frame) for frame in frames], self.path)


class _Stage:
    """The figure whose moving parts are set anew for each frame."""

    def __init__(self, volume: Volume, plane: Slice, limits_c: Pair, course: Floats) -> None:
        self.figure, self.plane, self.course = _figure(MOVIE_PX), plane, course
        width, height = panels.span(plane.across_mm), panels.span(plane.down_mm)
        scale = min(440.0 / width, 320.0 / height)
        box = (70.0, MOVIE_PX[1] - 75.0 - height * scale, width * scale, height * scale)
        self.axes = self.figure.add_axes(_fraction(box, MOVIE_PX))
        self.image = panels.paint(self.axes, plane, limits_c)
        panels.dress(self.axes, plane, title="")
        panels.labels(self.axes, plane, volume)
        bar = (box[0] + box[2] + 16.0, box[1], 14.0, box[3])
        _color_bar(self.figure, self.image, _fraction(bar, MOVIE_PX), box[3])
        left, half = bar[0] + 130.0, (box[3] - 24.0) / 2.0
        right = MOVIE_PX[0] - left - 24.0
        skin = (left, box[1] + half + 24.0, right, half)
        below = self.figure.add_axes(_fraction((left, box[1], right, half), MOVIE_PX))
        above = self.figure.add_axes(_fraction(skin, MOVIE_PX))
        self.field = self._trace(below, 1, "Field (kA/m peak)", FIELD_INK)
        self.skin = self._trace(above, 2, "Skin (°C)", SKIN_INK)
        below.set_xlabel("treatment time (min)", size=9, color=PALE)
        above.tick_params(labelbottom=False)
        self.title = _head(
            self.figure, MOVIE_PX, 0.0, f"Plane x–z at y {panels.signed(plane.at_mm)} mm"
        )
        _foot(self.figure, MOVIE_PX, "")
        self.lines: QuadContourSet | None = None

    def _trace(self, axes: "Axes", column: int, title: str, ink: str) -> "tuple[Line2D, Line2D]":
        axes.set_title(title, loc="left", size=9, color=ink, pad=4)
        times, values = self.course[:, 0], self.course[:, column]
        known = values[np.isfinite(values)]
        low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
        if column == 1:
            low = 0.0
        pad = 0.08 * (high - low) + 0.05
        axes.set_ylim(low - pad, high + pad)
        axes.set_xlim(float(times[0]), max(float(times[-1]), float(times[0]) + 1.0 / 60.0))
        axes.grid(color="#e3e7ee", linewidth=0.6)
        panels.plain(axes)
        (line,) = axes.plot([], [], color=ink, linewidth=1.6)
        (dot,) = axes.plot([], [], "o", color=ink, markersize=5, clip_on=False)
        return line, dot

    def shot(self, frame: _Frame) -> "Image":
        """Draw one frame."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from PIL import Image

        self.image.set_data(panels.filled(frame.plane))
        if self.lines is not None:
            self.lines.remove()
        self.lines = panels.iso_lines(self.axes, frame.plane)
        now = self.course[self.course[:, 0] * 60.0 <= frame.treatment_s + 1e-6]
        for column, (line, dot) in ((1, self.field), (2, self.skin)):
            line.set_data(now[:, 0], now[:, column])
            dot.set_data(now[-1:, 0], now[-1:, column])
        self.title.set_text(_clock(frame.treatment_s))
        canvas: Any = FigureCanvasAgg(self.figure)
        canvas.draw()
        return Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")


def _palette() -> "Image":
    """Make the palette of all frames, so that nothing flickers: color bar, inks, and their rims."""
    from matplotlib import colormaps
    from matplotlib.colors import to_rgb
    from PIL import Image

    colors = [colormaps[panels.COLORS](step / (SHADES - 1))[:3] for step in range(SHADES)]
    inks = [to_rgb(ink) for ink in (INK, PALE, RIM, SIMULATED_INK, FIELD_INK, SKIN_INK, OUTLINE)]
    for ink, step in product(inks, range(TINTS)):
        share = step / (TINTS - 1)
        red, green, blue = (share + (1.0 - share) * part for part in ink)
        colors.append((red, green, blue))
    made = Image.new("P", (1, 1))
    made.putpalette([round(255 * part) for color in colors for part in color])
    return made


def _write_gif(shots: "list[Image]", path: Path) -> None:
    from PIL.Image import Dither

    palette = _palette()  # dithering would only swell the file
    flat = [shot.quantize(palette=palette, dither=Dither.NONE) for shot in shots]
    durations = [FRAME_MS] * (len(flat) - 1) + [LAST_FRAME_MS]
    flat[0].save(path, save_all=True, append_images=flat[1:], duration=durations, loop=0)


def _check(path: Path, suffix: str) -> None:
    """ValueError, before any work is done, when the file could not be written."""
    if path.suffix.lower() != suffix:
        raise ValueError(f"{path.name}: unknown suffix, use {suffix}")
    try:
        importlib.import_module("matplotlib")
    except ImportError as error:
        text = f"{path.name} needs matplotlib: install mnht-controller[plots]"
        raise ValueError(text) from error


def _figure(size_px: tuple[int, int]) -> "Figure":
    """Make a figure of our own: pyplot's would stay in memory, and may look for a display."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(size_px[0] / DPI, size_px[1] / DPI), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def _fraction(box: Box, size_px: tuple[int, int]) -> Box:
    (left, bottom, width, height), (all_x, all_y) = box, size_px
    return left / all_x, bottom / all_y, width / all_x, height / all_y


def _side_by_side(planes: Sequence[Slice]) -> list[Box]:
    """Place the panels, in px: one scale for all, tops aligned."""
    left, right, gap, top, below = 70.0, 110.0, 84.0, 128.0, 100.0
    sizes = [(panels.span(plane.across_mm), panels.span(plane.down_mm)) for plane in planes]
    room = PICTURE_PX[0] - left - right - gap * (len(sizes) - 1)
    scale = room / sum(width for width, _ in sizes)
    scale = min(scale, (PICTURE_PX[1] - top - below) / max(height for _, height in sizes))
    gap += (room - scale * sum(width for width, _ in sizes)) / (len(sizes) - 1)
    boxes = []
    for width, height in sizes:
        bottom = PICTURE_PX[1] - top - height * scale
        boxes.append((left, bottom, width * scale, height * scale))
        left += width * scale + gap
    return boxes


def _color_bar(figure: "Figure", image: "AxesImage", box: Box, height_px: float) -> None:
    axes = figure.add_axes(box)
    bar = figure.colorbar(image, cax=axes)
    bar.outline.set_visible(False)
    low, high = image.get_clim()
    per_c = height_px / (high - low)
    lines = [level for level in LINES if low < level < high]
    fives = [float(value) for value in range(-100, 200, 5) if low <= value <= high]
    ticks = [five for five in fives if all(abs(five - line) * per_c > 14.0 for line in lines)]
    bar.set_ticks(sorted({*ticks, *lines}))
    axes.tick_params(labelsize=9, color=RIM, labelcolor=INK, length=3)
    for level in lines:
        axes.axhline(level, color="white", linewidth=1.5, linestyle=LINES[level])
    axes.set_title("°C", size=10, color=INK, pad=8, loc="left")


def _readings(figure: "Figure", volume: Volume, start: Pair) -> None:
    """List below the panels the temperature of each mark."""
    rows = []
    for name, place in volume.marks.items():
        try:
            index = volume.voxel(place)
        except ValueError:
            continue
        if volume.label[index] != AIR:
            celsius = volume.mark_c.get(name, float(volume.celsius[index]))
            rows.append((name.replace("_", " "), f"{celsius:.1f} °C"))
    top = (start[1] + 22.0) / PICTURE_PX[1]
    title = "True temperature at the marks"
    figure.text(start[0] / PICTURE_PX[0], top, title, size=10.5, color=INK, weight="bold")
    for number, (name, value) in enumerate(rows[: 3 * READING_ROWS]):
        x = (start[0] + 300.0 * (number // READING_ROWS)) / PICTURE_PX[0]
        y = (start[1] - 20.0 * (number % READING_ROWS)) / PICTURE_PX[1]
        figure.text(x, y, name, size=10, color=PALE)
        figure.text(x + 200.0 / PICTURE_PX[0], y, value, size=10, color=INK, ha="right")


def _clock(treatment_s: float) -> str:
    minutes, seconds = divmod(round(treatment_s), 60)
    return f"Temperature after {minutes} min {seconds:02d} s of treatment"


def _head(figure: "Figure", size_px: tuple[int, int], treatment_s: float, under: str) -> "Text":
    """Write the title and a line under it; return the title, for movies."""
    left, (all_x, all_y) = 70.0, size_px
    figure.text(left / all_x, 1.0 - 60.0 / all_y, under, size=10.5, color=PALE)
    return figure.text(
        left / all_x, 1.0 - 36.0 / all_y, _clock(treatment_s), size=15, weight="bold", color=INK
    )


def _foot(figure: "Figure", size_px: tuple[int, int], note: str) -> None:
    left, right, y = 70.0 / size_px[0], 1.0 - 24.0 / size_px[0], 20.0 / size_px[1]
    figure.text(left, y, "SIMULATED", size=13, weight="bold", color=SIMULATED_INK)
    what = "A virtual patient: nothing here was measured."
    figure.text(left + 122.0 / size_px[0], y, what, size=10, color=PALE)
    figure.text(right, y, note, size=10, color=PALE, ha="right")
