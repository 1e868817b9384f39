# SPDX-License-Identifier: Apache-2.0
"""Both lanes run the same universes and decide the same; adversaries get nowhere."""

from dataclasses import replace
from typing import Any

import pytest

from mnht_controller.domain.intent import Verb
from mnht_controller.domain.lease import GuardState
from mnht_controller.domain.phase import Phase
from sim_hardware.bench import campaign as campaigns
from sim_hardware.bench import lanes
from sim_hardware.bench.campaign import Options, campaign, document
from sim_hardware.bench.core_lane import CoreLane
from sim_hardware.bench.saved import bench_site
from sim_hardware.bench.scenario import Scenario, Wish
from sim_hardware.bench.shrink import shrunk
from sim_hardware.bench.universe import Universe, universe
from sim_hardware.faults import Fault

SETTINGS = bench_site()
FIELD_KA_PER_M = 0.2
"""The lanes draw noise at other moments, so the field is not the same to the last bit."""
CALM = Scenario(since=Phase.STANDBY, skin_c=42.8, until_s=40.0, seed=3)


def played(lane: str, plot: Scenario, adversary: str = "none") -> dict[str, Any]:
    return lanes.run(SETTINGS, plot, lane, adversary)


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_the_lanes_agree(seed: int):
    """Same outcome, same first-out code, field within the tolerance."""
    plot = universe(seed, wires=False).plot
    core, stack = played("core", plot), played("stack", plot)
    assert core["outcome"] == stack["outcome"]
    assert core["trips"][:1] == stack["trips"][:1]
    difference = core["field_ka_per_m_max"] - stack["field_ka_per_m_max"]
    assert abs(difference) <= FIELD_KA_PER_M
    assert core["violations"] == stack["violations"] == []


@pytest.mark.parametrize("lane", lanes.LANES)
def test_the_same_seed_is_the_same_run(lane: str):
    """T16."""
    plot = replace(universe(2, wires=False).plot, until_s=60.0)
    one, other = played(lane, plot), played(lane, plot)
    assert one["trace_sha256"] == other["trace_sha256"]
    assert one["trace_sha256"] != played(lane, replace(plot, seed=3))["trace_sha256"]


@pytest.mark.parametrize("adversary", ["core", "gate"])
def test_an_adversary_gets_nowhere(adversary: str):
    """H41, T10: with the core, or the whole controller, replaced.

    A core that demands no more than the gate permits need not trip; seed 31 demands what is none.
    """
    codes = set()
    for seed in range(20, 32):
        answer = played("core", replace(CALM, seed=seed, until_s=60.0), adversary)
        assert answer["violations"] == []
        codes |= set(answer["trips"][:1])
    assert codes


def test_an_amplitude_that_nobody_permits_is_found_without_a_guard():
    """The oracles see an adversary as soon as the guard lets it through."""
    run = CoreLane(SETTINGS, replace(CALM, until_s=30.0), bypass=lambda now: 7.0)
    run.world.line.closed = lambda t: True  # the enable line is bridged
    run.plot = replace(run.plot, wishes=(Wish(25.0, Verb.STOP),))
    run._wishes = [*run.plot.wishes]
    run.run()
    assert run.watch.found is not None


def test_a_probe_fault_trips_in_the_core_lane():
    """H01."""
    fall = Fault(25.0, "thermometer", "probe_off", "1")
    answer = played("core", replace(CALM, faults=(fall,)))
    assert (answer["outcome"], answer["trips"][0]) == ("tripped", "probe_implausible")
    assert answer["violations"] == []


@pytest.mark.parametrize("lane", lanes.LANES)
def test_a_pause_out_of_a_high_field_is_no_trip(lane: str):
    """The source is as fast in both lanes as its driver makes it."""
    answer = played(lane, replace(universe(109, wires=False).plot, until_s=30.0))
    assert answer["field_ka_per_m_max"] > 4.0
    assert answer["trips"] == answer["violations"] == []


@pytest.mark.parametrize("lane", lanes.LANES)
@pytest.mark.parametrize(("offset_c", "code"), [(3.0, "own_skin"), (-3.0, "own_disagrees")])
def test_the_guard_has_a_thermometer_of_its_own(lane: str, offset_c: float, code: str):
    """Neither probe nor controller has a part in it."""
    fault = Fault(25.0, "guard_thermometer", "probe_offset", f"1:{offset_c}")
    answer = played(lane, replace(CALM, faults=(fault,)))
    assert (answer["outcome"], answer["trips"][0]) == ("tripped", code)
    assert answer["violations"] == []


def test_an_operator_stays_present_in_the_core_lane():
    run = CoreLane(SETTINGS, replace(CALM, until_s=340.0))
    run.run()
    assert run.seen.course.first(Phase.PAUSED) is None
    assert run.seen.edges[-1].energized
    assert run.trips() == ()


def test_the_operator_can_begin_anew_after_a_stop():
    """H60: STOP latches both, a reset lets both go, and only a new confirmation arms."""
    anew = (
        Wish(20.0, Verb.STOP),
        Wish(24.0, Verb.RESET),
        Wish(26.0, Verb.PREPARE),
        Wish(50.0, Verb.START),
    )
    plot = replace(CALM, wishes=anew, until_s=70.0)
    run = CoreLane(SETTINGS, plot)
    run.run()
    assert [held.state for held in run.seen.held].count(GuardState.ARMED) == 2
    assert [edge.energized for edge in run.seen.edges][:3] == [True, False, True]
    assert run.watch.found is None


def test_a_campaign_adds_up():
    options = Options("core", hours=0.05, seed=4, jobs=2)
    totals = campaign(SETTINGS, options, lambda text, share: None)
    figures = document(totals, options, 1.0)
    assert figures["hours"] >= 0.05
    assert sum(figures["outcomes"].values()) == sum(figures["kinds"].values())
    assert sum(figures["kinds"].values()) == figures["universes"] == len(totals.rows)
    assert figures["failing_seeds"] == []
    assert figures["bound_per_hour"] == pytest.approx(3.0 / figures["hours"], rel=0.05)


def test_a_failing_seed_becomes_a_small_file(tmp_path, monkeypatch):
    """What an oracle finds is made small and written down; here one that dislikes every trip."""
    honest = vars(lanes)["violations"]

    def strict(evidence):
        return [*honest(evidence), *(["I0: a trip"] if evidence.latched_at is not None else [])]

    monkeypatch.setattr(lanes, "violations", strict)
    extra = Fault(5.0, "patient", "perfusion", "0.9")
    fall = Fault(25.0, "thermometer", "probe_off", "1")
    plot = replace(CALM, faults=(extra, fall), confirm_s=1.0)
    made = Universe(3, "pair", plot, is_nominal=False)
    monkeypatch.setattr(campaigns, "universe", lambda seed, wires: made)
    monkeypatch.setattr(campaigns, "shrunk", lambda plot, fails: shrunk(plot, fails, tries_max=8))
    options = Options("core", hours=0.005, seed=3, out=tmp_path)
    totals = campaign(SETTINGS, options, lambda text, share: None)
    (failure,) = totals.failures
    assert failure["violations"] == ["I0: a trip"]
    assert failure["smallest"] == ["I0: a trip"]
    assert failure["scenario"].count("[[fault]]") == 1
    assert "probe_off" in failure["scenario"]
    assert (tmp_path / "core_none_3.toml").read_text() == failure["scenario"]
