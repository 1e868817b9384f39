# SPDX-License-Identifier: Apache-2.0
"""What core remembers between ticks, is given in a tick, and gives back. No algorithms."""

from dataclasses import dataclass

from mnht_controller.core.governor import Loops
from mnht_controller.core.pid import PidState
from mnht_controller.core.pulse import NOT_BEGUN, Pulse
from mnht_controller.core.setpoint import Setpoint
from mnht_controller.domain.command import FieldDemand, Reason
from mnht_controller.domain.compiled import quick
from mnht_controller.domain.intent import Intent
from mnht_controller.domain.lease import GuardStatus
from mnht_controller.domain.limits import region_cap_ka_per_m
from mnht_controller.domain.phase import Phase
from mnht_controller.domain.prescription import Plan
from mnht_controller.domain.tick import Estimate, Identified
from mnht_controller.thermometry.observe import Observation


@dataclass(frozen=True, slots=True)
class CoreState:
    """Memory of one session. `since` is monotonic; every other time is treatment time."""

    phase: Phase
    since: float
    treatment_s: float | None
    setpoint: Setpoint
    loops: Loops
    ceiling_ka_per_m: float
    ramp_s: float = 0.0
    plateau_s: float = 0.0
    cooldown_s: float = 0.0
    field_s: float = 0.0
    is_plateau_reached: bool = False
    is_rising_said: bool = False
    is_dose_said: bool = False
    pulse: Pulse = NOT_BEGUN


@quick
@dataclass(frozen=True, slots=True)
class CoreInput:
    """One tick's givens. `permitted_ka_per_m` is what was permitted last tick, 0 if nothing was."""

    now: float
    treatment_s: float
    observations: tuple[Observation, ...]
    guard: GuardStatus | None
    intents: tuple[Intent, ...]
    unmet: tuple[Reason, ...]
    is_latched: bool
    permitted_ka_per_m: float
    operator_seen_s: float
    presence_s: float = 0.0


@quick
@dataclass(frozen=True, slots=True)
class CoreOutput:
    """The wish, and what surfaces show. `demand` None means off, 0 means field zero."""

    phase: Phase
    demand: FieldDemand
    estimate: Estimate
    setpoint_c: float
    plateau_s: float
    field_s: float
    events: tuple[Reason, ...]
    identified: tuple[Identified, ...] = ()


def start(plan: Plan) -> CoreState:
    """A fresh session in STANDBY."""
    target_c = setpoint_c(plan)
    limits = plan.envelope.limits
    return CoreState(
        phase=Phase.STANDBY,
        since=0.0,
        treatment_s=None,
        setpoint=Setpoint(target_c, target_c),
        loops=Loops(PidState(), PidState()),
        ceiling_ka_per_m=min(limits.field_ka_per_m_cap, region_cap_ka_per_m(plan.envelope.region)),
    )


def setpoint_c(plan: Plan) -> float:
    """The controlled role's target: never above the skin's bound where skin is controlled."""
    prescription, limits = plan.prescription, plan.envelope.limits
    bound_c = {"skin": limits.skin_c_setpoint, "tumor": limits.tumor_c_cap}.get(
        prescription.control_role, limits.healthy_c_cap
    )
    return min(prescription.setpoint_c, bound_c)
