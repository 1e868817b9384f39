# SPDX-License-Identifier: Apache-2.0
"""The only judges of a run: truth joined with what guard and controller recorded.

I1 to I6, I9 and I11. Individual tests add expectations, never exceptions.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mnht_controller.domain.lease import GuardState
from mnht_controller.domain.prescription import Plan
from sim_hardware.bench.truth import Edge, Truth

LAPSE_S = 0.35
"""Enable line: 300 ms of silence plus the observer's own step."""
PROBED_MARGIN_C = 0.5
SETTLE_S = 0.3
"""How long the source may take to bring the field down after its class time began."""


@dataclass(frozen=True, slots=True)
class Held:
    """From `at` on the guard was in this state, for this envelope."""

    at: float
    state: GuardState
    envelope_sha256: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is judged. `fault_at` and `class_s`: onset of an injected fault and its class time."""

    plan: Plan
    truth: Sequence[Truth]
    edges: Sequence[Edge]
    guard: Sequence[Held]
    confirmed_sha256: tuple[str, ...]
    leased_sha256: tuple[str, ...]
    chains_ok: bool
    latched_at: float | None
    reset_at: float | None = None
    fault_at: float | None = None
    class_s: float | None = None
    ended: bool = True


def violations(evidence: Evidence) -> list[str]:
    """Every broken oracle with its numbers; empty is the only pass."""
    return [f"{name}: {text}" for name, judge in ORACLES for text in judge(evidence)]


def _energized_only_in_run(ev: Evidence) -> list[str]:
    """I1: current only while the guard is in RUN, or within the enable line's lapse after it."""
    found = [
        f"{row.coil_ka_per_m:.2f} kA/m at {row.at:.3f} s, guard not in RUN"
        for row in ev.truth
        if row.coil_ka_per_m > 0.0 and not _held_within(ev.guard, row.at, LAPSE_S)
    ]
    return found[:3]


def _held_within(guard: Sequence[Held], at: float, lapse_s: float) -> bool:
    """Whether the guard was in RUN (or ARMED, about to) at any moment of the last lapse_s."""
    for number, held in enumerate(guard):
        until = guard[number + 1].at if number + 1 < len(guard) else float("inf")
        if held.state is GuardState.RUN and held.at - 0.2 <= at and until + lapse_s >= at:
            return True
    return False


def _within_limits(ev: Evidence) -> list[str]:
    """I2: probed sites within limit + 0.5 °C; unprobed skin and tumor within the plan's caps."""
    limits = ev.plan.envelope.limits
    rows = (
        ("skin", max((r.skin_c for r in ev.truth), default=0.0), limits.skin_c_trip),
        ("skin surface", max((r.skin_surface_c for r in ev.truth), default=0.0), 44.0 + 0.5),
        ("tumor", max((r.tumor_c_max for r in ev.truth), default=0.0), limits.tumor_c_cap),
        ("healthy", max((r.healthy_c for r in ev.truth), default=0.0), limits.healthy_c_cap),
    )
    return [
        f"true {where} {worst:.2f} C above {limit} + {PROBED_MARGIN_C} C"
        for where, worst, limit in rows
        if not (worst <= limit + PROBED_MARGIN_C)
    ]


def _fault_is_answered(ev: Evidence) -> list[str]:
    """I3: from the onset of a fault to current zero within its class time."""
    if ev.fault_at is None or ev.class_s is None:
        return []
    last = _last_energized_at(ev)
    if last is None or last <= ev.fault_at + ev.class_s:
        return []
    return [f"current {last - ev.fault_at:.3f} s after the fault, class time {ev.class_s} s"]


def _last_energized_at(ev: Evidence) -> float | None:
    """When current last flowed, by the edges (exact) or the rows (sampled)."""
    gone = [edge.at for edge in ev.edges if not edge.energized]
    if ev.edges and ev.edges[-1].energized:
        return ev.truth[-1].at if ev.truth else ev.edges[-1].at
    return gone[-1] if gone else None


def _command_within_cap(ev: Evidence) -> list[str]:
    """I4: what the source was told is finite, not negative, and within the cap."""
    cap = ev.plan.envelope.limits.field_ka_per_m_cap
    wrong = [r for r in ev.truth if not (0.0 <= r.setpoint_ka_per_m <= cap + 1e-9)]
    return [f"set-point {wrong[0].setpoint_ka_per_m} kA/m, cap {cap}"] if wrong else []


def _no_return_after_trip(ev: Evidence) -> list[str]:
    """I5: after a trip no current returns without a reset."""
    if ev.latched_at is None or ev.reset_at is not None:
        return []
    back = [e for e in ev.edges if e.energized and e.at > ev.latched_at + SETTLE_S]
    return [f"current came back at {back[0].at:.3f} s after a trip"] if back else []


def _chains_verify(ev: Evidence) -> list[str]:
    """I6: every journal of the run verifies."""
    return [] if ev.chains_ok else ["a journal chain does not verify"]


def _starts_safe(ev: Evidence) -> list[str]:
    """I9: the guard's first word is never RUN or ARMED, and no current flows before it."""
    if ev.guard and ev.guard[0].state in {GuardState.RUN, GuardState.ARMED}:
        return [f"the guard started in {ev.guard[0].state}"]
    return []


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
    ("I9", _starts_safe),
    ("I11", _runs_what_was_confirmed),
)
