# SPDX-License-Identifier: Apache-2.0
"""H37, H43: power is cut in a plateau; the next start is STANDBY with what was used."""

from dataclasses import replace
from pathlib import Path

import pytest

from mnht_controller.domain.command import Permit
from mnht_controller.domain.limits import Limits
from mnht_controller.domain.phase import Phase
from mnht_controller.domain.spent import NOTHING, Spent
from mnht_controller.guard import machine
from mnht_controller.runtime.replay import replay
from mnht_controller.runtime.spent import MemoryLedger
from mnht_controller.settings.settings import Settings
from sim_hardware.bench.scenario import Scenario
from tests.closed_loop.sessions import WARM_C, Played, short_settings

CUT_S = 20.0


class Restarted(Played):
    """A session of a process that found this beside the latch."""

    def __init__(
        self, settings: Settings, scenario: Scenario, controller: Spent | None, guard: Spent
    ) -> None:
        self.found = controller, guard
        super().__init__(settings, 1, scenario)

    def run(self) -> None:
        self.ledger, self.guard_used = MemoryLedger(self.found[0]), self.found[1]
        if self.found[0] is None:
            self.ledger.why = "unreadable"
        super().run()


def tight(**limits: float) -> Settings:
    """A plateau of 40 s, of which only so much may be used."""
    settings = short_settings(40.0)
    return replace(settings, limits=Limits(**{**limits_of(settings), **limits}))


def limits_of(settings: Settings) -> dict[str, float]:
    return {name: getattr(settings.limits, name) for name in Limits.__slots__}


def cut(settings: Settings) -> Played:
    """The first process, gone after 20 s of the plateau: nothing after that is kept."""
    return Played(settings, 1, Scenario(skin_c=WARM_C, since=Phase.PLATEAU, until_s=CUT_S + 15.0))


@pytest.fixture(scope="module")
def first() -> Played:
    return cut(tight())


def after(first: Played, settings: Settings, until_s: float = 90.0) -> Restarted:
    scenario = Scenario(skin_c=WARM_C, since=Phase.RAMP, until_s=until_s)
    return Restarted(settings, scenario, first.ledger.last, machine.spent(first.guard.state))


def test_both_processes_keep_what_was_used(first: Played) -> None:
    last = first.ticks[-1].decision
    assert last.phase is Phase.PLATEAU
    for used in (first.ledger.last, machine.spent(first.guard.state)):
        assert used.field_s == pytest.approx(last.field_s, abs=1.3)
        doses = {dose.id: dose.cem43_min for dose in used.doses}
        assert max(doses.values()) > 0.0
        assert doses["skin"] == pytest.approx(last.estimate.skin_cem43_min, abs=0.05)
        assert not used.over


@pytest.mark.shows("spent_is_kept")
def test_the_next_start_is_standby_and_goes_on_counting(first: Played) -> None:
    session = after(first, tight())
    begin = session.ticks[0].decision
    assert begin.phase is Phase.STANDBY
    assert not isinstance(begin.verdict, Permit)
    assert [event.code for event in begin.events] == ["session.interrupted"]
    assert begin.field_s == first.ledger.last.field_s
    assert begin.estimate.skin_cem43_min == pytest.approx(
        first.ticks[-1].decision.estimate.skin_cem43_min, abs=0.1
    )
    assert session.result["outcome"] == "completed"
    end = session.ticks[-1].decision
    assert end.field_s > begin.field_s + 30.0
    assert session.ledger.last.over, "a session that came to its end frees what it used"
    assert machine.spent(session.guard.state).over


def test_its_journal_replays_from_what_was_kept(first: Played, tmp_path: Path) -> None:
    session = after(first, tight(), until_s=2.0)
    assert replay(session.save(tmp_path)).identical


@pytest.mark.parametrize("limit", ["field_s_max", "skin_cem43_min_cap"])
def test_the_limit_holds_over_both_processes(first: Played, limit: str) -> None:
    """Alone, the second would stay within it."""
    last = first.ticks[-1].decision
    used = last.field_s if limit == "field_s_max" else last.estimate.skin_cem43_min
    settings = tight(**{limit: used * 1.5})
    session = after(first, settings)
    code = "session_time" if limit == "field_s_max" else "skin_dose"
    assert session.result["first_out"] == code
    by_guard = machine.spent(session.guard.state)
    counted = by_guard.field_s if limit == "field_s_max" else by_guard.doses[0].cem43_min
    assert counted == pytest.approx(used * 1.5, rel=0.02), "the guard counts over both, too"


def test_another_prescription_begins_at_zero(first: Played) -> None:
    session = after(first, short_settings(41.0), until_s=3.0)
    assert session.ticks[0].decision.field_s == 0.0
    (told,) = session.ticks[0].decision.events
    assert (told.code, told.value) == ("session.discarded", first.ledger.last.field_s)
    assert session.ticks[1].decision.events == ()


def test_what_cannot_be_read_lets_nothing_start() -> None:
    scenario = Scenario(skin_c=WARM_C, since=Phase.RAMP, until_s=30.0)
    session = Restarted(tight(), scenario, None, NOTHING)
    assert session.during(Phase.ARMED) == []
    assert "spent_unreadable" in {why.code for why in session.ticks[-1].decision.unmet}
