# SPDX-License-Identifier: Apache-2.0
"""The 3-D patient: the neck node's documented numbers, determinism, blood, and the core."""

import io
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim_hardware.plant.applicator.coil import Coil
from sim_hardware.plant.models import load
from sim_hardware.plant.models.patient import Steps, exceeded
from sim_hardware.plant.models.voxel_patient import VoxelPatient
from sim_hardware.plant.support import jit
from tests.unit.sim_hardware.small_patient import FILE, built, small

BLOOD_J_PER_KG_K = 3617.0


@pytest.fixture(scope="module")
def neck_at_rest() -> tuple[VoxelPatient, dict[str, np.ndarray]]:
    patient = VoxelPatient(load.load(FILE))
    return patient, patient.save()


@pytest.fixture
def neck(neck_at_rest: tuple[VoxelPatient, dict[str, np.ndarray]]) -> VoxelPatient:
    patient, rest = neck_at_rest
    patient.restore(rest)
    return patient


def one(**changes: Any) -> VoxelPatient:
    return VoxelPatient(built(small(**changes)), with_dose=True)


def dose(patient: VoxelPatient) -> np.ndarray:
    assert patient.heat.dose is not None
    return patient.heat.dose


def same(one: VoxelPatient, other: VoxelPatient) -> bool:
    """Say whether two patients agree to the last bit in all that can be seen."""
    names = [site.name for site in one.model.patient.site]
    return (
        np.array_equal(one.heat.view(one.heat.rise), other.heat.view(other.heat.rise))
        and np.array_equal(one.heat.perfusion, other.heat.perfusion)
        and np.array_equal(one.skin.celsius, other.skin.celsius)
        and np.array_equal(dose(one), dose(other))
        and [one.site_c(n) for n in names] == [other.site_c(n) for n in names]
        and one.truth() == other.truth()
    )


# ---- the neck node -------------------------------------------------------------------------


def test_the_neck_node_reaches_what_its_file_says(neck: VoxelPatient) -> None:
    reaches = neck.model.patient.reaches
    assert 33.0 < neck.site_c("skin_center") < 35.5
    assert 0.5 <= reaches.field_ka_per_m / reaches.cap_ka_per_m <= 0.8
    neck.settle(reaches.field_ka_per_m**2)
    assert neck.site_c("skin_center") == pytest.approx(43.0, abs=0.1)
    truth = neck.truth()
    assert truth.skin_surface_c_max == pytest.approx(neck.site_c("skin_center"), abs=0.1)
    assert neck.site_c("muscle_beside") < 45.0
    assert truth.tumor_c_max < 60.0
    assert 120.0 <= neck.model.patient.circulation.lag_s <= 300.0


def test_skin_lags_and_keeps_rising_after_the_field_is_off(neck: VoxelPatient) -> None:
    """H15, D5: from cold at the cap 43 °C takes minutes, and deep heat still arrives after off."""
    cap2 = neck.model.patient.reaches.cap_ka_per_m**2
    seconds = 0
    while neck.site_c("skin_center") < 43.0:
        neck.advance(1.0, cap2)
        seconds += 1
    assert 240 <= seconds <= 380
    assert neck.truth().tumor_c_max < 62.0
    course = []
    for _ in range(180):
        neck.advance(1.0, 0.0)
        course.append(neck.site_c("skin_center"))
    assert 43.2 < max(course) < 43.7
    assert 10 <= course.index(max(course)) <= 70
    assert course[-1] < 43.0


def test_of_the_tumor_less_exceeds_more(neck: VoxelPatient) -> None:
    neck.settle(25.0)
    truth = neck.truth()
    tumor = neck.heat.celsius()[neck.model.geometry.target]
    vector = np.linspace(40.0, 44.0, 9)  # physics.md 4.5
    assert exceeded(vector, 0.9, 0.5, 0.1) == pytest.approx([40.4, 42.0, 43.6])
    assert truth.tumor_t90_c < truth.tumor_t50_c < truth.tumor_t10_c < truth.tumor_c_max
    assert np.mean(tumor >= truth.tumor_t90_c) == pytest.approx(0.9, abs=0.005)
    assert np.mean(tumor >= truth.tumor_t10_c) == pytest.approx(0.1, abs=0.005)
    healthy = neck.heat.celsius()[~neck.model.geometry.target]
    assert truth.healthy_c_max == pytest.approx(float(healthy.max()), abs=1e-4)
    assert truth.healthy_c_max > truth.skin_surface_c_max


# ---- determinism ---------------------------------------------------------------------------


def test_same_calls_same_bits_and_a_saved_state_continues_them() -> None:
    patient, other = one(), one()
    for n in range(333):
        patient.advance(0.1, 20.0 + n % 7)
    file = io.BytesIO()
    np.savez(file, **patient.save())  # type: ignore[arg-type]
    file.seek(0)
    other.settle(56.0)
    other.advance(7.3, 56.0)
    with np.load(file) as state:
        other.restore(dict(state))
    assert same(patient, other)
    for n in range(333):
        for both in (patient, other):
            both.advance(0.1, 25.0 + n % 5)
        if n % 60 == 0:
            assert same(patient, other)
    assert same(patient, other)
    assert patient.treatment_s == other.treatment_s == pytest.approx(66.6, abs=patient.step_s)
    assert dose(patient).max() > 0.0


@pytest.fixture
def threads() -> Iterator[None]:
    yield
    jit.set_threads(1_000)


@pytest.mark.usefixtures("threads")
def test_threads_do_not_change_a_bit() -> None:
    patients = []
    for count in (1, 2):
        if jit.set_threads(count) < count:
            pytest.skip("this process may use one thread only")
        patient = one()
        patient.advance(120.0, 50.0)
        patient.settle(20.0)
        patient.advance(10.0, 0.0)
        patients.append(patient)
    assert same(*patients)


@pytest.mark.parametrize(("span_s", "field2"), [(0.1, 28.09), (0.05, 56.25), (0.3, 20.0)])
def test_any_span_of_time_gives_the_same_bits_at_whole_steps(span_s: float, field2: float) -> None:
    once, often = one(), one()
    for _ in range(4):
        once.advance(12.0, field2)
        for _ in range(round(12.0 / span_s)):
            often.advance(span_s, field2)
        assert np.array_equal(once.heat.rise, often.heat.rise)
        assert np.array_equal(once.heat.perfusion, often.heat.perfusion)
        assert np.array_equal(once.skin.celsius, often.skin.celsius)
        assert once.site_c("tumor_center") == pytest.approx(often.site_c("tumor_center"), abs=1e-9)


def test_sites_move_smoothly_between_steps() -> None:
    patient = one()
    patient.advance(60.0, 50.0)
    values = []
    for _ in range(30):
        patient.advance(0.1, 50.0)
        values.append(patient.site_c("tumor_center"))
    assert 0.0 < np.diff(values).max() < 1.1 * np.diff(values).min()


def test_a_saved_state_of_another_patient_is_refused() -> None:
    grid = {"voxel_mm": 2.0, "size_mm": [40.0, 40.0, 28.0]}
    with pytest.raises(ValueError, match="another patient"):
        one().restore(one(grid=grid).save())


@given(
    st.floats(0.05, 2.0),
    st.lists(st.tuples(st.floats(0.0, 7.0), st.floats(0.0, 400.0)), max_size=40),
)
def test_steps_lose_neither_time_nor_energy(
    step_s: float, spans: list[tuple[float, float]]
) -> None:
    steps = Steps(step_s)
    done = [mean for span in spans for mean in steps.take(*span)]
    time_s = sum(span_s for span_s, _ in spans)
    energy = sum(span_s * field2 for span_s, field2 in spans)
    assert len(done) * step_s + steps.owed_s == pytest.approx(time_s, abs=1e-6)
    assert sum(done) * step_s + steps.owed_heat == pytest.approx(energy, rel=1e-9, abs=1e-6)
    assert all(mean >= 0.0 for mean in done)
    assert 0.0 <= steps.part < 1.0


# ---- blood ---------------------------------------------------------------------------------


@pytest.mark.parametrize("lag_s", [60.0, 150.0])
def test_vessels_open_with_their_time_constant(lag_s: float) -> None:
    patient = one(circulation={"lag_s": lag_s})
    label = patient.model.geometry.label
    muscle = label == patient.model.geometry.names.index("muscle")
    flow = patient.heat.view(patient.heat.perfusion)
    start = float(flow[muscle].mean())
    assert start == pytest.approx(0.467 * BLOOD_J_PER_KG_K, rel=0.05)
    for minute in (1, 2, 3):
        for _ in range(120):
            patient.heat.rise[:] = 9.0  # 46 °C: the plateau
            patient.advance(0.5, 0.0)
        opened = (float(flow[muscle].mean()) - start) / (4.0 * BLOOD_J_PER_KG_K - start)
        assert opened == pytest.approx(1.0 - math.exp(-60.0 * minute / lag_s), abs=0.01)


def test_the_core_warms_as_the_balance_of_the_body_says() -> None:
    """C dT/dt = P − G (T − 37), P from particles and eddies of the whole part in the bore."""
    patient = one(circulation={"heat_j_per_k": 5e3, "regulation_w_per_k": 10.0})
    power_w = patient.sources.power.absorbed_w(56.25)
    assert power_w > 10.0
    for _ in range(60):
        patient.advance(10.0, 56.25)
    expected = power_w / 10.0 * (1.0 - math.exp(-10.0 * 600.0 / 5e3))
    assert patient.truth().core_c - 37.0 == pytest.approx(expected, rel=1e-3)
    patient.advance(600.0, 0.0)
    expected *= math.exp(-10.0 * 600.0 / 5e3)
    assert patient.truth().core_c - 37.0 == pytest.approx(expected, rel=1e-3)


# ---- the coil ------------------------------------------------------------------------------


class Opens:
    """A supply of 18 kA/m, and a contact that opens after 2 s."""

    def current(self, t: float) -> float:
        return 18.0

    def closed(self, t: float) -> bool:
        return t < 2.0


def test_an_open_contact_stops_the_field_at_once() -> None:
    coil = Coil(Opens(), Opens())
    assert coil.mean_square(2.0) == pytest.approx(324.0, rel=0.05)
    assert coil.mean_square(3.0) == 0.0
    assert coil.field_ka_per_m(3.0) == 0.0
    assert coil.zero_since_s == pytest.approx(2.0)
    assert coil.field_ka_per_m_max == 18.0
