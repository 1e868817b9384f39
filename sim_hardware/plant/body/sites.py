# SPDX-License-Identifier: Apache-2.0
"""Where sites lie on the grid: voxels, surface elements, and weights that interpolate."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from sim_hardware.plant.body.geometry import Geometry
from sim_hardware.plant.body.patient_file import ProbeSpec, Site
from sim_hardware.plant.solver.bioheat import Bioheat
from sim_hardware.plant.solver.runs import AIR, Ints
from sim_hardware.plant.solver.skin import Surface

F64 = NDArray[np.float64]
NEAR_ELEMENTS = 4
ROUNDING_MM = 1e-3
"""Positions as messages print them must be legal when typed in."""


@dataclass(frozen=True)
class Place:
    """Weighted voxels, or weighted elements of the surface (depth 0)."""

    index: Ints
    weight: F64
    is_surface: bool


def places(
    sites: Sequence[Site], geometry: Geometry, heat: Bioheat, surface: Surface
) -> dict[str, Place]:
    """Find every site. Raises ValueError as `check_sites` does."""
    check_sites(sites, geometry)
    found: dict[str, Place] = {}
    for number, site in enumerate(sites):
        column = _column(site, geometry, f"site[{number}]")
        if site.depth_mm <= 0.0:
            found[site.name] = _on_surface(geometry, heat, surface, column)
        else:
            body = _around(site, geometry, column, f"site[{number}]")
            index = np.array([np.ravel_multi_index(at, geometry.label.shape) for at in body])
            weight = np.array(list(body.values()))
            found[site.name] = Place(heat.flat(index), weight / weight.sum(), is_surface=False)
    return found


def check_sites(sites: Sequence[Site], geometry: Geometry) -> None:
    """Refuse sites outside the body: ValueError with key, reason and the nearest legal value."""
    seen: set[str] = set()
    for number, site in enumerate(sites):
        key = f"site[{number}]"
        if site.name in seen:
            raise ValueError(f"{key}.name: {site.name!r} is taken, use another")
        seen.add(site.name)
        column = _column(site, geometry, key)
        if site.depth_mm > 0.0:
            _around(site, geometry, column, key)


def check_probes(probes: Sequence[ProbeSpec], sites: Sequence[Site]) -> None:
    """Refuse probes that share an id or lie nowhere, and two of different roles at one site."""
    names = [site.name for site in sites]
    roles: dict[str, str] = {}
    seen: set[str] = set()
    for number, probe in enumerate(probes):
        key = f"probe[{number}]"
        if probe.site not in names:
            raise ValueError(f"{key}.site: no site {probe.site!r}, use one of {', '.join(names)}")
        if probe.id in seen:
            raise ValueError(f"{key}.id: {probe.id!r} is taken, use another")
        if roles.setdefault(probe.site, probe.role) != probe.role:
            why = f"site {probe.site!r} already has the role {roles[probe.site]!r}"
            raise ValueError(f"{key}.role: {why}: use that role, or another site")
        seen.add(probe.id)


def _column(site: Site, geometry: Geometry, key: str) -> tuple[float, float]:
    """Return a site's position in voxels along x and y."""
    position = []
    for axis, value, name in zip(
        geometry.at[:2], (site.x_mm, site.y_mm), ("x_mm", "y_mm"), strict=True
    ):
        line = axis.ravel()
        low, high = float(line[0]), float(line[-1])
        if not (low - ROUNDING_MM <= value <= high + ROUNDING_MM):
            nearest = min(max(value, low), high)
            raise ValueError(f"{key}.{name}: {value:g} lies outside the grid, nearest {nearest:g}")
        position.append((min(max(value, low), high) - low) / geometry.voxel_mm)
    i, j = (min(round(p), len(a.ravel()) - 1) for p, a in zip(position, geometry.at, strict=False))
    if not np.isfinite(geometry.top_mm[j, i]):
        columns = np.argwhere(np.isfinite(geometry.top_mm))
        nearest_column = columns[np.argmin(((columns - [j, i]) ** 2).sum(axis=1))]
        x = float(geometry.at[0].ravel()[nearest_column[1]])
        y = float(geometry.at[1].ravel()[nearest_column[0]])
        raise ValueError(
            f"{key}: the body has no skin at x {site.x_mm:g}, y {site.y_mm:g}: "
            f"nearest x {x:g}, y {y:g}"
        )
    return position[0], position[1]


def _on_surface(
    geometry: Geometry, heat: Bioheat, surface: Surface, column: tuple[float, float]
) -> Place:
    """Weigh the nearest elements that are first in their columns, by inverse distance."""
    nz, ny, nx = geometry.label.shape
    flat = surface.index - heat.place[0]
    z, y, x = np.unravel_index(flat, (nz, ny, nx))
    top = geometry.label.astype(bool).argmax(axis=0)[y, x]
    facing = np.flatnonzero(z == top)
    away = np.hypot(x[facing] - column[0], y[facing] - column[1])
    near = facing[np.argsort(away, kind="stable")[:NEAR_ELEMENTS]]
    dx, dy = np.abs(x[near] - column[0]), np.abs(y[near] - column[1])
    weight = np.clip(1.0 - dx, 0.0, 1.0) * np.clip(1.0 - dy, 0.0, 1.0)
    if weight.sum() <= 0.0:
        weight = 1.0 / (dx + dy + 1e-3)
    keep = weight > 0.0
    weight = weight[keep] / weight[keep].sum()
    return Place(near[keep].astype(np.int32), weight, is_surface=True)


def _around(
    site: Site, geometry: Geometry, column: tuple[float, float], key: str
) -> dict[tuple[int, int, int], float]:
    """Return the voxels of the body around a site with their shares (trilinear)."""
    i, j = round(column[0]), round(column[1])
    line = geometry.at[2].ravel()
    below_first = float(geometry.top_mm[j, i]) + site.depth_mm - float(line[0])
    place = min(max(below_first / geometry.voxel_mm, 0.0), len(line) - 1.0)
    corners = _corners((place, column[1], column[0]), geometry.label.shape)
    body = {at: share for at, share in corners.items() if geometry.label[at] != AIR}
    is_below = below_first > float(line[-1] - line[0]) + ROUNDING_MM
    if is_below or sum(body.values()) < 0.25:
        raise ValueError(
            f"{key}.depth_mm: {site.depth_mm:g} mm below the skin is outside the body: "
            f"nearest {_thickness(geometry, i, j):g}"
        )
    return body


def _thickness(geometry: Geometry, i: int, j: int) -> float:
    """Return how far below the skin a column's tissue reaches, to the middle of its last voxel."""
    solid = np.flatnonzero(geometry.label[:, j, i])
    return float((solid[-1] - solid[0] + 0.5) * geometry.voxel_mm)


def _corners(
    position: tuple[float, float, float], shape: tuple[int, ...]
) -> dict[tuple[int, int, int], float]:
    """Return the voxels around a position (z, y, x in voxels) and their shares."""
    lows = [min(int(p), n - 2) if n > 1 else 0 for p, n in zip(position, shape, strict=True)]
    shares = [p - low for p, low in zip(position, lows, strict=True)]
    found: dict[tuple[int, int, int], float] = {}
    for up in product((0, 1), repeat=3):
        weight = float(np.prod([s if u else 1.0 - s for u, s in zip(up, shares, strict=True)]))
        if weight > 0.0:
            z, y, x = (low + u for low, u in zip(lows, up, strict=True))
            found[z, y, x] = weight
    return found
