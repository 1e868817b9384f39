# SPDX-License-Identifier: Apache-2.0
"""Slopes, fits and tracks, number by number, where they become known. H07, H15, H33."""

import math
from dataclasses import replace

import pytest

from mnht_controller.domain.reading import Quality, Reading
from mnht_controller.thermometry import rate
from mnht_controller.thermometry.observe import ProbeTrack, Why
from mnht_controller.thermometry.plausibility import falls_too_fast, rises_too_fast, sigma_c
from mnht_controller.thermometry.rate import FastTrack, SlopeTrack
from mnht_controller.thermometry.response import Response, Sums, added, solved
from mnht_controller.thermometry.track import Belief, take
from tests.boundary.walk import EXACT, PROBE, Walk, down, up

# ---- slopes ------------------------------------------------------------------------------------


def test_no_window_is_longer_than_forty_seconds() -> None:
    for spacing_s in (641.0, 6400.0, 1e5, 1e9, math.inf, math.nan):
        assert rate.window_s(0.1, spacing_s / 12.0, 10.0) == 40.0
    assert rate.window_s(0.1, 639.0 / 12.0, 10.0) == pytest.approx(63_900.0 ** (1.0 / 3.0))


def test_noise_of_a_slope() -> None:
    """The least-squares formula, s·√(12·spacing / W³)."""
    assert rate.sigma_c_per_s(0.05, 0.1, 10.0) == pytest.approx(0.05 * math.sqrt(0.0012))
    assert rate.sigma_c_per_s(0.1, 2.0, 20.0) == pytest.approx(0.1 * math.sqrt(0.003))


@pytest.mark.parametrize("begins_s", [0.0, 1000.0, -1000.0])
def test_a_slope_needs_its_whole_window_at_any_time_of_day(begins_s: float) -> None:
    bins_s = tuple([begins_s + n for n in range(10)])
    short = SlopeTrack(bins_s, (36.0,) * 10, begins_s + 9.5, begins_s + 9.5, 36.0, 1)
    assert rate.close(short, begins_s + 11.0, 36.0, 10.0).rate_c_per_s is None
    full = replace(short, open_s=begins_s + 10.0, sum_s=begins_s + 10.0)
    assert rate.close(full, begins_s + 11.0, 36.0, 10.0).rate_c_per_s == pytest.approx(0.0)


@pytest.mark.parametrize("span_s", [0.25, 0.5, 1.0])
def test_two_bins_are_a_slope_and_one_is_none(span_s: float) -> None:
    one = SlopeTrack((), (), 0.0, 0.0, 36.0, 1)
    assert rate.close(one, 1.0, 36.0, 0.0).rate_c_per_s is None
    two = SlopeTrack((0.0,), (36.0,), span_s, span_s, 36.1, 1)
    assert rate.close(two, 2.0, 36.0, span_s).rate_c_per_s == pytest.approx(0.1 / span_s)


def test_a_slope_is_as_old_as_its_newest_bin() -> None:
    track = SlopeTrack((-9.0, 0.0), (36.0, 37.0), rate_c_per_s=0.5)
    for spacing_s, limit_s in ((0.5, 6.5), (2.0, 11.0)):
        assert rate.current_rate(track, limit_s, spacing_s) == 0.5
        assert rate.current_rate(track, up(limit_s), spacing_s) is None
    assert rate.current_rate(replace(track, rate_c_per_s=None), 0.0, 0.5) is None


def test_the_fast_slope_knows_nothing_until_a_second_has_passed() -> None:
    first = rate.fast(None, 5.0, 36.0)
    assert first == (FastTrack(None, 0.0, 5.0, 36.0), None, 0.0)
    assert rate.fast(first[0], down(6.0), 36.5) == (first[0], None, 0.0)
    following = FastTrack(5.0, 36.0, 6.0, 36.5)
    assert rate.fast(first[0], 6.0, 36.5) == (following, 0.5, 1.0)
    assert rate.fast(following, 6.5, 37.0) == (following, 1.0, 1.5)
    assert rate.fast(following, 7.0, 37.0)[1:] == (0.5, 1.0)


@pytest.mark.parametrize("judge", [rises_too_fast, falls_too_fast])
def test_a_difference_that_is_all_noise_is_not_too_fast(judge: object) -> None:
    """H01, H41: at exactly five sigma of it."""
    assert callable(judge)
    sign = 1.0 if judge is rises_too_fast else -1.0
    limit_c = 5.0 * math.sqrt(2.0) * sigma_c(PROBE)
    assert not judge(sign * limit_c, 0.0, PROBE)
    assert judge(sign * up(limit_c), 0.0, PROBE)


# ---- fits --------------------------------------------------------------------------------------


def test_a_sample_adds_to_every_sum() -> None:
    first = added(Sums(), 36.0, 0.5, 2.0, 3.0)
    assert first == Sums(36.0, 1, 2.0, 3.0, 4.0, 6.0, 9.0, -0.5, -1.0, -1.5)
    second = added(first, 38.0, 0.25, 4.0, 0.5)
    assert second == Sums(36.0, 2, 6.0, 3.5, 20.0, 8.0, 9.25, 1.25, 6.0, -0.625)


def sums(**changes: float) -> Sums:
    """Centered on nothing: gain 1, lag -1."""
    return replace(Sums(count=4, ee=4.0, eu=1.0, uu=1.0, ey=5.0, uy=2.0), **changes)  # type: ignore[arg-type]


def test_a_fit_is_what_its_formulas_say() -> None:
    """Two unknowns by hand: determinant 3."""
    found = solved(sums(), 0.3)
    assert found is not None
    assert found.gain_c_per_s == 1.0
    assert found.lag_s == -1.0
    assert found.gain_sigma == pytest.approx(0.3 * math.sqrt(1.0 / 3.0))
    assert found.lag_sigma_s == pytest.approx(0.3 * math.sqrt((4.0 + 2.0 + 1.0) / 3.0))
    twice = solved(sums(ey=8.0, uy=-1.0), 0.3)  # gain 3, delay -4
    assert twice is not None
    assert twice.gain_c_per_s == 3.0
    assert twice.lag_s == pytest.approx(4.0 / 3.0)
    lag_s = 4.0 / 3.0
    variance = 0.09 / 3.0 * (4.0 - 2.0 * lag_s + lag_s * lag_s) / 9.0
    assert twice.lag_sigma_s == pytest.approx(math.sqrt(variance))


def test_a_fit_weighs_energy_and_power_each_by_its_own_sum() -> None:
    """Gain 2, lag 3, determinant 7."""
    found = solved(Sums(count=4, ee=4.0, eu=1.0, uu=2.0, ey=2.0, uy=-10.0), 0.5)
    assert found is not None
    assert (found.gain_c_per_s, found.lag_s) == (2.0, 3.0)
    assert found.gain_sigma == pytest.approx(0.5 * math.sqrt(2.0 / 7.0))
    variance = 0.25 / 7.0 * (4.0 - 2.0 * 3.0 * 1.0 + 3.0 * 3.0 * 2.0) / (2.0 * 2.0)
    assert found.lag_sigma_s == pytest.approx(math.sqrt(variance))


def test_what_the_samples_lie_around_does_not_change_a_fit() -> None:
    moved = sums(e=8.0, u=4.0, y=2.0, ee=4.0 + 16.0, eu=1.0 + 8.0, uu=1.0 + 4.0, ey=5.0 + 4.0,
                 uy=2.0 + 2.0)  # fmt: skip
    assert solved(moved, 0.3) == solved(sums(), 0.3)


def test_what_a_fit_needs() -> None:
    assert solved(sums(count=3), 0.3) is None
    assert solved(sums(), 5e-324) is not None
    assert solved(sums(), 0.0) is None
    assert solved(sums(ey=2.0, uy=2.0), 0.3) is None  # a gain of nothing has no lag
    assert solved(sums(ey=math.inf), 0.3) is None
    assert solved(sums(uy=-math.inf), 0.3) is None


@pytest.mark.parametrize(("share", "is_told"), [(0.9e-9, False), (1.1e-9, True)])
def test_energy_and_power_that_cannot_be_told_apart(share: float, is_told: bool) -> None:
    for scale in (1.0, 100.0):
        alike = sums(ee=scale, uu=scale, eu=scale * math.sqrt(1.0 - share), ey=1.0, uy=0.0)
        assert (solved(alike, 0.3) is not None) is is_told


def test_the_signal_to_noise_ratio_is_the_gain_in_sigmas() -> None:
    assert Response(3.0, 0.5, 1.0, 1.0).snr == 6.0
    assert Response(-3.0, 0.5, 1.0, 1.0).snr == -6.0


# ---- tracks ------------------------------------------------------------------------------------


def test_control_may_use_the_middle_of_the_last_three() -> None:
    """H08: of two, the warmer one."""
    walk = Walk()
    given = [walk.sample(0.1 * n, c).control_c for n, c in enumerate((40.3, 40.0, 40.1, 40.2))]
    assert given == [40.3, 40.3, 40.1, 40.1]
    assert walk.sample(0.4, 40.2).control_c == 40.2
    belief = walk.tracks[0].belief
    assert belief is not None
    assert belief.recent == (40.1, 40.2, 40.2)
    assert Belief(39.0, 0.0, 39.0, SlopeTrack()).median_c == 39.0


def test_a_number_out_of_range_is_forgotten() -> None:
    """H03, H04: what follows it is the first of its kind."""
    walk = Walk()
    for n in range(3):
        walk.sample(0.1 * n, 40.0)
    assert walk.tracks[0].repeats == 3
    walk.sample(0.3, 99.0)
    track = walk.tracks[0]
    assert (track.repeats, track.last_c, track.raw_c, track.why) == (0, None, None, Why.RANGE)
    walk.sample(0.4, 40.0)
    assert walk.tracks[0].repeats == 1


def taken(*samples: tuple[float, float]) -> ProbeTrack:
    """Memory after samples at these treatment times."""
    track = ProbeTrack()
    for number, (at_s, celsius) in enumerate(samples, start=1):
        raw = Reading(celsius, Quality.GOOD, float(number), number)
        track = take(EXACT, track, raw, at_s, 1.0)
    return track


@pytest.mark.parametrize(
    ("at_s", "slope"),
    [(1.0, 0.4), (1.5, 0.4 / 1.5), (5e-324, math.inf), (0.5, 0.8), (0.0, None), (-0.5, None)],
)
def test_a_slope_takes_some_time(at_s: float, slope: float | None) -> None:
    """H33: none over no time, or over time that went back."""
    track = taken((0.0, 40.0), (1.0, 40.0), (at_s, 40.4))
    assert track.fast_c_per_s == (None if slope is None else pytest.approx(slope))
    assert track.rising_too_fast is (slope is not None and slope > 0.5)


def test_the_quiet_slope_looks_as_far_back_as_treatment_time_asks() -> None:
    """H15: at twenty times the speed samples are two seconds apart, and the window is 30 s."""
    window_s = rate.window_s(sigma_c(PROBE), 2.0, 66.06)
    assert 29.0 < window_s < 31.0
    walk = Walk(PROBE, speed=20.0, field_on=False)
    for number in range(30):
        seen = walk.sample(0.1 * number, 36.0 + 0.001 * number)
        assert (seen.rate_c_per_s is not None) is (2.0 * number > window_s + 2.0), number
