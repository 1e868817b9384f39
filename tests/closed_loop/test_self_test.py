# SPDX-License-Identifier: Apache-2.0
"""H16, H24, H29: what the self-test has not seen refuses ARM, and no current ever flows."""

from typing import Any

import pytest

from mnht_controller.app.shipped import config_dir
from mnht_controller.domain.phase import Phase
from mnht_controller.domain.self_test import Outcome
from mnht_controller.settings.load import load_site
from sim_hardware.bench import core_lane, lanes, simulate
from sim_hardware.bench.core_lane import CoreLane
from sim_hardware.bench.saved import bench_site
from sim_hardware.bench.scenario import Scenario
from sim_hardware.faults import Fault
from tests.closed_loop.sessions import Played, play

FAULTS = (
    ("enable_line", "line_welded", "enable_line_unproven", "it is closed although nothing feeds"),
    ("enable_line", "line_broken", "enable_line_unproven", "it was fed and not seen to close"),
    ("source", "watchdog_dead", "watchdog_unproven", "it did not act in time"),
)
SUPPLIES = ("bench_keysight", "bench_genesys_scpi")


def refused(monkeypatch: Any, *faults: Fault, site: str = "bench") -> Played:
    """A session from STANDBY that nobody may arm."""
    monkeypatch.setattr(simulate, "REFUSED_AFTER_S", 16.0)
    settings = load_site(config_dir() / "sites" / f"{site}.toml")
    return play(faults=faults, since=Phase.STANDBY, skin_c=None, settings=settings)


def judged(session: Played, code: str, why: str) -> None:
    result = session.result
    assert result["outcome"] == "refused"
    said = [reason for reason in result["reasons"] if reason.startswith(code)]
    assert said
    assert why in said[0]
    assert session.during(Phase.ARMED) == []
    assert session.seen.edges == []
    assert session.guard.confirmed == [], "nothing was offered for confirmation"
    assert result["field_ka_per_m_max"] == 0.0
    assert result["oracle_violations"] == []


@pytest.mark.parametrize(("device", "verb", "code", "why"), FAULTS)
@pytest.mark.shows("enable_line_unproven", "watchdog_unproven")
def test_a_part_that_does_not_act_is_not_armed(
    monkeypatch: Any, device: str, verb: str, code: str, why: str
) -> None:
    judged(refused(monkeypatch, Fault(0.0, device, verb)), code, why)


@pytest.mark.parametrize("site", SUPPLIES)
def test_a_supply_whose_watchdog_does_not_act_is_not_armed(monkeypatch: Any, site: str) -> None:
    session = refused(monkeypatch, Fault(0.0, "source", "watchdog_dead"), site=site)
    judged(session, "watchdog_unproven", "it did not act in time")


def test_a_contact_that_welds_during_the_test_is_found_out(monkeypatch: Any) -> None:
    """It closes as it should and does not open; PREPARE tries again, and it is still closed."""
    session = refused(monkeypatch, Fault(1.4, "enable_line", "line_welded"))
    judged(session, "enable_line_unproven", "it is closed although nothing feeds it")
    first = next(why for t in session.ticks if (why := t.decision.self_test.line.why))
    assert first.startswith("it was not seen to open in time")


@pytest.mark.parametrize(("device", "verb", "code", "why"), FAULTS)
def test_the_core_lane_does_not_arm_it_either(
    monkeypatch: Any, device: str, verb: str, code: str, why: str
) -> None:
    monkeypatch.setattr(core_lane, "REFUSED_AFTER_S", 16.0)
    plot = Scenario((Fault(0.0, device, verb),), since=Phase.STANDBY, until_s=20.0, seed=3)
    lane = CoreLane(bench_site(), plot)
    lane.run()
    last = lane.seen.course.last
    assert last is not None
    said = {reason.code: reason.where for reason in last.unmet}
    assert why in said[code]
    assert lane.seen.course.first(Phase.ARMED) is None
    assert lane.seen.edges == []
    assert lane.seen.confirmed == []


@pytest.mark.parametrize("lane", lanes.LANES)
def test_a_sound_bench_shows_both_and_begins(lane: str) -> None:
    plot = Scenario(since=Phase.STANDBY, skin_c=42.8, until_s=30.0, seed=3)
    result = lanes.run(bench_site(), plot, lane, "none")
    assert result["violations"] == []
    assert result["field_ka_per_m_max"] > 0.0


def test_both_edges_are_in_the_record_before_anything_can_be_confirmed() -> None:
    session = play(seed=3)
    tests = [tick.decision.self_test for tick in session.ticks]
    first = next(n for n, test in enumerate(tests) if not test.refuses)
    assert session.ticks[first].input.now < 3.0
    assert tests[-1].line.outcome is Outcome.PROVEN
    assert 0.3 <= (tests[-1].line.seen_s or 0.0) <= 0.75
    closed = [
        t for t in session.ticks[: first + 1] if t.input.source and t.input.source.line_closed
    ]
    assert closed
    assert all(not t.input.source or not t.input.source.output_on for t in closed)
    assert session.result["outcome"] == "completed"


@pytest.mark.parametrize(
    ("site", "line"),
    [
        ("bench_ambrell", Outcome.PROVEN),
        ("bench_siglent", Outcome.NOT_PROVABLE),
        ("bench_genesys", Outcome.NOT_PROVABLE),
    ],
)
def test_what_has_no_read_back_is_said_and_refuses_nothing(
    monkeypatch: Any, site: str, line: Outcome
) -> None:
    session = refused(monkeypatch, Fault(0.0, "thermometer", "stream_stall"), site=site)
    test = session.ticks[-1].decision.self_test
    assert (test.line.outcome, test.watchdog.outcome) == (line, Outcome.NOT_PROVABLE)
    assert test.watchdog.why == "not provable here: it has no watchdog"
    assert not test.refuses
