# SPDX-License-Identifier: Apache-2.0
"""The set-point's way: a ramp up, at once down (H42)."""

import math

import pytest

from mnht_controller.core.setpoint import Setpoint, advance, begin, lower


def test_without_a_ramp_at_once():
    assert begin(43.0, 36.0, None) == Setpoint(43.0, 43.0)
    assert advance(Setpoint(43.0, 36.0), None, 0.1) == Setpoint(43.0, 43.0)
    assert begin(43.0, None, 1.0) == Setpoint(43.0, 43.0)


def test_ramp_starts_at_the_measurement_and_ends_at_the_target():
    setpoint = begin(43.0, 36.0, 0.6)
    assert setpoint.now_c == 36.0
    setpoint = advance(setpoint, 0.6, 100.0)
    assert setpoint.now_c == pytest.approx(37.0)
    assert advance(setpoint, 0.6, 1e6).now_c == 43.0
    assert begin(43.0, 44.0, 0.6).now_c == 43.0


def test_lowering_acts_at_once_and_nothing_raises():
    assert lower(Setpoint(43.0, 43.0), 42.0) == Setpoint(42.0, 42.0)
    assert lower(Setpoint(43.0, 38.0), 42.0) == Setpoint(42.0, 38.0)
    for target in (43.0, 43.1, math.nan, math.inf):
        assert lower(Setpoint(43.0, 41.0), target) == Setpoint(43.0, 41.0)


def test_lowering_to_what_it_is_changes_nothing():
    above = Setpoint(43.0, 44.0)
    assert lower(above, 43.0) is above
    assert advance(above, 1.0, 0.0) == Setpoint(43.0, 43.0)
