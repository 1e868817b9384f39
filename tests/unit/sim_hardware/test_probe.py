# SPDX-License-Identifier: Apache-2.0
"""One fiber-optic tip: lag, contact, noise, bias, drift, resolution, and its faults."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim_hardware.plant.body.patient_file import ProbeSpec
from sim_hardware.plant.probe import Probe

AIR_C = 24.0


def probe(seed: int = 1, **changes: Any) -> Probe:
    exact = {"id": "skin", "role": "skin", "site": "s", "lag_s": 1.0, "noise_c": 0.0}
    return Probe(ProbeSpec.model_validate(exact | changes), AIR_C, seed)


def test_before_the_start_a_probe_knows_nothing() -> None:
    assert math.isnan(probe().reading())


def test_a_probe_lags_and_sees_air_through_bad_contact() -> None:
    """H02: half contact reads half way to the air."""
    good, bad = probe(), probe(contact=0.5)
    for tip in (good, bad):
        tip.advance(0.1, 34.0)
        tip.advance(1.0, 44.0)
    assert good.reading() == pytest.approx(34.0 + 10.0 * (1.0 - math.exp(-1.0)))
    assert bad.reading() == pytest.approx(29.0 + 5.0 * (1.0 - math.exp(-1.0)))


@given(st.floats(0.1, 60.0), st.lists(st.floats(0.01, 30.0), min_size=1, max_size=20))
def test_lag_does_not_depend_on_how_time_is_cut(lag_s: float, spans: list[float]) -> None:
    often, once = probe(lag_s=lag_s), probe(lag_s=lag_s)
    for tip in (often, once):
        tip.advance(0.1, 34.0)
    for span_s in spans:
        often.advance(span_s, 44.0)
    once.advance(sum(spans), 44.0)
    assert often.reading() == pytest.approx(once.reading(), abs=1e-9)


def test_a_tip_without_lag_shows_its_site() -> None:
    tip = probe(lag_s=0.0)
    for celsius in (34.0, 60.0, 20.0):
        tip.advance(0.1, celsius)
        assert tip.reading() == celsius


def test_probe_noise_is_seeded() -> None:
    def samples(seed: int, name: str = "skin") -> list[float]:
        tip = probe(seed, id=name, lag_s=0.0, noise_c=0.05)
        tip.advance(0.1, 40.0)
        return [tip.reading() for _ in range(200)]

    assert samples(1) == samples(1)
    assert samples(1) != samples(2)
    assert samples(1) != samples(1, "tumor")
    assert np.std(samples(1)) == pytest.approx(0.05, rel=0.2)
    assert np.mean(samples(1)) == pytest.approx(40.0, abs=0.02)


def test_bias_is_there_from_the_start() -> None:
    tip = probe(bias_c=-0.3)
    tip.advance(0.1, 40.0)
    assert tip.reading() == pytest.approx(39.7)
    tip.advance(3600.0, 40.0)
    assert tip.reading() == pytest.approx(39.7)


def test_drift_grows_with_treatment_time_and_not_with_samples() -> None:
    tip = probe(drift_c_per_h=0.2, bias_c=0.1)
    tip.advance(0.1, 40.0)
    for _ in range(100):
        tip.reading()
    assert tip.reading() == pytest.approx(40.1, abs=1e-4)
    for _ in range(90):
        tip.advance(20.0, 40.0)
    assert tip.reading() == pytest.approx(40.2, abs=1e-4), "half an hour"
    tip.advance(5400.0, 40.0)
    assert tip.reading() == pytest.approx(40.5, abs=1e-4), "two hours"


@given(st.floats(-20.0, 90.0), st.sampled_from([0.01, 0.05, 0.1, 1.0]))
def test_a_reading_is_rounded_to_the_resolution(celsius: float, resolution_c: float) -> None:
    tip = probe(resolution_c=resolution_c)
    tip.advance(0.1, celsius)
    steps = tip.reading() / resolution_c
    assert steps == pytest.approx(round(steps), abs=1e-6)
    assert abs(tip.reading() - celsius) <= 0.5 * resolution_c + 1e-9


def test_noise_and_bias_come_before_the_rounding() -> None:
    tip = probe(resolution_c=0.1, noise_c=0.05, bias_c=0.04)
    tip.advance(0.1, 40.0)
    found = [tip.reading() for _ in range(500)]
    assert {round(celsius, 6) for celsius in found} > {39.9, 40.0, 40.1}
    assert all(round(celsius * 10.0, 6).is_integer() for celsius in found)
    assert np.mean(found) == pytest.approx(40.04, abs=0.01)


# ---- faults --------------------------------------------------------------------------------


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


def test_a_slow_catheter_falls_as_slowly_as_it_follows() -> None:
    tip = probe(lag_s=10.0)
    tip.advance(0.1, 43.0)
    tip.inject("probe_off", "", 0.0)
    tip.advance(10.0, 43.0)
    assert tip.reading() == pytest.approx(24.0 + 19.0 * math.exp(-1.0))


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
    tip.clear("probe_stuck")
    tip.advance(20.0, 50.0)
    assert tip.reading() == pytest.approx(50.0, abs=0.3)


def test_an_unknown_fault_is_refused() -> None:
    with pytest.raises(ValueError, match="no fault 'explode': use one of probe_off, probe_stuck"):
        probe().inject("explode", "", 0.0)
