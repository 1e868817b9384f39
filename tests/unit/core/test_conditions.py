# SPDX-License-Identifier: Apache-2.0
"""What each condition of the phase table needs, whatever row stands before it. H29, H47, H56."""

from dataclasses import replace

import pytest

from mnht_controller.core.conditions import TESTS, View, due, refused
from mnht_controller.core.phases import Condition, transition
from mnht_controller.core.tick import start
from mnht_controller.domain.command import Reason
from mnht_controller.domain.intent import Intent, Verb
from mnht_controller.domain.phase import Phase
from tests.unit.core.core_bench import given, guard, make_plan

PLAN = make_plan()


def paused(*, is_plateau_reached: bool = False, **changes: object) -> View:
    """PAUSED, and somebody asks to go on."""
    state = replace(start(PLAN), phase=Phase.PAUSED, is_plateau_reached=is_plateau_reached)
    return View(PLAN, state, given(verbs=(Verb.RESUME,), **changes), 40.0)


@pytest.mark.parametrize("reached", [False, True])
def test_it_goes_on_where_it_was(reached: bool) -> None:
    view = paused(is_plateau_reached=reached, guard=guard())
    assert TESTS[Condition.RESUME_RAMP](view) is not reached
    assert TESTS[Condition.RESUME_PLATEAU](view) is reached
    taken = due(view)
    assert taken is not None
    assert taken.to is (Phase.PLATEAU if reached else Phase.RAMP)


@pytest.mark.parametrize("reached", [False, True])
def test_nothing_goes_on_without_a_guard_that_feeds_its_line(reached: bool) -> None:
    """A guard that was never heard is the interlock's to trip; no row leads out meanwhile."""
    silent = paused(is_plateau_reached=reached, guard=None)
    assert due(silent) is None
    for status in (guard(sha="0" * 64), replace(guard(), line_fed=False)):
        taken = due(paused(is_plateau_reached=reached, guard=status))
        assert taken is not None
        assert taken.condition is Condition.GUARD_GONE


def test_what_was_done_is_not_refused() -> None:
    asked = (Intent(Verb.PREPARE, "dr"), Intent(Verb.PAUSE, "dr"), Intent(Verb.STOP, "dr"))
    prepared = transition(Phase.STANDBY, Condition.PREPARE)
    assert refused(asked, prepared) == (Reason("intent.refused", Verb.PAUSE),)
    assert refused(asked[:1], transition(Phase.STANDBY, Condition.LATCHED)) == (
        Reason("intent.refused", Verb.PREPARE),
    )
    assert refused(asked[:1], None) == (Reason("intent.refused", Verb.PREPARE),)
