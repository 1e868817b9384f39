# SPDX-License-Identifier: Apache-2.0
"""How trials are judged: a sample above its target, a return or a lost trial is short."""

import json
from dataclasses import replace

import pytest

from tools.perf import loop
from tools.perf.loop import KINDS, Course, Trial
from tools.perf.report import distribution

GOOD = Trial(0.3, 0.31, 0.005, 0.0, 0.0, False, 0.301, (0.05, 0.05))
KIND = KINDS[0]


def test_the_targets_are_those_of_the_design():
    assert {kind.name: kind.s_max for kind in KINDS} == {
        "controller_sigkill": 0.4,
        "controller_sigstop": 0.75,
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
    monkeypatch.setattr(loop, "measure", lambda _kind, _phase: next(trials))
    course = Course(KIND)
    assert loop.one(course, 0.0) is GOOD
    assert loop.one(course, 0.0) is None
    assert (len(course.good), len(course.void), course.lost) == (1, 5, 1)


def test_the_exit_code_follows_what_is_short(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(loop, "measure", lambda _kind, _phase: GOOD)
    assert loop.main(["--trials", "2", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [*document] == [
        "name", "figures", "peers", "limits", "ratios", "targets", "short", "ok",
    ]  # fmt: skip
    assert document["figures"]["guard_sigkill"]["n"] == 2
    assert document["limits"]["monostable_and_tick_s"] == 0.351
    monkeypatch.setattr(loop, "measure", lambda _kind, _phase: replace(GOOD, s=0.8))
    assert loop.main(["--trials", "1", "--json"]) == 1
    assert len(json.loads(capsys.readouterr().out)["short"]) == len(KINDS)


def test_distribution_is_by_nearest_rank():
    assert distribution([]) == {"n": 0, "min": None, "p50": None, "p95": None, "max": None}
    shape = distribution([float(n) for n in range(1, 21)])
    assert shape == {"n": 20, "min": 1.0, "p50": 10.0, "p95": 19.0, "max": 20.0}
