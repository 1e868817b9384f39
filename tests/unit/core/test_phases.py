# SPDX-License-Identifier: Apache-2.0
"""Every phase with every condition: what the table says, and InvariantError where it is silent."""

import pytest

from mnht_controller.core.conditions import TESTS
from mnht_controller.core.phases import TRANSITIONS, Condition, conditions_of, transition
from mnht_controller.domain.errors import InvariantError
from mnht_controller.domain.phase import Phase

EXPECTED = {
    "standby": {"latched": "tripped", "prepare": "check"},
    "check": {"latched": "tripped", "abandon": "standby", "ready": "armed"},
    "armed": {
        "latched": "tripped",
        "abandon": "standby",
        "guard_gone": "standby",
        "start_timeout": "standby",
        "start": "ramp",
    },
    "ramp": {
        "latched": "tripped",
        "guard_gone": "standby",
        "pause": "paused",
        "view_lost": "paused",
        "presence_lost": "paused",
        "reached": "plateau",
        "ramp_timeout": "cooldown",
    },
    "plateau": {
        "latched": "tripped",
        "guard_gone": "standby",
        "pause": "paused",
        "view_lost": "paused",
        "presence_lost": "paused",
        "plateau_done": "cooldown",
    },
    "paused": {
        "latched": "tripped",
        "guard_gone": "standby",
        "abandon": "standby",
        "pause_timeout": "standby",
        "resume_ramp": "ramp",
        "resume_plateau": "plateau",
    },
    "cooldown": {"latched": "tripped", "cooled": "complete", "cooldown_timeout": "complete"},
    "complete": {"latched": "tripped", "prepare": "check"},
    "tripped": {"reset": "standby"},
}


@pytest.mark.parametrize("condition", Condition)
@pytest.mark.parametrize("phase", Phase)
def test_every_pair(phase, condition):
    to = EXPECTED[phase].get(condition)
    if to is None:
        with pytest.raises(InvariantError):
            transition(phase, condition)
    else:
        assert transition(phase, condition).to == to


@pytest.mark.parametrize("phase", Phase)
def test_order_is_the_priority_and_the_latch_comes_first(phase):
    assert list(conditions_of(phase)) == list(EXPECTED[phase])
    if phase is not Phase.TRIPPED:
        assert conditions_of(phase)[0] is Condition.LATCHED


def test_an_unknown_phase_is_our_bug():
    with pytest.raises(InvariantError):
        conditions_of("dancing")  # type: ignore[arg-type]  # no phase, on purpose


def test_every_condition_has_a_meaning_and_a_row():
    assert set(TESTS) == set(Condition)
    assert {row.condition for row in TRANSITIONS} == set(Condition)
    assert len({(row.phase, row.condition) for row in TRANSITIONS}) == len(TRANSITIONS)


def test_only_a_reset_leaves_the_tripped_phase_i5():
    assert [row for row in TRANSITIONS if row.phase is Phase.TRIPPED] == [
        transition(Phase.TRIPPED, Condition.RESET)
    ]


def test_energizing_is_entered_from_armed_or_paused_only():
    entering = {row.phase for row in TRANSITIONS if row.to is Phase.RAMP}
    assert entering == {Phase.ARMED, Phase.PAUSED}
