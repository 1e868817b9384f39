# SPDX-License-Identifier: Apache-2.0
"""What the start gate looks for: everything that would make the next session unsafe to begin.

Each finder gives one reason for each thing that is not as it must be. Missing counts as unmet.
"""

import math
from collections.abc import Iterable
from dataclasses import astuple, dataclass

from mnht_controller.domain.codec import digest
from mnht_controller.domain.command import Reason
from mnht_controller.domain.lease import GuardState, GuardStatus
from mnht_controller.domain.prescription import Envelope, Plan, Prescription
from mnht_controller.domain.probe import Probe, Role
from mnht_controller.domain.reading import Quality
from mnht_controller.domain.self_test import Proof
from mnht_controller.domain.tick import Health
from mnht_controller.domain.trip import Latch
from mnht_controller.interlock.bounds import envelope_faults
from mnht_controller.interlock.findings import over
from mnht_controller.interlock.memory import Memory
from mnht_controller.interlock.thermal_findings import baseline_faults
from mnht_controller.interlock.witness import FIELD_ON_KA_PER_M, Witness

OPERATOR_SEEN_S_MAX = 10.0
PRESENCE_S_MAX = 300.0
LATE_TICKS_MAX = 1
LEASES_BEHIND_MAX = 5
PERIOD_S_MAX = 0.15
"""Two ticks and the way to the guard must fit into the age at which a lease ends."""
DISK_MB_MIN = 500.0
DISK_SESSIONS = 3.0
TICK_BYTES = 4000.0
"""What one tick writes into the journals of controller and guard together, rounded up."""
SKIN_SPREAD_C_MAX = 8.0
"""Before any field, required skin probes on one body region agree within this."""
COLD_S_MAX = 5.0
"""So little field-on time spreads no skin by 8 °C. PREPARE's own commands count as field while they
are not verified."""

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
    plan: Plan
    health: Health
    tick: int
    prepared_at: float = 0.0


def _unless(holds: bool, code: str, where: str = "") -> tuple[Reason, ...]:
    return () if holds else (Reason(code, where),)


def _each(code: str, names: Iterable[str]) -> Iterable[Reason]:
    return [Reason(code, name) for name in names]


# ---- people, latch, guard ----------------------------------------------------------------------


def latched(request: StartRequest) -> Iterable[Reason]:
    """A trip of this or of an earlier session is still latched."""
    return [Reason("latched", trip.code, trip.value, trip.limit) for trip in request.latch.trips]


def guard_state(request: StartRequest) -> Iterable[Reason]:
    """The guard is latched or running, or was armed before PREPARE."""
    guard = request.guard
    if guard is None:
        return (Reason("guard_state"),)
    is_old = guard.state is GuardState.ARMED and not (guard.armed_at >= request.prepared_at)
    return _unless(guard.state in _STARTABLE and not is_old, "guard_state", guard.state.value)


def guard_envelope(request: StartRequest) -> Iterable[Reason]:
    """The guard holds other limits than the plan's."""
    guard = request.guard
    is_ours = guard is not None and guard.envelope_sha256 == request.plan.envelope_sha256
    return _unless(is_ours, "guard_envelope", "guard")


def guard_fault(request: StartRequest) -> Iterable[Reason]:
    """The guard itself says that it cannot keep its latch or write its journal."""
    fault = "" if request.guard is None else request.guard.fault
    return _unless(not fault, "guard_fault", fault)


def guard_deaf(request: StartRequest) -> Iterable[Reason]:
    """The guard's status does not acknowledge our latest leases."""
    if request.guard is None:
        return ()  # `guard_state` and `lease_lost` say it
    behind = float(request.tick - request.guard.lease_seq)
    if not over(behind, LEASES_BEHIND_MAX):
        return ()
    return (Reason("guard_deaf", "guard", behind, LEASES_BEHIND_MAX),)


def operator_absent(request: StartRequest) -> Iterable[Reason]:
    """Nobody has a view of the session open."""
    seen_s = request.health.operator_seen_s
    if not over(seen_s, OPERATOR_SEEN_S_MAX):
        return ()
    return (Reason("operator_absent", "", seen_s, OPERATOR_SEEN_S_MAX),)


def presence(request: StartRequest) -> Iterable[Reason]:
    """No person has asked for anything or confirmed to be present for too long."""
    presence_s = request.health.presence_s
    if not over(presence_s, PRESENCE_S_MAX):
        return ()
    return (Reason("presence", "operator", presence_s, PRESENCE_S_MAX),)


# ---- the host ----------------------------------------------------------------------------------


def journal(request: StartRequest) -> Iterable[Reason]:
    """The controller's journal has lost something, its disk is behind, or the latch is not kept."""
    return _unless(request.health.journal_ok, "journal")


def disk_space(request: StartRequest) -> Iterable[Reason]:
    """Too little room for the record of a session; unknown is too little."""
    free_mb, needed_mb = request.health.disk_free_mb, needed_disk_mb(request.plan)
    is_enough = free_mb is not None and free_mb >= needed_mb
    return () if is_enough else (Reason("disk_space", "journal", free_mb, needed_mb),)


def needed_disk_mb(plan: Plan) -> float:
    """Free space without which nothing starts: three sessions' records, 500 MB at least."""
    prescribed = plan.prescription
    longest_s = prescribed.ramp_s_max + prescribed.plateau_s + prescribed.cooldown_s_max
    session_mb = longest_s / plan.period_s * TICK_BYTES / 1e6
    return max(DISK_MB_MIN, DISK_SESSIONS * session_mb)


def spent_unreadable(request: StartRequest) -> Iterable[Reason]:
    """What was used before is not known, or what will be cannot be kept: never taken for zero."""
    return _unless(request.health.spent_ok, "spent_unreadable")


def tick_late(request: StartRequest) -> Iterable[Reason]:
    """The last ticks came late."""
    late = float(request.health.late_ticks)
    return (Reason("tick_late", "", late, LATE_TICKS_MAX),) if over(late, LATE_TICKS_MAX) else ()


def task_silent(request: StartRequest) -> Iterable[Reason]:
    """A task of the controller does not give a sign of life: no lease is renewed."""
    return _each("task_silent", request.health.silent_tasks)


def tick_period(request: StartRequest) -> Iterable[Reason]:
    """The tick is too slow for the lease."""
    period_s = request.plan.period_s
    if period_s > 0.0 and not over(period_s, PERIOD_S_MAX):
        return ()
    return (Reason("tick_period", "", period_s, PERIOD_S_MAX),)


# ---- devices -----------------------------------------------------------------------------------


def device_lost(request: StartRequest) -> Iterable[Reason]:
    """A device of the site is not connected and identified."""
    return _each("device_lost", request.health.lost_devices)


def device_mixture(request: StartRequest) -> Iterable[Reason]:
    """Some instrument is a twin where the site is real, or real where it is simulated."""
    return _each("device_mixture", request.health.mixed_devices)


def source_not_zero(request: StartRequest) -> Iterable[Reason]:
    """The amplifier is on, or set or measured above zero."""
    source, spec = request.witness.source, request.witness.envelope.source
    if source is None:
        return ()  # `source_lost` says it
    measured = source.measured_ka_per_m
    is_zero = measured is not None and measured < FIELD_ON_KA_PER_M and not source.output_on
    is_zero = is_zero and source.setpoint_ka_per_m <= spec.resolution_ka_per_m
    return () if is_zero else (Reason("source_not_zero", spec.device, measured, FIELD_ON_KA_PER_M),)


def enable_line_unproven(request: StartRequest) -> Iterable[Reason]:
    """The self-test has not seen both edges of the enable line, where something reads it back."""
    return _unproven("enable_line_unproven", request.witness.self_test.line)


def watchdog_unproven(request: StartRequest) -> Iterable[Reason]:
    """The self-test has not seen the source's watchdog act, where that can be seen."""
    return _unproven("watchdog_unproven", request.witness.self_test.watchdog)


def _unproven(code: str, proof: Proof) -> Iterable[Reason]:
    why = proof.why or f"its test is {proof.outcome.value}"
    return (Reason(code, why, proof.seen_s),) if proof.refuses else ()


# ---- the plan ----------------------------------------------------------------------------------


def envelope(request: StartRequest) -> Iterable[Reason]:
    """Limits that cannot be enforced."""
    return [
        Reason("envelope", f"{fault.code} {fault.where}".strip(), fault.value, fault.limit)
        for fault in envelope_faults(request.witness.envelope)
    ]


def plan_hash(request: StartRequest) -> Iterable[Reason]:
    """A hash that is not that of what it stands for."""
    plan = request.plan
    held = (
        ("envelope", _is(plan.envelope, plan.envelope_sha256)),
        ("prescription", _is(plan.prescription, plan.envelope.prescription_sha256)),
    )
    return _each("plan_hash", [name for name, holds in held if not holds])


def _is(value: Envelope | Prescription, sha256: str) -> bool:
    try:
        return digest(value) == sha256
    except ValueError:
        return False  # a number that is none has no hash


def region_mismatch(request: StartRequest) -> Iterable[Reason]:
    """Prescription and envelope name different body regions: the field's cap would be wrong."""
    prescribed, enforced = request.plan.prescription.region, request.plan.envelope.region
    return _unless(prescribed is enforced, "region_mismatch", f"{prescribed} {enforced}")


def role_unprobed(request: StartRequest) -> Iterable[Reason]:
    """What control is to hold has no required probe."""
    prescribed = request.plan.prescription
    probed = {probe.role for probe in request.plan.envelope.probes if probe.required}
    wanted = {prescribed.control_role}
    if prescribed.tumor_setpoint_c is not None:
        wanted.add(Role.TUMOR)
    return _each("role_unprobed", sorted(wanted - probed))


def prescription(request: StartRequest) -> Iterable[Reason]:
    """A prescribed number that cannot be carried out."""
    prescribed, limits = request.plan.prescription, request.plan.envelope.limits
    bound_c = {Role.SKIN: limits.skin_c_setpoint, Role.TUMOR: limits.tumor_c_cap}.get(
        prescribed.control_role, limits.healthy_c_cap
    )
    second_c, ramp = prescribed.tumor_setpoint_c, prescribed.ramp_c_per_min
    held = (
        ("setpoint_c", 0.0 < prescribed.setpoint_c <= bound_c),
        ("tumor_setpoint_c", second_c is None or 0.0 < second_c <= limits.tumor_c_cap),
        ("plateau_s", 0.0 < prescribed.plateau_s < math.inf),
        ("ramp_s_max", 0.0 < prescribed.ramp_s_max < math.inf),
        ("ramp_c_per_min", ramp is None or 0.0 < ramp < math.inf),
        ("cooldown_c", 0.0 < prescribed.cooldown_c < math.inf),
        ("cooldown_s_max", 0.0 <= prescribed.cooldown_s_max < math.inf),
    )
    return _each("prescription", [name for name, holds in held if not holds])


def gains(request: StartRequest) -> Iterable[Reason]:
    """A controller's number that is none."""
    numbers = astuple(request.plan.gains)
    holds = all(0.0 <= number < math.inf for number in numbers) and request.plan.gains.slew_per_s
    return _unless(bool(holds), "gains")


# ---- probes ------------------------------------------------------------------------------------


def probe_suspect(request: StartRequest) -> Iterable[Reason]:
    """A required probe does not read well."""
    return [
        Reason("probe_suspect", seen.probe.id, seen.reading.value)
        for seen in request.witness.observations
        if seen.probe.required and seen.reading.quality is Quality.SUSPECT
    ]


def skin_too_warm(request: StartRequest) -> Iterable[Reason]:
    """Skin at or above the set-point before anything has begun."""
    limit = request.witness.envelope.limits.skin_c_setpoint
    return [
        Reason("skin_too_warm", probe.id, value, limit)
        for probe, value in _values(request)
        if probe.role is Role.SKIN and not (value < limit)
    ]


def skin_spread(request: StartRequest) -> Iterable[Reason]:
    """Before any field, one skin probe reads otherwise than its neighbors: it is not on skin."""
    read = [(probe, value) for probe, value in _values(request) if probe.role is Role.SKIN]
    skin = [value for probe, value in read if probe.required]
    if request.memory.field_s > COLD_S_MAX or not skin:
        return ()
    spread = max(skin) - min(skin)
    if not over(spread, SKIN_SPREAD_C_MAX):
        return ()
    return (Reason("skin_spread", "skin", spread, SKIN_SPREAD_C_MAX),)


def baseline(request: StartRequest) -> Iterable[Reason]:
    """Probes that must agree before anything is heated do not: an offset, or exchanged channels."""
    found = baseline_faults(request.witness.observations)
    return [Reason("baseline", where, value, limit) for where, value, limit in found]


def prediction_unknown(request: StartRequest) -> Iterable[Reason]:
    """Where the skin is heading is not known yet."""
    return [
        Reason("prediction_unknown", seen.probe.id)
        for seen in request.witness.observations
        if seen.probe.role is Role.SKIN
        and seen.predicted_c is None
        and (seen.probe.required or seen.reading.value is not None)
    ]


def _values(request: StartRequest) -> list[tuple[Probe, float]]:
    return [
        (seen.probe, seen.reading.value)
        for seen in request.witness.observations
        if seen.reading.value is not None
    ]
