# SPDX-License-Identifier: Apache-2.0
"""A session that must not start: nothing is energized, and every reason is said at once."""

from mnht_controller.domain.phase import Phase
from sim_hardware.bench import simulate
from sim_hardware.faults import Fault
from tests.closed_loop.sessions import play


def test_h03_a_missing_probe_refuses_the_start_and_all_reasons_are_said(monkeypatch) -> None:
    monkeypatch.setattr(simulate, "REFUSED_AFTER_S", 8.0)
    faults = (
        Fault(0.0, "thermometer", "no_probe_token", "1"),
        Fault(0.0, "thermometer", "probe_dropped", "2"),
    )
    session = play(faults=faults, since=Phase.STANDBY, skin_c=None)
    result = session.result
    assert result["outcome"] == "refused"
    assert {"probe_bad skin", "probe_stale tumor"} <= set(result["reasons"])
    assert session.seen.edges == []
    assert result["field_ka_per_m_max"] == 0.0
    assert result["time_to_target_s"] is None
    assert result["first_out"] is None
    assert result["oracle_violations"] == []


def test_skin_that_is_too_warm_refuses_the_start(monkeypatch) -> None:
    monkeypatch.setattr(simulate, "REFUSED_AFTER_S", 5.0)
    session = play(skin_c=43.6)
    assert session.result["outcome"] == "refused"
    assert {reason.split()[0] for reason in session.result["reasons"]} >= {
        "skin_too_warm",
        "skin_cap",
    }
    assert session.seen.edges == []
