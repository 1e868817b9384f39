# SPDX-License-Identifier: Apache-2.0
"""`mnht patient` checks what a file says of itself; `mnht patients` writes files that load."""

from pathlib import Path

import pytest

from sim_hardware.plant.models.load import load
from tests.unit.cli.command import BENCH, copied, mnht, spoil

COARSE = ("voxel_mm = 1.0", "voxel_mm = 2.0"), ("thickness_mm = 1.0", "thickness_mm = 2.0")


def coarse(folder: Path) -> Path:
    """The neck on a grid that is quick; what it says of itself is then a little wrong."""
    path = copied(folder) / "patients" / "neck_node.toml"
    for old, new in COARSE:
        spoil(path, old, new)
    return path


def test_a_file_that_says_what_its_plant_does_not_is_named(tmp_path: Path) -> None:
    path = coarse(tmp_path)
    spoil(path, "field_ka_per_m = 5.53", "field_ka_per_m = 4.0")
    answer = mnht("patient", path, "--json")
    assert answer.code == 1
    assert answer.document["file_is_right"] is False
    assert answer.document["rest"]["sites_c"]["skin_center"] < 36.0
    assert answer.document["at_cap"]["tumor_c_max"] > answer.document["holding"]["tumor_c_max"]
    right = answer.document["holds_at_ka_per_m"]
    spoil(path, "field_ka_per_m = 4.0", f"field_ka_per_m = {right:.2f}")
    again = mnht("patient", path)
    assert again.code == 0
    assert again.stdout == ""
    assert "holds_at_ka_per_m" in again.stderr


def test_a_wrong_patient_is_refused_with_file_key_and_reason(tmp_path: Path) -> None:
    path = coarse(tmp_path)
    spoil(path, "depth_mm = 14.0", "depth_mm = 140.0")
    answer = mnht("patient", path)
    assert answer.code == 78
    for part in ("neck_node.toml", "site[1].depth_mm", "140", "nearest"):
        assert part in answer.stderr


def test_drawn_patients_are_files_that_load_anywhere(tmp_path: Path) -> None:
    cohort = copied(tmp_path) / "cohorts" / "reference.toml"
    spoil(cohort, "voxel_mm = 2.0", "voxel_mm = 4.0")
    answer = mnht("patients", cohort, "--count", 2, "--first", 4, "--out", tmp_path / "a" / "b")
    assert answer.code == 0
    files = sorted((tmp_path / "a" / "b").iterdir())
    assert [file.name for file in files] == ["reference_0004.toml", "reference_0005.toml"]
    assert [load(file).patient.name for file in files] == ["reference_0004", "reference_0005"]
    again = mnht("patients", cohort, "--first", 4, "--out", tmp_path / "c", "--json")
    assert (tmp_path / "c" / "reference_0004.toml").exists()
    assert [Path(row["file"]).name for row in again.document["patients"]] == ["reference_0004.toml"]


def test_more_patients_than_the_cohort_has_are_refused(tmp_path: Path) -> None:
    cohort = copied(tmp_path) / "cohorts" / "reference.toml"
    answer = mnht("patients", cohort, "--first", 199, "--count", 2, "--out", tmp_path / "x")
    assert answer.code == 78
    assert "200 patients, not 201" in answer.stderr
    assert not (tmp_path / "x").exists()


SITE_MISTAKES = {
    "an id of the site is no probe of the patient": (
        'id = "healthy"',
        'id = "elsewhere"',
        "healthy",
    ),
    "another role": (
        'role = "healthy"\nsite = "muscle_beside"',
        'role = "tumor"\nsite = "muscle_beside"',
        "role",
    ),
}


@pytest.mark.parametrize("name", SITE_MISTAKES)
def test_a_patient_who_does_not_fit_the_site_is_refused(tmp_path: Path, name: str) -> None:
    old, new, said = SITE_MISTAKES[name]
    folder = copied(tmp_path)
    spoil(folder / "patients" / "neck_node.toml", old, new)
    for command in (["check"], ["simulate", "--fidelity", "full"]):
        answer = mnht(command[0], folder / BENCH, *command[1:])
        assert answer.code == 78
        assert said in answer.stderr
        assert "neck_node.toml" in answer.stderr


def test_a_target_without_a_probe_is_refused(tmp_path: Path) -> None:
    path = coarse(tmp_path)
    text = path.read_text()
    cut = text.index('[[probe]]\nid = "skin"')
    path.write_text(text[:cut] + text[text.index('[[probe]]\nid = "tumor"') :])
    answer = mnht("patient", path)
    assert answer.code == 78
    assert "reaches.role" in answer.stderr
