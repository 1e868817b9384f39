# SPDX-License-Identifier: Apache-2.0
"""Over the wire: nothing that an operator does begins a new dose or lets go of a cause.

Also that an amplifier switched off at its own front panel is noticed, and that nothing else is.
"""

import asyncio
from dataclasses import replace

import pytest

from mnht_controller.domain.command import Reason
from mnht_controller.domain.intent import Verb
from mnht_controller.domain.lease import GuardState
from mnht_controller.domain.phase import Phase
from mnht_controller.domain.trip import Trip
from mnht_controller.guard import machine
from mnht_controller.journal.records import TickRecord
from mnht_controller.settings.settings import Settings
from sim_hardware.bench.scenario import Scenario, Wish
from tests.closed_loop.sessions import WARM_C, Played, amplitude, play, short_settings

FIELD_S_MAX = 4.0
COOL_C = 41.0
"""Far enough below the set-point for a ramp that lasts."""


class Restless(Played):
    """An operator who, whenever the field is gone, resets, prepares, confirms and starts again."""

    ends_at_s = 40.0

    def _seen(self, record: TickRecord) -> None:
        super()._seen(record)
        phase = record.decision.phase
        if phase is Phase.TRIPPED:
            self._reset(record.input.now)
        elif phase in {Phase.STANDBY, Phase.COMPLETE} and record.input.now > 3.0:
            self.operator.wish(Verb.PREPARE)
        elif phase is Phase.CHECK:
            self.guard.confirm("restless")
        elif phase is Phase.ARMED:
            self.operator.wish(Verb.START)

    def _reset(self, now: float) -> None:
        if self.guard.state.state is GuardState.LATCHED:
            self.guard.state, _ = machine.reset(self.guard.state, "restless", now)
        else:
            self.operator.wish(Verb.RESET)

    def _is_over(self, now: float) -> bool:
        return now >= self.ends_at_s


class Abandoning(Restless):
    """Abandons each run shortly before its time is up, to have all of it again."""

    def _seen(self, record: TickRecord) -> None:
        super()._seen(record)
        if record.decision.phase is Phase.PAUSED:
            self.operator.wish(Verb.ABANDON)
        elif record.decision.phase is Phase.RAMP and record.decision.field_s > FIELD_S_MAX - 1.0:
            self.operator.wish(Verb.PAUSE)


class Panel(Played):
    """Somebody switches the amplifier off at its front panel, 3 s into the field, and on again."""

    def _seen(self, record: TickRecord) -> None:
        super()._seen(record)
        began, stage = self.seen.course.first(Phase.RAMP), self.world.source.stage
        since_s = record.input.now - began[0] if began else 0.0
        if 2.95 < since_s < 3.05:
            stage.switch_off(record.input.now)
        elif 4.95 < since_s < 5.05:
            stage.arm(5.0, record.input.now)
            stage.switch_on(record.input.now)


class Blushing(Played):
    """The skin reads up to 1 °C more and less again within 10 s, slowly enough to be believed."""

    def _seen(self, record: TickRecord) -> None:
        super()._seen(record)
        began, tip = self.seen.course.first(Phase.RAMP), self.world.tips["thermometer", 1]
        if began is not None and not hasattr(self, "_true"):
            self._true, self._began = tip.reading, began[0]
            tip.reading = self._warmer  # this one tip blushes

    def _warmer(self) -> float:
        return self._true() + self._more_c(asyncio.get_running_loop().time())

    def _more_c(self, now: float) -> float:
        return max(0.0, 1.0 - 0.2 * abs(now - self._began - 6.0))


def limited(settings: Settings, **limits: float) -> Settings:
    return replace(settings, limits=replace(settings.limits, **limits))


def energized_s(session: Played) -> float:
    on = [edge.at for edge in session.seen.edges if edge.energized]
    off = [edge.at for edge in session.seen.edges if not edge.energized]
    return sum(off) - sum(on)


def off_unasked_s(session: Played) -> float:
    """Longest time of a permit above zero with a snapshot that says off."""
    longest = now_s = 0.0
    permitted = 0.0
    for record in session.ticks:
        source = record.input.source
        is_off = permitted > 0.0 and source is not None and not source.output_on
        now_s = now_s + 0.1 if is_off else 0.0
        longest, permitted = max(longest, now_s), amplitude(record)
    return longest


@pytest.mark.parametrize("operator", [Restless, Abandoning])
def test_h43_the_field_on_time_is_that_of_all_runs_together(operator: type[Restless]) -> None:
    settings = limited(short_settings(1000.0), field_s_max=FIELD_S_MAX)
    session = operator(settings, 1, Scenario(skin_c=COOL_C))
    assert FIELD_S_MAX - 1.0 < energized_s(session) <= FIELD_S_MAX + 0.5
    last = session.ticks[-1].decision
    assert last.phase is Phase.CHECK, "reset and prepared, but never armed again"
    guard = session.guard.state
    _, refused = machine.confirm(
        guard, guard.envelope_sha256, guard.nonce, "once more", guard.ticked_at
    )
    found: tuple[Reason | Trip, ...] = (*last.unmet, *guard.latch.trips, *refused)
    assert "session_time" in {reason.code for reason in found}, "one of the two refuses by it"


def test_h43_a_second_session_goes_on_with_dose_and_time() -> None:
    settings = short_settings(2.0)
    session = Restless(settings, 1, Scenario(skin_c=42.8))
    counted = [record.decision.field_s for record in session.ticks]
    doses = [record.decision.estimate.skin_cem43_min for record in session.ticks]
    completed = [phase for phase, _, _ in session.seen.course.phases].count(Phase.COMPLETE)
    assert completed >= 2
    assert counted == sorted(counted)
    assert doses == sorted(doses)
    assert counted[-1] == pytest.approx(session.guard.state.field_s, abs=1.0)


def test_h21_an_amplifier_switched_off_at_its_front_panel_trips_before_it_is_on_again() -> None:
    session = Panel(short_settings(1000.0), 1, Scenario(skin_c=COOL_C))
    assert session.result["first_out"] == "output_off_unasked"
    assert [edge.energized for edge in session.seen.edges] == [True, False]
    assert session.result["oracle_violations"] == []


def test_starts_pauses_and_cut_backs_are_not_taken_for_a_front_panel() -> None:
    wishes = (Wish(2.0, Verb.PAUSE), Wish(4.0, Verb.RESUME), Wish(6.0, Verb.LOWER_SETPOINT, 42.0))
    for session in (
        play(settings=short_settings(20.0)),
        play(*wishes, settings=short_settings(10.0)),
        Blushing(short_settings(20.0), 1, Scenario(skin_c=WARM_C)),
    ):
        assert session.result["outcome"] == "completed"
        assert off_unasked_s(session) <= 0.3
    hits = [r.code for t in session.ticks for r in getattr(t.decision.verdict, "reasons", ())]
    assert {"skin_cap", "skin_predicted"} & set(hits), "it must have been cut back"
