# SPDX-License-Identifier: Apache-2.0
"""Alarms of real processes: shown, acknowledged, there again after a restart. H37, H48, I7."""

import time
from pathlib import Path
from typing import Any

import pytest

from mnht_controller.app.build import plan_for
from mnht_controller.domain.alarm import Change
from mnht_controller.domain.codec import from_plain
from mnht_controller.journal.read import read_records
from mnht_controller.journal.records import AlarmRecord
from mnht_controller.settings.load import load_site
from sim_hardware.bench.alarms import ALARM_S
from sim_hardware.bench.verdict import judge
from sim_hardware.bench.warm import WAIT_S, Warm, is_refused, until

pytestmark = pytest.mark.real


def shown(stack: Warm) -> dict[str, Any]:
    """Each occurrence that the console shows, by code."""
    rows = stack.operator.call("GET", "alarms")["occurrences"]
    return {row["code"]: row for row in rows}


def is_reset(stack: Warm) -> bool:
    """Ask for a reset; say whether both are. Each of the two may refuse by itself at first."""
    is_refused(lambda: stack.operator.call("POST", "session/reset"))
    return stack.guard_state() != "latched" and stack.operator.phase() != "tripped"


def told(journal: Path) -> list[AlarmRecord]:
    """The alarm records of one controller's journal."""
    kinds = (record for record in read_records(journal) if record.kind == "alarm")
    return [from_plain(AlarmRecord, record.data) for record in kinds]


def test_alarms_and_acknowledgements_outlive_the_processes(tmp_path: Path) -> None:
    """And a file that was damaged meanwhile is an alarm of its own."""
    began = time.monotonic()
    with Warm(tmp_path) as stack:
        stack.operator.call("POST", "session/stop")
        until(lambda: "operator_stop" in shown(stack), WAIT_S, "the alarm is shown")
        number = shown(stack)["operator_stop"]["id"]
        stack.operator.call("POST", "alarms/acknowledge", {"occurrence": number})
        stack.operator.call("POST", "alarms/audio-pause")
        seen = shown(stack)["operator_stop"]
        assert (seen["sounds"], seen["acknowledged_by"]) == (False, "operator#1")
        ended = time.monotonic()
        stack.close()
        plan = plan_for(load_site(stack.site))
        verdict = judge(stack.live, plan, 1, ended - began, ended)
        assert verdict["oracle_violations"] == []
        (journal,) = Path(stack.live.served["journal_dir"]).glob("controller-*.jsonl")
    records = told(journal)
    actors = {(one.event.change, one.event.actor) for one in records if one.event.actor}
    assert actors == {(Change.ACKNOWLEDGED, "operator#1"), (Change.AUDIO_PAUSED, "operator#1")}
    assert all(one.shown_at - one.event.at <= ALARM_S for one in records)

    with Warm(tmp_path) as stack:
        until(lambda: "operator_stop" in shown(stack), WAIT_S, "it is there again")
        again = shown(stack)["operator_stop"]
        assert (again["id"], again["acknowledged_by"], again["kept"]) == (
            number, "operator#1", True,
        )  # fmt: skip
        assert stack.operator.call("GET", "alarms")["audio_paused_s"] is None
        until(lambda: is_reset(stack), WAIT_S, "both are reset")
        until(lambda: "operator_stop" not in shown(stack), WAIT_S, "seen, and over")

    (kept,) = tmp_path.rglob("controller-alarms.json")
    kept.write_bytes(kept.read_bytes()[:-9])
    with Warm(tmp_path) as stack:
        until(lambda: "alarms_unreadable" in shown(stack), WAIT_S, "the damage is told")
        lost = shown(stack)["alarms_unreadable"]
        assert (lost["sounds"], lost["latching"]) == (True, True)
        assert lost["id"] > number
        stack.operator.call("POST", "alarms/reset-signal", {"occurrence": lost["id"]})
        until(lambda: "alarms_unreadable" not in shown(stack), WAIT_S, "it is reset")
