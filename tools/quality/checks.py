# SPDX-License-Identifier: Apache-2.0
"""What counts as a safety check, and each one's removal.

Rows of the tables below; in the modules below every statement that refuses, latches or answers
early, every condition of a conjunction or disjunction, and the guard's own calls of its checks.
"""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from tools.quality.areas import PRODUCT, ROOT
from tools.quality.change import Change
from tools.quality.operators import Do, Place

TABLES: tuple[tuple[str, str], ...] = (
    ("interlock/rules.py", "RULES"),
    ("interlock/guard_trips.py", "GUARD_TRIPS"),
    ("interlock/guard_trips.py", "PULSE_TRIPS"),
    ("interlock/permissives.py", "PERMISSIVES"),
    ("interlock/gate.py", "_CHECKS"),
    ("interlock/thermal_findings.py", "RISE_C"),
    ("domain/limits.py", "FIELD_KA_PER_M_CAPS"),
    ("thermometry/plausibility.py", "RANGE_C"),
    ("core/phases.py", "TRANSITIONS"),
)
MODULES = (
    "interlock/bounds.py",
    "interlock/clocks.py",
    "interlock/evaluate.py",
    "interlock/findings.py",
    "interlock/gate.py",
    "interlock/heat.py",
    "interlock/latch.py",
    "interlock/lease.py",
    "interlock/memory.py",
    "interlock/probe_findings.py",
    "interlock/source_findings.py",
    "interlock/spending.py",
    "interlock/start_findings.py",
    "interlock/thermal_findings.py",
    "interlock/witness.py",
    "guard/answers.py",
    "guard/backstop.py",
    "guard/doors.py",
    "guard/judge.py",
    "guard/line.py",
    "guard/machine.py",
    "guard/own_skin.py",
    "guard/process.py",
    "guard/state.py",
    "guard/thermometer.py",
    "core/conditions.py",
    "core/estimate.py",
    "core/governor.py",
    "thermometry/cem43.py",
    "thermometry/observe.py",
    "thermometry/plausibility.py",
    "thermometry/prediction.py",
    "thermometry/rate.py",
    "thermometry/response.py",
    "thermometry/track.py",
)
CALLS = frozenset({"check_backstop", "judge", "_check", "with_hits", "latched", "take"})
"""Calls `x = f(x, …)` whose removal leaves `x` as it was."""


@dataclass(frozen=True, slots=True)
class _Body:
    """A list of statements, or of a tuple's elements."""

    items: list[ast.stmt] | list[ast.expr]

    def without(self, at: int) -> None:
        """Take one away; an empty body passes."""
        del self.items[at]
        if not self.items:
            self.items.append(ast.Pass())  # type: ignore[arg-type]


def changes() -> list[Change]:
    """Every removal, rows first."""
    found = []
    for path, table in TABLES:
        found += list(_made(path, table, partial(_rows, table)))
    for path in MODULES:
        found += list(_made(path, "check", removals))
    return found


def _made(path: str, group: str, find: Callable[[ast.Module], Iterator[Place]]) -> Iterator[Change]:
    file = f"{PRODUCT}/{path}"
    source = (ROOT / file).read_text()

    def make(number: int) -> ast.Module:
        tree = ast.parse(source)
        [*find(tree)][number].do()
        return ast.fix_missing_locations(tree)

    for number, place in enumerate(find(ast.parse(source))):
        yield Change(file, place.line, group, place.what, partial(make, number))


def _rows(table: str, tree: ast.Module) -> Iterator[Place]:
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and _named(node) == table:
            rows = getattr(node.value, "elts", [])
            for at, row in enumerate(rows):
                what = f"without row {' '.join(ast.unparse(row)[:60].split())}"
                yield Place(row.lineno, what, partial(_Body(rows).without, at))


def _named(node: ast.Assign | ast.AnnAssign) -> str:
    return ast.unparse(node.target if isinstance(node, ast.AnnAssign) else node.targets[0])


def removals(tree: ast.Module) -> Iterator[Place]:
    """Every removal in a module's functions and tables of lambdas."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            yield from _of_function(node)
    for row in tree.body:
        if isinstance(row, ast.Assign | ast.AnnAssign):  # a table of lambdas
            for node in ast.walk(row):
                if isinstance(node, ast.BoolOp):
                    yield from _operands(_named(row), node)


def _of_function(function: ast.FunctionDef) -> Iterator[Place]:
    for node in ast.walk(function):
        if isinstance(node, ast.BoolOp):
            yield from _operands(function.name, node)
        for field in ("body", "orelse"):
            statements = getattr(node, field, None)
            if isinstance(statements, list):
                yield from _statements(function, statements)
        if isinstance(node, ast.Assign) and _named(node) == "held":
            rows = getattr(node.value, "elts", [])  # held = ((condition, Reason(…)), …)
            for at, row in enumerate(rows):
                what = f"{function.name}: without {ast.unparse(row)[:60]}"
                yield Place(row.lineno, what, partial(_Body(rows).without, at))


def _operands(where: str, node: ast.BoolOp) -> Iterator[Place]:
    for at, operand in enumerate(node.values):
        what = f"{where}: without condition {ast.unparse(operand)[:60]}"
        yield Place(operand.lineno, what, _without_operand(node, at))


def _without_operand(node: ast.BoolOp, at: int) -> Do:
    def do() -> None:
        del node.values[at]  # one alone compiles to itself
        if len(node.values) == 1:
            node.values.append(node.values[0])

    return do


def _statements(function: ast.FunctionDef, body: list[ast.stmt]) -> Iterator[Place]:
    for at, node in enumerate(body):
        text = " ".join(ast.unparse(node)[:60].split())
        if (isinstance(node, ast.If) and _is_check(node)) or _is_call(node):
            line = (
                node.test.lineno if isinstance(node, ast.If) else node.lineno
            )  # `if (` has no code
            yield Place(line, f"{function.name}: without {text}", partial(_Body(body).without, at))


def _is_check(node: ast.If) -> bool:
    """An `if` without `else` that ends the function, goes on with the loop, latches, or adds."""
    return not node.orelse and len(node.body) <= 2


def _is_call(node: ast.stmt) -> bool:
    if not (isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)):
        return False
    called = ast.unparse(node.value.func)
    given = [ast.unparse(argument) for argument in node.value.args]
    return called in CALLS and ast.unparse(node.targets[0]) in given
