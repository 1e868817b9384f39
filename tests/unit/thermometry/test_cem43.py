# SPDX-License-Identifier: Apache-2.0
"""CEM43 against the published definition: constants, ramps, ripple (H43)."""

import itertools
import math

import pytest

from mnht_controller.thermometry.cem43 import cem43_min

CONSTANT = (
    (39.0, 60.0, 0.2344),
    (40.0, 60.0, 0.9375),
    (41.0, 60.0, 3.75),
    (42.0, 60.0, 15.0),
    (42.5, 60.0, 30.0),
    (43.0, 30.0, 30.0),
    (43.5, 30.0, 42.43),
    (44.0, 30.0, 60.0),
    (45.0, 15.0, 60.0),
    (46.0, 30.0, 240.0),
    (48.5, 60.0, 2715.3),
    (50.0, 1.0, 128.0),
    (56.0, 1.0 / 60.0, 136.5),
    (38.999, 60.0, 0.0),
)
RAMPS = (
    (37.0, 43.0, 5.0, 0.5988),
    (37.0, 43.0, 6.0, 0.7185),
    (37.0, 43.0, 10.0, 1.1975),
    (37.0, 45.0, 8.0, 5.0466),
)


@pytest.mark.parametrize(("celsius", "minutes", "dose"), CONSTANT)
def test_constant_temperature(celsius, minutes, dose):
    assert cem43_min(celsius, celsius, minutes * 60.0) == pytest.approx(dose, rel=4e-4)


@pytest.mark.parametrize(("low", "high", "minutes", "dose"), RAMPS)
def test_linear_ramp_in_one_segment_up_and_down(low, high, minutes, dose):
    assert cem43_min(low, high, minutes * 60.0) == pytest.approx(dose, abs=6e-5)
    assert cem43_min(high, low, minutes * 60.0) == pytest.approx(dose, abs=6e-5)


@pytest.mark.parametrize(("amplitude", "dose"), [(0.5, 28.685), (0.2, 29.018)])
def test_ripple_around_43(amplitude, dose):
    points = [43.0 + amplitude * math.sin(2 * math.pi * n / 120.0) for n in range(1801)]
    total = sum(cem43_min(a, b, 1.0) for a, b in itertools.pairwise(points))
    assert total == pytest.approx(dose, rel=1e-4)


def test_floor_is_explicit():
    assert cem43_min(38.0, 38.0, 3600.0) == 0.0
    assert cem43_min(38.0, 38.0, 3600.0, floor_c=37.0) == pytest.approx(60.0 / 4.0**5)


def test_no_time_no_dose():
    for seconds in (0.0, -1.0, math.nan):
        assert cem43_min(45.0, 45.0, seconds) == 0.0
