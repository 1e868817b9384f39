# SPDX-License-Identifier: Apache-2.0
"""How trials are judged: a sample above its target, a return or a lost trial is short."""

import json
from dataclasses import replace

import pytest

from tools.perf import loop
from tools.perf.loop import KINDS, Course, Kind, Trial
from tools.perf.report import distribution
from tools.perf.sleeps import SITES, Site

GOOD = Trial(0.3, 0.31, 0.005, 0.0, 0.0, False, 0.301, (0.05, 0.05))
KIND = KINDS[0]


def test_the_targets_are_those_of_the_design():
    assert {kind.name: kind.s_max for kind in KINDS} == {
        "controller_sigkill": 0.4,
        "controller_sigstop": 0.75,
        "controller_sleep": 0.75,
        "guard_sigkill": 0.35,
        "serve_sigkill": 0.4,
    }


@pytest.mark.parametrize(
    ("trial", "text"),
    [
        (replace(GOOD, s=0.4001), "above 0.4 s"),
        (replace(GOOD, s=None), "current flowed for"),
        (replace(GOOD, returned=True), "came back"),
    ],
)
def test_one_bad_sample_among_good_ones_is_short(trial: Trial, text: str):
    course = Course(KIND, good=[GOOD, trial, GOOD])
    (said,) = course.shortcomings()
    assert text in said


def test_current_that_came_back_counts_in_a_void_trial_too():
    assert Course(KIND, good=[GOOD], void=[replace(GOOD, returned=True)]).shortcomings()


def test_a_trial_without_any_valid_sample_is_short():
    assert Course(KIND, good=[GOOD], lost=1).shortcomings()


def test_a_late_observer_makes_a_trial_void():
    assert not GOOD.is_void
    assert replace(GOOD, late_s=0.021).is_void
    assert replace(GOOD, stall_s=0.021).is_void


def test_a_void_trial_is_done_again_three_times_at_most(monkeypatch: pytest.MonkeyPatch):
    trials = iter([replace(GOOD, late_s=1.0), GOOD, *[replace(GOOD, late_s=1.0)] * 4])
    monkeypatch.setattr(loop, "measure", lambda _kind, _phase, _site: next(trials))
    course = Course(KIND)
    assert loop.one(course, 0.0) is GOOD
    assert loop.one(course, 0.0) is None
    assert (len(course.good), len(course.void), course.lost) == (1, 5, 1)


def test_the_exit_code_follows_what_is_short(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(loop, "measure", lambda *_: GOOD)
    assert loop.main(["--trials", "2", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [*document] == [
        "name", "figures", "peers", "limits", "ratios", "targets", "short", "ok",
    ]  # fmt: skip
    assert document["figures"]["guard_sigkill"]["n"] == 2
    assert document["limits"]["monostable_and_tick_s"] == 0.351
    monkeypatch.setattr(loop, "measure", lambda *_: replace(GOOD, s=0.8))
    assert loop.main(["--trials", "1", "--json"]) == 1
    assert len(json.loads(capsys.readouterr().out)["short"]) == len(KINDS)


def test_distribution_is_by_nearest_rank():
    ranks = ("p50", "p95", "p99", "p99_9")
    assert distribution([]) == {"n": 0, "min": None, **dict.fromkeys(ranks), "max": None}
    shape = distribution([float(n) for n in range(1, 1001)])
    assert [shape[name] for name in ranks] == [500.0, 950.0, 990.0, 999.0]
    assert (shape["n"], shape["min"], shape["max"]) == (1000, 1.0, 1000.0)
    assert [distribution([1.0, 2.0])[name] for name in ranks] == [1.0, 2.0, 2.0, 2.0]


def test_sleeps_go_round_the_sites_and_the_trial_says_where(monkeypatch: pytest.MonkeyPatch):
    """H27: every call site gets its turn."""
    asked: list[Site] = []

    def measure(_kind: Kind, _phase_s: float, site: Site) -> Trial:
        asked.append(site)
        return GOOD

    monkeypatch.setattr(loop, "measure", measure)
    course = Course(KINDS[2])
    for _ in range(len(SITES) + 1):
        loop.one(course, 0.0)
    assert asked == [*SITES, SITES[0]]
    assert replace(GOOD, site="a.b").row()["site"] == "a.b"
    assert "site" not in GOOD.row()
