# SPDX-License-Identifier: Apache-2.0
"""One PID step: bounds, bumps, wind-up, holds."""

import math
from dataclasses import replace

import pytest

from mnht_controller.core import pid
from mnht_controller.core.pid import PidInput, PidState, resume, step
from tests.unit.core.core_bench import GAINS

CEILING = (7.5 / 18.0) ** 2
INPUT = PidInput(43.0, 42.0, 0.1, CEILING, 0.005, 0.1)


def powered(gains, state, given) -> tuple[PidState, float]:
    """One step that must not hold."""
    after, power = step(gains, state, given)
    assert power is not None
    return after, power


def settle(given=INPUT, ticks=400, state=None, gains=GAINS):
    state = state if state is not None else PidState(integral=0.07)
    power = given.permitted
    for _ in range(ticks):
        state, power = powered(gains, state, replace(given, permitted=power))
    return state, power


@pytest.mark.parametrize("measured", [None, math.nan, math.inf, -math.inf])
def test_hold_on_a_missing_reading_freezes_the_integral_h40(measured):
    state, _ = settle()
    held, power = step(GAINS, state, replace(INPUT, measured_c=measured))
    assert power is None
    assert held.integral == state.integral
    assert held.wish is None
    for _ in range(100):
        held, power = step(GAINS, held, replace(INPUT, measured_c=measured))
    assert held.integral == state.integral


@pytest.mark.parametrize("name", ["setpoint_c", "permitted", "ceiling", "slew_per_s", "dt_s"])
def test_any_number_that_is_none_holds_h40(name):
    for bad in (math.nan, math.inf, -math.inf):
        assert step(GAINS, PidState(), replace(INPUT, **{name: bad}))[1] is None
    assert step(GAINS, PidState(), replace(INPUT, dt_s=-1.0))[1] is None


def test_rise_is_slewed_and_fall_is_not():
    _, power = step(GAINS, PidState(), replace(INPUT, measured_c=34.0, permitted=0.0))
    assert power == pytest.approx(0.0005)
    _, power = step(GAINS, PidState(), replace(INPUT, measured_c=50.0, permitted=0.17))
    assert power == 0.0


def test_ceiling_holds_and_integral_never_exceeds_it_h39():
    state, power = settle(replace(INPUT, measured_c=34.0), ticks=30000)
    assert power == CEILING
    assert state.integral <= CEILING + 1e-9


@pytest.mark.shows("anti_windup")
@pytest.mark.parametrize("dt", [0.1, 2.0])
def test_long_inhibit_does_not_wind_up_h39(dt):
    state = PidState(integral=0.1)
    for _ in range(int(300 / dt)):
        state, _ = step(GAINS, state, replace(INPUT, permitted=0.0, dt_s=dt))
    assert -0.1 < state.integral < 0.1


@pytest.mark.shows("bumpless")
def test_raised_setpoint_does_not_bump_h42():
    state, before = settle()
    _, after = step(GAINS, state, replace(INPUT, setpoint_c=43.4, permitted=before))
    assert after == pytest.approx(before, abs=1e-4)


def test_lowered_setpoint_acts_at_once():
    state, before = settle()
    _, after = step(GAINS, state, replace(INPUT, setpoint_c=42.0, permitted=before))
    assert before - after == pytest.approx(GAINS.gain_per_c, rel=0.02)


def test_resume_after_a_hold_does_not_bump():
    state, before = settle()
    _, after = step(GAINS, resume(state), replace(INPUT, permitted=before))
    assert after == pytest.approx(before, abs=1e-3)


def test_derivative_is_on_the_measurement():
    gains = replace(GAINS, integral_s=0.0, tracking_s=1e9)
    state, power = PidState(integral=0.05), 0.05
    for n in range(1000):
        given = replace(INPUT, measured_c=40.0 + 0.002 * n, permitted=power)
        state, power = powered(gains, state, given)
    # Filtered measurement lags one filter time behind the ramp of 0.02 °C/s.
    lagging = 43.0 - (40.0 + 0.002 * 999 - 0.02 * GAINS.filter_s)
    expected = 0.05 + GAINS.gain_per_c * (lagging - GAINS.derivative_s * 0.02)
    assert state.wish == pytest.approx(expected, abs=1e-3)


def test_step_length_hardly_matters():
    results = []
    for dt in (0.1, 2.0):
        state, power = PidState(), 0.0
        for n in range(int(400 / dt)):
            given = PidInput(43.0, 38.0 + 0.01 * n * dt, power, CEILING, 0.005, dt)
            state, power = powered(GAINS, state, given)
        results.append((power, state.integral))
    assert results[0] == pytest.approx(results[1], abs=4e-3)


def test_noise_is_not_rectified_by_the_one_sided_slew():
    import random

    rng = random.Random(2)
    state, power = PidState(integral=0.1), 0.1
    powers = []
    for _ in range(20000):
        noisy = replace(INPUT, setpoint_c=43.0, measured_c=43.0 + rng.gauss(0.0, 0.05))
        state, power = powered(GAINS, state, replace(noisy, permitted=power))
        powers.append(power)
    assert sum(powers[-10000:]) / 10000 == pytest.approx(0.1, abs=0.002)


def test_a_share_of_time_follows_its_constant():
    assert pid._share(0.5, 0.5) == pytest.approx(1.0 - math.exp(-1.0))
    assert pid._share(0.1, 5.0) == pytest.approx(1.0 - math.exp(-0.02))
    assert pid._share(0.1, 0.0) == pid._share(0.0, -1.0) == 1.0
    assert pid._share(0.0, 5.0) == 0.0
