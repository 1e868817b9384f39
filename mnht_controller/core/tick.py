# SPDX-License-Identifier: Apache-2.0
"""One tick of the core, the page to read first: estimate, phase, control. It only wishes.

Nothing here switches a field on: the demand goes to interlock/gate.py, which permits or refuses.
"""

from mnht_controller.core import conditions, pulse, session, setpoint
from mnht_controller.core.estimate import estimate, measured_c
from mnht_controller.core.events import noticed
from mnht_controller.core.governor import GovernorInput, govern, slew_per_s
from mnht_controller.core.state import CoreInput, CoreOutput, CoreState, start
from mnht_controller.domain.command import FieldDemand, Reason
from mnht_controller.domain.compiled import replace
from mnht_controller.domain.phase import ENERGIZING, Phase
from mnht_controller.domain.prescription import Plan
from mnht_controller.domain.probe import Role
from mnht_controller.domain.tick import Estimate
from mnht_controller.domain.units import field_ka_per_m, power_fraction

__all__ = ("CoreInput", "CoreOutput", "CoreState", "start", "tick")


def tick(plan: Plan, state: CoreState, given: CoreInput) -> tuple[CoreState, CoreOutput]:
    """From what is seen and asked now to the next state and the wish for the field.

    Raises InvariantError for a phase outside the table.
    """
    believed = estimate(given.observations)
    controlled_c = measured_c(given.observations, plan.prescription.control_role)
    dt_s = session.elapsed_s(state, given)

    state = session.clocked(state, given, controlled_c, dt_s)
    state, lowering = session.lowered(state, given.intents)
    state, moving = _moved(plan, state, given, controlled_c)
    state, notices = noticed(state, believed)
    state, demand = _controlled(plan, state, given, believed, dt_s)

    return state, CoreOutput(
        phase=state.phase,
        demand=demand,
        estimate=believed,
        setpoint_c=state.setpoint.now_c,
        plateau_s=state.plateau_s,
        field_s=state.field_s,
        events=(*lowering, *moving, *notices),
        identified=state.pulse.identified,
    )


def _moved(
    plan: Plan, state: CoreState, given: CoreInput, controlled_c: float | None
) -> tuple[CoreState, tuple[Reason, ...]]:
    """Take at most one transition."""
    row = conditions.due(conditions.View(plan, state, given, controlled_c))
    refusals = conditions.refused(given.intents, row) if given.intents else ()
    if row is None:
        return state, refusals
    is_cut_short = row.to is Phase.PLATEAU and state.pulse.is_running
    skipped = (Reason("pulse.skipped", row.condition),) if is_cut_short else ()
    state = session.entered(plan, state, row, given, controlled_c)
    return state, (Reason(f"phase.{row.to}", row.condition), *skipped, *refusals)


def _controlled(
    plan: Plan, state: CoreState, given: CoreInput, believed: Estimate, dt_s: float
) -> tuple[CoreState, FieldDemand]:
    """Off outside the energizing phases, zero in a pause, else what the governor wishes."""
    state, failure = _heard(plan, state, given, dt_s)
    phase_reason = Reason(f"phase.{state.phase}")
    if state.phase is Phase.PAUSED:
        return state, FieldDemand(0.0, (phase_reason,))
    if state.phase not in ENERGIZING:
        return state, FieldDemand(None, (phase_reason,))
    if failure is not None:
        return state, FieldDemand(None, (failure,))
    if state.phase is Phase.RAMP and state.pulse.is_running:
        return state, _pulsed(plan, state, given, dt_s)
    moving = setpoint.advance(state.setpoint, plan.prescription.ramp_c_per_min, dt_s)
    skin_c, tumor_c = _setpoints(plan, moving.now_c)
    loops, demand = govern(
        plan,
        state.loops,
        GovernorInput(
            skin_setpoint_c=skin_c,
            skin_c=believed.skin_c,
            tumor_setpoint_c=tumor_c,
            tumor_c=believed.tumor_c,
            permitted_ka_per_m=given.permitted_ka_per_m,
            ceiling_ka_per_m=state.ceiling_ka_per_m,
            dt_s=dt_s,
        ),
    )
    return replace(state, setpoint=moving, loops=loops), demand


def _heard(
    plan: Plan, state: CoreState, given: CoreInput, dt_s: float
) -> tuple[CoreState, Reason | None]:
    """Listen to the answer to the pulse; the pulse goes on until it is over or has failed."""
    if state.phase is not Phase.RAMP or not state.pulse.heard:
        return state, None
    moment = _moment(given, dt_s)
    heard = pulse.followed(plan, state.pulse, given.observations, moment)
    if heard.is_over:
        return replace(state, pulse=pulse.settled(plan, heard)), None
    heard, failure = pulse.judged(plan, heard)
    return replace(state, pulse=heard), failure


def _pulsed(plan: Plan, state: CoreState, given: CoreInput, dt_s: float) -> FieldDemand:
    """The pulse in place of the loops, which begin after it where it ends. Blind, no field."""
    blind = pulse.unseen(given.observations)
    if blind:
        return FieldDemand(None, blind)
    slew = slew_per_s(plan)
    power = pulse.power(plan, state.ceiling_ka_per_m, slew, _moment(given, dt_s))
    field = min(field_ka_per_m(power), state.ceiling_ka_per_m)
    return FieldDemand(field, (Reason("control.pulse", "", power),))


def _moment(given: CoreInput, dt_s: float) -> pulse.Moment:
    return pulse.Moment(given.now, power_fraction(given.permitted_ka_per_m), dt_s)


def _setpoints(plan: Plan, now_c: float) -> tuple[float | None, float | None]:
    """Set-points of the skin and the tumor loop; the one that is not controlled is a cap."""
    prescription = plan.prescription
    if prescription.control_role is Role.TUMOR:
        has_skin = any(probe.role is Role.SKIN for probe in plan.envelope.probes)
        return (plan.envelope.limits.skin_c_setpoint if has_skin else None), now_c
    if prescription.control_role is Role.SKIN:
        return now_c, prescription.tumor_setpoint_c
    return None, None
