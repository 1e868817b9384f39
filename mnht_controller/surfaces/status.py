# SPDX-License-Identifier: Apache-2.0
"""A snapshot as people and scripts read it: JSON with units in the keys, texts beside codes.

Nothing is decided here, and nothing missing is filled in.
"""

from mnht_controller.alarms.conditions import OFF_KA_PER_M, is_off
from mnht_controller.alarms.table import LATE_TICKS, VIEW_S_MAX
from mnht_controller.domain.codec import to_plain
from mnht_controller.domain.command import Inhibit, Permit, Reason
from mnht_controller.domain.limits import Limits
from mnht_controller.domain.phase import ARMED_OR_LATER, ENERGIZING, Phase
from mnht_controller.domain.prescription import Envelope, Plan
from mnht_controller.domain.probe import Probe, Role
from mnht_controller.domain.reading import Quality, Reading
from mnht_controller.domain.snapshot import Snapshot
from mnht_controller.domain.trip import Trip
from mnht_controller.domain.units import BREZOVICH_A_PER_M_S, FREQUENCY_HZ_NOMINAL
from mnht_controller.surfaces.alarms import document
from mnht_controller.surfaces.wording import (
    GUARD_TEXTS,
    LIMIT_LABELS,
    PHASE_TEXTS,
    REGION_LABELS,
    about,
    is_rule,
    sentence,
)

Json = dict[str, object]
GUARD_S_MAX = 1.0
"""A guard's word that is older is no news of the enable line."""
USABLE = frozenset({Quality.GOOD, Quality.SUSPECT})


def status(snapshot: Snapshot, age_s: float) -> Json:
    """The whole picture. `age_s` is how long ago the controller made it."""
    decision, plan = snapshot.decision, snapshot.plan
    return {
        "tick": snapshot.tick,
        "at": snapshot.at,
        "age_s": round(age_s, 3),
        "treatment_s": snapshot.treatment_s,
        "session": snapshot.session,
        "protocol": plan.prescription.protocol,
        "region": plan.envelope.region,
        "simulated": plan.envelope.simulated,
        "speed": plan.envelope.speed,
        "phase": decision.phase,
        "phase_title": PHASE_TEXTS[decision.phase][0],
        "phase_text": _phase_text(snapshot),
        "setpoint_c": decision.setpoint_c,
        "setpoint_c_prescribed": plan.prescription.setpoint_c,
        "plateau_s": decision.plateau_s,
        "plateau_s_prescribed": plan.prescription.plateau_s,
        "plateau_left_s": _plateau_left_s(snapshot),
        "field_s": decision.field_s,
        "limits": to_plain(plan.envelope.limits),
        "temperatures": {role.value: _role(snapshot, role) for role in Role},
        "probes": [
            _probe(probe, reading, snapshot.at)
            for probe, reading in zip(plan.envelope.probes, snapshot.probes, strict=False)
        ],
        "estimate": to_plain(decision.estimate),
        "identified": to_plain(decision.identified),
        "field": _field(snapshot),
        "permitted": isinstance(decision.verdict, Permit),
        "reasons": [_reason(reason) for reason in _refusals(snapshot)],
        "unmet": [_reason(reason) for reason in decision.unmet],
        "trips": [_trip(trip, number == 0) for number, trip in enumerate(decision.trips)],
        "guard": _guard(snapshot),
        "self_test": {
            "enable_line": to_plain(decision.self_test.line),
            "watchdog": to_plain(decision.self_test.watchdog),
        },
        "devices": to_plain(snapshot.devices),
        "health": to_plain(snapshot.health),
        "alarms": document(snapshot.alarms, snapshot.at),
    }


def _phase_text(snapshot: Snapshot) -> str:
    """What is so now and what to do; that the field is off is said only where it was read back."""
    phase, source = snapshot.decision.phase, snapshot.source
    if phase in ENERGIZING or is_off(source, snapshot.at):
        role = snapshot.plan.prescription.control_role
        return PHASE_TEXTS[phase][1].format(role=role.value)
    measured = source.measured_ka_per_m if source else None
    if measured is None or not (measured >= OFF_KA_PER_M):
        return "Off is asked for; what the field is, is not known. In doubt press the E-stop."
    return f"Off is asked for, {measured:.1f} kA/m are measured. If they stay, press the E-stop."


def chart_row(snapshot: Snapshot) -> tuple[float | None, ...]:
    """Treatment seconds, skin, tumor, healthy, set-point in °C, measured field in kA/m."""
    source = snapshot.source
    hottest = [_hottest(snapshot, role) for role in (Role.SKIN, Role.TUMOR, Role.HEALTHY)]
    return (
        snapshot.treatment_s,
        *(reading.value if reading else None for reading in hottest),
        snapshot.decision.setpoint_c,
        source.measured_ka_per_m if source else None,
    )


def alarms(snapshot: Snapshot | None, is_fresh: bool) -> list[Json]:
    """What needs attention now, first-out first: trips, then rules that inhibit, then links.

    Conditions only; the occurrences that people acknowledge are those of `alarms.document`.
    """
    rows: list[Json] = []
    if snapshot is not None:
        decision = snapshot.decision
        rows = [_trip(trip, number == 0) for number, trip in enumerate(decision.trips)]
        rows += _guard_trips(snapshot)
        rows += [_reason(reason) for reason in _refusals(snapshot) if is_rule(reason.code)]
        rows += [_reason(reason) for reason in _shell_alarms(snapshot)]
    if not is_fresh:
        rows.append(_reason(Reason("controller_link")))
    return rows


def _shell_alarms(snapshot: Snapshot) -> list[Reason]:
    """What the controller's own process suffers from; none of it ends the field at once."""
    health = snapshot.health
    is_armed = snapshot.decision.phase in ARMED_OR_LATER
    found = [] if health.journal_ok else [Reason("journal")]
    if is_armed and not (health.operator_seen_s <= VIEW_S_MAX):
        found.append(Reason("operator_absent", "", health.operator_seen_s, VIEW_S_MAX))
    if health.late_ticks >= LATE_TICKS:
        found.append(Reason("tick_late", "controller", float(health.late_ticks)))
    return found


def review(envelope: Envelope, plan: Plan | None) -> Json:
    """The limits and values that a human is asked to confirm, as labelled rows."""
    prescribed = plan.prescription if plan else None
    rows: list[tuple[str, str]] = [("Region", REGION_LABELS[envelope.region])]
    rows += _limit_rows(envelope.limits)
    exposure = envelope.limits.field_ka_per_m_cap * 1e3 * FREQUENCY_HZ_NOMINAL
    if exposure > BREZOVICH_A_PER_M_S:
        rows.append(("H·f at the cap", f"{exposure:.2e} A/m/s, above the tolerance of 4.85e8"))
    rows += [
        ("Probes", ", ".join(f"{probe.id} ({probe.role.value})" for probe in envelope.probes)),
        ("Field source", envelope.source.device),
        ("Hardware", "SIMULATED" if envelope.simulated else "REAL: the field is real"),
        ("Treatment time", f"{envelope.speed:g} x real time"),
    ]
    if prescribed is not None:
        plateau = f"{prescribed.plateau_s / 60:g} min at {prescribed.setpoint_c:.1f} °C"
        rows.insert(0, ("Protocol", f"{prescribed.protocol}: {plateau}"))
    return {"rows": [{"label": label, "value": value} for label, value in rows]}


def _limit_rows(limits: Limits) -> list[tuple[str, str]]:
    return [
        (label, f"{getattr(limits, name) / divisor:g} {unit}")
        for name, label, divisor, unit in LIMIT_LABELS
    ]


def _plateau_left_s(snapshot: Snapshot) -> float | None:
    """Treatment seconds of plateau still to come; None where none are counted down."""
    if snapshot.decision.phase not in {Phase.RAMP, Phase.PLATEAU, Phase.PAUSED}:
        return None
    return max(0.0, snapshot.plan.prescription.plateau_s - snapshot.decision.plateau_s)


def _hottest(snapshot: Snapshot, role: Role) -> Reading | None:
    """The hottest usable reading of a role; None where any required probe of it has no value.

    The hottest of the rest would be a number that hides the lost probe.
    """
    best: Reading | None = None
    for probe, reading in zip(snapshot.plan.envelope.probes, snapshot.probes, strict=False):
        if probe.role is not role:
            continue
        if reading.value is None or reading.quality not in USABLE:
            if probe.required:
                return None
        elif best is None or best.value is None or reading.value > best.value:
            best = reading
    return best


def _role(snapshot: Snapshot, role: Role) -> Json | None:
    """The big number of a role, or None where the plan has no such probe."""
    if all(probe.role is not role for probe in snapshot.plan.envelope.probes):
        return None
    reading = _hottest(snapshot, role)
    if reading is None:
        return {"value": None, "quality": Quality.BAD, "age_s": None}
    age_s = round(snapshot.at - reading.at, 3)
    return {"value": reading.value, "quality": reading.quality, "age_s": age_s}


def _probe(probe: Probe, reading: Reading, now: float) -> Json:
    return {
        "id": probe.id,
        "role": probe.role,
        "required": probe.required,
        "value": reading.value,
        "quality": reading.quality,
        "age_s": round(now - reading.at, 3),
        "seq": reading.seq,
        "detail": reading.detail,
    }


def _field(snapshot: Snapshot) -> Json:
    source, verdict = snapshot.source, snapshot.decision.verdict
    return {
        "demand_ka_per_m": snapshot.decision.demand.field_ka_per_m,
        "permit_ka_per_m": verdict.field_ka_per_m if isinstance(verdict, Permit) else None,
        "measured_ka_per_m": source.measured_ka_per_m if source else None,
        "output_on": source.output_on if source else None,
        "frequency_hz": source.frequency_hz if source else None,
        "coil_c": source.coil_c if source else None,
        "age_s": round(snapshot.at - source.at, 3) if source else None,
    }


def _refusals(snapshot: Snapshot) -> tuple[Reason, ...]:
    verdict = snapshot.decision.verdict
    return verdict.reasons if isinstance(verdict, Inhibit) else ()


def _reason(reason: Reason) -> Json:
    return {**to_plain(reason), **_texts(reason)}


def _trip(trip: Trip, first_out: bool, by: str = "controller") -> Json:
    reason = Reason(trip.code, trip.where, trip.value, trip.limit)
    return {**to_plain(trip), "first_out": first_out, "by": by, **_texts(reason)}


def _texts(reason: Reason) -> Json:
    text = about(reason.code)
    return {"text": sentence(reason), "hazards": list(text.hazards), "what_to_do": text.what_to_do}


def _guard_trips(snapshot: Snapshot) -> list[Json]:
    """What latched the guard, unless the controller reports the same."""
    first = snapshot.guard.first_out if snapshot.guard else None
    if first is None or any(trip.code == first.code for trip in snapshot.decision.trips):
        return []
    return [_trip(first, not snapshot.decision.trips, by="guard")]


def _guard(snapshot: Snapshot) -> Json | None:
    guard = snapshot.guard
    if guard is None:
        return None
    age_s, text = snapshot.at - guard.at, GUARD_TEXTS[guard.state]
    if not (age_s <= GUARD_S_MAX):
        text = f"Silent for {age_s:.1f} s; before: {text[0].lower()}{text[1:]}"
    return {
        "state": guard.state,
        "text": text,
        "age_s": round(age_s, 3),
        "envelope_sha256": guard.envelope_sha256,
        "first_out": _trip(guard.first_out, True, by="guard") if guard.first_out else None,
        "own_skin_c": guard.own_skin_c,
        "realtime": guard.realtime,
    }
