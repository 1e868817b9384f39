# SPDX-License-Identifier: Apache-2.0
"""The hazard page: what answers each row, how fast, how many tests name it, what is left."""

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

from mnht_controller.interlock.controls import CONTROLS
from mnht_controller.interlock.hazards import HAZARDS, Hazard
from tools.markdown import code, table
from tools.trace import DESIGN, HAZARD, IN_NAME

TESTS = Path(__file__).resolve().parents[1] / "tests"


def hazards() -> str:
    """Give the hazard table."""
    rows = [
        (row.id, f"{row.cause}: {row.situation} ({', '.join(row.harms)})", _answers(row),
         "" if row.class_s is None else f"{row.class_s:g} s", named_by()[row.id], row.residual)
        for row in HAZARDS
    ]  # fmt: skip
    head = ("id", "what goes wrong", "what answers it", "class time", "tests", "what is left")
    return table(head, rows)


def controls() -> str:
    """Give the controls that are no row of a rule table."""
    return table(("control", "what it is"), [(code(row.id), row.text) for row in CONTROLS])


def _answers(row: Hazard) -> str:
    links = [
        f"[{code(name)}]({'#by-design' if name in DESIGN else 'rules.md'})" for name in row.controls
    ]
    return ", ".join(links) or "open"


@cache
def named_by() -> Counter[str]:
    """Count the test functions that name each hazard: themselves, their class or their module."""
    counts: Counter[str] = Counter()
    for path in sorted(TESTS.rglob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        counts.update(name for names in _tests(tree, _in_docstring(tree)) for name in names)
    return counts


def _tests(node: ast.Module | ast.ClassDef, outer: frozenset[str]) -> list[frozenset[str]]:
    found = []
    for child in node.body:
        if isinstance(child, ast.ClassDef):
            found += _tests(child, outer | _in_docstring(child))
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) and child.name.startswith(
            "test_"
        ):
            numbers = {f"H{number}" for number in IN_NAME.findall(child.name)}
            found.append(outer | numbers | _in_docstring(child))
    return found


def _in_docstring(
    node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef,
) -> frozenset[str]:
    return frozenset(re.findall(HAZARD, ast.get_docstring(node) or ""))
