# SPDX-License-Identifier: Apache-2.0
"""Limits only tighten (H38, H52, H61)."""

import math
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnht_controller.domain.limits import (
    HARD_LIMITS,
    Limits,
    Region,
    region_cap_ka_per_m,
    tighten,
    wider_than,
)

NAMES = [field.name for field in fields(Limits)]


@pytest.mark.shows("tighter_only")
@given(st.sampled_from(NAMES), st.floats())
def test_no_bound_ever_rises(name, bound):
    tighter = tighten(HARD_LIMITS, **{name: bound})
    assert getattr(tighter, name) <= getattr(HARD_LIMITS, name)
    assert replace(tighter, **{name: getattr(HARD_LIMITS, name)}) == HARD_LIMITS


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("wrong", [math.nan, math.inf, -1.0, 0.0, 1e9])
def test_a_wider_or_senseless_bound_is_named(name, wrong):
    assert wider_than(replace(HARD_LIMITS, **{name: wrong}), HARD_LIMITS) == (name,)


def test_the_hard_limits_are_within_themselves():
    assert wider_than(HARD_LIMITS, HARD_LIMITS) == ()


@pytest.mark.shows("region_cap")
def test_every_region_has_a_cap_below_full_scale():
    assert all(0 < region_cap_ka_per_m(region) <= 18.0 for region in Region)
    assert region_cap_ka_per_m(Region.NECK) == 7.5
