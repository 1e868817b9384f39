# SPDX-License-Identifier: Apache-2.0
"""The guard's own trips: each has its row, each row its words, and no code is unknown. H62."""

import ast

import pytest

from mnht_controller.domain.errors import InvariantError
from mnht_controller.interlock.guard_trips import GUARD_TRIPS, OWN_TRIPS, GuardTrip, hazard_of
from mnht_controller.interlock.rules import RULES
from tests.meta import tree

PRODUCT = tree.ROOT / "mnht_controller"


@pytest.mark.parametrize("row", GUARD_TRIPS, ids=lambda row: row.code)
def test_a_code_leads_to_its_own_first_hazard(row: GuardTrip) -> None:
    assert hazard_of(row.code) == row.hazards[0]
    assert row.title
    assert row.what_to_do


def test_an_unknown_code_is_a_bug_of_ours() -> None:
    for code in ("", "lease", *[row.code for row in RULES]):
        with pytest.raises(InvariantError, match="no row"):
            hazard_of(code)


def texts(*names: str) -> set[str]:
    """All texts in these modules of the product."""
    return {
        node.value
        for name in names
        for node in ast.walk(tree.parse(PRODUCT / f"{name}.py"))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_what_the_guard_latches_by_has_a_row_and_every_row_is_used() -> None:
    """Each code stands as a text in the guard's code: none of them is made up there."""
    names = ("machine", "judge", "backstop", "own_skin", "state")
    assert {row.code for row in GUARD_TRIPS} <= texts(*[f"guard/{name}" for name in names])
    assert len({row.code for row in GUARD_TRIPS}) == len(GUARD_TRIPS)


def test_every_row_of_the_controllers_own_trips_is_used() -> None:
    used = texts("core/pulse", "interlock/gate", "journal/keep")
    assert {row.code for row in OWN_TRIPS} <= used
    codes = [row.code for table in (GUARD_TRIPS, OWN_TRIPS) for row in table]
    codes += [row.code for row in RULES]
    assert len(set(codes)) == len(codes)
