# SPDX-License-Identifier: Apache-2.0
"""Whole sessions over the wire in virtual time: from cold, from warm, and how seeds matter."""

from itertools import pairwise

import pytest

from mnht_controller.domain.phase import Phase
from mnht_controller.journal.chain import verify
from tests.closed_loop.sessions import Played, play, short_settings

IN_ORDER = ["standby", "check", "armed", "ramp", "plateau", "cooldown", "complete"]


@pytest.fixture(scope="module")
def cold() -> Played:
    return play(skin_c=None, settings=short_settings(60.0))


@pytest.fixture(scope="module")
def warm() -> Played:
    return play()


def test_a_session_from_cold_holds_the_skin_at_its_set_point(cold: Played) -> None:
    result = cold.result
    assert (result["outcome"], result["trips"], result["reasons"]) == ("completed", [], [])
    assert result["oracle_violations"] == result["trips"] == result["reasons"] == []
    assert result["true"]["skin_overshoot_c"] <= 0.3
    assert result["true"]["skin_over_cap_c"] == 0.0
    assert result["plateau_in_band_fraction"] == 1.0
    assert result["plateau_s"] == pytest.approx(60.0, abs=0.2)
    assert 60.0 < result["time_to_target_s"] < 1200.0
    assert 0.0 < result["field_ka_per_m_max"] <= 7.5
    assert result["measured"]["skin_c_max"] > 42.5


def test_a_session_walks_through_its_phases_in_order(cold: Played, warm: Played) -> None:
    for session in (cold, warm):
        assert [phase.value for phase, _, _ in session.seen.course.phases] == IN_ORDER


def test_a_session_from_warm_neither_overshoots_nor_breaks_an_oracle(warm: Played) -> None:
    result = warm.result
    assert (result["outcome"], result["oracle_violations"]) == ("completed", [])
    assert result["true"]["skin_overshoot_c"] <= 0.3
    assert result["ticks"] == len(warm.ticks) == result["simulated_s"] * 10 + 1


def test_the_field_is_gone_when_the_session_is_over(warm: Played) -> None:
    assert warm.seen.edges
    assert not warm.seen.edges[-1].energized
    for record in (*warm.during(Phase.COOLDOWN), *warm.during(Phase.COMPLETE)):
        assert not hasattr(record.decision.verdict, "field_ka_per_m")


def test_the_same_seed_gives_the_same_trace_and_another_does_not(warm: Played) -> None:
    again, other = play(), play(seed=2)
    assert again.result["trace_sha256"] == warm.result["trace_sha256"]
    assert other.result["trace_sha256"] != warm.result["trace_sha256"]
    assert [other.result["seed"], warm.result["seed"]] == [2, 1]
    same = {"wall_s", "speed_x"}
    assert {k: v for k, v in again.result.items() if k not in same} == {
        k: v for k, v in warm.result.items() if k not in same
    }


def test_nothing_bypasses_the_wire(warm: Played) -> None:
    """Bytes go to and come from each device in every simulated second."""
    seconds = warm.traffic[5::10]
    assert len(seconds) > 8
    for (_, before), (now, after) in pairwise(seconds):
        assert set(after) == {"source", "thermometer"}
        for device, (sent, came) in after.items():
            assert sent > before[device][0], f"nothing sent to {device} before {now:.1f} s"
            assert came > before[device][1], f"nothing came from {device} before {now:.1f} s"


def test_both_records_of_a_session_verify(warm: Played) -> None:
    assert verify(warm.journal.lines).ok
    assert verify(warm.guard.journal.lines).ok
