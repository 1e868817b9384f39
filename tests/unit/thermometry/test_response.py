# SPDX-License-Identifier: Apache-2.0
"""H06, H07, H41: gain, lag and their sigmas come out of samples as they went in."""

import math
import random

import pytest

from mnht_controller.thermometry.response import Response, Sums, added, solved


def heard(
    gain: float, lag_s: float, noise_c: float = 0.0, seconds: float = 30.0, seed: int = 1
) -> Sums:
    """A tip with a first-order lag in tissue that warms by `gain` per unit u; u rises in 4 s."""
    rng, sums = random.Random(seed), Sums()
    energy = power = tissue_c = tip_c = 0.0
    for _ in range(round(seconds / 0.1)):
        energy += 0.1 * power
        tissue_c = gain * energy
        tip_c += (tissue_c - tip_c) * -math.expm1(-0.1 / lag_s)
        sums = added(sums, 36.0 + tip_c + rng.gauss(0.0, noise_c), 0.0, energy, power)
        power = min(0.08, power + 0.002)
    return sums


def fitted(sums: Sums, sigma_c: float = 0.03) -> Response:
    found = solved(sums, sigma_c)
    assert found is not None
    return found


@pytest.mark.parametrize("gain", [0.05, 0.7, 3.0, -0.7])
@pytest.mark.parametrize("lag_s", [0.5, 2.0])
def test_gain_and_lag_come_out_as_they_went_in(gain: float, lag_s: float) -> None:
    found = fitted(heard(gain, lag_s))
    assert found.gain_c_per_s == pytest.approx(gain, rel=0.06)
    assert found.lag_s == pytest.approx(lag_s, abs=0.35)
    assert math.copysign(1.0, found.snr) == math.copysign(1.0, gain)


def test_a_longer_lag_is_a_longer_lag() -> None:
    """H07."""
    lags = [fitted(heard(0.7, lag_s, seconds=20.0)).lag_s for lag_s in (0.5, 1.5, 3.0, 5.0)]
    assert lags == sorted(lags)
    assert lags[-1] > 3.0


def test_the_sigmas_are_what_repetition_shows() -> None:
    """A stated signal-to-noise ratio is one: scatter over 200 repetitions, within 15 %."""
    runs = [fitted(heard(0.3, 0.5, 0.05, 20.0, seed), 0.05) for seed in range(200)]
    for name, sigma in (("gain_c_per_s", "gain_sigma"), ("lag_s", "lag_sigma_s")):
        values = [getattr(run, name) for run in runs]
        mean = sum(values) / len(values)
        scatter = math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))
        said = sum(getattr(run, sigma) for run in runs) / len(runs)
        assert scatter == pytest.approx(said, rel=0.15), name


def test_a_trend_is_taken_off() -> None:
    sums = Sums()
    for tick in range(200):
        at_s = 0.1 * tick
        power = 0.0 if at_s < 4.0 else 0.08
        energy = max(0.0, at_s - 4.0) * 0.08
        sums = added(sums, 50.0 - 0.05 * at_s + 0.7 * energy, -0.05 * at_s, energy, power)
    assert fitted(sums).gain_c_per_s == pytest.approx(0.7)


def test_what_does_not_decide_gives_nothing() -> None:
    """No samples, no noise declared, no field at all, and a field that never changed."""
    assert solved(Sums(), 0.03) is None
    assert solved(heard(0.7, 0.5), 0.0) is None
    assert solved(heard(0.7, 0.5), math.nan) is None
    unheated = idle = Sums()
    for tick in range(50):
        unheated = added(unheated, 36.0, 0.0, 0.0, 0.0)
        idle = added(idle, 36.0, 0.0, 0.008 * tick, 0.08)
    assert solved(unheated, 0.03) is None
    assert solved(idle, 0.03) is None
    assert solved(added(heard(0.7, 0.5), math.nan, 0.0, 2.5, 0.08), 0.03) is None  # H40


def test_a_probe_that_does_not_move_at_all_has_no_lag() -> None:
    """H04, H06: without a gain nothing can be said of a delay."""
    assert solved(heard(0.0, 1.0), 0.03) is None
