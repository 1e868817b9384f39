# SPDX-License-Identifier: Apache-2.0
"""H16, H29: the guard's part of the self-test: it feeds for a moment, dark and disabled only."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mnht_controller.domain.lease import GuardState
from mnht_controller.domain.trip import Latch, Trip
from mnht_controller.guard import machine
from tests.unit.guard.desk import Desk
from tests.unit.interlock.scene import lease, source

OFF = {"setpoint_ka_per_m": 0.0, "measured_ka_per_m": 0.0, "output_on": False}
KEPT = Latch((Trip("skin_trip", "H15", "skin", 44.1, 44.0, 1.0, 1.0),))


class Asking(Desk):
    """A controller that asks for the self-test, with a source that is dark unless changed."""

    def ask(self, seconds: float, *, wanted: bool = True, **changes: Any) -> bytes:
        dark = {**OFF, **changes}
        return self.run(
            seconds,
            lambda seq, now: lease(
                seq, now, c=self.c, test_line=wanted, source=source(now, seq=seq, **dark)
            ),
        )


def test_it_feeds_after_its_silence_and_stops_when_the_controller_has_seen_it() -> None:
    desk = Asking()
    assert desk.ask(1.15) == b""
    fed = desk.ask(0.2)
    assert fed.startswith(machine.RECLOSE + machine.FEED)
    assert desk.ask(2.0, wanted=False) in {b"", machine.FEED}
    assert desk.state is GuardState.DISABLED


def test_it_ends_by_itself_whatever_the_controller_asks_for() -> None:
    """A controller that asks for ever gets one second of it."""
    desk = Asking()
    desk.ask(20.0)
    first, last = desk.fed[0][0], desk.fed[-1][0]
    assert last - first < machine.TEST_S_MAX
    assert desk.fed[0][1] == machine.RECLOSE
    assert all(data == machine.FEED for _, data in desk.fed[1:])


@pytest.mark.parametrize(
    ("after_s", "feeds"), [(0.999, True), (1.0, False), (1.001, False), (-0.1, False)]
)
def test_its_deadline_is_one_second_exactly(after_s: float, *, feeds: bool) -> None:
    """And a clock that goes back is no time left."""
    guard = machine.start(0.0, Latch())
    dark = source(2.0, **OFF)
    guard, _ = machine.renew(guard, lease(1, 2.0, test_line=True, source=dark), 2.0)
    guard, data = machine.tick(guard, 2.0)
    assert data == machine.RECLOSE
    now = 2.0 + after_s
    fresh = lease(2, now, test_line=True, source=source(now, **OFF))
    guard, _ = machine.renew(guard, fresh, now)
    assert bool(machine.tick(guard, now)[1]) is feeds


def test_a_new_test_needs_to_be_asked_for_anew_and_as_much_silence() -> None:
    desk = Asking()
    desk.ask(5.0)
    count = len(desk.fed)
    desk.ask(0.2, wanted=False)
    ended = desk.fed[-1][0]
    desk.ask(5.0)
    assert desk.fed[count][1] == machine.RECLOSE
    assert desk.fed[count][0] - ended >= machine.SILENCE_S_MIN


def test_a_controller_that_asks_again_and_again_is_no_longer_heard() -> None:
    """Nobody confirms a self-test: a loop of them would be a field without a person."""
    desk = Asking()
    for _ in range(12):
        desk.ask(3.0)
        desk.ask(0.2, wanted=False)
    began = [at for at, data in desk.fed if data == machine.RECLOSE]
    assert len(began) == 8
    desk.guard = machine.lost(desk.guard, "controller", desk.now)
    desk.ask(5.0)
    assert len([at for at, data in desk.fed if data == machine.RECLOSE]) == 8


@pytest.mark.parametrize(
    "wrong",
    [
        {"output_on": True},
        {"setpoint_ka_per_m": 1.0},
        {"measured_ka_per_m": 1.0},
        {"measured_ka_per_m": None},
        {"at": 0.0},
    ],
)
def test_it_feeds_nothing_while_the_output_is_not_off_and_zero(wrong: dict[str, Any]) -> None:
    desk = Asking()
    assert desk.ask(5.0, **wrong) == b""


def test_it_stops_at_once_when_the_output_comes_on() -> None:
    desk = Asking()
    desk.ask(1.4)
    assert desk.fed
    desk.now += 0.05
    desk.ask(0.05, output_on=True)
    assert desk.ask(2.0, output_on=True) == b""


def test_it_stops_when_leases_stop() -> None:
    desk = Asking()
    desk.ask(1.4)
    began = desk.fed[0][0]
    desk.run(5.0, lambda seq, now: None)
    assert desk.fed[-1][0] - began < 0.6


def test_it_feeds_nothing_while_latched() -> None:
    desk = Asking(KEPT)
    assert desk.ask(5.0) == b""
    desk = Asking()
    desk.ask(1.4)
    desk.guard = machine.stop(desk.guard, "wall", desk.now)
    assert desk.ask(5.0) == b""


def test_arming_during_a_test_begins_with_silence_as_ever() -> None:
    """Nothing of the test is taken over: the loop opens before it is closed for a session."""
    desk = Asking()
    desk.run(1.3)
    desk.propose()
    desk.ask(0.2)
    last = desk.fed[-1][0]
    assert not desk.confirm()
    assert not machine.status(desk.guard, desk.now).line_fed
    desk.run(2.0)
    later = [(at, data) for at, data in desk.fed if at > last]
    assert later[0][1] == machine.RECLOSE
    assert later[0][0] - last >= machine.SILENCE_S_MIN


def test_a_guard_that_is_armed_takes_no_notice() -> None:
    desk = Asking().arm()
    fed = desk.ask(1.0)
    assert set(fed) == set(machine.FEED)
    assert desk.guard.test_since is None or desk.guard.state is GuardState.ARMED


def test_the_status_says_when_it_was_born_and_last_fed() -> None:
    desk = Asking()
    assert machine.status(desk.guard, desk.now).fed_at == desk.guard.born_at == 1000.0
    desk.ask(1.5)
    told = machine.status(desk.guard, desk.now)
    assert (told.fed_at, told.born_at) == (desk.fed[-1][0], 1000.0)


@settings(max_examples=60, deadline=None)
@given(
    asks=st.lists(
        st.tuples(
            st.booleans(),
            st.sampled_from((0.0, 0.0, 0.0, 1.0, None)),
            st.booleans(),
            st.sampled_from((0.05, 0.3, 0.6, 1.3)),
        ),
        max_size=20,
    )
)
def test_whatever_is_asked_no_feeding_lasts_longer_than_a_second(asks: list[Any]) -> None:
    """H29: between two re-closings lies the silence, and from one to its last byte one second."""
    desk = Asking()
    for wanted, measured, output_on, seconds in asks:
        before = len(desk.fed)
        desk.ask(seconds, wanted=wanted, measured_ka_per_m=measured, output_on=output_on)
        is_dark = wanted and measured == 0.0 and not output_on
        assert is_dark or len(desk.fed) <= before + 1, "a lease under way at most"
    began = previous = -1e9
    for at, data in desk.fed:
        if data == machine.RECLOSE:
            assert at - previous >= machine.SILENCE_S_MIN - 1e-9
            began = at
        assert at - began < machine.TEST_S_MAX
        previous = at


def test_an_asking_that_may_not_be_heard_yet_uses_up_no_test() -> None:
    """H16: its second begins with the first byte that it may send, not with the asking."""
    desk = Asking()
    assert desk.ask(3.0, output_on=True) == b""
    assert desk.guard.tests == 0
    assert desk.ask(0.9).startswith(machine.RECLOSE + machine.FEED)
