# SPDX-License-Identifier: Apache-2.0
"""The oracles on whole runs: broken parts make them speak, and each fault has its onset."""

import asyncio
from dataclasses import replace

import pytest

from mnht_controller.domain.errors import ConfigError
from mnht_controller.domain.intent import Verb
from mnht_controller.domain.lease import GuardState
from mnht_controller.guard import machine
from sim_hardware.bench.guard import VirtualGuard
from sim_hardware.bench.scenario import Wish
from sim_hardware.faults import Fault
from tests.closed_loop.sessions import Played, play

IGNORES_OFF = Fault(1.0, "source", "amp_ignores_off")


def spoken(session: Played) -> set[str]:
    return {text.split(":")[0] for text in session.result["oracle_violations"]}


def test_h16_off_that_is_ignored_counts_from_the_moment_that_off_is_wanted() -> None:
    session = play(Wish(3.0, Verb.PAUSE), faults=(IGNORES_OFF,))
    assert session.result["first_out"] == "off_not_obeyed"
    assert session.seen.fault_at is not None
    assert session.seen.refusal.at == pytest.approx(session.seen.fault_at + 2.0, abs=0.3)
    assert spoken(session) == set()


def test_an_always_feeding_guard_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The coil is energized while the guard's own record says LATCHED."""
    honest = machine.tick

    def feeds(guard: machine.Guard, now: float) -> tuple[machine.Guard, bytes]:
        following, data = honest(guard, now)
        return following, data or (machine.FEED if guard.latch.is_latched else b"")

    monkeypatch.setattr(machine, "tick", feeds)
    session = play(Wish(3.0, Verb.PAUSE), faults=(IGNORES_OFF,))
    assert session.guard.state.state is GuardState.LATCHED
    assert {"I1", "I3", "I5"} <= spoken(session)
    assert session.result["field_off_latency_s_max"] > 4.0


def test_h37_a_guard_that_arms_itself_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says ARMED and RUN, but no human confirmed anything."""

    def arms(self: VirtualGuard, actor: str) -> bool:
        self.state = replace(
            self.state,
            state=GuardState.ARMED,
            nonce="",
            armed_at=asyncio.get_running_loop().time(),
            reclose_due=True,
        )
        return True

    monkeypatch.setattr(VirtualGuard, "confirm", arms)
    session = play()
    assert session.result["outcome"] == "completed"
    assert "I11" in spoken(session)


def test_a_record_that_lost_something_is_found_out() -> None:
    session = play()
    assert spoken(session) == set()
    session.journal.write("event", float("nan"))
    session.result = session.judge("")
    assert spoken(session) == {"I6"}
    session.journal.why = ""
    session.guard.journal.lines.pop(1)
    session.result = session.judge("")
    assert spoken(session) >= {"I6"}


def test_a_command_above_the_cap_is_seen_even_when_it_is_short() -> None:
    """Rows of truth are 1 s apart; this one lasts two looks."""

    class Glitched(Played):
        def _edge(self, now: float) -> None:
            super()._edge(now)
            if 4.3 < now < 4.39:
                self.world.source.stage.settings.level = 9000.0  # until the next command

    base = play()
    session = Glitched(base.settings, 1, base.scenario)
    assert "I4" in spoken(session)


def test_a_fault_on_something_that_is_not_there_is_refused() -> None:
    with pytest.raises(ConfigError, match="no probe at thermometer:9"):
        play(faults=(Fault(1.0, "thermometer", "probe_off", "9"),), skin_c=None)
