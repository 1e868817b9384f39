# SPDX-License-Identifier: Apache-2.0
"""`mnht patient` tells what a simulated patient does; `mnht patients` draws them from a cohort."""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mnht_controller.cli.output import EXIT_FAILED, emit, errors, say
from mnht_controller.domain.errors import ConfigError
from sim_hardware.bench.site_check import require_plant

if TYPE_CHECKING:
    from sim_hardware.plant.body.patient_file import PatientFile
    from sim_hardware.plant.models.voxel_patient import Model

REACHES_WITHIN_C = 0.15
"""How far a file's `reaches` may be from what its plant does."""
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]


def patient(
    file: Annotated[Path, typer.Argument(metavar="PATIENT.toml", help="A patient file.")],
    session: Annotated[int, typer.Option(min=1, help="Session of the course.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Say what a patient does on the 3-D plant: at rest, at its target, at its cap; check the file.

    Exit code 1 when the file's `reaches` is not what the plant does.
    Example: mnht patient config/patients/prostate.toml --session 6
    """
    with errors(as_json=as_json):
        require_plant()
        from sim_hardware.bench.patients import loaded

        document = _told(loaded(file, session), session)
    if as_json:
        emit(document)
    else:
        for key, value in document.items():
            say(f"{key:18} {value}")
    if not document["file_is_right"]:
        say("reaches: not what the plant does at that field, see at_its_field and correct it")
        raise typer.Exit(EXIT_FAILED)


def _told(model: "Model", session: int) -> dict[str, Any]:
    """Build the document of `mnht patient`."""
    from sim_hardware.plant.models.hold import holds_at, hottest_c, sites_of
    from sim_hardware.plant.models.voxel_patient import VoxelPatient

    whole, reach = VoxelPatient(model), model.patient.reaches
    if not sites_of(model.patient, reach.role):
        why = f"{reach.role!r}, but no probe has that role"
        raise ConfigError(str(model.path), "reaches.role", why, "add one, or name another role")

    def state() -> dict[str, Any]:
        seen = {site.name: round(whole.site_c(site.name), 3) for site in model.patient.site}
        truth = whole.truth()
        return {"sites_c": seen} | {n: round(getattr(truth, n), 3) for n in truth.__slots__}

    warned = (row.lrt_warning(reach.cap_ka_per_m) for row in model.scene.particles.values())
    rest = state()
    field = holds_at(whole, model.patient, reach.celsius)
    holding = state()
    whole.settle(reach.cap_ka_per_m**2)
    at_cap = state()
    whole.settle(reach.field_ka_per_m**2)
    found = hottest_c(whole, sites_of(model.patient, reach.role))
    return {
        "patient": model.patient.name,
        "session": session,
        "voxels": int(model.geometry.body.sum()),
        "step_s": whole.step_s,
        "iron_g": round(1e3 * sum(whole.sources.power.kg), 4),
        "target": f"{reach.role} {reach.celsius:g} °C",
        "holds_at_ka_per_m": round(field, 3),
        "of_cap": round(field / reach.cap_ka_per_m, 3),
        "field_limited": reach.field_limited or field > reach.cap_ka_per_m,
        "warnings": [text for text in warned if text],
        "rest": rest,
        "at_its_field": {"field_ka_per_m": reach.field_ka_per_m, **state()},
        "holding": holding,
        "at_cap": at_cap,
        "file_is_right": session > 1 or abs(found - reach.celsius) <= REACHES_WITHIN_C,
    }


def patients(
    cohort: Annotated[Path, typer.Argument(metavar="COHORT.toml", help="A cohort file.")],
    out: Annotated[Path, typer.Option(help="Folder for the patient files.")],
    count: Annotated[int, typer.Option(min=1, help="How many, from --first on.")] = 1,
    first: Annotated[int, typer.Option(min=0, help="Number of the first.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Draw patients from a cohort and write them as patient files.

    Example: mnht patients config/cohorts/reference.toml --count 5 --out drawn
    """
    rows = []
    with errors(as_json=as_json):
        require_plant()
        from sim_hardware.bench.patients import config_error, loaded_cohort
        from sim_hardware.plant.models.cohort import draw
        from sim_hardware.plant.models.load import BadPatient

        read = loaded_cohort(cohort, first + count)
        out.mkdir(parents=True, exist_ok=True)
        began = time.monotonic()
        for done, number in enumerate(range(first, first + count), start=1):
            try:
                found = draw(read, cohort, number)
            except BadPatient as error:
                raise config_error(error) from error
            path = out / f"{found.name}.toml"
            path.write_text(as_toml(found, (cohort.parent / read.base).parent, out))
            rows.append({"file": str(path), "field_limited": found.reaches.field_limited})
            left_s = (time.monotonic() - began) / done * (count - done)
            say(f"[{done}/{count}] {path}  ETA {left_s:.0f} s")
    if as_json:
        emit({"patients": rows})


def as_toml(found: "PatientFile", folder: Path, out: Path) -> str:
    """Write a patient as a file in `out`; its references are relative to `folder` now."""
    data = found.model_dump(by_alias=True, exclude_none=True)
    moved = os.path.relpath(folder, out)

    def reference(name: str) -> str:
        return os.path.normpath(os.path.join(moved, name))  # noqa: PTH118 - "..": no real path

    data["tissues"] = reference(data["tissues"])
    for row in data["deposit"]:
        row["particle"] = reference(row["particle"])
    return "".join(f"{key} = {_literal(value)}\n" for key, value in data.items())


def _literal(value: object) -> str:
    """Write one value as TOML, tables inline."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_literal(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_literal(item) for item in value) + "]"
    return repr(value)
