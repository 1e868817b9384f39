# SPDX-License-Identifier: Apache-2.0
"""The guard stays small enough to be read whole: at most 1050 statements with its lease code.

H58.
"""

import ast

from tests.meta import tree

STATEMENTS_MAX = 1050
GUARD = ("mnht_controller/guard", "mnht_controller/interlock/lease.py")
PURE = ("machine", "state", "judge", "backstop")
FORBIDDEN = frozenset("asyncio time datetime random os io pathlib socket logging threading".split())


def statements(module: ast.Module) -> int:
    """Count statements, docstrings left out."""
    return sum(
        isinstance(node, ast.stmt)
        and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        for node in ast.walk(module)
    )


def test_guard_and_lease_have_at_most_1050_statements() -> None:
    files = [*tree.python_files(GUARD[0]), tree.ROOT / GUARD[1]]
    counted = {tree.name_of(path): statements(tree.parse(path)) for path in files}
    assert len(counted) > 4
    assert 300 < sum(counted.values()) <= STATEMENTS_MAX, counted


def test_the_machine_is_pure() -> None:
    for name in PURE:
        for node in ast.walk(tree.parse(tree.ROOT / GUARD[0] / f"{name}.py")):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not {name.split(".")[0] for name in names} & FORBIDDEN
            assert not isinstance(node, ast.Assert | ast.AsyncFunctionDef)


def test_statements_are_counted_without_docstrings() -> None:
    assert statements(ast.parse('"""Doc."""\nx = 1\nif x:\n    y = 2\n')) == 3
