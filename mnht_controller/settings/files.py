# SPDX-License-Identifier: Apache-2.0
"""Reads a site and every profile it names into models. Each error is kept; none stops the rest."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import ValidationError

from mnht_controller.devices.contract import AUXILIARIES, Kind
from mnht_controller.domain.errors import ConfigError
from mnht_controller.settings.errors import ConfigErrors
from mnht_controller.settings.hints import explain
from mnht_controller.settings.models import (
    Amplifier,
    Applicator,
    Auxiliary,
    DeviceProfile,
    LimitsProfile,
    Protocol,
    Thermometer,
)
from mnht_controller.settings.site import Site
from mnht_controller.settings.source import Loc, Source, read
from mnht_controller.settings.values import Profile

P = TypeVar("P", bound=Profile)
Q_co = TypeVar("Q_co", bound=Profile, covariant=True)

_DEVICE_PROFILES: Mapping[str, type[DeviceProfile]] = {
    Kind.FIELD_SOURCE: Amplifier,
    Kind.THERMOMETER: Thermometer,
    **dict.fromkeys(AUXILIARIES, Auxiliary),
}


@dataclass(frozen=True, slots=True)
class Sound(Generic[Q_co]):
    """A profile without a fault of its own, and the file to name when it does not fit others."""

    model: Q_co
    source: Source


@dataclass(frozen=True, slots=True)
class Files:
    """Everything a site names; `devices` in the order of the site's. check.py judges the whole."""

    site: Sound[Site]
    applicator: Sound[Applicator]
    limits: Sound[LimitsProfile]
    protocol: Sound[Protocol]
    devices: tuple[Sound[DeviceProfile], ...]
    patient: Path | None


def read_files(path: Path, protocol: Path | None, patient: Path | None) -> Files:
    """Read it all; `protocol` and `patient` replace what the site names. Raises ConfigErrors."""
    errors: list[ConfigError] = []
    try:
        source = read(path)
    except ConfigError as error:
        raise ConfigErrors((error,)) from None
    reader = _Reader(source, errors)
    site = _sound(Site, source, errors)
    applicator = reader.profile(Applicator, ("applicator",))
    limits = reader.profile(LimitsProfile, ("limits",))
    recipe = reader.profile(Protocol, ("protocol",), protocol)
    devices = tuple(
        reader.profile(model, loc) for model, loc in _device_profiles(source) if model is not None
    )
    body = reader.locate(("patient",), patient)
    if errors or site is None or applicator is None or limits is None or recipe is None:
        raise ConfigErrors(tuple(errors))
    found = tuple(device for device in devices if device is not None)
    return Files(site, applicator, limits, recipe, found, body)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Follows the references of one site file, even of one that has errors elsewhere."""

    site: Source
    errors: list[ConfigError]

    def profile(self, model: type[P], loc: Loc, instead: Path | None = None) -> Sound[P] | None:
        """Read what stands at `loc`; None when nothing usable stands there (the site's error)."""
        path = self.locate(loc, instead)
        if path is None:
            return None
        try:
            return _sound(model, read(path), self.errors)
        except ConfigError as error:
            self.errors.append(error)
            return None

    def locate(self, loc: Loc, instead: Path | None) -> Path | None:
        """Resolve a reference against the site's directory; keep an error for a missing file."""
        name = _value_at(self.site.data, loc)
        if instead is None and not isinstance(name, str):
            return None
        path = instead or _beside(self.site.path, str(name))
        if path.is_file():
            return path
        missing = ConfigError("command line", f"--{loc[-1]}", f"no such file: {path}", _like(path))
        if instead is None:
            missing = self.site.error(loc, f"no such file: {path}", _like(path))
        self.errors.append(missing)
        return None


def _sound(model: type[P], source: Source, errors: list[ConfigError]) -> Sound[P] | None:
    """Validate as JSON, where lists and texts may stand for tuples and names even when strict."""
    try:
        return Sound(model.model_validate_json(json.dumps(source.data, default=str)), source)
    except ValidationError as error:
        errors.extend(
            source.error(tuple(found["loc"]), *explain(model, found)) for found in error.errors()
        )
        return None


def _device_profiles(
    site: Source,
) -> Iterator[tuple[type[DeviceProfile] | None, Loc]]:
    devices = site.data.get("devices")
    for index, device in enumerate(devices if isinstance(devices, list) else ()):
        kind = device.get("kind") if isinstance(device, dict) else None
        yield _DEVICE_PROFILES.get(str(kind)), ("devices", index, "profile")


def _value_at(data: object, loc: Loc) -> object:
    for part in loc:
        try:
            data = data[part]  # type: ignore[index]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def _beside(site: Path, name: str) -> Path:
    """Join, then drop `x/..` pairs where that changes nothing, so that messages stay short."""
    path = site.parent / name
    parts: list[str] = []
    for part in path.parts:
        if part == ".." and parts and parts[-1] not in {"..", "/"}:
            parts.pop()
        else:
            parts.append(part)
    short = Path(*parts)
    return short if short.exists() else path


def _like(path: Path) -> str:
    names = sorted(entry.name for entry in path.parent.glob("*.toml"))
    return f"one of {', '.join(names)} there" if names else "give the path of an existing file"
