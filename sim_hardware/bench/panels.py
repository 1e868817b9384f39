# SPDX-License-Identifier: Apache-2.0
"""One plane of the simulated patient as a panel: temperatures, outlines, lines, marks, names.

The parts that pictures and movies share; it draws into axes that others place.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim_hardware.plant.output.volume import AIR, AXES, Point, Slice, Volume

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.contour import QuadContourSet
    from matplotlib.image import AxesImage

COLORS = "inferno"
INK, PALE, RIM = "#1d2733", "#5b6775", "#9aa5b3"
OUTLINE, DARK = "#8fd0f5", "#1b0c2e"

NEAR_MM = 5.0
"""Marks this near to a plane are drawn in it."""

LINES: Mapping[float, Any] = MappingProxyType({41.0: (0, (1, 1.6)), 43.0: "-", 45.0: (0, (5, 2))})
"""Lines of equal temperature, °C, and their dashes."""

TITLES = MappingProxyType({"y": "Across the field", "x": "Along the field", "z": "From the skin"})
AXIS_LABELS = MappingProxyType(
    {"x": "x, lateral (mm)", "y": "y, along the field (mm)", "z": "z, depth (mm)"}
)
CHARACTER_PX = 7.4
"""About the width of a letter of 9 pt."""

MARK_PLACES = tuple((side, rise) for rise in (0.0, 14.0, -14.0, 26.0, -26.0) for side in (1, -1))
"""Where a mark's name may stand: to the right or left of it, and how much higher, px."""

TISSUE_COLUMN = 2
"""Layers are named at this voxel from the left."""

FINE = 4
"""Outlines are drawn on a mesh this much finer, and rounded: voxels have corners, bodies not."""

Pair = tuple[float, float]
Box = tuple[float, float, float, float]
Floats = NDArray[np.float64]


def span(centers_mm: Floats) -> float:
    """Return the length of an axis, from outer face to outer face."""
    return float(centers_mm[-1] - centers_mm[0] + _step(centers_mm))


def _step(centers_mm: Floats) -> float:
    return float(centers_mm[1] - centers_mm[0])


def _extent(plane: Slice) -> Box:
    """Left, right, bottom, top in mm, at the voxels' outer faces; down grows downward."""
    half = _step(plane.across_mm) / 2.0
    across, down = plane.across_mm, plane.down_mm
    return across[0] - half, across[-1] + half, down[-1] + half, down[0] - half


def cropped(plane: Slice) -> Slice:
    """Cut off the air around the body; one voxel of it stays."""
    parts = []
    for axis in (0, 1):
        found = np.flatnonzero((plane.label != AIR).any(axis=1 - axis))
        ends = (found[0], found[-1]) if found.size else (0, plane.label.shape[axis])
        parts.append(slice(max(int(ends[0]) - 1, 0), int(ends[1]) + 2))
    down, across = parts
    return replace(
        plane,
        across_mm=plane.across_mm[across],
        down_mm=plane.down_mm[down],
        celsius=plane.celsius[down, across],
        label=plane.label[down, across],
    )


def _hidden(plane: Slice) -> NDArray[np.bool_]:
    hidden: NDArray[np.bool_] = (plane.label == AIR) | ~np.isfinite(plane.celsius)
    return hidden


def range_c(plane: Slice) -> Pair | None:
    """Lowest and highest temperature of the body; None where the plane holds none of it."""
    shown = plane.celsius[~_hidden(plane)]
    return (float(shown.min()), float(shown.max())) if shown.size else None


def limits_c(ranges: Sequence[Pair | None]) -> Pair:
    """Whole degrees around all that is shown, at least one apart."""
    known = [pair for pair in ranges if pair is not None] or [(36.0, 46.0)]
    low = math.floor(min(low for low, _ in known))
    return float(low), float(max(low + 1, math.ceil(max(high for _, high in known))))


def paint(axes: "Axes", plane: Slice, limits_c: Pair) -> "AxesImage":
    """Draw the temperatures, and cover the air with a rounded edge."""
    image = axes.imshow(
        filled(plane),
        cmap=COLORS,
        vmin=limits_c[0],
        vmax=limits_c[1],
        extent=_extent(plane),
        aspect="auto",
        interpolation="bilinear",
    )
    air = _rounded(plane.label == AIR)
    if air.max() > 0.5:
        axes.contourf(*_fine_mesh(plane), air, levels=[0.5, 1.5], colors="white", zorder=2.5)
    return image


def filled(plane: Slice) -> Floats:
    """Continue the body's temperatures a few voxels into the air, so that its edge is smooth."""
    celsius = np.where(_hidden(plane), 0.0, plane.celsius)
    known = np.where(_hidden(plane), 0.0, 1.0)
    for _ in range(3):
        total, count = _with_neighbors(celsius * known), _with_neighbors(known)
        new = (known == 0.0) & (count > 0.0)
        celsius[new] = total[new] / count[new]
        known[new] = 1.0
    return np.where(known > 0.0, celsius, np.nan)


def _with_neighbors(values: Floats) -> Floats:
    padded = np.pad(values, 1)
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, (3, 3)).sum(axis=(-2, -1)))


def plain(axes: "Axes") -> None:
    """Leave left and bottom axis, in quiet colors."""
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(RIM)
    axes.tick_params(labelsize=9, color=RIM, labelcolor=PALE)


def dress(axes: "Axes", plane: Slice, title: str | None = None) -> None:
    """Set titles, axes and the tissues' outlines."""
    plain(axes)
    axes.set_xlabel(AXIS_LABELS[plane.across], size=9, color=PALE)
    axes.set_ylabel(AXIS_LABELS[plane.down], size=9, color=PALE, labelpad=2)
    if title is None:
        title = TITLES[plane.normal]
        axes.set_title(title, loc="left", size=11, color=INK, pad=8, weight="bold")
        text = f"{plane.normal} {signed(plane.at_mm)} mm"
        axes.set_title(text, loc="right", size=10, color=PALE, pad=8)
    # "This tissue or a later one" has thick masks, which rounding spares; a thin skin has not.
    for number in np.unique(plane.label)[1:]:
        mask = _rounded(plane.label >= number)
        if mask.min() < 0.5 < mask.max():
            axes.contour(*_fine_mesh(plane), mask, [0.5], colors=OUTLINE, linewidths=0.8, zorder=3)
    axes.set(xlim=_extent(plane)[:2], ylim=_extent(plane)[2:])


def _fine_mesh(plane: Slice) -> tuple[Floats, Floats]:
    """Return where the finer mesh lies, its ends stretched to the panel's rim."""
    left, right, bottom, top = _extent(plane)
    ends = (left, right, plane.label.shape[1]), (top, bottom, plane.label.shape[0])
    made = []
    for low, high, count in ends:
        fine = low + (np.arange(count * FINE) + 0.5) * (high - low) / (count * FINE)
        fine[0], fine[-1] = low, high
        made.append(fine)
    return made[0], made[1]


def _rounded(mask: NDArray[np.bool_]) -> Floats:
    """Return the mask on the finer mesh, blurred by two voxels and by one."""
    values: NDArray[np.floating[Any]] = np.kron(mask, np.ones((FINE, FINE)))
    for width in (2 * FINE + 1, FINE + 1):
        for axis in (0, 1):
            pads = [(width // 2, width // 2) if axis == n else (0, 0) for n in (0, 1)]
            padded = np.pad(values, pads, "edge")
            window = np.lib.stride_tricks.sliding_window_view(padded, width, axis)
            values = window.mean(axis=-1)
    return np.asarray(values, dtype=np.float64)


def iso_lines(axes: "Axes", plane: Slice) -> "QuadContourSet | None":
    """Draw the lines of equal temperature that occur; None when there are none."""
    low, high = range_c(plane) or (0.0, 0.0)
    levels = [level for level in LINES if low < level < high]
    if not levels:
        return None
    celsius = np.ma.masked_invalid(filled(plane))
    styles = [LINES[level] for level in levels]
    return axes.contour(
        plane.across_mm,
        plane.down_mm,
        celsius,
        levels,
        colors="white",
        linestyles=styles,
        linewidths=1.3,
    )


def cuts(axes: "Axes", plane: Slice, at_mm: Point) -> None:
    """Mark on the panel's rim where the other two planes cut it."""
    across, down = at_mm[AXES.index(plane.across)], at_mm[AXES.index(plane.down)]
    for x, y, transform, shape in (
        (across, 1.012, axes.get_xaxis_transform(), "v"),
        (1.008, down, axes.get_yaxis_transform(), "<"),
    ):
        axes.plot([x], [y], shape, transform=transform, color=PALE, markersize=5, clip_on=False)


def signed(value_mm: float) -> str:
    """Format a place with a minus sign as on the axes."""
    return f"{value_mm:.1f}".replace("-", "−")


def labels(axes: "Axes", plane: Slice, volume: Volume) -> None:
    """Write marks and, beside depth, tissues, each where nothing else is written."""
    writer = _Writer(axes, plane)
    near = AXES.index(plane.normal)
    left, right, bottom, top = _extent(plane)
    seen = []
    for name, place in volume.marks.items():
        x, y = place[AXES.index(plane.across)], place[AXES.index(plane.down)]
        close = abs(place[near] - plane.at_mm) <= NEAR_MM
        if close and left <= x <= right and top <= y <= bottom:
            seen.append(((x, y), name.replace("_", " ")))
    for at, _ in seen:
        writer.circle(at)
    for at, text in seen:
        writer.mark(at, text)
    if plane.down == "z":
        for number, name in enumerate(volume.names):
            if number != AIR:
                writer.tissue(plane.label == number, name)


class _Writer:
    """Writes into one panel; what finds no free place is left out, but no mark is."""

    def __init__(self, axes: "Axes", plane: Slice) -> None:
        self.axes, self.plane = axes, plane
        self.taken: list[Box] = []

    def circle(self, at: Pair) -> None:
        """Draw a mark."""
        self.axes.plot(
            *at, "o", color="white", markeredgecolor=INK, markersize=5.5, clip_on=False, zorder=6
        )
        x, y = self._px(at)
        self.taken.append((x - 4.0, y - 4.0, x + 4.0, y + 4.0))

    def mark(self, at: Pair, text: str) -> None:
        """Write a mark's name beside it."""
        x, y = self._px(at)
        for side, rise in MARK_PLACES:
            start = x + 9.0 if side > 0 else x - 9.0 - CHARACTER_PX * len(text)
            if self._write((start, y + rise), text, "bold"):
                return
        self._write((x + 9.0, y), text, "bold", force=True)

    def tissue(self, mask: NDArray[np.bool_], text: str) -> None:
        """Name a layer at the panel's left; below itself, a tissue that touches no side."""
        if not mask.any():
            return
        column = np.flatnonzero(mask[:, TISSUE_COLUMN])
        if column.size:
            middle = float(self.plane.down_mm[column].mean())
            x, y = self._px((float(self.plane.across_mm[TISSUE_COLUMN]), middle))
            if column.size * self._px_per_mm() * _step(self.plane.down_mm) >= 12.0:
                self._write((x, y), text, "normal")
        elif not mask[:, -1].any():
            rows, columns = np.nonzero(mask)
            low = float(self.plane.down_mm[rows.max()])
            x, y = self._px((float(self.plane.across_mm[columns].mean()), low))
            self._write((x - CHARACTER_PX * len(text) / 2.0, y - 14.0), text, "normal")

    def _px_per_mm(self) -> float:
        (one, _), (two, _) = self._px((0.0, 0.0)), self._px((1.0, 0.0))
        return two - one

    def _px(self, at: Pair) -> Pair:
        x, y = self.axes.transData.transform(at)
        return float(x), float(y)

    def _write(self, start: Pair, text: str, weight: str, force: bool = False) -> bool:
        """Write from a place in px on, if it is free; say whether."""
        from matplotlib.patheffects import withStroke

        x, y = start
        box = (x - 1.0, y - 7.0, x + CHARACTER_PX * len(text) + 1.0, y + 7.0)
        rim = self.axes.bbox
        inside = box[0] >= rim.x0 and box[2] <= rim.x1 and box[1] >= rim.y0 and box[3] <= rim.y1
        if not force and (not inside or any(_overlap(box, other) for other in self.taken)):
            return False
        self.taken.append(box)
        ink = "white" if weight == "bold" else OUTLINE
        self.axes.annotate(
            text,
            (x, y),
            xycoords="figure pixels",
            size=9,
            color=ink,
            va="center",
            zorder=7,
            path_effects=[withStroke(linewidth=2.2, foreground=DARK)],
        )
        return True


def _overlap(one: Box, two: Box) -> bool:
    return one[0] < two[2] and two[0] < one[2] and one[1] < two[3] and two[1] < one[3]
