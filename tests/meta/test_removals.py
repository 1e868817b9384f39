# SPDX-License-Identifier: Apache-2.0
"""What `./run ablate` takes away: the modules it names are there, and nothing in them is missed."""

import ast

import pytest

from tests.meta import tree
from tools.quality import areas, checks

PRODUCT = tree.ROOT / areas.PRODUCT


def test_every_named_module_and_table_has_something_to_take_away() -> None:
    found = {(change.path.removeprefix(f"{areas.PRODUCT}/"), change.group)
             for change in checks.changes()}  # fmt: skip
    assert {*checks.TABLES} <= found
    assert {path for path, group in found if group == "check"} == {*checks.MODULES}


def test_every_finder_of_the_rules_is_named() -> None:
    """A module of findings that the list forgets would not be judged."""
    finders = {f"interlock/{path.name}" for path in (PRODUCT / "interlock").glob("*findings.py")}
    assert finders <= {*checks.MODULES}


def test_each_removal_is_another() -> None:
    names = [change.name for change in checks.changes()]
    assert len({*names}) == len(names) > 700


@pytest.mark.parametrize(
    ("source", "left"),
    [
        ("def f():\n    if a:\n        return 1\n    return 2", {"def f():\n    return 2"}),
        ("def f():\n    if a:\n        return 1\n    else:\n        return 2", set()),
        ("def f():\n    return a and b", {"def f():\n    return b and b",
                                           "def f():\n    return a and a"}),
        ("T = {1: lambda v: v.a or v.b}", {"T = {1: lambda v: v.b or v.b}",
                                           "T = {1: lambda v: v.a or v.a}"}),
        ("def f():\n    held = (a, b)", {"def f():\n    held = (b,)", "def f():\n    held = (a,)"}),
        ("def f():\n    x = judge(x, 1)\n    return x", {"def f():\n    return x"}),
        ("def f():\n    y = judge(x, 1)\n    return y", set()),
    ],
)  # fmt: skip
def test_removals(source: str, left: set[str]) -> None:
    texts = set()
    for number in range(len([*checks.removals(ast.parse(source))])):
        changed = ast.parse(source)
        [*checks.removals(changed)][number].do()
        texts.add(ast.unparse(changed))
    assert texts == left
