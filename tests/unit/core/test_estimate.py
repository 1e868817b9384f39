# SPDX-License-Identifier: Apache-2.0
"""What control believes: the hottest, never an average, and None where something is missing."""

from dataclasses import replace

import pytest

from mnht_controller.core.estimate import estimate, measured_c, seconds_to
from mnht_controller.domain.probe import Role
from tests.unit.core.core_bench import HEALTHY, SKIN, TUMOR, observation

SECOND = replace(SKIN, id="second", required=False)


def test_hottest_skin_with_its_lag_made_good():
    believed = estimate(
        (
            observation(SKIN, 42.0, 0.02, predicted_c=43.2, cem43_min=3.0),
            observation(SECOND, 42.03, -0.01, predicted_c=42.03, cem43_min=4.0),
            observation(TUMOR, 50.0, 0.1, cem43_min=9.0),
            observation(replace(TUMOR, id="rim"), 45.0, 0.0, cem43_min=5.0),
            observation(HEALTHY, 40.0),
        )
    )
    assert believed.skin_c == pytest.approx(42.04)
    assert believed.skin_rate_c_per_s == 0.02
    assert believed.skin_predicted_c == 43.2
    assert believed.tumor_c == pytest.approx(50.2)
    assert believed.healthy_c == 40.0
    assert (believed.skin_cem43_min, believed.tumor_cem43_min) == (4.0, 5.0)


def test_unknown_rate_leaves_the_reading_uncompensated():
    assert estimate((observation(SKIN, 42.0, None),)).skin_c == 42.0


def test_a_required_probe_without_a_value_takes_its_role_with_it_h01():
    seen = (observation(SECOND, 42.0), observation(SKIN, None), observation(TUMOR, 45.0))
    believed = estimate(seen)
    assert (believed.skin_c, believed.skin_rate_c_per_s, believed.skin_predicted_c) == (None,) * 3
    assert believed.tumor_c == 45.0
    assert measured_c(seen, Role.SKIN) is None


def test_an_optional_probe_without_a_value_is_left_out():
    seen = (observation(SECOND, None), observation(SKIN, 41.0))
    assert estimate(seen).skin_c == 41.0
    assert estimate(seen).skin_predicted_c == 41.0


def test_prediction_is_known_only_when_every_probe_has_one():
    seen = (observation(SKIN, 41.0), observation(SECOND, 40.0, predicted_c=None))
    assert estimate(seen).skin_predicted_c is None


def test_no_probes_no_estimate():
    believed = estimate(())
    assert (believed.skin_c, believed.tumor_c, believed.healthy_c) == (None, None, None)
    assert (believed.skin_cem43_min, believed.tumor_cem43_min) == (0.0, 0.0)


def test_measured_is_not_compensated():
    assert measured_c((observation(SKIN, 42.0, 0.5),), Role.SKIN) == 42.0


def test_seconds_to_a_limit():
    assert seconds_to(43.5, 43.0, 0.01) == pytest.approx(50.0)
    assert seconds_to(43.5, 43.6, 0.01) == 0.0
    for now, rate in ((None, 0.01), (43.0, None), (43.0, 0.0), (43.0, -1.0), (43.0, float("nan"))):
        assert seconds_to(43.5, now, rate) is None
