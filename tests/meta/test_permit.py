# SPDX-License-Identifier: Apache-2.0
"""A permit is written in one place: the interlock's gate."""

import ast
from collections.abc import Iterator

import pytest

from tests.meta import tree

GATE = "mnht_controller/interlock/gate.py"


def constructions(module: ast.Module) -> Iterator[int]:
    """Yield the line of each call of `Permit`, under any alias or by `replace`-like detours."""
    names = {"Permit"}
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom | ast.Import):
            names |= {
                alias.asname for alias in node.names if alias.name == "Permit" and alias.asname
            }
    for node in ast.walk(module):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name | ast.Attribute):
            if _last(node.value) in names:
                yield node.lineno  # another name for the class would hide a call
        elif isinstance(node, ast.Call) and _last(node.func) in names:
            yield node.lineno


def _last(node: ast.expr) -> str | None:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else None


@pytest.mark.shows("only_the_gate_permits")
def test_only_the_gate_writes_a_permit() -> None:
    found = [
        f"{tree.name_of(path)}:{line}"
        for path in tree.python_files(*tree.SOURCE)
        if tree.name_of(path) != GATE
        for line in constructions(tree.parse(path))
    ]
    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "Permit(1)",
        "command.Permit(field=1)",
        "from mnht_controller.domain.command import Permit as P\nP(1)",
        "P = command.Permit",
    ],
)
def test_a_stray_permit_is_found(source: str) -> None:
    assert [*constructions(ast.parse(source))]


def test_naming_the_type_is_allowed() -> None:
    source = "class Permit: ...\ndef apply(permit: Permit) -> None: ...\nisinstance(x, Permit)"
    assert [*constructions(ast.parse(source))] == []
