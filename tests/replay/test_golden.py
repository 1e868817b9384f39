# SPDX-License-Identifier: Apache-2.0
"""The release gate: this version decides the golden session bit for bit as it was recorded.

Red means that decisions have changed. If that is meant, golden.py says how to renew it.
"""

from pathlib import Path

import pytest

from mnht_controller.domain.codec import from_plain
from mnht_controller.domain.phase import Phase
from mnht_controller.journal.chain import lines_of, trace_sha256, verify
from mnht_controller.journal.read import read_records
from mnht_controller.journal.records import TickRecord
from mnht_controller.runtime.replay import replay
from mnht_controller.thermometry import prediction
from tests.replay import golden

SIZE_MAX = 300_000


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return golden.unpack(tmp_path)


def test_every_decision_is_as_recorded(journal: Path) -> None:
    result = replay(journal)
    assert result.first_difference is None, result.first_difference
    assert result.identical
    assert result.ticks > 500


def test_a_constant_that_only_a_long_session_shows_is_seen_too(
    journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prediction, "REACTION_S", 5.01)
    found = replay(journal).first_difference
    assert found is not None
    assert found.tick > 100


def test_it_is_the_one_that_was_renewed_with_a_reason(journal: Path) -> None:
    assert verify(journal).ok
    assert trace_sha256(lines_of(journal)) == golden.noted_trace()
    assert all(len(line.split(" ", 1)) == 2 for line in golden.LOG.read_text().splitlines())
    assert golden.GOLDEN.stat().st_size <= SIZE_MAX


def test_it_has_in_it_what_a_gate_must_see(journal: Path) -> None:
    ticks = [from_plain(TickRecord, r.data) for r in read_records(journal) if r.kind == "tick"]
    phases = {tick.decision.phase for tick in ticks}
    assert phases == set(Phase) - {Phase.COOLDOWN, Phase.COMPLETE}
    assert {trip.code for trip in ticks[-1].decision.trips} >= {"probe_bad"}
    assert {tick.decision.setpoint_c for tick in ticks} == {
        golden.SETPOINT_C,
        golden.SETPOINT_C - 0.1,
    }
    assert any(hasattr(tick.decision.verdict, "field_ka_per_m") for tick in ticks)
