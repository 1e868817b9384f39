# SPDX-License-Identifier: Apache-2.0
"""The guard's own trips: each has its row, each row its words, and no code is unknown. H62."""

import ast

import pytest

from mnht_controller.domain.errors import InvariantError
from mnht_controller.interlock.guard_trips import GUARD_TRIPS, GuardTrip, hazard_of
from mnht_controller.interlock.rules import RULES
from tests.meta import tree

GUARD = tree.ROOT / "mnht_controller" / "guard"


@pytest.mark.parametrize("row", GUARD_TRIPS, ids=lambda row: row.code)
def test_a_code_leads_to_its_own_first_hazard(row: GuardTrip) -> None:
    assert hazard_of(row.code) == row.hazards[0]
    assert row.title
    assert row.what_to_do


def test_an_unknown_code_is_a_bug_of_ours() -> None:
    for code in ("", "lease", *[row.code for row in RULES]):
        with pytest.raises(InvariantError, match="no row"):
            hazard_of(code)


def test_what_the_guard_latches_by_has_a_row_and_every_row_is_used() -> None:
    """Each code stands as a text in the guard's code: none of them is made up there."""
    texts = {
        node.value
        for name in ("machine", "judge", "backstop", "state")
        for node in ast.walk(tree.parse(GUARD / f"{name}.py"))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert {row.code for row in GUARD_TRIPS} <= texts
    assert len({row.code for row in GUARD_TRIPS}) == len(GUARD_TRIPS)
