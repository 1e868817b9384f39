# SPDX-License-Identifier: Apache-2.0
"""Judges a run of real processes: the bench's truth joined with what the processes recorded."""

import math
from collections.abc import Iterator
from pathlib import Path

from mnht_controller.domain.codec import from_plain
from mnht_controller.domain.lease import Lease
from mnht_controller.domain.prescription import Plan
from mnht_controller.domain.trip import Trip
from mnht_controller.guard.machine import GuardEvent
from mnht_controller.journal.chain import lines_of, trace_sha256, verify
from mnht_controller.journal.read import Record, parse_records
from mnht_controller.journal.records import TickRecord
from sim_hardware.bench.alarms import raised_in, recorded_in
from sim_hardware.bench.course import Course, first_of_each
from sim_hardware.bench.guard import confirmed_by, event_of, held_by
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
    events, leased_at = _guard(guard)
    truth, edges = read_truth(live.truth_path)
    trips = tuple(trip for trip in _trips(course, events) if trip.at < until)
    evidence = Evidence(
        plan=plan,
        truth=truth,
        edges=edges,
        guard=held_by(events),
        confirmed_sha256=confirmed_by(events),
        leased_sha256=(plan.envelope_sha256,),
        leased_at=leased_at,
        chains_ok=_is_whole(controller) and _is_whole(guard),
        latched_at=trips[0].at if trips else None,
        reset_at=course.reset_at,
        alarms=raised_in(recorded_in(lines_of(controller))),
        trips=course.trips,
        guard_trips=course.guard_trips,
        ticked_at=course.ticked_at,
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


def _guard(path: Path) -> tuple[list[GuardEvent], list[float]]:
    """What the guard did, and the leases that it took."""
    events: list[GuardEvent] = []
    leased_at: list[float] = []
    for record in _records(path):
        if record.kind == "guard":
            events.append(event_of(record))
        elif record.kind == "lease":
            leased_at.append(from_plain(Lease, record.data).sent_at)
    return events, leased_at


def _records(path: Path) -> Iterator[Record]:
    """The whole records; a torn last line is what a killed process leaves."""
    whole = (line for line in lines_of(path) if line.endswith(b"\n"))
    yield from parse_records(whole, str(path))


def _is_whole(path: Path) -> bool:
    verdict = verify(path)
    is_lossless = all(record.kind != "lost" for record in _records(path))
    return (verdict.ok or verdict.torn) and is_lossless


def _trips(course: Course, events: list[GuardEvent]) -> tuple[Trip, ...]:
    """What either process tripped on, each code when it was first seen, in order of time."""
    return first_of_each((*course.trips, *(trip for event in events for trip in event.trips)))
