# SPDX-License-Identifier: Apache-2.0
"""Every string of up to four things that can happen, for each kind of alarm; each verb by itself.

H48: nothing silences for ever, nothing hides another. The invariants are in invariants.py.
"""

from collections.abc import Callable
from itertools import product

import pytest

from mnht_controller.alarms.engine import (
    AUDIO_PAUSE_S,
    audible,
    first_cause,
    highest,
    refusal,
    restored,
    step,
    wants_beacon,
)
from mnht_controller.domain.alarm import (
    NO_ALARMS,
    AlarmAct,
    AlarmState,
    Change,
    Occurrence,
    Priority,
)
from mnht_controller.domain.command import Reason
from tests.unit.alarms.invariants import ACT, DELAY_S, REPEAT_S, ROWS, Ward, test_rows

__all__ = ("test_rows",)

LENGTH = 4
KINDS = [code for code in ROWS if code != "worse"]
PAUSE = AlarmAct(ACT.PAUSE_AUDIO, "nurse")

THINGS: dict[str, Callable[[Ward, str], object]] = {
    "on": lambda w, code: w.switch(code, True).tick(),
    "off": lambda w, code: w.switch(code, False).tick(),
    "acknowledge": lambda w, code: w.tick(AlarmAct(ACT.ACKNOWLEDGE, "nurse", w.newest(code))),
    "pause": lambda w, _: w.tick(PAUSE),
    "pause ends": lambda w, _: w.tick(dt_s=AUDIO_PAUSE_S),
    "reset": lambda w, code: w.tick(AlarmAct(ACT.RESET_SIGNAL, "nurse", w.newest(code))),
    "higher": lambda w, _: w.switch("worse", True).tick(),
}


@pytest.mark.usefixtures("test_rows")
@pytest.mark.parametrize("code", KINDS)
def test_every_short_string_of_things_that_happen(code: str) -> None:
    """H48: 2 800 strings for each of twelve kinds, each step of each judged."""
    strings = [s for n in range(1, LENGTH + 1) for s in product(THINGS, repeat=n)]
    assert len(strings) == 2800
    for string in strings:
        ward = Ward()
        for thing in string:
            THINGS[thing](ward, code)


@pytest.mark.usefixtures("test_rows")
@pytest.mark.parametrize("code", KINDS)
def test_every_short_string_while_the_alarm_is_up_already(code: str) -> None:
    """H48: the same from an alarm that has been raised, so that delays do not hide anything."""
    for string in product(THINGS, repeat=LENGTH - 1):
        ward = Ward()
        for _ in range(3):
            THINGS["on"](ward, code)
        assert ward.newest(code) in ward.ids
        for thing in string:
            THINGS[thing](ward, code)


def act(verb: ACT, number: int = 0, actor: str = "nurse") -> AlarmAct:
    return AlarmAct(verb, actor, number)


def up(*codes: str) -> Ward:
    """These conditions hold and have been raised, one tick after another."""
    ward = Ward()
    for code in codes:
        ward.switch(code, True)
        ward.tick()
    return ward


@pytest.mark.usefixtures("test_rows")
@pytest.mark.shows("alarm_by_number")
def test_an_acknowledgement_names_one_and_leaves_the_others_loud() -> None:
    """H48: the alarm behind it is heard all the same."""
    ward = up("medium-passing-0", "worse")
    ward.tick(act(ACT.ACKNOWLEDGE, 2))
    first, second = ward.state.occurrences
    assert (first.acknowledged_at, second.acknowledged_by) == (None, "nurse")
    assert audible(ward.state) is Priority.MEDIUM
    ward.tick(act(ACT.ACKNOWLEDGE, 1, "doctor"))
    assert audible(ward.state) is None
    assert [o.acknowledged_by for o in ward.state.occurrences] == ["doctor", "nurse"]


@pytest.mark.usefixtures("test_rows")
def test_what_comes_back_unacknowledged_does_not_begin_to_go_up_anew() -> None:
    """H48: a loose contact is no way to stay quiet, and HIGH does not become MEDIUM by itself."""
    ward = up("medium-latching-0")
    for _ in range(4):
        ward.switch("medium-latching-0", False).tick(dt_s=10.0)
        ward.switch("medium-latching-0", True).tick(dt_s=10.0)
    assert [one.priority for one in ward.state.occurrences] == [Priority.HIGH]
    ward.switch("medium-latching-0", False).tick()
    ward.switch("medium-latching-0", True).tick()
    assert [one.priority for one in ward.state.occurrences] == [Priority.HIGH]
    ward.tick(act(ACT.ACKNOWLEDGE, ward.newest("medium-latching-0")))
    ward.switch("medium-latching-0", False).tick()
    ward.switch("medium-latching-0", True).tick()
    assert [one.priority for one in ward.state.occurrences] == [Priority.MEDIUM]


@pytest.mark.usefixtures("test_rows")
def test_what_comes_back_is_a_new_occurrence_that_no_old_number_silences() -> None:
    """H48: flapping is one line with a count, and each time it sounds."""
    ward = up("medium-latching-0")
    for times in (2, 3, 4):
        ward.tick(act(ACT.ACKNOWLEDGE, ward.newest("medium-latching-0")))
        ward.switch("medium-latching-0", False)
        ward.tick()
        ward.switch("medium-latching-0", True)
        ward.tick()
        (found,) = ward.state.occurrences
        assert (found.times, found.id, found.sounds) == (times, times, True)
    ward.tick(act(ACT.ACKNOWLEDGE, 1))
    assert audible(ward.state) is Priority.MEDIUM


@pytest.mark.usefixtures("test_rows")
def test_an_act_of_the_tick_in_which_something_begins_does_not_meet_it() -> None:
    """H48: a pause asked for before the new alarm was shown is broken by it at once."""
    ward = up("low-passing-0")
    ward.switch("worse", True)
    ward.tick(PAUSE, act(ACT.ACKNOWLEDGE, 2))
    assert ward.state.paused_until is None
    assert audible(ward.state) is Priority.HIGH


@pytest.mark.usefixtures("test_rows")
@pytest.mark.shows("silence_is_timed")
def test_a_pause_is_timed_is_not_made_longer_and_ends_by_itself() -> None:
    """H48: pressing again and again is no global off."""
    ward = up("low-passing-0")
    ward.tick(PAUSE)
    assert audible(ward.state) is None
    silent_s = 0.0
    while audible(ward.state) is None:
        ward.tick(PAUSE, dt_s=10.0)
        silent_s += 10.0
        assert silent_s <= 120.0
    assert silent_s == AUDIO_PAUSE_S


@pytest.mark.usefixtures("test_rows")
@pytest.mark.parametrize("jump_s", [-50.0, -1e6, float("nan")])
def test_a_clock_that_goes_wrong_ends_the_pause(jump_s: float) -> None:
    """H33, H48."""
    ward = up("low-passing-0")
    ward.tick(PAUSE)
    conditions = (Reason("low-passing-0", "here"),)
    state, _ = step(ward.state, conditions, (), ward.now + jump_s)
    assert audible(state) is Priority.LOW


@pytest.mark.usefixtures("test_rows")
def test_unacknowledged_it_goes_up_or_is_repeated_every_minute() -> None:
    """H48: as far as its row says; going up breaks a pause, being repeated does not."""
    ward = up("medium-passing-0", "low-passing-0")
    ward.tick(dt_s=REPEAT_S - 2.0)
    ward.tick(PAUSE)
    changes = [e.change for _ in range(4) for e in ward.tick()]
    assert changes == [Change.ESCALATED, Change.AUDIO_ON, Change.REPEATED]
    assert [o.priority for o in ward.state.occurrences] == [Priority.HIGH, Priority.LOW]
    ward.tick(PAUSE)
    assert {e.change for e in ward.tick(dt_s=REPEAT_S)} == {Change.REPEATED}
    assert audible(ward.state) is None
    ward.tick(act(ACT.ACKNOWLEDGE, 1), act(ACT.ACKNOWLEDGE, 2))
    assert [e.change for _ in range(4) for e in ward.tick(dt_s=REPEAT_S)] == [Change.AUDIO_ON]


@pytest.mark.usefixtures("test_rows")
def test_a_latched_signal_ends_by_reset_with_its_condition_gone() -> None:
    ward = up("medium-latching-0")
    reset = act(ACT.RESET_SIGNAL, 1)
    here = (Reason("medium-latching-0", "here"),)
    assert refusal(ward.state, reset, here) == "alarm 1 is still there: medium-latching-0 here"
    ward.tick(reset)
    assert [found.id for found in ward.state.occurrences] == [1]
    ward.switch("medium-latching-0", False)
    ward.tick()
    assert audible(ward.state) is Priority.MEDIUM, "gone, and nobody has seen it"
    assert refusal(ward.state, reset, here), "it is back, though not raised yet"
    assert not refusal(ward.state, reset, ())
    events = ward.tick(reset)
    assert [(event.change, event.actor) for event in events] == [(Change.RESET, "nurse")]
    assert [*ward.state.occurrences] == []
    assert ward.tick(reset) == (), "asked again it is done already"


@pytest.mark.usefixtures("test_rows")
def test_a_delay_starts_anew_when_the_condition_is_gone_for_a_tick() -> None:
    ward = Ward()
    for is_on in (True, True, False, True, True):
        ward.switch("medium-passing-1", is_on)
        ward.tick(dt_s=DELAY_S / 2)
    assert ward.ids == []
    ward.tick(dt_s=DELAY_S / 2)
    assert ward.ids == [1]


@pytest.mark.usefixtures("test_rows")
@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (act(ACT.ACKNOWLEDGE, 9), "there is no alarm 9"),
        (act(ACT.ACKNOWLEDGE, 0), "there is no alarm 0"),
        (act(ACT.RESET_SIGNAL, -1), "there is no alarm -1"),
        (act(ACT.ACKNOWLEDGE, 1, ""), "an act on an alarm needs a name"),
        (act(ACT.PAUSE_AUDIO, 0, ""), "an act on an alarm needs a name"),
    ],
)
def test_what_is_refused_changes_nothing(wrong: AlarmAct, why: str) -> None:
    ward = up("medium-latching-0")
    before = ward.state
    assert refusal(ward.state, wrong, ()) == why
    assert ward.tick(wrong) == ()
    assert ward.state == before


@pytest.mark.usefixtures("test_rows")
def test_after_a_restart_all_is_there_and_sounds_until_somebody_acts() -> None:
    """H48: the condition may be unknown yet, and the pause was another life's."""
    ward = up("medium-latching-0", "medium-passing-0", "low-passing-0")
    ward.tick(act(ACT.ACKNOWLEDGE, 3), PAUSE)
    state = restored(ward.state, -5.0)
    assert (state.paused_until, state.next_id) == (None, 4)
    state, _ = step(state, (), (), -4.9)
    assert [(o.id, o.kept, o.ended_at) for o in state.occurrences] == [
        (1, True, -4.9), (2, True, -4.9),
    ]  # fmt: skip
    assert audible(state) is Priority.MEDIUM
    state, _ = step(state, (), (act(ACT.ACKNOWLEDGE, 2), act(ACT.ACKNOWLEDGE, 1)), -4.8)
    assert [o.id for o in state.occurrences] == [1], "the passing one is over, the other latches"
    state, events = step(state, (Reason("medium-passing-0", "here"),), (), -4.7)
    assert [e.occurrence.id for e in events if e.occurrence] == [4], "no number is given twice"


@pytest.mark.usefixtures("test_rows")
def test_the_banner_shows_the_highest_and_first_the_cause() -> None:
    ward = up("info-passing-0", "low-passing-0", "medium-passing-0", "worse")
    assert [(f.code if f else None) for f in (highest(ward.state), first_cause(ward.state))] == [
        "worse", "low-passing-0",
    ]  # fmt: skip
    ward.tick(act(ACT.ACKNOWLEDGE, ward.newest("worse")))
    shown = highest(ward.state)
    assert shown is not None
    assert shown.code == "worse", "acknowledged is not gone"
    assert highest(NO_ALARMS) is first_cause(NO_ALARMS) is None


@pytest.mark.usefixtures("test_rows")
def test_a_beacon_is_wanted_while_high_or_medium_is_to_be_heard() -> None:
    """H47: the hook for a relay; low and info call nobody to the room."""
    assert [wants_beacon(up(code).state) for code in (
        "info-passing-0", "low-passing-0", "medium-passing-0", "worse")] == [
        False, False, True, True,
    ]  # fmt: skip
    ward = up("worse")
    ward.tick(PAUSE)
    assert not wants_beacon(ward.state)
    assert not wants_beacon(NO_ALARMS)


def test_a_row_that_this_version_does_not_have_stays_until_it_is_reset() -> None:
    """A kept alarm of another version is shown and can be let go."""
    strange = Occurrence(1, "unheard_of", "unheard_of", "", None, None, Priority.LOW, 1.0, 1.0)
    state, _ = step(AlarmState((strange,), (), 2), (), (), 2.0)
    assert len(state.occurrences) == 1
    state, _ = step(state, (), (act(ACT.RESET_SIGNAL, 1),), 3.0)
    assert state.occurrences == ()


def test_quiet_is_free() -> None:
    state, events = step(NO_ALARMS, (), (), 1.0)
    assert state is NO_ALARMS
    assert events == ()
