# SPDX-License-Identifier: Apache-2.0
"""H40: finite numbers whose sum or product is none hold the loop, and leave its integral alone."""

from dataclasses import replace

import pytest

from mnht_controller.core.pid import PidInput, PidState, step
from tests.unit.core.core_bench import GAINS

INPUT = PidInput(43.0, 42.0, 0.1, 0.17, 0.005, 0.1)
STATE = PidState(integral=0.07)
STEEP = replace(GAINS, gain_per_c=1e308, integral_s=0.0, derivative_s=0.0)


@pytest.mark.parametrize("setpoint_c", [52.0, 32.0])
def test_a_wish_beyond_all_numbers_is_none(setpoint_c: float) -> None:
    """It would be the largest field that the slew allows, tick after tick."""
    held, power = step(STEEP, STATE, replace(INPUT, setpoint_c=setpoint_c))
    assert power is None
    assert held == STATE


def test_an_integral_beyond_all_numbers_is_none() -> None:
    steep = replace(STEEP, gain_per_c=1e300, integral_s=1e-300)
    held, power = step(steep, STATE, INPUT)
    assert power is None
    assert held == STATE


def test_a_filter_beyond_all_numbers_is_none() -> None:
    held, power = step(GAINS, STATE, replace(INPUT, measured_c=1.7e308))
    assert power is None
    assert held == STATE
