# SPDX-License-Identifier: Apache-2.0
"""H38: one way leads to ARMED and to a field: through the start gate, whoever asks."""

import ast
from dataclasses import replace

import pytest

from mnht_controller.core.conditions import TESTS, View
from mnht_controller.core.phases import TRANSITIONS, Condition
from mnht_controller.core.state import start
from mnht_controller.core.tick import tick
from mnht_controller.domain.command import Reason
from mnht_controller.domain.intent import Intent, Verb
from mnht_controller.domain.phase import ENERGIZING, Phase
from tests.meta import tree
from tests.unit.runtime import decided

GATED = (Condition.READY, Condition.START)
ONLY_IN = {
    "unmet": "mnht_controller/runtime/decide.py",
    "CoreInput": "mnht_controller/runtime/decide.py",
    "TickInput": "mnht_controller/runtime/controller.py",
    "apply": "mnht_controller/runtime/source.py",
}
"""Who may call what: the gate, what feeds the core, and what sends an amplitude to a driver."""
TRIALS = "mnht_controller/devices/testing/"
"""Trials of drivers on a bench bring permits of their own and are part of no process."""


def callers(name: str) -> set[str]:
    """Files of the controller that call something of this name."""
    return {
        tree.name_of(path)
        for path in tree.python_files("mnht_controller")
        for node in ast.walk(tree.parse(path))
        if isinstance(node, ast.Call) and _name(node.func) == name
    }


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


@pytest.mark.parametrize(("name", "path"), ONLY_IN.items())
def test_nothing_goes_around_the_gate(name: str, path: str) -> None:
    assert {file for file in callers(name) if not file.startswith(TRIALS)} == {path}


@pytest.mark.shows("one_way_to_armed")
def test_the_table_leads_to_armed_once_and_to_a_field_from_armed_only() -> None:
    ways = {(row.phase, row.condition) for row in TRANSITIONS if row.to is Phase.ARMED}
    assert ways == {(Phase.CHECK, Condition.READY)}
    on = {row.phase for row in TRANSITIONS if row.to in ENERGIZING} - ENERGIZING
    assert on == {Phase.ARMED, Phase.PAUSED}
    paused = {row.phase for row in TRANSITIONS if row.to is Phase.PAUSED}
    assert paused == ENERGIZING, "a pause is left only by whoever was let in before"


@pytest.mark.parametrize("condition", GATED)
def test_one_unmet_precondition_closes_both_doors(condition: Condition) -> None:
    given = decided.core_input((Intent(Verb.START, "nurse"),))
    state = replace(start(decided.PLAN), phase=Phase.ARMED)
    assert TESTS[condition](View(decided.PLAN, state, given, 37.0))
    given = replace(given, unmet=(Reason("journal"),))
    assert not TESTS[condition](View(decided.PLAN, state, given, 37.0))


@pytest.mark.parametrize("verbs", [(verb,) for verb in Verb] + [tuple(Verb)])
@pytest.mark.parametrize("phase", sorted({*Phase} - {Phase.ARMED, Phase.PAUSED} - ENERGIZING))
def test_no_wish_gets_around_it(phase: Phase, verbs: tuple[Verb, ...]) -> None:
    intents = tuple(Intent(verb, "nurse", 1.0) for verb in verbs)
    given = replace(decided.core_input(intents), unmet=(Reason("journal"),))
    state = replace(start(decided.PLAN), phase=phase)
    for _ in range(3):
        state, _ = tick(decided.PLAN, state, given)
        assert state.phase not in {Phase.ARMED, *ENERGIZING}
