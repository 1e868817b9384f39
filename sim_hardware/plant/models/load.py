# SPDX-License-Identifier: Apache-2.0
"""Reads a patient file with all it refers to, and makes the model that a patient is built from.

Every mistake is a `BadPatient` that knows the file, the key, why, and what would be right.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from sim_hardware.plant.applicator.applicator import FieldMap, FieldTable
from sim_hardware.plant.body import geometry as geometry_of
from sim_hardware.plant.body.images import read_image
from sim_hardware.plant.body.patient_file import PatientFile
from sim_hardware.plant.body.sites import check_probes, check_sites
from sim_hardware.plant.heating.heat import FieldAt, Scene
from sim_hardware.plant.heating.particle import Particle
from sim_hardware.plant.models.voxel_patient import Model
from sim_hardware.plant.solver.runs import Labels
from sim_hardware.plant.solver.tissue import TissueFile
from sim_hardware.plant.support.part import File, complaint

F = TypeVar("F", bound=File)

FIELD_KA_PER_M_MAX = 18.0
APPLICATOR: FieldAt = FieldMap()
"""The field of an MFH 300F style applicator, with the tumor in its center."""


class BadPatient(ValueError):
    """A file that describes no possible patient."""

    def __init__(self, file: Path, key: str, why: str) -> None:
        super().__init__(f"{file}: {key}: {why}")
        self.file, self.key, self.why = file, key, why


def read(path: Path, kind: type[F]) -> F:
    """Read one file of a kind. Raises BadPatient."""
    try:
        return kind.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise BadPatient(path, "file", "no such file, give one that is there") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadPatient(path, "file", f"not TOML: {error}, correct this line") from error
    except ValidationError as error:
        raise BadPatient(path, *complaint(error)) from error


def load(path: Path, session: int = 1, field_at: FieldAt = APPLICATOR) -> Model:
    """Read a patient file and put it on its grid; `session` of its course, from 1."""
    patient = read(path, PatientFile)
    return build(patient, path, session, field_at)


def build(
    patient: PatientFile, path: Path, session: int = 1, field_at: FieldAt = APPLICATOR
) -> Model:
    """Put a patient on its grid; references are relative to `path`, which need not exist."""
    folder = path.parent
    tissues = read(folder / patient.tissues, TissueFile).tissue
    particles = {row.particle: read(folder / row.particle, Particle) for row in patient.deposit}
    try:
        names = tuple(tissues)
        geometry = geometry_of.build(patient, names, _labels(patient, folder, names))
        images = {row.map: _map(row.map, folder, geometry) for row in patient.deposit if row.map}
        check_probes(patient.probe, patient.site)
        check_sites(patient.site, geometry)
        field_at = _field(patient, folder) or field_at
        scene = Scene(patient, geometry, particles, images, session, field_at)
        _check_particles(patient, particles)
        _ = scene.iron  # says what is wrong with a deposit before anything is built on it
    except ValueError as error:
        key, _, why = str(error).partition(": ")
        raise BadPatient(path, key, why) from error
    factor = patient.circulation.flow_factor
    return Model(scene, tuple(row.with_flow(factor) for row in tissues.values()), path)


def _field(patient: PatientFile, folder: Path) -> FieldAt | None:
    """Return the measured field that a patient names; None without one."""
    if patient.field_table is None:
        return None
    try:
        return FieldMap(table=FieldTable.read(folder / patient.field_table))
    except ValueError as error:
        raise ValueError(f"field_table: {error}") from error


def _check_particles(patient: PatientFile, particles: Mapping[str, Particle]) -> None:
    """Refuse a particle whose table ends below what the source can give."""
    for number, row in enumerate(patient.deposit):
        most = particles[row.particle].field_ka_per_m_max
        if most < FIELD_KA_PER_M_MAX:
            raise ValueError(
                f"deposit[{number}].particle: its table ends at {most:g} kA/m, and the source "
                f"gives {FIELD_KA_PER_M_MAX:g}: measure on, or take another law"
            )


def _image(key: str, path: Path, voxel_mm: float) -> NDArray[np.float64]:
    try:
        return read_image(path, voxel_mm)
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from error


def _map(name: str, folder: Path, geometry: geometry_of.Geometry) -> NDArray[np.float64]:
    image = _image("deposit.map", folder / name, geometry.voxel_mm)
    if image.shape != geometry.label.shape:
        raise ValueError(
            f"deposit.map: {name} is {image.shape}, the grid is {geometry.label.shape} (z, y, x)"
        )
    if not (float(image.min()) >= 0.0 and np.isfinite(image).all()):
        raise ValueError(f"deposit.map: {name} has less than no iron, or no number: the least is 0")
    return image


def _labels(patient: PatientFile, folder: Path, names: tuple[str, ...]) -> Labels | None:
    """Return the label volume of a body that is an image."""
    body = patient.body
    if body.shape != "labels":
        return None
    if body.labels is None or body.label_names is None:
        raise ValueError("body.labels: a body of labels needs `labels` and `label_names`")
    image = _image("body.labels", folder / body.labels, patient.grid.voxel_mm)
    shape = tuple(round(size / patient.grid.voxel_mm) for size in patient.grid.size_mm[::-1])
    if image.shape != shape:
        raise ValueError(f"body.labels: {body.labels} is {image.shape}, the grid is {shape} (zyx)")
    if not np.isfinite(image).all():
        raise ValueError(f"body.labels: {body.labels} has numbers that are none, 0 is outside")
    label = np.zeros(shape, np.uint8)
    for number in np.unique(image[image > 0]):
        key = str(int(number))
        if key not in body.label_names:
            raise ValueError(f"body.label_names.{key}: missing, the image has this number")
        tissue = body.label_names[key]
        if tissue not in names:
            raise ValueError(
                f"body.label_names.{key}: unknown tissue {tissue!r}, use one of {', '.join(names)}"
            )
        label[image == number] = 1 + names.index(tissue)
    return label
