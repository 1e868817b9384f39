# SPDX-License-Identifier: Apache-2.0
"""What `[options]` of a profile and of a site's device say together, judged by the driver's model.

A device's own options come over its profile's.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from pydantic import TypeAdapter, ValidationError

from mnht_controller.devices.contract import Options, Setup
from mnht_controller.devices.registry import DriverUnknownError, find_driver
from mnht_controller.domain.errors import ConfigError
from mnht_controller.settings.files import Files, Sound
from mnht_controller.settings.models import DeviceProfile
from mnht_controller.settings.settings import Device
from mnht_controller.settings.site import DeviceTable


def options_of(device: DeviceTable, profile: DeviceProfile) -> Options:
    """Merge and validate. Raises ValidationError, or DriverUnknownError."""
    given = {**profile.options, **device.options}
    model = find_driver(profile.driver).options
    return TypeAdapter(model).validate_json(json.dumps(given, default=str))


def as_pairs(options: Options) -> tuple[tuple[str, str], ...]:
    """Options as settings keep them: name and JSON text, defaults included."""
    return tuple((name, json.dumps(value)) for name, value in asdict(options).items())


def setup_of(device: Device) -> Setup:
    """What this device's driver is made with."""
    given = {name: json.loads(text) for name, text in device.options}
    model = find_driver(device.driver).options
    return Setup(device.channels, TypeAdapter(model).validate_json(json.dumps(given)))


def check_options(files: Files) -> Iterator[ConfigError]:
    """Every option is one the driver knows, and no required one is missing."""
    rows = zip(files.site.model.devices, files.devices, strict=True)
    for index, (device, sound) in enumerate(rows):
        try:
            options_of(device, sound.model)
            if device.serial and find_driver(sound.model.driver).is_anonymous:
                why = f"{sound.model.driver} speaks a protocol that carries no serial number"
                right = "leave it out, and give a name under /dev/serial/by-id as the resource"
                yield files.site.source.error(("devices", index, "serial"), why, right)
        except DriverUnknownError:
            continue  # the driver's name is judged elsewhere
        except ValidationError as error:
            for found in error.errors():
                yield _explained(files, index, sound, found)


def _explained(
    files: Files, index: int, sound: Sound[DeviceProfile], found: Mapping[str, Any]
) -> ConfigError:
    key = tuple(found["loc"])
    model = find_driver(sound.model.driver).options
    known = ", ".join(TypeAdapter(model).json_schema().get("properties", {})) or "none"
    right = f"options of driver {sound.model.driver}: {known}"
    if key and key[0] in files.site.model.devices[index].options:
        place = ("devices", index, "options", *key)
        return files.site.source.error(place, str(found["msg"]), right)
    return sound.source.error(("options", *key), str(found["msg"]), right)
