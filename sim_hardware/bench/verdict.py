# SPDX-License-Identifier: Apache-2.0
"""Judges a run of real processes: the bench's truth joined with what the processes recorded."""

import math
from collections.abc import Iterator
from pathlib import Path

from mnht_controller.domain.codec import from_plain
from mnht_controller.domain.prescription import Plan
from mnht_controller.domain.trip import Trip
from mnht_controller.guard.machine import GuardEvent
from mnht_controller.journal.chain import lines_of, trace_sha256, verify
from mnht_controller.journal.read import Record, read_records
from mnht_controller.journal.records import TickRecord
from sim_hardware.bench.course import Course
from sim_hardware.bench.guard import held_by
from sim_hardware.bench.live import Live
from sim_hardware.bench.oracles import Evidence, violations
from sim_hardware.bench.summary import Run, summary
from sim_hardware.bench.truth import read_truth


def judge(
    live: Live, plan: Plan, seed: int, wall_s: float, until: float = math.inf
) -> dict[str, object]:
    """The summary of a run that has ended. What follows `until`, its own shutdown, is no trip."""
    folder = Path(str(live.served["journal_dir"]))
    controller, guard = _journal(folder, "controller"), _journal(folder, "guard")
    course = _course(controller, plan)
    events = [
        from_plain(GuardEvent, record.data) for record in _records(guard) if record.kind == "guard"
    ]
    truth, edges = read_truth(live.truth_path)
    trips = tuple(trip for trip in _trips(course, events) if trip.at < until)
    held, confirmed = held_by(events)
    evidence = Evidence(
        plan=plan,
        truth=truth,
        edges=edges,
        guard=held,
        confirmed_sha256=confirmed,
        leased_sha256=(plan.envelope_sha256,),
        chains_ok=_is_whole(controller) and _is_whole(guard),
        latched_at=trips[0].at if trips else None,
    )
    return summary(
        Run(
            plan=plan,
            course=course,
            truth=truth,
            edges=edges,
            violations=violations(evidence),
            seed=seed,
            wall_s=wall_s,
            journal=str(controller),
            trace_sha256=trace_sha256(lines_of(controller)),
            trips=trips,
        )
    )


def _journal(folder: Path, process: str) -> Path:
    """The newest journal of a process."""
    return max(folder.glob(f"{process}-*.jsonl"), key=lambda path: path.stat().st_mtime_ns)


def _course(path: Path, plan: Plan) -> Course:
    course = Course()
    roles = tuple(probe.role.value for probe in plan.envelope.probes)
    for record in _records(path):
        if record.kind == "tick":
            tick = from_plain(TickRecord, record.data)
            course.add(tick.input, tick.decision, roles)
    return course


def _records(path: Path) -> Iterator[Record]:
    """The whole records; a torn last line is what a killed process leaves."""
    yield from read_records(path)


def _is_whole(path: Path) -> bool:
    verdict = verify(path)
    return verdict.ok or verdict.torn


def _trips(course: Course, events: list[GuardEvent]) -> tuple[Trip, ...]:
    """The controller's trips, and those that only the guard saw, in order of time."""
    own = course.last.trips if course.last else ()
    codes = {trip.code for trip in own}
    guard = [trip for event in events for trip in event.trips if trip.code not in codes]
    return tuple(sorted((*own, *guard), key=lambda trip: trip.at))
