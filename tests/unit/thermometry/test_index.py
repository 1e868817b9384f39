# SPDX-License-Identifier: Apache-2.0
"""Tx by linear percentile (H15)."""

import pytest

from mnht_controller.thermometry.index import tx_c

POINTS = (42.0, 40.0, 44.0, 40.5, 43.5, 41.0, 43.0, 41.5, 42.5)


@pytest.mark.parametrize(("percent", "celsius"), [(90.0, 40.4), (50.0, 42.0), (10.0, 43.6)])
def test_published_vector(percent, celsius):
    assert tx_c(POINTS, percent) == pytest.approx(celsius)


def test_ends_one_point_and_none():
    assert (tx_c(POINTS, 100.0), tx_c(POINTS, 0.0)) == (40.0, 44.0)
    assert tx_c((41.0,), 90.0) == 41.0
    assert tx_c((), 90.0) is None


def test_a_percentage_beyond_the_ends_gives_the_end():
    assert tx_c((1.0, 2.0, 3.0), -50.0) == 3.0
    assert tx_c((1.0, 2.0, 3.0), 150.0) == 1.0
    assert tx_c((1.0, 2.0, 3.0), 0.0) == 3.0
    assert tx_c((1.0, 2.0, 3.0), 100.0) == 1.0
