# SPDX-License-Identifier: Apache-2.0
"""The reduced patient against the 3-D one it was fitted to, its sampling, and its cache."""

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim_hardware.plant.heating.power import Power
from sim_hardware.plant.models import fit, load
from sim_hardware.plant.models.open import Choice, open_patient
from sim_hardware.plant.models.reduced import ReducedPatient, Reduction
from sim_hardware.plant.models.sampling import weigh
from sim_hardware.plant.models.voxel_patient import Model, VoxelPatient
from sim_hardware.plant.support import cache
from tests.unit.sim_hardware.small_patient import Folder, built, small

SITES = ("skin_center", "tumor_center", "muscle_beside")
Fitted = tuple[Model, Reduction, Power]
# Seconds and kA/m; no leg of the training or of the fit's own trial.
COURSE = ((90.0, 6.5), (45.0, 0.0), (330.0, 5.0), (15.0, 7.5), (75.0, 2.0), (405.0, 5.6), (90.0, 0))


@pytest.fixture(scope="module")
def fitted() -> Fitted:
    """Fit a patient who sweats: the skin's law is anything but linear then."""
    model = built(small(skin={"sweat": {}}))
    reduction, power = fit.fit(model)
    return model, reduction, power


def reduced(fitted: Fitted) -> ReducedPatient:
    model, reduction, power = fitted
    return ReducedPatient(reduction, model.patient, power)


def sites(patient: VoxelPatient | ReducedPatient) -> np.ndarray:
    return np.array([patient.site_c(name) for name in SITES])


# ---- against the 3-D patient ---------------------------------------------------------------


def test_on_a_course_of_its_own_it_stays_near_the_3d_patient(fitted: Fitted) -> None:
    whole, quick = VoxelPatient(fitted[0]), reduced(fitted)
    worst, tumor, skin, healthy = 0.0, 0.0, 0.0, 0.0
    for span_s, field in COURSE:
        for _ in range(round(span_s / 5.0)):
            whole.advance(5.0, field**2)
            quick.advance(5.0, field**2)
            worst = max(worst, float(np.abs(sites(whole) - sites(quick)).max()))
            a, b = whole.truth(), quick.truth()
            tumor = max(
                tumor, abs(a.tumor_t90_c - b.tumor_t90_c), abs(a.tumor_c_max - b.tumor_c_max)
            )
            skin = max(skin, abs(a.skin_surface_c_max - b.skin_surface_c_max))
            healthy = max(healthy, abs(a.healthy_c_max - b.healthy_c_max))
    assert worst <= 0.05
    assert skin <= 0.05
    assert tumor <= 0.15
    assert healthy <= 0.15
    assert a.core_c == pytest.approx(b.core_c, abs=1e-6)
    assert whole.treatment_s == quick.treatment_s


def test_the_fit_knows_its_error_and_can_decay_only(fitted: Fitted) -> None:
    found = fitted[1]
    assert found.decay.min() > 0.0
    assert found.weight.min() > 0.0
    error = dict(zip(fit.ERRORS, found.error, strict=True))
    assert min(error.values()) > 0.0
    assert max(error["sites"], error["skin_surface_c_max"]) <= 0.05
    assert max(error["tumor_t90_c"], error["tumor_c_max"], error["healthy_c_max"]) <= 0.1


@pytest.mark.parametrize("field_ka_per_m", [0.0, 2.0, 5.3, 6.5])
def test_settling_agrees(fitted: Fitted, field_ka_per_m: float) -> None:
    whole, quick = VoxelPatient(fitted[0]), reduced(fitted)
    for patient in (whole, quick):
        patient.settle(field_ka_per_m**2)
    assert sites(quick) == pytest.approx(sites(whole), abs=0.06)


def test_settling_is_where_stepping_leads(fitted: Fitted) -> None:
    settled, stepped = reduced(fitted), reduced(fitted)
    stepped.advance(600.0, 0.0)
    assert sites(stepped) == pytest.approx(sites(settled), abs=0.005)
    settled.settle(28.0)
    for _ in range(60):
        stepped.advance(60.0, 28.0)
        stepped.core_c = settled.core_c
    assert sites(stepped) == pytest.approx(sites(settled), abs=0.005)


def test_vessels_make_heating_as_unlinear_as_in_3d(fitted: Fitted) -> None:
    """Opening vessels lower the steady gain at high field; a linear reduction would keep it."""

    def gains(patient: VoxelPatient | ReducedPatient) -> list[float]:
        found = []
        patient.settle(0.0)
        rest = patient.site_c("muscle_beside")
        for field2 in (2.0, 50.0):
            patient.settle(field2)
            found.append((patient.site_c("muscle_beside") - rest) / field2)
        return found

    small_3d, high_3d = gains(VoxelPatient(fitted[0]))
    assert high_3d / small_3d < 0.8
    small_gain, high_gain = gains(reduced(fitted))
    assert high_gain / small_gain == pytest.approx(high_3d / small_3d, rel=0.05)


# ---- time and state ------------------------------------------------------------------------


def test_a_saved_state_continues_bit_for_bit(fitted: Fitted) -> None:
    patient, other = reduced(fitted), reduced(fitted)
    for n in range(333):
        patient.advance(0.1, 20.0 + n % 7)
    file = io.BytesIO()
    np.savez(file, **patient.save())  # type: ignore[arg-type]
    file.seek(0)
    other.settle(50.0)
    with np.load(file) as state:
        other.restore(dict(state))
    for n in range(333):
        patient.advance(0.1, 25.0 + n % 5)
        other.advance(0.1, 25.0 + n % 5)
        assert (sites(patient) == sites(other)).all()
    assert patient.truth() == other.truth()
    assert patient.treatment_s == other.treatment_s
    with pytest.raises(ValueError, match="another patient"):
        patient.restore(other.save() | {"amplitude": other.amplitude[:-1]})


def test_how_time_is_cut_changes_nothing(fitted: Fitted) -> None:
    once, often = reduced(fitted), reduced(fitted)
    once.advance(60.0, 40.0)
    for _ in range(600):
        often.advance(0.1, 40.0)
    assert sites(often) == pytest.approx(sites(once), abs=1e-9)


# ---- sampling ------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 8))
def test_an_exact_sparse_sum_is_found_with_weights_not_negative(seed: int, few: int) -> None:
    rng = np.random.default_rng(seed)
    parts = rng.standard_normal((40, 60))
    true = np.zeros(60)
    true[rng.choice(60, few, replace=False)] = rng.uniform(0.5, 2.0, few)
    whole = parts @ true
    index, weight = weigh(parts, whole, 1e-5, 60)
    assert (weight >= 0.0).all()
    assert len(set(index.tolist())) == len(index) == len(weight)
    assert np.linalg.norm(parts[:, index] @ weight - whole) <= 1e-4 * np.linalg.norm(whole)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 15))
def test_weights_are_never_negative_nor_too_many(seed: int, most: int) -> None:
    rng = np.random.default_rng(seed)
    parts, whole = rng.standard_normal((20, 30)), rng.standard_normal(20)
    index, weight = weigh(parts, whole, 1e-6, most)
    assert (weight >= 0.0).all()
    assert len(index) <= most
    rest = np.linalg.norm(parts[:, index] @ weight - whole)
    assert rest <= np.linalg.norm(whole)


def test_what_no_weight_can_reach_stays() -> None:
    index, weight = weigh(np.eye(3), np.array([1.0, -1.0, 0.0]), 1e-6, 3)
    assert index.tolist() == [0]
    assert weight == pytest.approx([1.0])


# ---- the cache -----------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.fixture
def fits(fitted: Fitted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Redirect the cache, and count fits that take no time. The fit itself is tested above."""
    counted: list[str] = []

    def quick(model: Model, say: object = None) -> tuple[Reduction, Power]:
        counted.append(model.patient.title)
        return fitted[1], fitted[2]

    (tmp_path / "kept").mkdir()
    monkeypatch.setattr(cache, "folder", lambda name: tmp_path / "kept")
    monkeypatch.setattr(fit, "fit", quick)
    return counted


def test_a_fit_is_made_once_and_made_anew_when_anything_changes(
    folder: Folder, fits: list[str]
) -> None:
    said: list[str] = []
    first = open_patient(folder.write(), say=said.append)
    again = open_patient(folder.root / "patient.toml")
    assert len(fits) == 1
    assert len(said) == 2, "before and after the fit"
    assert first.error_c == again.error_c > 0.0
    assert first.patient.truth() == again.patient.truth()
    folder.patient["skin"]["air_c"] = 25.0
    open_patient(folder.write())
    assert len(fits) == 2
    folder.particle["heating"]["ilp_nh_m2_per_kg"] = 1.1
    open_patient(folder.write())
    assert len(fits) == 3
    folder.tissues["tissue"]["fat"]["density_kg_per_m3"] = 900.0
    for _ in range(2):
        open_patient(folder.write())
        open_patient(folder.write(), Choice(session=2))
        assert len(fits) == 5


def test_another_field_is_another_fit(folder: Folder, fits: list[str]) -> None:
    open_patient(folder.write())
    open_patient(folder.write(), field_at=lambda x, y, z: 0.5 + 0.0 * (x + y + z))
    assert len(fits) == 2


@pytest.mark.parametrize("left", [0.0, 0.01, 0.5, 0.99])
def test_a_torn_cache_file_is_fitted_again(folder: Folder, fits: list[str], left: float) -> None:
    open_patient(folder.write())
    (kept,) = (folder.root / "kept").glob("*.npz")
    whole = kept.read_bytes()
    kept.write_bytes(whole[: int(left * len(whole))])
    open_patient(folder.write())
    assert len(fits) == 2
    open_patient(folder.write())
    assert len(fits) == 2, "and is whole again"


def test_a_bad_patient_leaves_nothing_behind(folder: Folder, fits: list[str]) -> None:
    folder.patient["layer"][0]["thickness_mm"] = 0.5
    with pytest.raises(load.BadPatient, match="too coarse"):
        open_patient(folder.write())
    assert not [*fits, *(folder.root / "kept").glob("*.npz")]
