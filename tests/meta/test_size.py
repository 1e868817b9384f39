# SPDX-License-Identifier: Apache-2.0
"""Files and functions stay short enough to read in one sitting."""

import ast
from collections.abc import Iterator

import pytest

from tests.meta import tree

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 50
DRIVER_LINES_MAX = 170


def long_functions(module: ast.Module, limit: int) -> Iterator[str]:
    """Name each function longer than the limit, its docstring not counted."""
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if ast.get_docstring(node) is not None:
                lines -= (node.body[0].end_lineno or 0) - node.body[0].lineno + 1
            if lines > limit:
                yield f"{node.lineno}: {node.name} has {lines} lines"


def too_long(text: str, limit: int) -> bool:
    return len(text.splitlines()) > limit


def test_files_stay_short() -> None:
    files = tree.python_files(*tree.SOURCE, "tests", "tools")
    long = [tree.name_of(path) for path in files if too_long(path.read_text(), FILE_LINES_MAX)]
    assert long == []
    assert not too_long((tree.ROOT / "run").read_text(), FILE_LINES_MAX)


def test_drivers_stay_short() -> None:
    files = tree.python_files("drivers")
    long = [tree.name_of(path) for path in files if too_long(path.read_text(), DRIVER_LINES_MAX)]
    assert long == []


def test_functions_stay_short() -> None:
    files = [*tree.python_files(*tree.SOURCE, "tools"), tree.ROOT / "run"]
    found = [
        f"{tree.name_of(path)}:{line}"
        for path in files
        for line in long_functions(tree.parse(path), FUNCTION_LINES_MAX)
    ]
    assert found == []


@pytest.mark.parametrize(("lines", "found"), [(50, False), (51, True)])
def test_the_limit_is_exact(lines: int, found: bool) -> None:
    source = "def f():\n    '''Doc.'''\n" + "    x = 1\n" * (lines - 1)
    assert bool([*long_functions(ast.parse(source), FUNCTION_LINES_MAX)]) is found
    assert too_long("x\n" * 401, FILE_LINES_MAX)
    assert not too_long("x\n" * 400, FILE_LINES_MAX)
