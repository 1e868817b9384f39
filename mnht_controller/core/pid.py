# SPDX-License-Identifier: Apache-2.0
"""One PID step on u = (H / full scale)². Knows no phase, no field and no plant.

Measurement filtered twice and derivative on it, back-calculation towards what was really permitted,
a slew limit on rise only. Every share is 1 - exp(-dt/tau), so that 0.1 s and 2 s steps both behave.
"""

import math
from dataclasses import dataclass

from mnht_controller.domain.compiled import quick, replace
from mnht_controller.domain.prescription import Gains


@quick
@dataclass(frozen=True, slots=True)
class PidState:
    """Integral in u; measurement filtered once and twice, last set-point, last wish (None: none).

    The proportional part must not see raw noise: rise is limited and fall is not, so noise faster
    than the slew would be rectified into a lasting error.
    """

    integral: float = 0.0
    filtered_c: float | None = None
    slower_c: float | None = None
    setpoint_c: float | None = None
    wish: float | None = None


@quick
@dataclass(frozen=True, slots=True)
class PidInput:
    """`permitted` is the u permitted last tick (0: inhibited); `dt_s` is treatment time."""

    setpoint_c: float
    measured_c: float | None
    permitted: float
    ceiling: float
    slew_per_s: float
    dt_s: float


def step(gains: Gains, state: PidState, given: PidInput) -> tuple[PidState, float | None]:
    """Give the next state and u in 0 … ceiling, or None (hold) without a usable measurement.

    A raised set-point moves the integral so that u does not jump; a lowered one acts at once.
    """
    measured_c = given.measured_c
    if measured_c is None or not _usable(given, measured_c):
        return resume(state), None
    integral = state.integral + _correction(gains, state, given)
    if state.setpoint_c is not None and given.setpoint_c > state.setpoint_c:
        integral -= gains.gain_per_c * (given.setpoint_c - state.setpoint_c)
    filtered_c = _follow(gains, state.filtered_c, given.dt_s, measured_c)
    slower_c = _follow(gains, state.slower_c, given.dt_s, filtered_c)
    error_c = given.setpoint_c - filtered_c
    if gains.integral_s > 0.0:
        integral += gains.gain_per_c * error_c * given.dt_s / gains.integral_s
    wish = gains.gain_per_c * error_c + integral - _damping(gains, filtered_c - slower_c)
    if not (
        math.isfinite(wish) and math.isfinite(integral) and math.isfinite(filtered_c + slower_c)
    ):
        return resume(state), None
    highest = min(given.ceiling, given.permitted + given.slew_per_s * given.dt_s)
    following = PidState(integral, filtered_c, slower_c, given.setpoint_c, wish)
    return following, max(0.0, min(wish, highest))


def resume(state: PidState) -> PidState:
    """Keep the integral; the next step starts without derivative kick and without correction."""
    return replace(state, filtered_c=None, slower_c=None, wish=None)


def _usable(given: PidInput, measured_c: float) -> bool:
    numbers = (given.setpoint_c, given.permitted, given.ceiling, given.slew_per_s, given.dt_s)
    return all(map(math.isfinite, numbers)) and math.isfinite(measured_c) and given.dt_s >= 0.0


def _share(dt_s: float, tau_s: float) -> float:
    return -math.expm1(-dt_s / tau_s) if tau_s > 0.0 else 1.0


def _correction(gains: Gains, state: PidState, given: PidInput) -> float:
    """Back-calculation: inhibits, caps, the other loop and the slew limit all count."""
    if state.wish is None:
        return 0.0
    return (given.permitted - state.wish) * _share(given.dt_s, gains.tracking_s)


def _follow(gains: Gains, before_c: float | None, dt_s: float, towards_c: float) -> float:
    """One filter stage; it starts at what it follows."""
    if before_c is None:
        return towards_c
    return before_c + _share(dt_s, gains.filter_s) * (towards_c - before_c)


def _damping(gains: Gains, ahead_c: float) -> float:
    """K·Td·s/(1 + Tf·s)²: what one filter is ahead of the next, over Tf, is the slope."""
    if not (gains.filter_s > 0.0):
        return 0.0
    return gains.gain_per_c * gains.derivative_s * ahead_c / gains.filter_s
