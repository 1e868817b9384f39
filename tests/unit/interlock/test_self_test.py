# SPDX-License-Identifier: Apache-2.0
"""H16, H24: the self-test sees both edges of the enable line, and asks only while all is dark."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from mnht_controller.domain.intent import Intent, Verb
from mnht_controller.domain.lease import GuardState
from mnht_controller.domain.phase import Phase
from mnht_controller.domain.reading import SourceReading
from mnht_controller.domain.self_test import NOT_BEGUN, Outcome, Proof, SelfTest, Step
from mnht_controller.domain.tick import TickInput
from mnht_controller.interlock import self_test
from tests.plans import HEALTHY
from tests.unit.interlock.scene import NOW, lease, source, status

PROVEN = Proof(Outcome.PROVEN)
DARK = {"setpoint_ka_per_m": 0.0, "measured_ka_per_m": 0.0, "output_on": False}
DT_S = 0.1


class Bench:
    """A line and a guard that obeys: `closes` and `opens` say what the read-back does."""

    def __init__(self, watchdog: Proof | None = PROVEN) -> None:
        self.now, self.tick_number = NOW, 0
        self.test: SelfTest = NOT_BEGUN
        self.watchdog = watchdog
        self.phase = Phase.STANDBY
        self.guard: dict[str, Any] = {"state": GuardState.DISABLED, "born_at": 1.0, "fed_at": 1.0}
        self.source: dict[str, Any] | None = {}
        self.closed: bool | None = False
        self.intents: tuple[Intent, ...] = ()
        self.uncertain_s = 0.0

    def look(self) -> SelfTest:
        """One tick."""
        self.now += DT_S
        self.tick_number += 1
        self.test = self_test.step(self.test, self.given(), self.phase)
        self.intents = ()
        return self.test

    def looks(self, seconds: float) -> SelfTest:
        for _ in range(round(seconds / DT_S)):
            self.look()
        return self.test

    def given(self) -> TickInput:
        seen: SourceReading | None = None
        if self.source is not None:
            line = {"line_closed": self.closed, "line_seen_at": self.now}
            seen = source(self.now, **{**DARK, **line, **self.source})
        guard = status(self.now, **self.guard) if self.guard else None
        return TickInput(
            self.tick_number, self.now, 0.0, (), seen, self.uncertain_s, guard, self.intents,
            HEALTHY, self.watchdog,
        )  # fmt: skip

    def feed(self) -> None:
        self.guard["fed_at"] = self.now + DT_S

    def to_opening(self) -> SelfTest:
        """As far as the closing edge."""
        assert self.look().asks_line
        self.feed()
        self.closed = True
        test = self.look()
        assert (test.step, test.asks_line) == (Step.OPEN, False)
        return test


def test_both_edges_are_seen_and_the_opening_time_is_kept() -> None:
    bench = Bench()
    assert bench.look().line.outcome is Outcome.RUNNING
    assert bench.looks(1.0).asks_line, "the guard waits for its own silence first"
    bench.feed()
    bench.closed = True
    bench.look()
    bench.looks(0.3)
    bench.closed = False
    test = bench.look()
    assert test.line.outcome is Outcome.PROVEN
    assert test.line.seen_s == pytest.approx(0.4)
    assert not test.refuses
    assert bench.looks(5.0) == test, "shown once, for this guard"


def test_a_closed_line_that_nobody_has_fed_is_no_closing_edge() -> None:
    bench = Bench()
    bench.look()
    bench.closed = True
    assert bench.looks(2.0).step is Step.CLOSE


def test_a_line_that_never_closes_fails_in_time() -> None:
    bench = Bench()
    bench.look()
    assert bench.looks(2.9).asks_line
    test = bench.looks(0.3)
    assert (test.line.outcome, test.line.why) == (Outcome.FAILED, self_test.UNCLOSED)
    assert not test.asks_line
    assert bench.looks(20.0) == test, "nothing but a person or a reconnect tries again"


@pytest.mark.parametrize("late_s", [0.349, 0.351])
def test_a_line_that_is_still_closed_after_its_class_time_fails(late_s: float) -> None:
    bench = Bench()
    bench.to_opening()
    bench.guard["fed_at"] = bench.now + DT_S - late_s
    test = bench.look()
    assert bench.closed
    is_late = late_s > 0.35
    assert (test.line.outcome is Outcome.FAILED) is is_late
    assert (test.line.why == self_test.UNOPENED) is is_late


@pytest.mark.parametrize("late_s", [0.749, 0.751])
def test_what_nobody_looked_at_in_time_is_not_proven(late_s: float) -> None:
    bench = Bench()
    bench.to_opening()
    bench.closed = False
    bench.guard["fed_at"] = bench.now + DT_S - late_s
    assert (bench.look().line.outcome is Outcome.PROVEN) is (late_s < 0.75)


def test_a_reader_that_stands_still_does_not_hold_the_test_up() -> None:
    bench = Bench()
    bench.to_opening()
    seen_at = bench.now
    bench.source = {"line_seen_at": seen_at}
    assert bench.looks(0.6).step is Step.OPEN
    assert bench.looks(0.3).line.outcome is Outcome.FAILED


def test_a_line_that_is_closed_before_anything_feeds_it_fails() -> None:
    bench = Bench()
    bench.closed = True
    assert bench.looks(2.0).line.outcome is Outcome.WAITING
    test = bench.looks(0.3)
    assert (test.line.outcome, test.line.why) == (Outcome.FAILED, self_test.STRAY)


def test_nothing_that_reads_the_line_is_said_and_refuses_nothing() -> None:
    bench = Bench()
    bench.closed = None
    line = bench.look().line
    assert (line.outcome, line.refuses) == (Outcome.NOT_PROVABLE, False)
    assert line.why.startswith("not provable here: ")
    bench.closed = False
    assert bench.look().asks_line, "a reader that comes later is used"


READY_BUT: dict[str, Callable[[Bench], None]] = {
    "output on": lambda b: b.source.update(output_on=True),
    "set above zero": lambda b: b.source.update(setpoint_ka_per_m=1.0),
    "measured": lambda b: b.source.update(measured_ka_per_m=1.0),
    "not measured": lambda b: b.source.update(measured_ka_per_m=None),
    "no number": lambda b: b.source.update(measured_ka_per_m=float("nan")),
    "old": lambda b: b.source.update(at=0.0),
    "uncertain": lambda b: setattr(b, "uncertain_s", 0.1),
    "latched": lambda b: b.guard.update(state=GuardState.LATCHED),
    "guard armed": lambda b: b.guard.update(state=GuardState.ARMED),
    "guard silent": lambda b: b.guard.update(at=0.0),
    "no guard": lambda b: b.guard.clear(),
    "tripped": lambda b: setattr(b, "phase", Phase.TRIPPED),
    "armed": lambda b: setattr(b, "phase", Phase.ARMED),
    "watchdog first": lambda b: setattr(b, "watchdog", Proof(Outcome.RUNNING)),
    "watchdog due": lambda b: setattr(b, "watchdog", None),
}


@pytest.mark.parametrize("why", READY_BUT)
def test_the_line_is_not_asked_for_unless_all_is_dark_and_open(why: str) -> None:
    bench = Bench()
    READY_BUT[why](bench)
    assert not bench.looks(5.0).asks_line
    assert bench.test.line.outcome is Outcome.WAITING


@pytest.mark.parametrize("why", sorted(set(READY_BUT) - {"watchdog due"}))
def test_a_test_that_is_disturbed_is_cut_short(why: str) -> None:
    bench = Bench()
    assert bench.look().asks_line
    READY_BUT[why](bench)
    test = bench.look()
    assert (test.line.outcome, test.line.why) == (Outcome.FAILED, self_test.CUT_SHORT)
    assert not test.asks_line


def test_a_reader_that_is_lost_cuts_it_short() -> None:
    bench = Bench()
    bench.look()
    bench.closed = None
    assert bench.look().line.why == self_test.CUT_SHORT


def test_a_person_s_prepare_tries_again_and_nothing_else_they_ask_for() -> None:
    bench = Bench()
    bench.closed = True
    bench.looks(3.0)
    bench.closed = False
    bench.intents = (Intent(Verb.RESUME, "nurse"),)
    assert bench.look().line.outcome is Outcome.FAILED
    bench.intents = (Intent(Verb.PREPARE, "nurse"),)
    assert bench.look().asks_line


def test_a_source_that_comes_back_has_it_tried_again() -> None:
    bench = Bench()
    bench.closed = True
    bench.looks(3.0)
    bench.source, bench.closed = None, False
    assert bench.look().line == Proof()
    bench.source = {}
    assert bench.look().asks_line


def test_a_source_that_is_lost_meanwhile_is_waited_for() -> None:
    bench = Bench()
    bench.look()
    bench.source = None
    assert (bench.look().line, bench.test.asks_line) == (Proof(), False)


def test_a_proof_belongs_to_one_guard() -> None:
    bench = Bench()
    bench.to_opening()
    bench.closed = False
    assert bench.look().line.outcome is Outcome.PROVEN
    bench.guard["born_at"] = 2.0
    assert bench.look().asks_line


# ---- the watchdog ------------------------------------------------------------------------------


def test_the_watchdog_is_asked_for_once_and_before_the_line() -> None:
    bench = Bench(watchdog=Proof())
    test = bench.look()
    assert (test.asks_watchdog, test.asks_line) == (True, False)
    bench.watchdog = Proof(Outcome.RUNNING)
    test = bench.look()
    assert (test.asks_watchdog, test.asks_line) == (False, False)
    bench.watchdog = Proof(Outcome.PROVEN, "", 0.1)
    test = bench.look()
    assert (test.watchdog.seen_s, test.asks_line) == (0.1, True)


def test_a_watchdog_without_any_news_counts_as_not_shown() -> None:
    assert Bench(watchdog=None).look().watchdog.refuses


def test_what_cannot_be_shown_holds_the_line_s_test_up_no_longer() -> None:
    bench = Bench(watchdog=Proof(Outcome.NOT_PROVABLE, "not provable here: it has none"))
    assert bench.look().asks_line


def test_the_watchdog_waits_while_the_line_is_tested() -> None:
    bench = Bench()
    bench.look()
    bench.watchdog = Proof()
    assert not bench.look().asks_watchdog


@pytest.mark.parametrize(
    "why", sorted(set(READY_BUT) - {"latched", "guard silent", "no guard", "watchdog first"})
)
def test_the_watchdog_is_not_asked_for_unless_all_is_dark(why: str) -> None:
    bench = Bench(watchdog=Proof())
    if why != "watchdog due":
        READY_BUT[why](bench)
        assert not bench.look().asks_watchdog


def test_faults_that_a_person_has_not_seen_are_not_cleared_by_a_test() -> None:
    bench = Bench(watchdog=Proof())
    bench.closed = None
    bench.source = {"faults": ("coolant",)}
    assert not bench.look().asks_watchdog
    bench.source = {}
    assert bench.look().asks_watchdog


# ---- what the guard asks about each byte ---------------------------------------------------------


def asking(**changes: Any) -> bool:
    message = lease(1, NOW, source=source(NOW, **DARK), test_line=True)
    return self_test.line_may_close(replace(message, **changes), NOW)


def test_the_guard_feeds_only_what_is_asked_for_fresh_and_dark() -> None:
    assert asking()
    assert not self_test.line_may_close(None, NOW)
    assert not asking(test_line=False)
    assert not asking(permit_ka_per_m=None)
    assert not asking(permit_ka_per_m=0.1)
    assert not asking(sent_at=NOW - 0.41)
    assert not asking(source=None)
    assert not asking(source=source(NOW, **{**DARK, "output_on": True}))
    assert not asking(uncertain_s=0.1)
    assert not asking(uncertain_s=float("nan"))
