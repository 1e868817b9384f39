# SPDX-License-Identifier: Apache-2.0
"""Which loop rules, and that the demand never leaves its ceiling (H41, H42)."""

import math
from dataclasses import replace

import pytest

from mnht_controller.core import governor
from mnht_controller.core.governor import GovernorInput, Loops, govern, slew_per_s
from mnht_controller.core.pid import PidState
from mnht_controller.domain.units import power_fraction
from tests.unit.core.core_bench import SKIN, make_plan

PLAN = make_plan()
FRESH = Loops(PidState(), PidState())
INPUT = GovernorInput(43.0, 42.0, None, None, 7.5, 7.5, 0.1)


def codes(demand):
    return [(reason.code, reason.where) for reason in demand.reasons]


def test_skin_alone():
    _, demand = govern(PLAN, FRESH, INPUT)
    assert codes(demand) == [("control.skin", "")]
    expected = 18.0 * PLAN.gains.gain_per_c**0.5  # one degree below, nothing integrated yet
    assert demand.field_ka_per_m == pytest.approx(expected, rel=1e-3)


def test_smaller_loop_rules_and_says_so():
    tumor_colder = replace(INPUT, tumor_setpoint_c=45.0, tumor_c=40.0)
    loops, demand = govern(PLAN, FRESH, tumor_colder)
    assert codes(demand)[0][0] == "control.skin"
    assert loops.skin.wish is not None
    assert loops.tumor.wish is not None
    assert loops.tumor.wish > loops.skin.wish
    tumor_hotter = replace(INPUT, tumor_setpoint_c=45.0, tumor_c=44.5)
    _, demand = govern(PLAN, FRESH, tumor_hotter)
    assert codes(demand)[0][0] == "control.tumor"


def test_ceiling_is_never_exceeded_by_rounding():
    for tenth in range(1, 181):
        ceiling = tenth / 10.0
        given = replace(INPUT, skin_c=5.0, permitted_ka_per_m=18.0, ceiling_ka_per_m=ceiling)
        _, demand = govern(PLAN, FRESH, given)
        assert demand.field_ka_per_m is not None
        assert demand.field_ka_per_m <= ceiling
        assert demand.field_ka_per_m == pytest.approx(ceiling)
        assert codes(demand)[1][0] == "control.ceiling"


def test_slew_is_named():
    _, demand = govern(PLAN, FRESH, replace(INPUT, skin_c=34.0, permitted_ka_per_m=0.0))
    assert codes(demand)[1][0] == "control.slew"


def test_blind_loop_means_off_even_if_the_other_sees():
    given = replace(INPUT, skin_c=None, tumor_setpoint_c=45.0, tumor_c=40.0)
    _, demand = govern(PLAN, FRESH, given)
    assert demand.field_ka_per_m is None
    assert codes(demand) == [("control.no_reading", "skin")]


def test_no_loop_means_off():
    loops, demand = govern(PLAN, FRESH, replace(INPUT, skin_setpoint_c=None))
    assert (loops, demand.field_ka_per_m) == (FRESH, None)
    assert codes(demand) == [("control.no_loop", "")]


def test_slow_thermometer_halves_the_slew():
    assert slew_per_s(PLAN) == 0.02
    assert slew_per_s(make_plan(probes=(SKIN, replace(SKIN, period_s=0.26)))) == 0.01


def test_only_a_wish_at_its_bound_is_called_slewed_or_capped():
    plan = make_plan()
    u, step = power_fraction(3.0), 0.1 * governor.slew_per_s(plan)
    given = GovernorInput(43.0, 40.0, None, None, 3.0, 7.5, 0.1)

    def limits(power):
        return [reason.code for reason in governor._limited(plan, power, given)]

    top = power_fraction(7.5)
    assert limits(u) == limits(u + 0.9 * step) == limits(0.0) == []
    assert limits(u + step) == ["control.slew"]
    assert limits(top) == limits(math.nextafter(top, 1.0)) == ["control.ceiling"]
    assert limits(math.nextafter(top, 0.0)) == ["control.slew"]
    nothing = replace(given, permitted_ka_per_m=0.0, dt_s=0.0)
    assert governor._limited(plan, 0.0, nothing) == ()
