# SPDX-License-Identifier: Apache-2.0
"""The fault matrix: faults are judged, those that did nothing count apart, failures are kept."""

from dataclasses import replace

import pytest

from mnht_controller.domain.phase import Phase
from sim_hardware.bench import causes, matrix, simulate
from sim_hardware.bench.forks import branch
from sim_hardware.bench.oracles import violations
from sim_hardware.bench.saved import STATES, bench_site, trunk
from sim_hardware.bench.scenario import Scenario, load_scenario
from sim_hardware.bench.simulate import Simulation
from sim_hardware.faults import Fault


def quiet(text: str, done: int, of: int) -> None:
    """No progress."""


def test_a_hazard_is_judged():
    """H27."""
    result = matrix.matrix(range(1, 5), 2, quiet, "H27")
    row = result.rows["H27"]
    assert (row.runs, row.effective, row.violations, result.failures) == (4, 4, 0, [])
    assert row.bound == 0.75
    assert set(row.first_out) <= {"lease_expired"}


@pytest.mark.parametrize("is_shown", [True, False])
def test_a_stopped_controller_tells_of_the_guards_trip_once_it_goes_on(is_shown, monkeypatch):
    """H27 and I7: it cannot before, and it must then."""
    if not is_shown:
        monkeypatch.setattr(simulate, "raised_in", lambda records: ())
    state = STATES[0]
    fault = Fault(state.after_s + 1.0, "host", "controller_stopped", "2.75")
    with trunk(bench_site(), state) as held:
        run = held.run
        run.follow(held.whole(Scenario((fault,), until_s=state.after_s + 12.0)))
        run.run()
        evidence = run.evidence()
    (trip,) = [trip for trip in run.guard.trips() if trip.code == "lease_expired"]
    (told,) = [trip for trip in evidence.guard_trips if trip.code == "lease_expired"]
    assert 2.0 < told.at - trip.at < 2.75
    assert [text[:2] for text in violations(evidence)][:1] == ([] if is_shown else ["I7"])


def test_what_an_oracle_finds_is_kept_with_its_scenario(monkeypatch, tmp_path):
    """H18 is open: its scenario shows the same violation and trace in a run of its own."""
    (cause,) = [row for row in causes.CAUSES if row.hazard == "H18" and row.wish == "pause"]
    monkeypatch.setattr(causes, "CAUSES", (cause,))
    result = matrix.matrix((1,), 1, quiet, "H18")
    (failure,) = result.failures
    assert failure["violations"][0].startswith("I3: ")
    path = tmp_path / "h18.toml"
    path.write_text(failure["scenario"])
    straight = Simulation(bench_site(), 1, load_scenario(path))
    straight.run()
    assert straight.judge("")["oracle_violations"] == failure["violations"]
    assert straight.trace() == failure["trace_sha256"]


@pytest.mark.parametrize(
    ("device", "verb", "argument", "effective"),
    [
        ("thermometer", "probe_spikes", "1:20:0.0", False),
        ("thermometer", "probe_offset", "1:0.0", False),
        ("source", "duplicate", "@0.000001", False),
        ("host", "leases_late", "0.0", False),
        ("thermometer", "probe_offset", "2:0.2", True),
        ("patient", "hot_spot", "3", True),
        ("host", "guard_clock", "rate:1.0001", True),
    ],
)
def test_a_fault_that_changes_nothing_is_no_pass(device, verb, argument, effective):
    state = STATES[0]
    fault = Fault(state.after_s + 1.0, device, verb, argument)
    with trunk(bench_site(), state) as held:
        plot = held.whole(Scenario((fault,), until_s=state.after_s + 8.0))
        answer = branch(lambda: held.play(plot))
    assert answer["effective"] is effective
    assert answer["violations"] == []


def events(run, code):
    return [line for line in run.journal.lines if code.encode() in line]


def ended(device, verb, argument, seconds=10.0):
    """A run from the plateau with one fault, and the same without it."""
    state = STATES[0]
    fault = Fault(state.after_s + 1.0, device, verb, argument)
    runs = []
    for faults in ((), (fault,)):
        plot = Scenario(
            faults, since=state.phase, skin_c=state.skin_c, until_s=state.after_s + 12.0 + seconds
        )
        runs.append(Simulation(bench_site(), 1, plot))
        runs[-1].run()
    assert violations(runs[1].evidence()) == []
    return runs[1], runs[0]


@pytest.mark.parametrize("step_s", ["-315576000", "-1.5", "3600"])
def test_a_step_of_the_wall_clock_is_recorded_and_does_nothing(step_s):
    """H32: not one input or decision is another."""
    run, calm = ended("host", "wall_clock", step_s)
    assert run.trace() == calm.trace()
    assert len(events(run, "wall_clock.step")) == 1
    assert run.trips() == ()


def test_a_disk_that_hangs_is_told_and_stops_nothing():
    """H35: 3 s, then all is well again."""
    run, calm = ended("host", "disk_hangs", "3")
    assert run.trace() != calm.trace()
    assert len(events(run, "journal.behind")) == 1
    assert len(events(run, "journal.failed")) == 1
    assert run.seen.course.last_input.health.journal_ok
    assert run.trips() == ()
    assert run.seen.edges[-1].energized


def test_an_error_of_the_disk_ends_the_record_and_not_the_session():
    """H35."""
    run, _ = ended("host", "sync_fails", "3")
    assert not run.seen.course.last_input.health.journal_ok
    assert run.seen.edges[-1].energized


def test_skin_whose_cooling_fails_is_held_by_less_field():
    """H25: it warms by itself; the loop and the cut-back answer, and no limit is passed."""
    run, calm = ended("patient", "cooling_fails", "37", 60.0)
    mine, other = ([row.coil_ka_per_m for row in each.seen.truth[-20:]] for each in (run, calm))
    assert all(a < 0.95 * b for a, b in zip(mine, other, strict=True))
    assert max(row.skin_c for row in run.seen.truth) < 43.5


def test_a_row_counts_what_had_an_effect():
    row = matrix.Row()
    case = matrix.Case("H01", 1, 0, ("probe_off",), Scenario())
    answer = {"effective": True, "violations": [], "first_out": "probe_flat", "on_s": 0.5}
    row.add(case, answer)
    row.add(case, {**answer, "effective": False, "violations": ["I1: x"]})
    assert (row.runs, row.effective, row.violations, row.idle) == (2, 1, 0, {"probe_off": 1})
    assert row.document()["bound_3_per_n"] == 3.0


def test_the_ramp_is_a_state_too():
    with trunk(bench_site(), STATES[1]) as held:
        assert held.run.seen.course.first(Phase.PLATEAU) is None
        assert held.run.seen.edges[-1].energized
        assert held.now_s >= STATES[1].after_s
    assert replace(STATES[1]).phase is Phase.RAMP
