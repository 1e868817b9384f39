# SPDX-License-Identifier: Apache-2.0
"""A patient file as data: layers, one spherical deposit, sites and probes. No physics."""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, TypeVar

from sim_hardware.plant.probe import ProbeSpec

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Body:
    """The body part: a cylinder along the field, seen from its skin."""

    radius_mm: float
    air_c: float = 24.0
    skin_w_per_m2_k: float = 8.0


@dataclass(frozen=True, slots=True)
class Mesh:
    """The modeled disc and its cells; `step_s` must be stable."""

    cell_mm: float = 1.0
    radius_mm: float = 45.0
    depth_mm: float = 60.0
    step_s: float = 0.25
    perfusion_lag_s: float = 120.0


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer below the skin, from the outside in; the last one reaches the floor."""

    tissue: str
    thickness_mm: float


@dataclass(frozen=True, slots=True)
class Deposit:
    """A sphere of tumor that carries the particles: iron per volume of tissue, ILP in nH·m²/kg."""

    radius_mm: float
    depth_mm: float
    iron_mg_per_ml: float
    ilp_nh_m2_per_kg: float
    tissue: str = "tumor"


@dataclass(frozen=True, slots=True)
class Site:
    """A named place: distance from the axis, depth; depth 0 is the skin's surface."""

    name: str
    r_mm: float
    depth_mm: float


@dataclass(frozen=True, slots=True)
class Anatomy:
    """Everything a plant is built from. `sites` and `probes` may be extended by a scenario."""

    id: str
    title: str
    region: str
    body: Body
    mesh: Mesh
    layers: tuple[Layer, ...]
    deposit: Deposit
    sites: tuple[Site, ...]
    probes: tuple[ProbeSpec, ...]
    frequency_khz: float = 100.0


def _row(cls: type[T], data: object, where: str) -> T:
    """Build one flat dataclass; ValueError names the key and what would be right."""
    if not isinstance(data, Mapping):
        raise ValueError(f"{where}: a table is needed")
    known = {item.name: item for item in fields(cls)}  # type: ignore[arg-type]
    for key in data:
        if key not in known:
            raise ValueError(f"{where}.{key}: unknown key, use one of {', '.join(known)}")
    values: dict[str, Any] = {}
    for name, item in known.items():
        if name not in data:
            if item.default is MISSING:
                raise ValueError(f"{where}.{name}: missing")
            continue
        values[name] = _value(data[name], item.type, f"{where}.{name}")
    return cls(**values)


def _number(value: object, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{where}: a number is needed, not {value!r}")
    return float(value)


def _value(value: object, kind: object, where: str) -> object:
    if kind in {float, "float"}:
        return _number(value, where)
    if not isinstance(value, str):
        raise ValueError(f"{where}: a text is needed, not {value!r}")
    return value


def anatomy(data: Mapping[str, Any]) -> Anatomy:
    """Build an Anatomy from a parsed patient file; ValueError says file key, why, what is right."""
    known = {"id", "title", "region", "frequency_khz", "body", "mesh", "layer", "deposit"}
    known |= {"site", "probe"}
    for key in data:
        if key not in known:
            raise ValueError(f"{key}: unknown key, use one of {', '.join(sorted(known))}")
    for key in ("id", "title", "region", "body", "layer", "deposit", "site", "probe"):
        if key not in data:
            raise ValueError(f"{key}: missing")
    sites = _rows(Site, data["site"], "site")
    probes = _rows(ProbeSpec, data["probe"], "probe")
    names = [site.name for site in sites]
    for number, probe in enumerate(probes):
        if probe.site not in names:
            raise ValueError(f"probe[{number}].site: no site {probe.site!r}, use one of {names}")
    return Anatomy(
        id=str(_value(data["id"], str, "id")),
        title=str(_value(data["title"], str, "title")),
        region=str(_value(data["region"], str, "region")),
        body=_row(Body, data["body"], "body"),
        mesh=_row(Mesh, data.get("mesh", {}), "mesh"),
        layers=_rows(Layer, data["layer"], "layer"),
        deposit=_row(Deposit, data["deposit"], "deposit"),
        sites=sites,
        probes=probes,
        frequency_khz=_number(data.get("frequency_khz", 100.0), "frequency_khz"),
    )


def _rows(cls: type[T], data: object, where: str) -> tuple[T, ...]:
    if not isinstance(data, list) or not data:
        raise ValueError(f"{where}: at least one [[{where}]] is needed")
    return tuple(_row(cls, row, f"{where}[{number}]") for number, row in enumerate(data))
