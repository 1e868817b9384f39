# SPDX-License-Identifier: Apache-2.0
"""The gate: the one conjunction that turns a wish into a permit, and the only place that does.

Default is Inhibit. Off is always allowed, because refusing is off.
"""

from collections.abc import Callable
from dataclasses import dataclass

from mnht_controller.domain.command import FieldDemand, Inhibit, Permit, Reason
from mnht_controller.domain.compiled import quick
from mnht_controller.domain.lease import GuardState, GuardStatus
from mnht_controller.domain.phase import ENERGIZING, Phase
from mnht_controller.domain.prescription import Plan
from mnht_controller.domain.trip import Effect, Latch
from mnht_controller.interlock.bounds import cap_at_ka_per_m, cap_ka_per_m, is_frequency
from mnht_controller.interlock.evaluate import Hit
from mnht_controller.interlock.guard_trips import PULSE_TRIPS
from mnht_controller.interlock.lease import STATUS_AGE_S_MAX, is_fresh

PERMIT_S_MAX = 1.0
PERIODS_PER_PERMIT = 3.0

_HOLDING = frozenset({GuardState.ARMED, GuardState.RUN})


@quick
@dataclass(frozen=True, slots=True)
class GateRequest:
    """What a permit depends on. `serial` numbers permits; `frequency_hz` is the measured one."""

    now: float
    serial: int
    plan: Plan
    phase: Phase
    demand: FieldDemand
    latch: Latch
    hits: tuple[Hit, ...]
    guard: GuardStatus | None
    frequency_hz: float | None


def gate(request: GateRequest) -> Permit | Inhibit:
    """Permit the demanded amplitude, held to the cap at the measured frequency, or refuse."""
    reasons = tuple([reason for check in _CHECKS for reason in check(request)])
    amplitude = request.demand.field_ka_per_m
    if reasons or amplitude is None:
        return Inhibit(reasons, _is_tripped(request))
    allowed = min(amplitude, cap_at_ka_per_m(request.plan.envelope, request.frequency_hz))
    lasts_s = min(PERMIT_S_MAX, PERIODS_PER_PERMIT * request.plan.period_s)
    return Permit(allowed, request.serial, request.now + lasts_s)


def demand_hits(demand: FieldDemand, plan: Plan) -> tuple[Hit, ...]:
    """Trip hits for a demand that control must never make, or makes because the pulse has failed.

    The caller latches them.
    """
    amplitude = demand.field_ka_per_m
    cap = cap_ka_per_m(plan.envelope)
    if amplitude is None:
        return tuple([hit for reason in demand.reasons for hit in _pulse_hits(reason)])
    if 0.0 <= amplitude <= cap:
        return ()
    value = amplitude if amplitude - amplitude == 0.0 else None
    return (Hit("demand_invalid", "H40", Effect.TRIP, "control", value, cap),)


def _pulse_hits(reason: Reason) -> list[Hit]:
    place = (Effect.TRIP, reason.where, reason.value, reason.limit)
    return [Hit(row.code, row.hazards[0], *place) for row in PULSE_TRIPS if row.code == reason.code]


def _is_tripped(request: GateRequest) -> bool:
    return (
        request.latch.is_latched
        or any(hit.effect is Effect.TRIP for hit in request.hits)
        or bool(demand_hits(request.demand, request.plan))
    )


def _latch(request: GateRequest) -> tuple[Reason, ...]:
    return tuple(
        [Reason(trip.code, trip.where, trip.value, trip.limit) for trip in request.latch.trips]
    )


def _hits(request: GateRequest) -> tuple[Reason, ...]:
    return tuple([hit.reason for hit in request.hits])


def _demand(request: GateRequest) -> tuple[Reason, ...]:
    if request.demand.field_ka_per_m is None:
        return request.demand.reasons or (Reason("no_demand"),)
    return tuple([hit.reason for hit in demand_hits(request.demand, request.plan)])


def _phase(request: GateRequest) -> tuple[Reason, ...]:
    is_zero = request.demand.field_ka_per_m == 0.0
    if request.phase in ENERGIZING or (request.phase is Phase.PAUSED and is_zero):
        return ()
    return (Reason("phase", request.phase.value),)


def _guard(request: GateRequest) -> tuple[Reason, ...]:
    guard = request.guard
    if guard is None or not is_fresh(guard.at, request.now, STATUS_AGE_S_MAX):
        return (Reason("guard_silent", "guard", None, STATUS_AGE_S_MAX),)
    if guard.state not in _HOLDING:
        return (Reason("guard_state", guard.state.value),)
    if guard.envelope_sha256 != request.plan.envelope_sha256:
        return (Reason("guard_envelope", "guard"),)
    return ()


def _frequency(request: GateRequest) -> tuple[Reason, ...]:
    return () if is_frequency(request.frequency_hz) else (Reason("frequency_unknown"),)


_CHECKS: tuple[Callable[[GateRequest], tuple[Reason, ...]], ...] = (
    _latch,
    _hits,
    _demand,
    _phase,
    _guard,
    _frequency,
)
