# SPDX-License-Identifier: Apache-2.0
"""Alarms over the wire in virtual time: one session for each priority, and what people do about it.

Covers H01, H10, H47, H48; oracle I7 judges each run from the journal.
"""

from collections.abc import Callable

import pytest

from mnht_controller.alarms.conditions import conditions
from mnht_controller.alarms.engine import audible, first_cause, highest, wants_beacon
from mnht_controller.domain.alarm import AlarmAct, AlarmVerb, Change, Priority
from mnht_controller.domain.codec import from_plain
from mnht_controller.domain.intent import Verb
from mnht_controller.domain.phase import Phase
from mnht_controller.journal.read import parse_records
from mnht_controller.journal.records import AlarmRecord, TickRecord
from mnht_controller.runtime import controller
from mnht_controller.runtime.door import AskedAct
from sim_hardware.bench.alarms import ALARM_S
from sim_hardware.bench.operator import NoConsole
from sim_hardware.bench.scenario import Scenario, Wish
from sim_hardware.faults import Fault
from tests.closed_loop.sessions import WARM_C, Played, play, short_settings

NO_TOKEN = Fault(2.0, "thermometer", "no_probe_token", "1")
STUCK_ON = Fault(2.0, "source", "amp_stuck_full")


def told(session: Played) -> list[AlarmRecord]:
    """Every alarm record of the journal."""
    return [
        from_plain(AlarmRecord, record.data)
        for record in parse_records(session.journal.lines, "controller")
        if record.kind == "alarm"
    ]


def raised(session: Played) -> dict[str, Priority]:
    """Each alarm that was raised, with its priority then."""
    return {
        record.event.occurrence.code: record.event.occurrence.priority
        for record in told(session)
        if record.event.change is Change.RAISED and record.event.occurrence
    }


SHORT = short_settings(20.0)


@pytest.fixture(scope="module")
def without_probe() -> Played:
    return play(faults=(NO_TOKEN,), settings=SHORT)


def test_h17_a_stuck_amplifier_is_a_high_alarm_that_says_press_the_e_stop() -> None:
    session = play(faults=(STUCK_ON,), settings=SHORT)
    assert session.result["oracle_violations"] == []
    state = session.controller.alarms.shown
    assert audible(state) is Priority.HIGH
    shown, first = highest(state), first_cause(state)
    assert shown is not None
    assert first is not None
    assert first.code == session.result["first_out"]
    assert {"readback_high", "unconfirmed_off"} & {*raised(session)}
    assert wants_beacon(state)


def test_h10_a_lost_probe_is_a_medium_alarm(without_probe: Played) -> None:
    session = without_probe
    assert session.result["oracle_violations"] == []
    assert raised(session)["probe_bad"] is Priority.MEDIUM
    assert audible(session.controller.alarms.shown) is Priority.MEDIUM
    (found,) = [one for one in told(session)
                if one.event.occurrence and one.event.occurrence.code == "probe_bad"]  # fmt: skip
    (trip,) = [one for one in session.result["trips"] if one["code"] == "probe_bad"]
    assert found.shown_at - session.seen.course.trips[0].at <= ALARM_S
    assert trip["code"] == session.result["first_out"]


def test_h60_stop_is_a_low_alarm() -> None:
    session = play(Wish(3.0, Verb.STOP))
    assert session.result["oracle_violations"] == []
    assert raised(session)["operator_stop"] is Priority.LOW
    heard = {code for code, one in raised(session).items() if one is not Priority.INFO}
    assert "operator_stop" in heard
    assert not wants_beacon(session.controller.alarms.shown) or heard > {"operator_stop"}


def test_a_session_without_trouble_only_informs() -> None:
    """Warm skin near its set-point is worth knowing, and calls nobody."""
    session = play()
    assert session.result["outcome"] == "completed"
    assert set(raised(session).values()) <= {Priority.INFO}
    assert audible(session.controller.alarms.shown) is None


class Unwatched(Played):
    """Nobody looks from the third second of the plateau on, for `gone_s`."""

    gone_s = 65.0

    def _seen(self, record: TickRecord) -> None:
        looked_at = self.controller.parts.hall.seen_at
        super()._seen(record)
        began = self.seen.course.first(Phase.PLATEAU)
        if began and 3.0 <= record.input.now - began[0] <= 3.0 + self.gone_s:
            self.controller.parts.hall.seen_at = looked_at


@pytest.mark.shows("view_lost_calls")
def test_h47_nobody_watching_calls_after_10_s_and_again_when_it_pauses() -> None:
    """It goes up to high while nobody comes, and stays until it is reset."""
    scenario = Scenario(skin_c=WARM_C, since=Phase.RAMP, until_s=100.0)
    session = Unwatched(short_settings(80.0), 1, scenario)
    assert session.result["oracle_violations"] == []
    events = [(r.event.change, r.event.occurrence.code, r.event.occurrence.priority, r.event.at)
              for r in told(session) if r.event.occurrence]  # fmt: skip
    events = [event for event in events if event[2] is not Priority.INFO]
    began = session.seen.course.first(Phase.PLATEAU)
    assert began is not None
    assert events[0][:3] == (Change.RAISED, "operator_absent", Priority.MEDIUM)
    assert events[0][3] - (began[0] + 3.0) == pytest.approx(10.0, abs=0.3)
    assert (Change.RAISED, "session.view_lost", Priority.MEDIUM) in [row[:3] for row in events]
    codes = [one.code for one in session.controller.alarms.shown.occurrences]
    assert {"operator_absent", "session.view_lost"} <= {*codes}, "they latch"


class Acting(Played):
    """Does something about alarms when a tick shows them."""

    acts: tuple[tuple[Callable[[Played], bool], AlarmVerb, str], ...] = ()

    def _seen(self, record: TickRecord) -> None:
        super()._seen(record)
        waiting = list(getattr(self, "waiting", self.acts))
        if waiting and waiting[0][0](self):
            _, verb, code = waiting.pop(0)
            shown = self.controller.alarms.shown.occurrences
            number = next((one.id for one in shown if one.code == code), 0)
            act = AlarmAct(verb, "nurse", number)
            self.controller.parts.hall.offer_act(AskedAct(NoConsole(), 1, act))
        self.waiting = waiting


def test_h48_acts_reach_the_controller_and_stand_in_its_journal(without_probe: Played) -> None:
    def is_up(session: Played) -> bool:
        return "probe_bad" in [one.code for one in session.controller.alarms.shown.occurrences]

    class Nurse(Acting):
        acts = ((is_up, AlarmVerb.PAUSE_AUDIO, ""), (is_up, AlarmVerb.ACKNOWLEDGE, "probe_bad"))

    base = without_probe
    session = Nurse(base.settings, 1, base.scenario)
    done = [(r.event.change, r.event.actor) for r in told(session) if r.event.actor]
    assert done == [(Change.AUDIO_PAUSED, "nurse"), (Change.ACKNOWLEDGED, "nurse")]
    assert session.result["trace_sha256"] == base.result["trace_sha256"], "no decision knows alarms"
    snapshot = session.controller.snapshot(session.ticks[-1].input, session.ticks[-1].decision)
    (one,) = [one for one in snapshot.alarms.occurrences if one.code == "probe_bad"]
    assert one.acknowledged_by == "nurse"


def test_i7_a_trip_that_raises_nothing_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def deaf(*given):
        return tuple(one for one in conditions(*given) if one.code != "probe_bad")

    monkeypatch.setattr(controller, "conditions", deaf)
    session = play(faults=(NO_TOKEN,), settings=SHORT)
    assert {text.split(":")[0] for text in session.result["oracle_violations"]} == {"I7"}
