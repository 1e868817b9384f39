# SPDX-License-Identifier: Apache-2.0
"""A lease that lies about the skin, in virtual time: the guard's own thermometer holds. H62.

The controller has no rules and wants all the field it may have; the oracles judge: true skin never
0.5 °C above the trip (I2), current ends (I1), and stays away (I5).
"""

from dataclasses import replace

import pytest

from mnht_controller.domain.lease import GuardState
from mnht_controller.domain.probe import Role
from mnht_controller.runtime import decide
from sim_hardware.faults import Fault
from tests.closed_loop.sessions import Played, play, short_settings
from tests.faults import broken


def hot(monkeypatch: pytest.MonkeyPatch, less_c: float) -> Played:
    """Heat as fast as the cap allows, with leases that say `less_c` less."""
    monkeypatch.setattr(decide, "RULES", ())
    broken.be_greedy(monkeypatch)
    broken.lie(monkeypatch, less_c)
    return play(settings=short_settings(300.0))


def codes(session: Played) -> list[str]:
    return [trip.code for trip in session.guard.state.latch.trips]


def test_h62_forged_cool_readings_do_not_save_a_hot_skin(monkeypatch: pytest.MonkeyPatch) -> None:
    session = hot(monkeypatch, 1.2)
    assert session.plan.envelope.probes[0].role is Role.SKIN
    assert session.guard.state.state is GuardState.LATCHED
    assert codes(session)[0] == "own_skin"
    assert session.result["oracle_violations"] == []
    assert session.result["true"]["skin_c_max"] > 43.9
    assert session.seen.edges
    assert not session.seen.edges[-1].energized


def test_without_its_own_thermometer_the_same_lie_burns(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the test above would not see if something else held."""
    monkeypatch.setattr(decide, "RULES", ())
    broken.be_greedy(monkeypatch)
    broken.lie(monkeypatch, 1.2)
    settings = replace(short_settings(300.0), guard_thermometer=None)
    session = play(settings=settings)
    found = session.result["oracle_violations"]
    assert any(text.startswith("I2: true skin") for text in found), found


def test_h62_a_bolder_lie_is_found_out_before_the_skin_is_hot(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session = hot(monkeypatch, 3.0)
    assert codes(session)[0] == "own_disagrees"
    assert session.result["oracle_violations"] == []
    assert session.result["true"]["skin_c_max"] < 44.0


@pytest.mark.parametrize(
    ("verb", "argument", "code"),
    [
        ("probe_off", "1", "own_disagrees"),
        ("probe_stuck", "1", "own_silent"),
        ("no_probe_token", "1", "own_silent"),
        ("stream_stall", "", "own_silent"),
        ("link_drop", "", "own_silent"),
        ("panel_change", "UN:KELVIN", "own_silent"),
        ("reboot", "", "own_silent"),
        ("garbage", "", "own_silent"),
    ],
)
def test_its_own_faults_end_the_session(verb: str, argument: str, code: str) -> None:
    """H01, H03, H04, H09, H10, H12: a guard that has lost its thermometer lets nothing go on."""
    session = play(
        settings=short_settings(60.0), faults=(Fault(4.0, "guard_thermometer", verb, argument),)
    )
    assert session.seen.fault_at is not None
    assert session.result["first_out"] == code
    found = session.result["oracle_violations"]
    assert [text for text in found if not text.startswith("I3")] == [], (
        "I3 counts the class times of the thermometer that controls"
    )
