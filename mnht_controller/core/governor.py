# SPDX-License-Identifier: Apache-2.0
"""Which loop rules: the smallest of skin loop, tumor loop and ceiling. Says which one it was."""

from dataclasses import dataclass

from mnht_controller.core import pid
from mnht_controller.domain.command import FieldDemand, Reason
from mnht_controller.domain.compiled import quick
from mnht_controller.domain.prescription import Plan
from mnht_controller.domain.units import field_ka_per_m, power_fraction

SLOW_PERIOD_S = 0.25
"""A thermometer slower than 4 Hz halves the slew."""


@quick
@dataclass(frozen=True, slots=True)
class Loops:
    """Memory of the two temperature loops; it outlives pauses and cut-backs."""

    skin: pid.PidState
    tumor: pid.PidState


@quick
@dataclass(frozen=True, slots=True)
class GovernorInput:
    """Set-points in °C (None: no such loop), temperatures (None: unknown), field, time."""

    skin_setpoint_c: float | None
    skin_c: float | None
    tumor_setpoint_c: float | None
    tumor_c: float | None
    permitted_ka_per_m: float
    ceiling_ka_per_m: float
    dt_s: float


def govern(plan: Plan, loops: Loops, given: GovernorInput) -> tuple[Loops, FieldDemand]:
    """Step the active loops; the demand is None (off) without a loop or when one of them holds."""
    skin_state, skin = _step(plan, loops.skin, given.skin_setpoint_c, given.skin_c, given)
    tumor_state, tumor = _step(plan, loops.tumor, given.tumor_setpoint_c, given.tumor_c, given)
    following = Loops(skin_state, tumor_state)
    wishes = [
        (name, wish)
        for name, setpoint_c, wish in (
            ("skin", given.skin_setpoint_c, skin),
            ("tumor", given.tumor_setpoint_c, tumor),
        )
        if setpoint_c is not None
    ]
    blind = tuple([Reason("control.no_reading", name) for name, wish in wishes if wish is None])
    known = [(wish, name) for name, wish in wishes if wish is not None]
    if blind or not known:
        return following, FieldDemand(None, blind or (Reason("control.no_loop"),))
    power, name = min(known)
    # Rounding of the square root must not lift the demand above the ceiling it came from.
    field = min(field_ka_per_m(power), given.ceiling_ka_per_m)
    reasons = (Reason(f"control.{name}", "", power), *_limited(plan, power, given))
    return following, FieldDemand(field, reasons)


def slew_per_s(plan: Plan) -> float:
    """The largest rise of u per second of treatment time for this plan's thermometers."""
    is_slow = any(probe.period_s > SLOW_PERIOD_S for probe in plan.envelope.probes)
    return plan.gains.slew_per_s * (0.5 if is_slow else 1.0)


def _step(
    plan: Plan,
    state: pid.PidState,
    setpoint_c: float | None,
    measured_c: float | None,
    given: GovernorInput,
) -> tuple[pid.PidState, float | None]:
    if setpoint_c is None:
        return state, None
    return pid.step(
        plan.gains,
        state,
        pid.PidInput(
            setpoint_c,
            measured_c,
            power_fraction(given.permitted_ka_per_m),
            power_fraction(given.ceiling_ka_per_m),
            slew_per_s(plan),
            given.dt_s,
        ),
    )


def _limited(plan: Plan, power: float, given: GovernorInput) -> tuple[Reason, ...]:
    ceiling = power_fraction(given.ceiling_ka_per_m)
    if power >= ceiling:
        return (Reason("control.ceiling", "", power, ceiling),)
    slewed = power_fraction(given.permitted_ka_per_m) + slew_per_s(plan) * given.dt_s
    if power > 0.0 and power >= slewed:
        return (Reason("control.slew", "", power, slewed),)
    return ()
