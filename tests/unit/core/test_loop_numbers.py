# SPDX-License-Identifier: Apache-2.0
"""H39, H40, H42: one step of a loop by hand, its bounds, and which loop rules at equality."""

import math
from dataclasses import replace

import pytest

from mnht_controller.core import pid
from mnht_controller.core.governor import GovernorInput, Loops, govern, slew_per_s
from mnht_controller.core.pid import PidInput, PidState, step
from mnht_controller.domain.command import Reason
from mnht_controller.domain.prescription import Gains
from mnht_controller.domain.units import power_fraction
from tests.unit.core.core_bench import SKIN, make_plan

GAINS = Gains(
    gain_per_c=0.5,
    integral_s=2.0,
    derivative_s=3.0,
    filter_s=4.0,
    tracking_s=5.0,
    slew_per_s=0.02,
)
STATE = PidState(integral=0.1, filtered_c=40.0, slower_c=39.0, setpoint_c=43.0, wish=0.2)
WIDE = PidInput(43.0, 42.0, 0.3, 100.0, 1000.0, 0.5)


@pytest.mark.parametrize("filter_s", [4.0, 0.5])
@pytest.mark.parametrize(("setpoint_c", "bump"), [(43.0, 0.0), (44.0, 0.5), (42.0, 0.0)])
def test_one_step_is_what_its_formula_says(setpoint_c: float, bump: float, filter_s: float) -> None:
    """Back-calculation, no bump upwards, two filters, integral, derivative on the measurement."""
    share = 1.0 - math.exp(-0.5 / filter_s)
    filtered_c = 40.0 + share * (42.0 - 40.0)
    slower_c = 39.0 + share * (filtered_c - 39.0)
    error_c = setpoint_c - filtered_c
    integral = 0.1 + (0.3 - 0.2) * (1.0 - math.exp(-0.5 / 5.0)) - bump
    integral += 0.5 * error_c * 0.5 / 2.0
    wish = 0.5 * error_c + integral - 0.5 * 3.0 * (filtered_c - slower_c) / filter_s
    gains = replace(GAINS, filter_s=filter_s)
    after, power = step(gains, STATE, replace(WIDE, setpoint_c=setpoint_c))
    assert after.integral == pytest.approx(integral, rel=1e-12)
    assert after.filtered_c == pytest.approx(filtered_c, rel=1e-15)
    assert after.slower_c == pytest.approx(slower_c, rel=1e-15)
    assert after.setpoint_c == setpoint_c
    assert after.wish == pytest.approx(wish, rel=1e-12)
    assert power == (after.wish if wish > 0.0 else 0.0)


def test_the_first_step_has_no_history() -> None:
    """No correction, no bump, filters that start at the measurement."""
    after, power = step(GAINS, PidState(), WIDE)
    assert after == PidState(0.125, 42.0, 42.0, 43.0, 0.625)
    assert power == 0.625


@pytest.mark.parametrize(
    ("ceiling", "permitted", "slew", "power"),
    [(0.5, 0.3, 9.0, 0.5), (9.0, 0.3, 0.4, 0.5), (9.0, 0.0, 0.5, 0.25), (0.0, 0.0, 0.0, 0.0)],
)
def test_the_wish_is_held_by_ceiling_and_slew(
    ceiling: float, permitted: float, slew: float, power: float
) -> None:
    given = replace(WIDE, ceiling=ceiling, permitted=permitted, slew_per_s=slew)
    after, found = step(GAINS, PidState(), given)
    assert found == power
    assert after.wish == 0.625


def test_without_integral_filter_or_tracking_time() -> None:
    bare = replace(GAINS, integral_s=0.0, filter_s=0.0)
    after, power = step(bare, PidState(), WIDE)
    assert (after.integral, power) == (0.0, 0.5)
    tiny = replace(GAINS, integral_s=5e-324)
    assert step(tiny, PidState(), WIDE)[1] is None  # no finite wish, no field
    at_once = replace(GAINS, tracking_s=0.0, integral_s=0.0)
    assert step(at_once, STATE, WIDE)[0].integral == pytest.approx(0.2)


@pytest.mark.parametrize(("dt_s", "holds"), [(0.0, False), (-5e-324, True)])
def test_a_step_may_take_no_time_but_not_less(dt_s: float, holds: bool) -> None:
    assert (step(GAINS, STATE, replace(WIDE, dt_s=dt_s))[1] is None) is holds


def test_a_hold_keeps_integral_and_setpoint_only() -> None:
    held = PidState(0.1, None, None, 43.0, None)
    assert pid.resume(STATE) == held
    assert step(GAINS, STATE, replace(WIDE, measured_c=None)) == (held, None)
    overflow = replace(STATE, integral=math.inf)
    assert step(GAINS, overflow, WIDE) == (pid.resume(overflow), None)
    broken = replace(STATE, slower_c=math.nan)
    assert step(GAINS, broken, WIDE)[1] is None


# ---- which loop rules --------------------------------------------------------------------------

PLAN = make_plan(gains=replace(GAINS, slew_per_s=9.0))
FRESH = Loops(PidState(), PidState())
INPUT = GovernorInput(43.0, 42.75, 45.0, 44.75, 18.0, 18.0, 0.5)


def test_at_equality_the_skin_loop_is_named() -> None:
    _, demand = govern(PLAN, FRESH, INPUT)
    assert demand.reasons == (Reason("control.skin", "", 0.15625),)
    assert demand.field_ka_per_m == pytest.approx(18.0 * 0.15625**0.5)


def test_both_blind_loops_are_named() -> None:
    _, demand = govern(PLAN, FRESH, replace(INPUT, skin_c=None, tumor_c=None))
    assert demand.field_ka_per_m is None
    assert demand.reasons == (
        Reason("control.no_reading", "skin"),
        Reason("control.no_reading", "tumor"),
    )


def test_each_loop_sees_its_own_numbers() -> None:
    loops, _ = govern(PLAN, FRESH, INPUT)
    assert (loops.skin.setpoint_c, loops.skin.filtered_c) == (43.0, 42.75)
    assert (loops.tumor.setpoint_c, loops.tumor.filtered_c) == (45.0, 44.75)
    alone, demand = govern(PLAN, FRESH, replace(INPUT, skin_setpoint_c=None))
    assert alone.skin == FRESH.skin
    assert demand.reasons[0].code == "control.tumor"


def test_ceiling_and_slew_say_their_numbers() -> None:
    cold = replace(INPUT, skin_c=0.0, tumor_c=0.0)
    _, demand = govern(PLAN, FRESH, replace(cold, ceiling_ka_per_m=9.0))
    assert demand.reasons[1] == Reason("control.ceiling", "", 0.25, 0.25)
    slow = make_plan(gains=replace(GAINS, slew_per_s=0.125))
    _, demand = govern(slow, FRESH, replace(cold, permitted_ka_per_m=9.0))
    assert demand.reasons[1] == Reason("control.slew", "", 0.3125, 0.3125)
    assert demand.field_ka_per_m == pytest.approx(18.0 * 0.3125**0.5)


@pytest.mark.parametrize(("period_s", "share"), [(0.25, 1.0), (math.nextafter(0.25, 1.0), 0.5)])
def test_a_thermometer_of_four_hertz_is_not_slow(period_s: float, share: float) -> None:
    plan = make_plan(probes=(SKIN, replace(SKIN, period_s=period_s)))
    assert slew_per_s(plan) == share * plan.gains.slew_per_s


def test_a_wish_of_nothing_is_not_slewed() -> None:
    _, demand = govern(PLAN, FRESH, replace(INPUT, skin_c=50.0, permitted_ka_per_m=0.0, dt_s=0.0))
    assert [reason.code for reason in demand.reasons] == ["control.skin"]
    assert demand.field_ka_per_m == 0.0
    assert power_fraction(9.0) == 0.25
