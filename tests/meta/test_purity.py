# SPDX-License-Identifier: Apache-2.0
"""The pure floors stay pure: no clock, chance, file, thread or library, nothing that changes.

The import contracts see what a floor imports; this test also sees what it calls and keeps.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.meta import tree

FORBIDDEN_IMPORTS = frozenset(
    "asyncio time datetime random os io pathlib socket logging threading subprocess importlib"
    " pydantic numpy secrets uuid tempfile shutil multiprocessing contextvars".split()
)
FORBIDDEN_CALLS = frozenset("open print input globals eval exec __import__ setattr".split())
MUTABLE_CALLS = frozenset("list dict set bytearray defaultdict deque Counter OrderedDict".split())
MUTABLE_NODES = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
STATEMENTS = (
    (ast.Assert, "assert vanishes under -O; raise InvariantError"),
    (ast.Global, "global statement"),
    (ast.Nonlocal, "nonlocal statement"),
    (ast.AsyncFunctionDef, "async function"),
)
WRAPPERS = frozenset({"tuple", "frozenset", "MappingProxyType"})


def called(node: ast.AST) -> str | None:
    """Name what a call calls, by its last part."""
    if not isinstance(node, ast.Call):
        return None
    function = node.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else None


def keeps_mutable(node: ast.expr | None) -> bool:
    """Say whether a module-level value can change, or holds something that can."""
    if node is None or called(node) in WRAPPERS:
        return False  # a literal inside an immutable wrapper is copied or only read
    if isinstance(node, MUTABLE_NODES) or called(node) in MUTABLE_CALLS:
        return True
    parts = [*node.elts] if isinstance(node, ast.Tuple) else []
    if isinstance(node, ast.Call):
        parts = [*node.args, *(keyword.value for keyword in node.keywords)]
    return any(keeps_mutable(part) for part in parts)


def body_of(module: ast.Module) -> Iterator[ast.stmt]:
    """Walk statements that run at import, class bodies and branches included."""
    stack: list[ast.stmt] = [*module.body]
    while stack:
        statement = stack.pop()
        yield statement
        if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            stack += [
                part for part in ast.iter_child_nodes(statement) if isinstance(part, ast.stmt)
            ]


def imported(node: ast.AST) -> list[str]:
    """Name the modules that a statement imports."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []


def fault_of(node: ast.AST) -> str | None:
    """Say what is impure about one node, wherever it stands."""
    for module in imported(node):
        if module.split(".")[0] in FORBIDDEN_IMPORTS:
            return f"imports {module}"
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return f"calls {node.func.id}()" if node.func.id in FORBIDDEN_CALLS else None
    return next((text for kind, text in STATEMENTS if isinstance(node, kind)), None)


def impurities(module: ast.Module) -> Iterator[str]:
    """Name every impurity with its line."""
    for node in ast.walk(module):
        if fault := fault_of(node):
            yield f"{getattr(node, 'lineno', 0)}: {fault}"
    for statement in body_of(module):
        if isinstance(statement, ast.Assign | ast.AnnAssign) and keeps_mutable(statement.value):
            yield f"{statement.lineno}: mutable value at module or class level"


@pytest.mark.shows("monotonic_only")
def test_the_pure_floors_are_pure() -> None:
    floors = [f"mnht_controller/{floor}" for floor in tree.PURE]
    files = [*tree.python_files(*floors)]
    assert files
    found = [
        f"{tree.name_of(path)}:{line}" for path in files for line in impurities(tree.parse(path))
    ]
    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "import time",
        "import os.path",
        "from datetime import UTC",
        "from numpy.linalg import norm",
        "def f():\n    import random",
        "print('x')",
        "def f():\n    return open('x')",
        "TABLE = [1, 2]",
        "TABLE = {x: x for x in range(3)}",
        "TABLE: dict[str, int] = {}",
        "CACHE = defaultdict(int)",
        "TABLE = ([1], 2)",
        "ROW = Row(limits=[1])",
        "class A:\n    seen = set()",
        "if True:\n    seen = set()",
        "assert 1",
        "def f():\n    global x",
        "async def f(): ...",
    ],
)
def test_an_impurity_is_found(source: str) -> None:
    assert [*impurities(ast.parse(source))]


@pytest.mark.parametrize(
    "source",
    [
        "import math",
        "from dataclasses import dataclass, field",
        "TABLE = (1, (2, 3))",
        "KINDS = frozenset({1, 2})",
        "TABLE = MappingProxyType({'a': 1})",
        "TABLE = types.MappingProxyType({x: x for x in range(3)})",
        "ROWS = tuple([f(x) for x in range(3)])",
        "def f():\n    seen = set()\n    return seen",
        "__all__ = ('a',)",
    ],
)
def test_purity_is_accepted(source: str) -> None:
    assert [*impurities(ast.parse(source))] == []


def test_a_planted_file_is_named(tmp_path: Path) -> None:
    planted = tmp_path / "planted.py"
    planted.write_text("import time\n")
    assert [*impurities(tree.parse(planted))] == ["1: imports time"]
