# SPDX-License-Identifier: Apache-2.0
"""The prediction horizon (H15)."""

import math
from dataclasses import replace

import pytest

from mnht_controller.domain.probe import Probe, Role
from mnht_controller.thermometry.prediction import predicted_c, prediction_s

SKIN = Probe("s", "t", 1, Role.SKIN, True, 0.05, 0.01, 2.0, 0.1, 5.0)


@pytest.mark.shows("lag_ahead")
def test_horizon_formula():
    assert prediction_s(SKIN) == pytest.approx(2.0 + 5.0 + 1.25 * 25e-6 / (4 * 1.3228e-7), rel=1e-9)
    assert prediction_s(SKIN) == pytest.approx(66.06, abs=0.01)


@pytest.mark.parametrize("depth", [None, 10.0, math.nan, math.inf, -math.inf])
def test_unknown_or_deep_gives_the_longest_horizon(depth):
    assert prediction_s(replace(SKIN, deposit_depth_mm=depth)) == 120.0


def test_tumor_probe_lies_in_the_heat():
    assert prediction_s(replace(SKIN, role=Role.TUMOR, deposit_depth_mm=None)) == 7.0
    assert prediction_s(replace(SKIN, role=Role.HEALTHY, deposit_depth_mm=None)) == 120.0


def test_falling_predicts_no_relief():
    assert predicted_c(43.0, 0.01, 60.0) == pytest.approx(43.6)
    assert predicted_c(43.0, -0.01, 60.0) == 43.0
