# SPDX-License-Identifier: Apache-2.0
"""Patient files that describe no patient: each complaint has the file, the key and the reason.

Also makes the small patient that the other tests of the plant are about.
"""

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim_hardware.plant.body.patient_file import PatientFile
from sim_hardware.plant.heating.particle import Particle
from sim_hardware.plant.models import load
from sim_hardware.plant.models.load import BadPatient
from sim_hardware.plant.models.open import Choice, open_patient
from sim_hardware.plant.solver.tissue import TissueFile, perfusion_table
from tests.unit.sim_hardware.small_patient import CONFIG, Data, Folder, built, small


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_the_folder_is_right_before_it_is_broken(folder: Folder) -> None:
    model = load.load(folder.write())
    assert model.geometry.label.shape == (15, 20, 20)
    assert model.path == folder.root / "patient.toml"
    assert tomllib.loads(model.path.read_text()) == folder.patient


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        *((path, PatientFile) for path in sorted((CONFIG / "patients").glob("*.toml"))),
        *((path, TissueFile) for path in sorted((CONFIG / "tissues").glob("*.toml"))),
        *((path, Particle) for path in sorted((CONFIG / "particles").glob("*.toml"))),
    ],
    ids=lambda item: getattr(item, "stem", ""),
)
def test_every_shipped_file_is_good(path: Path, kind: type[Any]) -> None:
    assert load.read(path, kind).name == path.stem


HERE, BLOCK = "patient.toml", (15, 20, 20)
LABELS = {"shape": "labels", "radius_mm": 65.0, "labels": "image.npy"}
GONE = object()
Row = tuple[str, object, str, str]

# What is changed (a file, then the path), to what, the key that is blamed ("": that path), why.
BAD: tuple[Row, ...] = (
    ("patient:bogus", 1, "", "unknown key"),
    ("patient:body.radius_cm", 6.5, "", "unknown key"),
    ("patient:layer", GONE, "", "missing"),
    ("patient:deposit.0.solid.radius_mm", GONE, "deposit[0].solid.radius_mm", "missing"),
    ("patient:probe.1.lag_s", "1 s", "probe[1].lag_s", "valid number, not '1 s'"),
    ("patient:skin.emissivity", 1.2, "", "less than or equal to 1, not 1.2"),
    ("patient:body.shape", "cone", "", "'slab', 'cylinder', 'ellipsoid' or 'labels', not 'cone'"),
    ("tissues:tissue.fat.flow.rest_kg_per_m3_s", -0.1, "", "greater than or equal to 0, not -0.1"),
    ("particle:heating.model", "magic", "", "'magic'"),
    ("patient:layer.1.tissue", "blubber", "layer[1].tissue", "'blubber', use one of bone_cance"),
    ("patient:probe.1.site", "nose", "probe[1].site", "no site 'nose', use one of skin_center"),
    ("patient:probe.1.site", "skin_center", "probe[1].role", "already has the role 'skin'"),
    ("patient:layer.0.thickness_mm", 1.5, "grid.voxel_mm", "layer[0] of 1.5 mm: at most 1.5"),
    ("patient:grid.size_mm", [41.0, 40.0, 30.0], "", "41 along x is no whole voxels: 40"),
    ("patient:grid.size_mm", [40.0, float("nan"), 30.0], "", ""),
    ("patient:site.1.depth_mm", 99.0, "site[1].depth_mm", "outside the body: nearest 29"),
    ("patient:site.1.x_mm", float("nan"), "site[1].x_mm", ""),
    ("patient:deposit.0.solid.center_mm", [0.0, 0.0, -40.0], "deposit[0]", "no iron lies in"),
    ("patient:deposit.0.solid", GONE, "deposit", "give a solid with iron_mg_per_ml, or a map"),
    ("patient:deposit.0.map", "iron.npy", "deposit", "no such file iron.npy"),
    ("patient:body.shape", "labels", "body.labels", "needs `labels` and `label_names`"),
)
# An image of these numbers, as which table, the key that is blamed, why.
IMAGES: tuple[tuple[np.ndarray, Data, str, str], ...] = (
    (np.ones((3, 4, 5)), {"1": "fat"}, "body.labels", "is (3, 4, 5), the grid is (15, 20, 20)"),
    (np.full(BLOCK, 7.0), {"1": "fat"}, "body.label_names.7", "missing"),
    (np.ones(BLOCK), {"1": "blubber"}, "body.label_names.1", "unknown tissue 'blubber', use one"),
    (np.ones((20, 20, 15)), {}, "deposit.map", "is (20, 20, 15), the grid is (15, 20, 20)"),
    (np.full(BLOCK, -1.0), {}, "deposit.map", "the least is 0"),
    (np.full(BLOCK, np.inf), {}, "deposit.map", "the least is 0"),
    (np.full(BLOCK, np.inf), {"1": "fat"}, "body.labels", "numbers that are none"),
    (np.ones((20, 20)), {}, "deposit", "2 dimensions, give three"),
)


def put(table: Any, path: str, value: object) -> None:
    """Set what a path of keys and numbers leads to, or take it away."""
    *way, last = path.split(".")
    for step in way:
        table = table[int(step)] if step.isdigit() else table[step]
    if value is GONE:
        del table[last]
    else:
        table[last] = value


def refused(folder: Folder) -> BadPatient:
    with pytest.raises(BadPatient) as caught:
        open_patient(folder.write(), Choice("full"))
    found = caught.value
    assert str(found) == f"{found.file}: {found.key}: {found.why}"
    return found


@pytest.mark.parametrize(("change", "value", "key", "why"), BAD)
def test_a_bad_file_is_refused_by_file_key_and_reason(
    folder: Folder, change: str, value: object, key: str, why: str
) -> None:
    file, path = change.split(":")
    put(getattr(folder, file), path, value)
    found = refused(folder)
    assert found.file == folder.root / f"{file}.toml"
    assert found.key.startswith(key or path)
    assert why in found.why
    assert found.why


@pytest.mark.parametrize(("image", "names", "key", "why"), IMAGES)
def test_a_bad_image_is_refused_by_key_and_reason(
    folder: Folder, image: np.ndarray, names: Data, key: str, why: str
) -> None:
    np.save(folder.root / "image.npy", image)
    if names:
        folder.patient["body"] = LABELS | {"label_names": names}
    else:
        folder.patient["deposit"][0]["map"] = "image.npy"
    found = refused(folder)
    assert found.file == folder.root / HERE
    assert found.key.startswith(key)
    assert why in found.why


@pytest.mark.parametrize(
    ("path", "file"), [("tissues", "mouse.toml"), ("deposit.0.particle", "gold.toml")]
)
def test_a_missing_file_is_named(folder: Folder, path: str, file: str) -> None:
    put(folder.patient, path, file)
    found = refused(folder)
    assert (found.file, found.key) == (folder.root / file, "file")
    assert "no such file" in found.why


@pytest.mark.parametrize(
    ("content", "why"),
    [(None, "no such file"), (b"grid = [", "not TOML"), (b"title = '\xff'", "not TOML")],
)
def test_what_cannot_be_read_is_refused(tmp_path: Path, content: bytes | None, why: str) -> None:
    path = tmp_path / "nobody.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadPatient, match=why) as caught:
        load.load(path)
    assert (caught.value.file, caught.value.key) == (path, "file")


def test_labels_make_a_body(folder: Folder) -> None:
    image = np.zeros(BLOCK)
    image[2:], image[5:] = 4.0, 9.0
    np.save(folder.root / "image.npy", image)
    folder.patient["body"] = LABELS | {"label_names": {"4": "fat", "9": "muscle"}}
    geometry = load.load(folder.write()).geometry
    column = [geometry.names[n] for n in geometry.label[:, 0, 0]]
    assert column == ["air"] * 2 + ["fat"] * 3 + ["muscle"] * 10
    assert geometry.top_mm[0, 0] == pytest.approx(4.0)


def test_a_flow_factor_multiplies_every_flow_at_rest_and_warm() -> None:
    plain, twice = built(small()), built(small(circulation={"flow_factor": 2.0}))
    celsius = np.array([30.0, 37.0, 41.0, 45.0])
    for one, other in zip(plain.tissues, twice.tissues, strict=True):
        assert other.flow.flow(celsius) == pytest.approx(2.0 * one.flow.flow(celsius))
        assert other.conductivity_w_per_m_k == one.conductivity_w_per_m_k


LANG = {
    "muscle": {37.0: 0.467, 43.0: 2.994, 60.0: 4.0},
    "fat": {42.0: 0.530},
    "tumor": {36.0: 0.833, 40.0: 0.797, 44.0: 0.416},
    "skin": {37.0: 2.064},
    "prostate": {50.0: 7.206},
}


@pytest.mark.parametrize("tissue", LANG)
def test_flow_follows_lang(tissue: str) -> None:
    tissues = load.read(CONFIG / "tissues" / "human.toml", TissueFile).tissue
    row = perfusion_table(tuple(tissues.values()))[1 + [*tissues].index(tissue)]
    found = {celsius: row[round((celsius - 15.0) * 10)] for celsius in LANG[tissue]}
    expected = {celsius: flow * 3617.0 for celsius, flow in LANG[tissue].items()}
    assert found == pytest.approx(expected, abs=2e-3 * 3617.0)


def test_a_measured_field_replaces_the_usual_one(folder: Folder) -> None:
    """H03: the deposit sees what the table says, not what the closed form assumes."""
    usual = load.load(folder.write()).scene.relative_field()
    assert float(usual.min()) > 0.9
    folder.patient["field_table"] = "field.toml"
    half = "[[1.0, 1.0, 1.0], [0.5, 0.5, 0.5]]"
    text = f"r_mm = [0.0, 40.0]\ny_mm = [-100.0, 0.0, 100.0]\nrelative = {half}\n"
    (folder.root / "field.toml").write_text(text)
    found = load.load(folder.write()).scene.relative_field()
    assert float(found.min()) < 0.75
    (folder.root / "field.toml").write_text(text.replace("0.5]", "-0.5]"))
    with pytest.raises(load.BadPatient, match="negative") as caught:
        load.load(folder.write())
    assert caught.value.key == "field_table"


def test_a_particle_table_that_ends_below_the_source_is_refused(folder: Folder) -> None:
    folder.particle["heating"] = {
        "model": "table",
        "field_ka_per_m": [5.0, 10.0],
        "slp_w_per_kg": [1000.0, 4000.0],
        "frequency_khz": 100.0,
    }
    with pytest.raises(load.BadPatient, match="ends at 10 kA/m") as caught:
        load.load(folder.write())
    assert caught.value.key == "deposit[0].particle"


def test_iron_outside_the_body_is_lost_not_pushed_in(folder: Folder) -> None:
    folder.patient["deposit"][0] |= {
        "iron_mg_per_ml": 20.0,
        "solid": {"shape": "box", "center_mm": [0.0, 0.0, 0.0], "size_mm": [10.0, 10.0, 10.0]},
    }
    assert float(load.load(folder.write()).scene.iron[0].max()) == pytest.approx(20.0, rel=1e-6)
