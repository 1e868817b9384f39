# SPDX-License-Identifier: Apache-2.0
"""Windowed and fast slopes, and the window that keeps the prediction quiet (H15)."""

import random
from statistics import pstdev

import pytest

from mnht_controller.domain.probe import Probe, Role
from mnht_controller.thermometry import rate
from mnht_controller.thermometry.prediction import prediction_s


def run(values, spacing, window):
    track, rates = rate.SlopeTrack(), []
    for n, value in enumerate(values):
        at_s = n * spacing
        if rate.closes(track, at_s):
            track = rate.close(track, at_s, value, window)
            rates.append(track.rate_c_per_s)
        else:
            track = rate.extend(track, at_s, value)
    return track, rates


@pytest.mark.parametrize("spacing", [0.1, 0.25, 1.0, 2.0])
@pytest.mark.parametrize("window", [10.0, 23.0, 40.0])
def test_slope_of_a_line_is_exact(spacing, window):
    track, rates = run([40.0 + 0.01 * spacing * n for n in range(1000)], spacing, window)
    assert track.rate_c_per_s == pytest.approx(0.01, rel=1e-9)
    assert rates[0] is None  # unknown until the window is full
    span = track.bins_s[-1] - track.bins_s[0]
    assert window <= span <= window + max(1.0, spacing) + 1e-9


@pytest.mark.parametrize(
    ("spacing", "depth_mm"), [(0.1, 5.0), (0.1, None), (0.25, 4.0), (2.0, 5.0)]
)
def test_rate_noise_times_horizon_is_at_most_a_tenth_of_a_degree(spacing, depth_mm):
    probe = Probe("s", "t", 1, Role.SKIN, True, 0.05, 0.01, 2.0, spacing, depth_mm)
    horizon = prediction_s(probe)
    window = rate.window_s(probe.noise_c, spacing, horizon)
    assert 10.0 <= window < 40.0
    rng = random.Random(7)
    _, rates = run([rng.gauss(43.0, 0.05) for _ in range(int(4000 / spacing))], spacing, window)
    known = [value for value in rates if value is not None]
    assert 0.06 < pstdev(known) * horizon < 0.11


def test_window_bounds():
    assert rate.window_s(0.0, 0.1, 120.0) == 10.0
    assert rate.window_s(0.5, 2.0, 120.0) == 40.0
    assert rate.window_s(float("nan"), 0.1, 120.0) == 40.0
    assert rate.window_s(float("inf"), 0.1, 120.0) == 40.0


def test_rate_ages_out():
    track, _ = run([40.0] * 600, 0.1, 10.0)
    newest = track.bins_s[-1]
    assert rate.current_rate(track, newest + 5.0, 0.1) == pytest.approx(0.0)
    assert rate.current_rate(track, newest + 5.5, 0.1) is None
    assert rate.current_rate(rate.SlopeTrack(), 0.0, 0.1) is None


def test_a_gap_leaves_bins_that_are_too_short_and_the_rate_unknown():
    track, _ = run([40.0] * 600, 0.1, 10.0)
    track = rate.close(track, 200.0, 40.0, 10.0)
    track = rate.close(track, 201.0, 40.0, 10.0)
    assert track.rate_c_per_s is None


def test_fast_slope_looks_one_to_two_seconds_back():
    track, spans = None, []
    for n in range(100):
        track, difference, seconds = rate.fast(track, n * 0.1, 40.0 + 0.06 * n)
        if difference is not None:
            assert difference / seconds == pytest.approx(0.6)
            spans.append(seconds)
    assert min(spans) >= 1.0 - 1e-9
    assert max(spans) <= 2.0 + 1e-9
    assert len(spans) >= 89


def test_a_bin_just_as_old_as_the_window_still_counts():
    track = rate.SlopeTrack((0.0,), (36.0,), 11.0, 11.0, 36.11, 1)
    assert rate.close(track, 12.0, 36.12, 10.0).rate_c_per_s == pytest.approx(0.01)
    older = rate.SlopeTrack((-1e-9,), (36.0,), 11.0, 11.0, 36.11, 1)
    assert rate.close(older, 12.0, 36.12, 10.0).rate_c_per_s is None


def test_a_bin_closes_after_a_second_if_there_is_one():
    empty, begun = rate.SlopeTrack(), rate.extend(rate.SlopeTrack(), 5.0, 36.0)
    assert not any(rate.closes(empty, at_s) for at_s in (0.0, 0.5, 1.0, 99.0))
    assert [rate.closes(begun, at_s) for at_s in (5.0, 5.999, 6.0, 9.0)] == [
        False,
        False,
        True,
        True,
    ]
    assert rate.closes(begun, float("nan"))


def test_the_window_is_as_long_as_its_formula_says():
    sigma_c, spacing_s, horizon_s = 0.05, 0.1, 60.0
    expected_s = (12.0 * spacing_s * (sigma_c * horizon_s / 0.1) ** 2) ** (1.0 / 3.0)
    assert rate.WINDOW_S_MIN < expected_s < rate.WINDOW_S_MAX
    assert rate.window_s(sigma_c, spacing_s, horizon_s) == pytest.approx(expected_s)
