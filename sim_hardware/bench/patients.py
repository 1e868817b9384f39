# SPDX-License-Identifier: Apache-2.0
"""Patient files as the bench reads them: errors name file, key and what would be right."""

import sys
from pathlib import Path

from mnht_controller.domain.errors import ConfigError
from mnht_controller.domain.probe import Role
from mnht_controller.settings.settings import Settings
from sim_hardware.plant.body.patient_file import PatientFile
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
        opened = open_patient(Path(settings.patient), choice, say=_say)
    except BadPatient as error:
        raise config_error(error) from error
    match(settings, opened.file)
    return opened


def loaded(path: Path, session: int = 1) -> Model:
    """Read a patient file and put it on its grid. Raises ConfigError."""
    try:
        return load(path, session)
    except BadPatient as error:
        raise config_error(error) from error


def loaded_cohort(path: Path, needed: int) -> CohortFile:
    """Read a cohort file that has at least so many patients. Raises ConfigError."""
    try:
        found = read(path, CohortFile)
    except BadPatient as error:
        raise config_error(error) from error
    if needed > found.count:
        why = f"the cohort has {found.count} patients, not {needed}"
        raise ConfigError(str(path), "count", why, "ask for fewer, or raise count")
    return found


def config_error(error: BadPatient) -> ConfigError:
    """Say it as the product does."""
    return ConfigError(str(error.file), error.key, error.why, RIGHT)


def _say(text: str) -> None:
    sys.stderr.write(f"mnht: {text}\n")
    sys.stderr.flush()


def match(settings: Settings, patient: PatientFile) -> None:
    """Refuse a patient who lacks a probe of the site, or has it in another role: ConfigError."""
    file, known = str(settings.patient), {probe.id: probe.role for probe in patient.probe}
    for probe in settings.probes:
        role = known.get(probe.id)
        if role is None:
            why = f"the site's probe {probe.id!r} is not in the patient"
            raise ConfigError(file, "probe", why, f"one of {', '.join(known)} at the site")
        if role != probe.role.value:
            why = f"{probe.id!r} is a {role} probe of the patient, and {probe.role} at the site"
            raise ConfigError(file, "probe", why, "the same role in both files")
    for kind in Role:
        if kind.value not in known.values():
            why = f"the patient has no {kind} probe, so truth could not be looked up there"
            raise ConfigError(file, "probe", why, f'add a probe with `role = "{kind}"`')
