# SPDX-License-Identifier: Apache-2.0
"""Opens a patient: fidelity `full` is the 3-D solver, `reduced` its fit, made once and kept."""

import hashlib
import os
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from threadpoolctl import threadpool_limits

from sim_hardware.plant.body.patient_file import PatientFile
from sim_hardware.plant.heating.heat import FieldAt
from sim_hardware.plant.heating.particle import Particle
from sim_hardware.plant.heating.power import Power
from sim_hardware.plant.models import fit
from sim_hardware.plant.models.load import APPLICATOR, load, read
from sim_hardware.plant.models.patient import Patient
from sim_hardware.plant.models.reduced import ReducedPatient, Reduction
from sim_hardware.plant.models.voxel_patient import VoxelPatient
from sim_hardware.plant.support import cache

Fidelity = Literal["reduced", "full"]
WITHOUT_EFFECT = frozenset(
    {"cache", "coil", "disturbed", "open", "probe", "probe_faults", "volume", "volume_files"}
)
"""Modules that a fit does not depend on; any other that changes makes a new one."""
FIDELITIES: tuple[Fidelity, ...] = ("reduced", "full")


@dataclass(frozen=True)
class Choice:
    """How to open a patient: fidelity, and the session of its course, from 1."""

    fidelity: Fidelity = "reduced"
    session: int = 1


AS_USUAL = Choice()


@dataclass(frozen=True)
class Opened:
    """A patient with its file. `error_c` is the fit's largest error at the sites (0: no fit)."""

    file: PatientFile
    patient: Patient
    choice: Choice = AS_USUAL
    error_c: float = 0.0

    def facts(self) -> dict[str, object]:
        """Return what a run's summary says of its plant."""
        return {
            "patient": self.file.name,
            "session": self.choice.session,
            "fidelity": self.choice.fidelity,
            "fit_error_c": round(self.error_c, 4),
        }


def open_patient(
    path: Path,
    choice: Choice = AS_USUAL,
    field_at: FieldAt = APPLICATOR,
    say: Callable[[str], None] = lambda _text: None,
) -> Opened:
    """Open a patient file. Raises BadPatient. A fit that is not kept yet takes a while: `say`."""
    if choice.fidelity == "full":
        model = load(path, choice.session, field_at)
        return Opened(model.patient, VoxelPatient(model, with_dose=True), choice)
    file = read(path, PatientFile)
    kept = _kept(path, file, choice.session, field_at)
    arrays = _arrays(kept)
    if arrays is None:
        with cache.alone(kept):
            arrays = _arrays(kept) or _make(path, kept, choice, field_at, say)
    reduction = Reduction.from_arrays(arrays)
    relative, kg = arrays["iron"]
    particles = tuple(read(path.parent / row.particle, Particle) for row in file.deposit)
    eddies = float(arrays["eddy_body_w"])
    power = Power(
        particles, tuple(relative.tolist()), tuple(kg.tolist()), eddies, file.frequency_khz
    )
    return Opened(file, ReducedPatient(reduction, file, power), choice, float(reduction.error[0]))


def _kept(path: Path, file: PatientFile, session: int, field_at: FieldAt) -> Path:
    """Return where the fit of this very patient, by this very code, is kept."""
    named = [file.tissues, *(row.particle for row in file.deposit)]
    named += [row.map for row in file.deposit if row.map]
    named += [name for name in (file.body.labels, file.field_table) if name]
    code = Path(__file__).parents[1].rglob("*.py")
    sources = [item for item in code if item.stem not in WITHOUT_EFFECT]
    files = [path, *(path.parent / name for name in named)]
    known = [item for item in files if item.is_file()]  # a missing one is the loader's to report
    line = np.linspace(-150.0, 150.0, 31)
    field = field_at(line[:, None, None], line[:, None], line).tobytes()
    digest = cache.digest(sources + known, session, hashlib.sha256(field).hexdigest())
    return cache.folder("patients") / f"{file.name}-{digest}.npz"


def _arrays(kept: Path) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float64]]] | None:
    """Return what is kept; None when there is nothing, or nothing whole."""
    try:
        with kept.open("rb") as file, np.load(file, allow_pickle=False) as found:
            return dict(found)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        return None


def _make(
    path: Path, kept: Path, choice: Choice, field_at: FieldAt, say: Callable[[str], None]
) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float64]]]:
    """Fit, keep, and give what is kept."""
    began = time.monotonic()
    say(f"{path.stem}: fitting the reduced patient to the 3-D one, once")
    model = load(path, choice.session, field_at)
    with threadpool_limits(1, user_api="blas"):  # else the same fit depends on a count of threads
        reduction, power = fit.fit(model, say)
    arrays = {
        **reduction.as_arrays(),
        "iron": np.array([power.relative_field, power.kg]),
        "eddy_body_w": np.array(power.eddy_body_w),
    }
    unfinished = kept.with_suffix(f".{os.getpid()}.tmp.npz")
    np.savez(unfinished, **arrays)  # type: ignore[arg-type]
    unfinished.replace(kept)
    say(f"{path.stem}: fitted in {time.monotonic() - began:.0f} s")
    return arrays
