# SPDX-License-Identifier: Apache-2.0
"""The neck node: its documented numbers, its determinism, its file; coil and probes."""

import copy
import math
import tomllib
from pathlib import Path

import numpy as np
import pytest

from sim_hardware.plant.anatomy import anatomy
from sim_hardware.plant.coil import Coil
from sim_hardware.plant.patient import LayeredPatient
from sim_hardware.plant.probe import Probe, ProbeSpec
from sim_hardware.plant.tissue import TISSUES, perfusion_table

FILE = Path(__file__).parents[3] / "config" / "patients" / "neck_node.toml"
HOLD_KA_PER_M = 5.3
CAP_KA_PER_M = 7.5


@pytest.fixture(scope="module")
def data():
    return tomllib.loads(FILE.read_text())


@pytest.fixture
def patient(data):
    return LayeredPatient(anatomy(data))


def test_skin_holds_43_at_71_percent_of_the_neck_cap(patient) -> None:
    assert 0.5 <= HOLD_KA_PER_M / CAP_KA_PER_M <= 0.8
    assert patient.site_c("skin_center") == pytest.approx(34.7, abs=0.2)
    patient.settle(HOLD_KA_PER_M**2)
    truth = patient.truth()
    assert patient.site_c("skin_center") == pytest.approx(43.0, abs=0.05)
    assert truth.skin_surface_c_max == pytest.approx(43.0, abs=0.1)
    assert patient.site_c("muscle_beside") < 45.0
    assert truth.tumor_t90_c < truth.tumor_t50_c < truth.tumor_c_max < 60.0


def test_skin_lags_and_keeps_rising_after_the_field_is_off(patient) -> None:
    """H15, D5: from cold at the cap 43 °C takes minutes, and deep heat still arrives after off."""
    seconds = 0
    while patient.site_c("skin_center") < 43.0:
        patient.advance(1.0, CAP_KA_PER_M**2)
        seconds += 1
    assert 240 <= seconds <= 340
    assert patient.truth().tumor_c_max < 60.0
    peak = 43.0
    for _ in range(120):
        patient.advance(1.0, 0.0)
        peak = max(peak, patient.site_c("skin_center"))
    assert 43.2 < peak < 43.7


def test_without_field_nothing_moves(patient) -> None:
    before = patient.heat.celsius.copy()
    patient.advance(120.0, 0.0)
    assert np.abs(patient.heat.celsius - before).max() < 0.01


def test_same_calls_same_bits_and_saved_state_continues_them(data, patient) -> None:
    other = LayeredPatient(anatomy(data))
    for n in range(300):
        patient.advance(0.1, 20.0 + n % 7)
    state = patient.save()
    for n in range(300):
        patient.advance(0.1, 25.0 + n % 5)
    other.restore(state)
    for n in range(300):
        other.advance(0.1, 25.0 + n % 5)
    assert np.array_equal(patient.heat.celsius, other.heat.celsius)
    assert patient.site_c("skin_center") == other.site_c("skin_center")


def test_sites_move_smoothly_between_steps(patient) -> None:
    patient.advance(60.0, 50.0)
    values = []
    for _ in range(30):
        patient.advance(0.1, 50.0)
        values.append(patient.site_c("tumor_center"))
    steps = np.diff(values)
    assert steps.min() > 0.0
    assert steps.max() < 1.1 * steps.min()


def test_a_saved_state_of_another_patient_is_refused(data, patient) -> None:
    smaller = copy.deepcopy(data)
    smaller["mesh"]["depth_mm"] = 50.0
    with pytest.raises(ValueError, match="another patient"):
        patient.restore(LayeredPatient(anatomy(smaller)).save())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d.update(bogus=1), "bogus: unknown key"),
        (lambda d: d["body"].update(radius_cm=6.5), r"body\.radius_cm: unknown key"),
        (lambda d: d["deposit"].pop("radius_mm"), r"deposit\.radius_mm: missing"),
        (lambda d: d["probe"][1].update(lag_s="1 s"), r"probe\[1\]\.lag_s: a number"),
        (lambda d: d["probe"][0].update(site="nose"), r"probe\[0\]\.site: no site 'nose'"),
        (lambda d: d.pop("layer"), "layer: missing"),
    ],
)
def test_a_bad_file_is_refused_by_key(data, change, said) -> None:
    broken = copy.deepcopy(data)
    change(broken)
    with pytest.raises(ValueError, match=said):
        anatomy(broken)


@pytest.mark.parametrize(
    ("tissue", "celsius", "flow"),
    [
        ("muscle", 37.0, 0.467),
        ("muscle", 43.0, 2.994),
        ("muscle", 60.0, 4.0),
        ("fat", 42.0, 0.530),
        ("tumor", 36.0, 0.833),
        ("tumor", 40.0, 0.797),
        ("tumor", 44.0, 0.416),
        ("skin", 37.0, 2.064),
    ],
)
def test_flow_follows_lang(tissue, celsius, flow) -> None:
    row = [item.name for item in TISSUES].index(tissue)
    column = round((celsius - 15.0) * 10)
    assert perfusion_table()[row, column] / 3617.0 == pytest.approx(flow, abs=2e-3)


class Fixed:
    """A supply of constant current and a contact that opens at a moment."""

    def __init__(self, ka_per_m: float, opens_at: float = math.inf) -> None:
        self.ka_per_m, self.opens_at = ka_per_m, opens_at

    def current(self, t: float) -> float:
        return self.ka_per_m

    def closed(self, t: float) -> bool:
        return t < self.opens_at


def test_an_open_contact_stops_the_field_at_once() -> None:
    supply = Fixed(18.0, opens_at=2.0)
    coil = Coil(supply, supply)
    assert coil.mean_square(2.0) == pytest.approx(324.0, rel=0.05)
    assert coil.mean_square(3.0) == 0.0
    assert coil.field_ka_per_m(3.0) == 0.0
    assert coil.zero_since_s == pytest.approx(2.0)
    assert coil.field_ka_per_m_max == 18.0


def probe(noise_c: float = 0.0, contact: float = 1.0) -> Probe:
    return Probe(ProbeSpec("skin", "skin", "s", 1.0, noise_c, contact), air_c=24.0, seed=1)


def test_a_probe_lags_and_sees_air_through_bad_contact() -> None:
    """H02: half contact reads half way to the air."""
    good, bad = probe(), probe(contact=0.5)
    for tip in (good, bad):
        tip.advance(0.1, 34.0)
        tip.advance(1.0, 44.0)
    assert good.reading() == pytest.approx(34.0 + 10.0 * (1.0 - math.exp(-1.0)))
    assert bad.reading() == pytest.approx(29.0 + 5.0 * (1.0 - math.exp(-1.0)))


def test_probe_noise_is_seeded() -> None:
    def samples(seed):
        tip = Probe(ProbeSpec("skin", "skin", "s", 0.0, 0.05), 24.0, seed)
        tip.advance(0.1, 40.0)
        return [tip.reading() for _ in range(200)]

    assert samples(1) == samples(1)
    assert samples(1) != samples(2)
    assert np.std(samples(1)) == pytest.approx(0.05, rel=0.2)
    assert np.mean(samples(1)) == pytest.approx(40.0, abs=0.02)


def test_probe_off_falls_to_air_and_recovers() -> None:
    """H01."""
    tip = probe()
    tip.advance(0.1, 43.0)
    tip.inject("probe_off", "", 0.0)
    tip.advance(3.0, 43.0)
    assert tip.reading() == pytest.approx(24.0 + 19.0 * math.exp(-1.0))
    tip.clear("probe_off")
    tip.advance(20.0, 43.0)
    assert tip.reading() == pytest.approx(43.0)


def test_a_stuck_probe_repeats_its_last_sample() -> None:
    """H04."""
    tip = probe(noise_c=0.05)
    tip.advance(0.1, 43.0)
    last = tip.reading()
    tip.inject("probe_stuck", "", 0.0)
    tip.advance(10.0, 50.0)
    assert {tip.reading() for _ in range(5)} == {last}
    tip.inject("probe_stuck", "42.9", 0.0)
    assert tip.reading() == 42.9
    with pytest.raises(ValueError, match="no fault"):
        tip.inject("explode", "", 0.0)
