# SPDX-License-Identifier: Apache-2.0
"""Patient files as the bench reads them: errors name file, key and what would be right."""

import sys
from pathlib import Path

from mnht_controller.domain.errors import ConfigError
from mnht_controller.settings.settings import Settings
from sim_hardware.plant.models.cohort import CohortFile
from sim_hardware.plant.models.load import BadPatient, load, read
from sim_hardware.plant.models.open import AS_USUAL, Choice, Opened, open_patient
from sim_hardware.plant.models.voxel_patient import Model

RIGHT = "see config/patients/README.md and its neck_node.toml"


def patient_of(settings: Settings, choice: Choice = AS_USUAL) -> Opened:
    """Open the site's patient; progress of a fit goes to stderr. Raises ConfigError."""
    if settings.patient is None:
        raise ValueError("the site names no patient; add `patient = …` to it")
    try:
        return open_patient(Path(settings.patient), choice, say=_say)
    except BadPatient as error:
        raise _config_error(error) from error


def loaded(path: Path, session: int = 1) -> Model:
    """Read a patient file and put it on its grid. Raises ConfigError."""
    try:
        return load(path, session)
    except BadPatient as error:
        raise _config_error(error) from error


def loaded_cohort(path: Path, needed: int) -> CohortFile:
    """Read a cohort file that has at least so many patients. Raises ConfigError."""
    try:
        found = read(path, CohortFile)
    except BadPatient as error:
        raise _config_error(error) from error
    if needed > found.count:
        why = f"the cohort has {found.count} patients, not {needed}"
        raise ConfigError(str(path), "count", why, "ask for fewer, or raise count")
    return found


def _config_error(error: BadPatient) -> ConfigError:
    return ConfigError(str(error.file), error.key, error.why, RIGHT)


def _say(text: str) -> None:
    sys.stderr.write(f"mnht: {text}\n")
    sys.stderr.flush()


def check(settings: Settings) -> None:
    """What `mnht check` asks about a simulated site: its patient reads, and has every probe."""
    if settings.patient is None:
        return
    path = Path(settings.patient)
    known = [probe.id for probe in loaded(path).patient.probe]
    for probe in settings.probes:
        if probe.id not in known:
            why = f"the site's probe {probe.id!r} is not in the patient"
            raise ConfigError(str(path), "probe", why, f"one of {', '.join(known)} at the site")
