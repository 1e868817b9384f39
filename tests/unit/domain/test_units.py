# SPDX-License-Identifier: Apache-2.0
"""Conversions between amplitude and power fraction, and the H·f law (H09, H52)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnht_controller.domain.units import (
    BREZOVICH_A_PER_M_S,
    FREQUENCY_HZ_NOMINAL,
    field_cap_at_frequency,
    field_ka_per_m,
    power_fraction,
)


@given(st.floats(0, 1))
def test_amplitude_and_power_are_inverse(power):
    assert power_fraction(field_ka_per_m(power)) == pytest.approx(power, abs=1e-12)


def test_full_scale_and_half():
    assert field_ka_per_m(1.0) == 18.0
    assert field_ka_per_m(0.25) == 9.0
    assert field_ka_per_m(-0.1) == 0.0


def test_the_cap_falls_as_the_frequency_rises():
    assert field_cap_at_frequency(7.5, FREQUENCY_HZ_NOMINAL) == 7.5
    assert field_cap_at_frequency(7.5, 150e3) == 5.0


def test_brezovich_is_4_85_ka_per_m_at_100_khz():
    limit_a_per_m = BREZOVICH_A_PER_M_S / FREQUENCY_HZ_NOMINAL
    assert limit_a_per_m == pytest.approx(4850.0)
