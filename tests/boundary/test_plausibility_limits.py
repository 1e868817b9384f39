# SPDX-License-Identifier: Apache-2.0
"""What a temperature can be and how it can change, at every limit. H01, H03, H04, H08, H15, H42."""

import math
from dataclasses import replace

import pytest

from mnht_controller.domain.probe import Role
from mnht_controller.thermometry import plausibility
from mnht_controller.thermometry.plausibility import (
    RANGE_C,
    falls_too_fast,
    flat_samples,
    in_range,
    rises_too_fast,
    sigma_c,
    stale_s,
)
from mnht_controller.thermometry.prediction import PREDICTION_S_MAX, predicted_c, prediction_s
from tests.boundary.walk import EXACT, NO_NUMBERS, PROBE, down, up


@pytest.mark.parametrize(("role", "low", "high"), RANGE_C)
def test_a_tissue_has_its_range(role: Role, low: float, high: float) -> None:
    for value in (low, up(low), high, down(high), 37.0):
        assert in_range(role, value), value
    for value in (down(low), up(high), low - 0.01, high + 0.01, -273.15, 9999.0, *NO_NUMBERS):
        assert not in_range(role, value), value


def test_these_are_the_ranges() -> None:
    known = {role: (low, high) for role, low, high in RANGE_C}
    assert known[Role.SKIN] == known[Role.HEALTHY] == (15.0, 60.0)
    assert known[Role.TUMOR] == (15.0, 90.0)
    assert {*known} == {*Role}


def test_a_role_without_a_range_is_never_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plausibility, "RANGE_C", RANGE_C[1:])
    assert not in_range(RANGE_C[0][0], 37.0)


def test_sigma_is_noise_and_rounding() -> None:
    assert sigma_c(replace(PROBE, noise_c=0.05, resolution_c=0.0)) == pytest.approx(0.05)
    assert sigma_c(replace(PROBE, noise_c=0.0, resolution_c=0.12)) == pytest.approx(0.0346410)
    assert sigma_c(replace(PROBE, noise_c=0.3, resolution_c=4.8**0.5)) == pytest.approx(0.7)


def test_when_a_reading_is_stale() -> None:
    for period_s, limit_s in (
        (0.0, 0.8), (0.1, 0.8), (0.32, 0.8), (0.4, 1.0), (0.8, 2.0), (1.0, 2.5), (up(1.0), 2.5),
        (10.0, 2.5), (math.nan, 2.5), (math.inf, 2.5),
    ):  # fmt: skip
        assert stale_s(period_s) == pytest.approx(limit_s), period_s


@pytest.mark.parametrize(
    ("judge", "sign", "per_s"), [(rises_too_fast, 1.0, 0.5), (falls_too_fast, -1.0, 0.3)]
)
def test_how_fast_it_may_change(judge: object, sign: float, per_s: float) -> None:
    assert callable(judge)
    for probe in (EXACT, PROBE):
        limit_c = 5.0 * math.sqrt(2.0) * sigma_c(probe)
        for seconds in (1.0, 1.5, 2.0):
            allowed = per_s * seconds + limit_c
            for difference in (allowed - 1e-9, 0.0, -allowed - 9.0):
                assert not judge(sign * difference, seconds, probe), difference
            for difference in (allowed + 1e-9, allowed + 1.0, math.nan, math.inf):
                assert judge(sign * difference, seconds, probe), difference
    assert not judge(sign * per_s, 1.0, EXACT)
    assert judge(sign * up(per_s), 1.0, EXACT)


@pytest.mark.parametrize(
    ("noise_c", "resolution_c", "period_s", "count"),
    [
        (0.05, 0.01, 0.1, 10),
        (0.05, 0.01, 0.4, 10),
        (0.05, 0.01, 0.41, 7),
        (0.02, 0.02, 0.1, 23),
        (0.02, 0.02, 0.173, 23),
        (0.02, 0.02, 0.175, 16),
        (0.0, 0.01, 0.1, None),
        (0.05, 0.0, 0.1, None),
        (-0.05, 0.01, 0.1, None),
        (math.nan, 0.01, 0.1, None),
        (0.003, 0.01, 0.1, None),
        (1e300, 1e-300, 0.1, None),
    ],
)
def test_how_many_alike_a_living_channel_cannot_give(
    noise_c: float, resolution_c: float, period_s: float, count: int | None
) -> None:
    assert flat_samples(noise_c, resolution_c, period_s) == count


def test_noise_that_resolution_hides_says_nothing() -> None:
    """The chance of a repeat is 0.9 at this ratio of noise to resolution."""
    ratio = 0.30398
    assert math.erf(1.0 / (2.0 * math.sqrt(2.0) * ratio)) == pytest.approx(0.9, abs=1e-4)
    assert flat_samples(1.001 * ratio, 1.0, 0.01) is not None
    assert flat_samples(0.999 * ratio, 1.0, 0.01) is None


@pytest.mark.parametrize(
    ("depth_mm", "lag_s", "expected_s"),
    [
        (None, 2.0, 120.0),
        (0.0, 2.0, 7.0),
        (5.0, 2.0, 66.06),
        (6.8, 2.0, 116.23),
        (7.0, 2.0, 120.0),
        (math.nan, 2.0, 120.0),
        (math.inf, 2.0, 120.0),
        (0.0, -6.0, 120.0),
        (0.0, -5.0, 0.0),
    ],
)
def test_how_far_it_looks_ahead(depth_mm: float | None, lag_s: float, expected_s: float) -> None:
    """H15, H42: what cannot be known looks the furthest."""
    probe = replace(PROBE, deposit_depth_mm=depth_mm, lag_s=lag_s)
    assert prediction_s(probe) == pytest.approx(expected_s, abs=0.02)
    assert PREDICTION_S_MAX == 120.0


def test_a_tumor_probe_looks_lag_and_five_seconds_ahead() -> None:
    for lag_s, expected_s in ((0.0, 5.0), (2.0, 7.0), (115.0, 120.0), (116.0, 120.0)):
        assert prediction_s(replace(PROBE, role=Role.TUMOR, lag_s=lag_s)) == expected_s


def test_falling_is_no_relief() -> None:
    assert predicted_c(42.0, 0.01, 60.0) == pytest.approx(42.6)
    assert predicted_c(42.0, -0.01, 60.0) == 42.0


def noise_for(repeat: float) -> float:
    """Noise at which a value of resolution 1 repeats itself with this probability."""
    low, high = 1e-3, 1e6
    for _ in range(200):
        middle = math.sqrt(low * high)
        chance = math.erf(1.0 / (2.0 * math.sqrt(2.0) * middle))
        low, high = (middle, high) if chance > repeat else (low, middle)
    return high


@pytest.mark.parametrize(
    ("period_s", "probability", "alike"), [(0.01, 1e-9, 10), (9.0, 1e-6, 10), (9.0, 1e-6, 25)]
)
def test_what_chance_a_flat_line_is_given(period_s: float, probability: float, alike: int) -> None:
    """H04: one in 1e9 where four seconds allow it, else one in 1e6."""
    repeat = probability ** (1.0 / alike)
    assert flat_samples(noise_for(1.0001 * repeat), 1.0, period_s) == 2 + alike
    assert flat_samples(noise_for(0.9999 * repeat), 1.0, period_s) == 1 + alike
