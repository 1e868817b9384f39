# SPDX-License-Identifier: Apache-2.0
"""How the guard's lateness is counted and judged; the measurement itself needs a quiet minute."""

import json
from dataclasses import replace
from itertools import pairwise

import pytest

from mnht_controller.domain.lease import GuardState
from mnht_controller.guard.machine import TICK_GAP_S_MAX
from tools.perf import guard
from tools.perf.guard import RATIO_FLOOR_S, Span, lateness_s, percentiles, read_cyclictest
from tools.perf.report import Report

SPAN = Span("idle", 0.0, 100.0, GuardState.RUN, "", 0.0)
REGULAR = [10.0 + 0.05 * n for n in range(1000)]


def judged(fed: list[float], bare: list[float], span: Span = SPAN) -> Report:
    report = Report("guard")
    guard.judge(report, span, fed, bare)
    return report


def with_late(stamps: list[float], **late_s: float) -> list[float]:
    """The same stamps, the n-th (`n5=0.01`) later by so much."""
    changed = {int(name[1:]): by for name, by in late_s.items()}
    return [at + changed.get(number, 0.0) for number, at in enumerate(stamps)]


def test_lateness_is_from_the_earliest_of_the_grid() -> None:
    late = sorted(lateness_s(with_late(REGULAR, n0=0.003, n5=0.012, n6=0.049)))
    assert late[-3:] == pytest.approx([0.003, 0.012, 0.049], abs=1e-6)
    assert sum(late) == pytest.approx(0.064, abs=1e-5)


def test_a_missed_deadline_begins_a_new_grid_and_counts() -> None:
    """Both loops do so: the next tick comes 50 ms after the late one."""
    stamps = REGULAR[:100] + [at + 0.113 for at in REGULAR[100:]]
    late = lateness_s(stamps)
    assert len(late) == len(stamps)
    assert max(late) == pytest.approx(0.113, abs=1e-6)
    assert sum(late) == pytest.approx(0.113, abs=1e-5)
    assert lateness_s([]) == []


def test_a_miss_after_a_late_tick_is_a_miss_too() -> None:
    """The gap between the two is short of two ticks, and the grid is a new one all the same."""
    late_one = with_late(REGULAR[:101], n99=0.04)
    stamps = late_one[:100] + [at + 0.06 for at in REGULAR[100:]]
    late = sorted(lateness_s(stamps))
    assert late[-2:] == pytest.approx([0.04, 0.06], abs=1e-6)
    assert sum(late) == pytest.approx(0.1, abs=1e-5)


def test_percentiles_are_samples() -> None:
    found = percentiles([n / 1000.0 for n in range(1, 1001)])
    assert found == {"n": 1000, "p50_s": 0.5, "p99_s": 0.99, "p99_9_s": 0.999, "max_s": 1.0}
    assert percentiles([])["max_s"] is None


def test_a_guard_as_good_as_the_bare_loop_passes() -> None:
    report = judged(REGULAR, REGULAR)
    assert report.short == []
    assert report.ratios["idle_p99_9_over_bare"] == pytest.approx(0.0, abs=1e-6)


def test_more_than_twice_as_late_is_short() -> None:
    two = {"n7": 0.006, "n9": 0.006}
    bare = with_late(REGULAR, n7=0.0025, n9=0.0025)
    (said,) = judged(with_late(REGULAR, **two), bare).short
    assert "2.4" in said
    assert judged(with_late(REGULAR, **two), with_late(REGULAR, n7=0.003, n9=0.003)).short == []


def test_below_the_floor_a_ratio_says_nothing() -> None:
    late = with_late(REGULAR, n7=1.9 * RATIO_FLOOR_S, n9=1.9 * RATIO_FLOOR_S)
    assert judged(late, REGULAR).short == []


@pytest.mark.parametrize(
    ("fed", "span", "text"),
    [
        (REGULAR, replace(SPAN, state=GuardState.LATCHED, code="guard_tick_gap"), "guard_tick_gap"),
        (REGULAR[:500] + REGULAR[504:], SPAN, "between two ticks"),
        ([], replace(SPAN), "nothing was measured"),
    ],
)
def test_a_latch_a_gap_and_silence_are_short(fed: list[float], span: Span, text: str) -> None:
    assert any(text in said for said in judged(fed, REGULAR, span).short)
    assert max(at - before for before, at in pairwise(REGULAR)) < TICK_GAP_S_MAX


def test_what_cyclictest_says() -> None:
    said = "T: 0 ( 7012) P:20 I:50000 C:    100 Min:      3 Act:    8 Avg:    9 Max:      41\n"
    assert read_cyclictest(said) == {"min": 3, "avg": 9, "max": 41}
    assert read_cyclictest("unable to get scheduling parameters") == {}


@pytest.mark.real
def test_a_short_run_measures_both(capsys: pytest.CaptureFixture[str]) -> None:
    """What it finds is this host's; that it finds something is ours."""
    guard.main(["--seconds", "1", "--json"])
    document = json.loads(capsys.readouterr().out)
    for load in ("idle", "busy_and_sync_storm"):
        assert document["figures"][load]["n"] > 5
        assert document["peers"][load]["n"] > 5
    assert (
        document["figures"]["realtime"].split(" (")[0]
        == (document["peers"]["bare_loop_realtime"].split(" (")[0])
    )
