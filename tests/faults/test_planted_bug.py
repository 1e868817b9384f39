# SPDX-License-Identifier: Apache-2.0
"""H62: a bug in the rule table, which controller and guard share, is caught by the backstop.

Over the wire in virtual time: rows that never find anything, the danger that they are there for, a
controller that wants all the field it may have, and no second thermometer that could help. The
oracles judge the plant: I1 to I5 within their stated margins.
"""

from dataclasses import dataclass, replace

import pytest

from mnht_controller.domain.lease import GuardState
from mnht_controller.guard import backstop
from mnht_controller.settings.settings import Settings
from sim_hardware.faults import Fault
from tests.closed_loop.sessions import Played, play, short_settings
from tests.faults import broken

FIELD_S_MAX = 20.0


@dataclass(frozen=True, slots=True)
class Bug:
    """Rows that find nothing, what happens, which part of the backstop must see it.

    `harm`: the oracle that speaks where the backstop is gone too; empty: the field goes on.
    """

    name: str
    rows: tuple[str, ...]
    caught_by: str
    harm: str
    fault: Fault | None = None
    field_s_max: float = 6000.0


BUGS = (
    Bug("hot", ("skin_trip", "skin_cap", "skin_predicted", "tumor_cap"), "backstop_skin", "I2"),
    Bug("stale", ("probe_stale", "probe_bad", "probe_flat"), "backstop_stale", "I3",
        Fault(4.0, "thermometer", "stream_stall")),
    Bug("strong", ("field_cap", "readback_high"), "backstop_field", "I3",
        Fault(4.0, "source", "amp_stuck_full")),
    Bug("long", ("session_time",), "backstop_time", "", field_s_max=FIELD_S_MAX),
)  # fmt: skip


def session(bug: Bug, monkeypatch: pytest.MonkeyPatch) -> Played:
    broken.plant_in_rules(monkeypatch, *bug.rows)
    broken.be_greedy(monkeypatch)
    faults = () if bug.fault is None else (bug.fault,)
    return play(settings=_settings(bug), faults=faults, until_s=200.0)


def _settings(bug: Bug) -> Settings:
    settings = replace(short_settings(300.0), guard_thermometer=None)
    limits = replace(settings.limits, field_s_max=min(settings.limits.field_s_max, bug.field_s_max))
    return replace(settings, limits=limits)


@pytest.mark.parametrize("bug", BUGS, ids=[bug.name for bug in BUGS])
def test_the_backstop_catches_it(bug: Bug, monkeypatch: pytest.MonkeyPatch) -> None:
    run = session(bug, monkeypatch)
    assert run.guard.state.state is GuardState.LATCHED
    assert run.guard.state.latch.trips[0].code == bug.caught_by
    assert run.result["oracle_violations"] == []
    assert run.seen.edges, "there was a field to end"
    assert not run.seen.edges[-1].energized


@pytest.mark.parametrize("bug", BUGS, ids=[bug.name for bug in BUGS])
def test_without_the_backstop_it_does_harm(bug: Bug, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or the test above would prove nothing."""
    monkeypatch.setattr(backstop, "why_stop", lambda *_arguments: "")
    run = session(bug, monkeypatch)
    assert not any(trip.code.startswith("backstop") for trip in run.guard.state.latch.trips)
    if bug.harm:
        assert any(text.startswith(bug.harm) for text in run.result["oracle_violations"])
    else:
        on, off = run.seen.edges[:2]
        assert off.at - on.at > 2.0 * FIELD_S_MAX


@pytest.mark.parametrize("bug", BUGS, ids=[bug.name for bug in BUGS])
def test_without_the_bug_the_rule_itself_comes_first(
    bug: Bug, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The backstop lies behind the rules, never in front of them."""
    rows = ("skin_cap", "skin_predicted", "tumor_cap") if bug.name == "hot" else ()
    run = session(replace(bug, rows=rows), monkeypatch)
    assert run.result["first_out"] in {*bug.rows} - {*rows}
    assert run.result["oracle_violations"] == []
