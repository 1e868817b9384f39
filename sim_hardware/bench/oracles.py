# SPDX-License-Identifier: Apache-2.0
"""The only judges of a run: truth joined with what guard and controller recorded.

I1 to I7, I9 to I11. Individual tests add expectations, never exceptions.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

from mnht_controller.domain.lease import GuardState
from mnht_controller.domain.prescription import Plan
from mnht_controller.domain.trip import Trip
from mnht_controller.interlock.lease import LEASE_AGE_S_MAX
from sim_hardware.bench.alarms import ALARM_S, Raised, is_raised
from sim_hardware.bench.truth import Edge, Truth

LAPSE_S = 0.35
"""Enable line: 300 ms of silence plus the observer's own step."""
LEAD_S = 0.2
"""The source may obey a permit a moment before the guard's record of RUN is written."""
LEASE_S = LEASE_AGE_S_MAX + LAPSE_S
"""How long current may outlast the last lease that reached the guard."""
PROBED_MARGIN_C = 0.5
SETTLE_S = 0.3
"""How long a command that was already on its way may still show after a trip."""
OFF_S = 1.0
"""After a trip the enable line has opened the coil by then, whatever the source does."""

Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Held:
    """From `at` on the guard was in this state, for this envelope."""

    at: float
    state: GuardState
    envelope_sha256: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is judged. `fault_at` and `class_s`: onset of an injected fault and its class time.

    `confirmed_sha256` is what humans confirmed, `leased_at` when leases reached the guard,
    `latched_at` and `reset_at` the first trip and its reset, `stopped_at` when somebody pressed
    STOP. `alarms` are those that the controller has shown, `trips` its own and `guard_trips` the
    guard's as it heard of them, from the first to the last of its ticks (`ticked_at`).
    """

    plan: Plan
    truth: Sequence[Truth]
    edges: Sequence[Edge]
    guard: Sequence[Held]
    confirmed_sha256: tuple[str, ...]
    leased_sha256: tuple[str, ...]
    leased_at: Sequence[float]
    chains_ok: bool
    latched_at: float | None
    reset_at: float | None = None
    stopped_at: Sequence[float] = ()
    fault_at: float | None = None
    class_s: float | None = None
    alarms: Sequence[Raised] = ()
    trips: Sequence[Trip] = ()
    guard_trips: Sequence[Trip] = ()
    ticked_at: Span = (-math.inf, math.inf)


def violations(evidence: Evidence) -> list[str]:
    """Every broken oracle with its numbers; empty is the only pass."""
    return [f"{name}: {text}" for name, judge in ORACLES for text in judge(evidence)]


def energized(ev: Evidence) -> list[Span]:
    """When current certainly flowed: between edges, less the observer's lateness, and at rows."""
    spans = [(row.at, row.at) for row in ev.truth if not (row.coil_ka_per_m <= 0.0)]
    began: float | None = None
    for edge in ev.edges:
        if edge.energized and began is None:
            began = edge.at
        elif not edge.energized and began is not None:
            spans.append((began, max(began, edge.at - edge.late_s)))
            began = None
    if began is not None:
        spans.append((began, max(began, ev.truth[-1].at if ev.truth else began)))
    return sorted(spans)


def _energized_only_in_run(ev: Evidence) -> list[str]:
    """I1: current only while the guard is in RUN on fresh leases, or within the line's lapse."""
    run = _joined(
        (held.at - LEAD_S, (ev.guard[n + 1].at if n + 1 < len(ev.guard) else math.inf) + LAPSE_S)
        for n, held in enumerate(ev.guard)
        if held.state is GuardState.RUN
    )
    # The line is closed from ARMED on: what latches there has the same lapse as after RUN.
    run = _joined(sorted([*run, *_armed_lapses(ev)]))
    leased = _joined((at, at + LEASE_S) for at in sorted(ev.leased_at))
    found = [
        f"current from {begin:.3f} to {end:.3f} s, {why}"
        for begin, end in energized(ev)
        for spans, why in ((run, "guard not in RUN"), (leased, "no fresh lease"))
        if not any(first <= begin and end <= last for first, last in spans)
    ]
    return found[:3]


def _armed_lapses(ev: Evidence) -> list[Span]:
    return [
        (later.at - LEAD_S, later.at + LAPSE_S)
        for held, later in pairwise(ev.guard)
        if held.state is GuardState.ARMED and later.state is GuardState.LATCHED
    ]


def _joined(spans: Iterable[Span]) -> list[Span]:
    """Spans in order of their begin, those that touch made one."""
    joined: list[Span] = []
    for begin, end in spans:
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((begin, end))
    return joined


def _within_limits(ev: Evidence) -> list[str]:
    """I2: true skin (probed or not), tumor and healthy tissue within their limits + 0.5 °C."""
    if not ev.truth:
        return ["nothing was observed, so nothing can be judged"]
    limits = ev.plan.envelope.limits
    rows: tuple[tuple[str, Callable[[Truth], float], float], ...] = (
        ("skin", lambda row: row.skin_c, limits.skin_c_trip),
        ("skin surface", lambda row: row.skin_surface_c, limits.skin_c_trip),
        ("tumor", lambda row: row.tumor_c_max, limits.tumor_c_cap),
        ("healthy", lambda row: row.healthy_c, limits.healthy_c_cap),
    )
    found = []
    for where, value, limit in rows:
        wrong = [value(row) for row in ev.truth if not (value(row) <= limit + PROBED_MARGIN_C)]
        if wrong:  # NaN is wrong too, and has no maximum
            found.append(f"true {where} {max(wrong):.2f} C above {limit} + {PROBED_MARGIN_C} C")
    return found


def _fault_is_answered(ev: Evidence) -> list[str]:
    """I3: from the onset of a fault to current zero within its class time."""
    if ev.fault_at is None or ev.class_s is None:
        return []
    last = max((end for _, end in energized(ev)), default=ev.fault_at)
    if last <= ev.fault_at + ev.class_s:
        return []
    return [f"current {last - ev.fault_at:.3f} s after the fault, class time {ev.class_s} s"]


def _command_within_cap(ev: Evidence) -> list[str]:
    """I4: what the source was told is finite, not negative, and within the cap."""
    cap = ev.plan.envelope.limits.field_ka_per_m_cap
    wrong = [r for r in ev.truth if not (0.0 <= r.setpoint_ka_per_m <= cap + 1e-9)]
    return [f"set-point {wrong[0].setpoint_ka_per_m} kA/m, cap {cap}"] if wrong else []


def _no_return_after_trip(ev: Evidence) -> list[str]:
    """I5: after a trip current ends, and does not return before a reset."""
    if ev.latched_at is None:
        return []
    until = math.inf if ev.reset_at is None else ev.reset_at
    back = [e.at for e in ev.edges if e.energized and ev.latched_at + SETTLE_S < e.at < until]
    found = [f"current came back at {at:.3f} s after a trip" for at in back[:1]]
    flows = [
        end
        for begin, end in energized(ev)
        if begin < until and min(end, until) > ev.latched_at + OFF_S
    ]
    return found or [f"current flows on until {end:.3f} s after a trip" for end in flows[:1]]


def _chains_verify(ev: Evidence) -> list[str]:
    """I6: every journal of the run verifies, and none lost a record."""
    return [] if ev.chains_ok else ["a journal chain does not verify, or has lost records"]


def _trips_are_alarms(ev: Evidence) -> list[str]:
    """I7: each trip that the controller knows of is shown as the right alarm within 1 s."""
    first, last = ev.ticked_at
    found = [
        f"{trip.code} {trip.where} at {trip.at:.3f} s raised no such alarm within {ALARM_S} s"
        for trips, anywhere in ((ev.trips, False), (ev.guard_trips, True))
        for trip in trips
        if first <= trip.at <= last - ALARM_S
        and not is_raised(trip, ev.alarms, anywhere=anywhere or trip.code == "operator_stop")
    ]
    return found[:3]


_BEFORE: MappingProxyType[GuardState, frozenset[GuardState | None]] = MappingProxyType(
    {
        GuardState.ARMED: frozenset({GuardState.DISABLED, GuardState.ARMED}),
        GuardState.RUN: frozenset({GuardState.ARMED, GuardState.RUN}),
    }
)


def _starts_safe(ev: Evidence) -> list[str]:
    """I9: the guard is never in ARMED or RUN without having come there by DISABLED and ARMED."""
    found, before = [], None
    for held in ev.guard:
        if held.state in _BEFORE and before not in _BEFORE[held.state]:
            found.append(f"the guard went from {before or 'its start'} to {held.state}")
        before = held.state
    return found[:3]


def _stop_is_obeyed(ev: Evidence) -> list[str]:
    """I10: whatever the state, after STOP current ends, and does not return before a reset."""
    found = []
    for at in ev.stopped_at:
        until = ev.reset_at if ev.reset_at is not None and ev.reset_at > at else math.inf
        found += [
            f"STOP at {at:.3f} s, and current flows until {end:.3f} s"
            for begin, end in energized(ev)
            if begin < until and min(end, until) > at + OFF_S
        ]
    return found[:1]


def _runs_what_was_confirmed(ev: Evidence) -> list[str]:
    """I11: the envelope that ran is the one that a human confirmed."""
    ran = {held.envelope_sha256 for held in ev.guard if held.state is GuardState.RUN}
    foreign = ran - set(ev.confirmed_sha256)
    if foreign or (ran and not ran <= set(ev.leased_sha256)):
        return ["an envelope ran that nobody confirmed"]
    return []


ORACLES: tuple[tuple[str, Callable[[Evidence], list[str]]], ...] = (
    ("I1", _energized_only_in_run),
    ("I2", _within_limits),
    ("I3", _fault_is_answered),
    ("I4", _command_within_cap),
    ("I5", _no_return_after_trip),
    ("I6", _chains_verify),
    ("I7", _trips_are_alarms),
    ("I9", _starts_safe),
    ("I10", _stop_is_obeyed),
    ("I11", _runs_what_was_confirmed),
)
