# SPDX-License-Identifier: Apache-2.0
"""What must hold before a session may be armed: all that is unmet is named at once.

Besides its own table it asks every rule, so that nothing starts with a rule already broken.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from mnht_controller.domain.command import Reason
from mnht_controller.domain.lease import GuardState, GuardStatus
from mnht_controller.domain.probe import Role
from mnht_controller.domain.reading import Quality
from mnht_controller.domain.tick import Health
from mnht_controller.domain.trip import Latch
from mnht_controller.interlock.bounds import envelope_faults
from mnht_controller.interlock.evaluate import present
from mnht_controller.interlock.findings import over
from mnht_controller.interlock.memory import Memory
from mnht_controller.interlock.rules import RULES
from mnht_controller.interlock.thermal_findings import baseline_faults
from mnht_controller.interlock.witness import FIELD_ON_KA_PER_M, Witness

OPERATOR_SEEN_S_MAX = 10.0

_STARTABLE = frozenset({GuardState.DISABLED, GuardState.ARMED})


@dataclass(frozen=True, slots=True)
class StartRequest:
    """What arming depends on. `memory` is the one after this tick's `evaluate`.

    `prepared_at`: monotonic time of PREPARE in CHECK; a confirmation from before does not count.
    """

    witness: Witness
    memory: Memory
    latch: Latch
    guard: GuardStatus | None
    envelope_sha256: str
    health: Health
    prepared_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Permissive:
    """One row: `find` gives a reason for everything that is not as it must be."""

    code: str
    title: str
    find: Callable[[StartRequest], Iterable[Reason]]


def unmet(request: StartRequest) -> tuple[Reason, ...]:
    """Every reason why arming is not possible now; empty when it is."""
    own = [reason for row in PERMISSIVES for reason in row.find(request)]
    own += [hit.reason for hit in present(RULES, request.memory, request.witness)]
    return tuple(own)


def _unless(holds: bool, code: str, where: str = "") -> tuple[Reason, ...]:
    return () if holds else (Reason(code, where),)


def _latch(request: StartRequest) -> Iterable[Reason]:
    return [Reason("latched", trip.code, trip.value, trip.limit) for trip in request.latch.trips]


def _guard_state(request: StartRequest) -> Iterable[Reason]:
    guard = request.guard
    if guard is None:
        return (Reason("guard_state"),)
    is_old = guard.state is GuardState.ARMED and not (guard.armed_at >= request.prepared_at)
    return _unless(guard.state in _STARTABLE and not is_old, "guard_state", guard.state.value)


def _guard_envelope(request: StartRequest) -> Iterable[Reason]:
    guard = request.guard
    is_ours = guard is not None and guard.envelope_sha256 == request.envelope_sha256
    return _unless(is_ours, "guard_envelope", "guard")


def _journal(request: StartRequest) -> Iterable[Reason]:
    return _unless(request.health.journal_ok, "journal")


def _operator(request: StartRequest) -> Iterable[Reason]:
    seen_s = request.health.operator_seen_s
    if not over(seen_s, OPERATOR_SEEN_S_MAX):
        return ()
    return (Reason("operator_absent", "", seen_s, OPERATOR_SEEN_S_MAX),)


def _envelope(request: StartRequest) -> Iterable[Reason]:
    return [
        Reason("envelope", f"{fault.code} {fault.where}".strip(), fault.value, fault.limit)
        for fault in envelope_faults(request.witness.envelope)
    ]


def _probes(request: StartRequest) -> Iterable[Reason]:
    return [
        Reason("probe_suspect", seen.probe.id, seen.reading.value)
        for seen in request.witness.observations
        if seen.probe.required and seen.reading.quality is Quality.SUSPECT
    ]


def _skin(request: StartRequest) -> Iterable[Reason]:
    limit = request.witness.envelope.limits.skin_c_setpoint
    return [
        Reason("skin_too_warm", seen.probe.id, seen.reading.value, limit)
        for seen in request.witness.observations
        if seen.probe.role is Role.SKIN
        and seen.reading.value is not None
        and not (seen.reading.value < limit)
    ]


def _prediction(request: StartRequest) -> Iterable[Reason]:
    return [
        Reason("prediction_unknown", seen.probe.id)
        for seen in request.witness.observations
        if seen.probe.role is Role.SKIN
        and seen.predicted_c is None
        and (seen.probe.required or seen.reading.value is not None)
    ]


def _source_zero(request: StartRequest) -> Iterable[Reason]:
    source, spec = request.witness.source, request.witness.envelope.source
    if source is None:
        return ()  # `source_lost` says it
    measured = source.measured_ka_per_m
    is_zero = measured is not None and measured < FIELD_ON_KA_PER_M and not source.output_on
    is_zero = is_zero and source.setpoint_ka_per_m <= spec.resolution_ka_per_m
    return () if is_zero else (Reason("source_not_zero", spec.device, measured, FIELD_ON_KA_PER_M),)


def _baseline(request: StartRequest) -> Iterable[Reason]:
    found = baseline_faults(request.witness.observations)
    return [Reason("baseline", where, value, limit) for where, value, limit in found]


PERMISSIVES: tuple[Permissive, ...] = (
    Permissive("latched", "a trip is still latched: reset it", _latch),
    Permissive("guard_state", "the guard is latched, or armed since before PREPARE", _guard_state),
    Permissive("guard_envelope", "the guard holds other limits, or none", _guard_envelope),
    Permissive("journal", "the journal cannot be written", _journal),
    Permissive("operator_absent", "no operator's view is open", _operator),
    Permissive("envelope", "the limits cannot be enforced", _envelope),
    Permissive("probe_suspect", "a required probe does not read well", _probes),
    Permissive("skin_too_warm", "skin is at or above the set-point already", _skin),
    Permissive("prediction_unknown", "where the skin is heading is not known yet", _prediction),
    Permissive("baseline", "probes disagree although nothing is heated yet", _baseline),
    Permissive("source_not_zero", "the amplifier is not off and at zero", _source_zero),
)
