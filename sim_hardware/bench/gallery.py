# SPDX-License-Identifier: Apache-2.0
"""What `mnht simulate --pictures` keeps: a movie, slices and whole temperatures of the plateau."""

from pathlib import Path

from mnht_controller.domain.errors import ConfigError
from mnht_controller.domain.phase import Phase
from sim_hardware.bench.pictures import Movie, picture
from sim_hardware.bench.truth import Truth
from sim_hardware.plant.models.patient import Patient
from sim_hardware.plant.models.voxel_patient import VoxelPatient
from sim_hardware.plant.output.volume import Volume
from sim_hardware.plant.output.volume_files import WRITERS, check, write

EVERY_S = 20.0
"""Treatment seconds between frames."""
FORMATS = tuple(WRITERS)


class Gallery:
    """Collects while a session runs; `save` writes. Files lie in `folder`."""

    def __init__(self, folder: Path, suffix: str = ".npz") -> None:
        if suffix not in FORMATS:
            why = f"{suffix!r} is no format of volumes"
            raise ConfigError("command line", "--volume", why, f"one of {', '.join(FORMATS)}")
        try:
            check(suffix)
        except ValueError as error:  # an extra, and a session is too long to learn of it after
            right = "or another format"
            raise ConfigError("command line", "--volume", str(error), right) from error
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._suffix = folder, suffix
        try:
            self._movie = Movie(folder / "temperature.gif")
        except ValueError as error:  # matplotlib is an extra
            raise ConfigError(
                "command line", "--pictures", str(error), "or leave it out"
            ) from error
        self._next_s = 0.0
        self._plateau: Volume | None = None
        self._last: Volume | None = None

    def look(self, patient: Patient, row: Truth, phase: Phase | None) -> None:
        """Keep what the body is like, every EVERY_S treatment seconds."""
        if not isinstance(patient, VoxelPatient) or row.treatment_s < self._next_s:
            return
        self._next_s = row.treatment_s + EVERY_S
        self._last = patient.volume()
        if phase in {Phase.PLATEAU, None}:
            self._plateau = self._last
        self._movie.add(self._last, row.coil_ka_per_m, row.skin_c)

    def save(self) -> list[Path]:
        """Write everything. Gives the files; none where nothing was seen."""
        if self._last is None:
            return []
        shown = self._plateau or self._last
        files = [self._folder / name for name in ("temperature.gif", "slices.png")]
        self._movie.save()
        picture(shown, files[1])
        return files + write(shown, self._folder / f"temperature{self._suffix}")
