# SPDX-License-Identifier: Apache-2.0
"""Patient files as the bench reads them: errors name file, key and what would be right."""

import tomllib
from pathlib import Path

from mnht_controller.domain.errors import ConfigError
from mnht_controller.settings.settings import Settings
from sim_hardware.plant.anatomy import Anatomy, anatomy


def read_patient(path: Path) -> Anatomy:
    """Read one patient. ConfigError for anything that is wrong with the file."""
    try:
        return anatomy(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise ConfigError(str(path), "file", "no such file", "give a patient file") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(str(path), "file", f"not TOML: {error}", "correct this line") from error
    except ValueError as error:
        key, _, why = str(error).partition(": ")
        right = "see config/patients/README.md and its neck_node.toml"
        raise ConfigError(str(path), key, why, right) from error


def check(settings: Settings) -> None:
    """What `mnht check` asks about a simulated site: its patient reads, and has every probe."""
    if settings.patient is None:
        return
    path = Path(settings.patient)
    known = [probe.id for probe in read_patient(path).probes]
    for probe in settings.probes:
        if probe.id not in known:
            why = f"the site's probe {probe.id!r} is not in the patient"
            raise ConfigError(str(path), "probe", why, f"one of {', '.join(known)} at the site")
