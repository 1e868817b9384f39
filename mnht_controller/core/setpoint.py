# SPDX-License-Identifier: Apache-2.0
"""The set-point's way to its target. It can be lowered at once and raised by nobody here."""

from dataclasses import dataclass

from mnht_controller.domain.compiled import replace


@dataclass(frozen=True, slots=True)
class Setpoint:
    """Where the trajectory is and where it goes, in °C."""

    target_c: float
    now_c: float


def begin(target_c: float, measured_c: float | None, ramp_c_per_min: float | None) -> Setpoint:
    """Start at the measured temperature when a ramp is prescribed, else at the target."""
    if ramp_c_per_min is None or measured_c is None:
        return Setpoint(target_c, target_c)
    return Setpoint(target_c, min(measured_c, target_c))


def advance(setpoint: Setpoint, ramp_c_per_min: float | None, dt_s: float) -> Setpoint:
    """Move on by `dt_s` of treatment time."""
    if setpoint.now_c == setpoint.target_c:
        return setpoint
    if ramp_c_per_min is None:
        return replace(setpoint, now_c=setpoint.target_c)
    reached_c = setpoint.now_c + ramp_c_per_min / 60.0 * dt_s
    return replace(setpoint, now_c=min(setpoint.target_c, reached_c))


def lower(setpoint: Setpoint, target_c: float) -> Setpoint:
    """Take a lower target at once; anything else (NaN too) leaves the set-point as it is."""
    if not (target_c < setpoint.target_c):
        return setpoint
    return Setpoint(target_c, min(setpoint.now_c, target_c))
