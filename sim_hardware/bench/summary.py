# SPDX-License-Identifier: Apache-2.0
"""The document that `simulate` and `demo --headless` print: keys are a contract."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from mnht_controller.domain.phase import Phase
from mnht_controller.domain.prescription import Plan
from mnht_controller.domain.trip import Trip
from mnht_controller.thermometry.cem43 import cem43_min
from sim_hardware.bench.course import Course
from sim_hardware.bench.truth import Edge, Truth

BAND_C = 0.3
"""Half width of the plateau's band, and how far below the set-point counts as reached."""


@dataclass(frozen=True, slots=True)
class Run:
    """All that is known of one run when it has ended."""

    plan: Plan
    course: Course
    truth: Sequence[Truth]
    edges: Sequence[Edge]
    violations: Sequence[str]
    seed: int
    wall_s: float
    journal: str
    trace_sha256: str
    trips: tuple[Trip, ...]
    """First-out first, the guard's own included."""


def summary(run: Run) -> dict[str, object]:
    """Build the document of design.md section 6."""
    course = run.course
    simulated_s = run.truth[-1].treatment_s - run.truth[0].treatment_s if run.truth else 0.0
    decision = course.last
    return {
        "outcome": _outcome(run),
        "reasons": _reasons(run),
        "seed": run.seed,
        "ticks": course.ticks,
        "simulated_s": round(simulated_s, 3),
        "wall_s": round(run.wall_s, 3),
        "speed_x": round(simulated_s / run.wall_s, 1) if run.wall_s > 0 else None,
        "true": _true(run),
        "measured": {"skin_c_max": course.skin_c_max, "tumor_c_max": course.tumor_c_max},
        **_plateau(run),
        "plateau_s": round(decision.plateau_s, 3) if decision else 0.0,
        "field_ka_per_m_max": max(
            (max(row.coil_ka_per_m, row.coil_ka_per_m_max) for row in run.truth), default=0.0
        ),
        "dose": {
            "skin_cem43_min": decision.estimate.skin_cem43_min if decision else 0.0,
            "tumor_cem43_t90_min": _tumor_dose(run.truth),
        },
        "trips": [
            {"code": trip.code, "hazard": trip.hazard, "at_s": round(at_s, 3)}
            for trip in run.trips
            for at_s in (course.treatment_s(trip.at, run.plan.envelope.speed),)
        ],
        "first_out": run.trips[0].code if run.trips else None,
        "field_off_latency_s_max": off_latency_s(run),
        "oracle_violations": list(run.violations),
        "journal": run.journal,
        "trace_sha256": run.trace_sha256,
    }


def _outcome(run: Run) -> str:
    """completed, tripped, stopped (by a person) or refused."""
    if run.trips:
        return "stopped" if run.trips[0].code == "operator_stop" else "tripped"
    return run.course.outcome


def _reasons(run: Run) -> list[str]:
    decision = run.course.last
    if run.trips:
        return [f"{trip.code} {trip.where}".strip() for trip in run.trips]
    if run.course.outcome == "refused" and decision:
        return [f"{reason.code} {reason.where}".strip() for reason in decision.unmet]
    return []


def _true(run: Run) -> dict[str, float | None]:
    """Extremes of the whole run; None where nothing was observed."""
    limits = run.plan.envelope.limits
    skin = _most(row.skin_c for row in run.truth)
    return {
        "skin_c_max": skin,
        "skin_surface_c_max": _most(row.skin_surface_c for row in run.truth),
        "skin_overshoot_c": _above(skin, run.plan.prescription.setpoint_c),
        "skin_over_cap_c": _above(skin, limits.skin_c_cap),
        "tumor_c_max": _most(row.tumor_c_max for row in run.truth),
        "tumor_t90_c": _most(row.tumor_t90_c for row in run.truth),
        "tumor_t50_c": _most(row.tumor_t50_c for row in run.truth),
        "tumor_t10_c": _most(row.tumor_t10_c for row in run.truth),
        "healthy_c_max": _most(row.healthy_c for row in run.truth),
        "healthy_tissue_c_max": _most(row.healthy_tissue_c for row in run.truth),
        "core_c_max": _most(row.core_c for row in run.truth),
    }


def _most(values: Iterable[float]) -> float | None:
    return max(values, default=None)


def _above(value: float | None, limit: float) -> float | None:
    return None if value is None else max(0.0, value - limit)


def _plateau(run: Run) -> dict[str, float | None]:
    """Time to target, fraction in band and RMS of true skin until the treatment ends."""
    start = run.course.first(Phase.RAMP)
    left = run.course.left_treatment()
    setpoint_c = run.plan.prescription.setpoint_c
    nothing: dict[str, float | None] = {
        "time_to_target_s": None,
        "plateau_in_band_fraction": None,
        "plateau_rms_c": None,
    }
    if start is None:
        return nothing
    until = math.inf if left is None else left
    heated = [row for row in run.truth if start[0] <= row.at < until]
    reached = next((n for n, row in enumerate(heated) if row.skin_c >= setpoint_c - BAND_C), None)
    if reached is None:
        return nothing
    errors = [row.skin_c - setpoint_c for row in heated[reached:]]
    # The bench's treatment clock began earlier than the controller's: only differences count.
    early_s = (heated[0].at - start[0]) * run.plan.envelope.speed
    return {
        "time_to_target_s": round(heated[reached].treatment_s - heated[0].treatment_s + early_s, 1),
        "plateau_in_band_fraction": sum(abs(e) <= BAND_C for e in errors) / len(errors),
        "plateau_rms_c": math.sqrt(sum(e * e for e in errors) / len(errors)),
    }


def _tumor_dose(rows: Sequence[Truth]) -> float:
    return sum(
        cem43_min(one.tumor_t90_c, two.tumor_t90_c, two.treatment_s - one.treatment_s)
        for one, two in pairwise(rows)
    )


def off_latency_s(run: Run) -> float | None:
    """Longest time from a trip to the coil without current; None without a trip.

    0 when it had none; where it never ended, as long as it was watched.
    """
    return max((_off_after(run, trip.at) for trip in run.trips), default=None)


def _off_after(run: Run, at: float) -> float:
    before = [edge for edge in run.edges if edge.at <= at]
    if not before or not before[-1].energized:
        return 0.0
    gone = next((edge.at for edge in run.edges if edge.at > at and not edge.energized), None)
    if gone is None:
        gone = max((row.at for row in run.truth), default=at)
    return gone - at
