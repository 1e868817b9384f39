# SPDX-License-Identifier: Apache-2.0
"""The planted mistakes fit the code as it is; `./run planted` makes them and sees the test fail."""

import ast
from pathlib import Path

import pytest

from tests.meta import tree
from tools.quality import mutate, operators, planted
from tools.quality.planted import Mistake

MISTAKES = planted.mistakes()


def test_there_are_twenty_and_no_two_alike() -> None:
    assert len({row.name for row in MISTAKES}) == len(MISTAKES) >= 20


@pytest.mark.parametrize("row", MISTAKES, ids=lambda row: row.name)
def test_a_mistake_fits_the_code_and_names_a_test(row: Mistake) -> None:
    assert row.why
    assert (tree.ROOT / row.caught_by.split("::")[0]).is_file()
    changed = planted.edited(row)
    assert ast.dump(ast.parse(changed)) != ast.dump(ast.parse((tree.ROOT / row.file).read_text()))


def test_a_mistake_that_no_longer_fits_is_said() -> None:
    row = Mistake("x", MISTAKES[0].file, "nowhere to be found", "", "", "")
    with pytest.raises(ValueError, match="0 places"):
        planted.edited(row)


def test_every_reviewed_survivor_still_exists() -> None:
    """A reason must not outlive its line."""
    rows = mutate.explained()
    assert len(rows) <= 10
    for why, places in rows:
        assert why
        for file, line, what in places:
            text = (tree.ROOT / file).read_text()
            assert line in [each.strip() for each in text.splitlines()], line
            assert what


@pytest.mark.parametrize(
    ("source", "changed"),
    [
        ("a < b", {"a <= b", "a >= b"}),
        ("a is b", {"a is not b"}),
        ("a + b", {"a - b"}),
        ("not a", {"a"}),
        ("-a", {"a"}),
        ("a and b", {"a or b"}),
        ("x = 2", {"x = 3"}),
        ("x = 0.5", {"x = 0.625"}),
        ("x = True", {"x = False"}),
        ("def f():\n    return a", {"def f():\n    return None"}),
        ("def f(a: int | None='x') -> None:\n    '1'", set()),
        ("raise E(a + 1)", set()),
    ],
)
def test_operators(source: str, changed: set[str]) -> None:
    count = len([*operators.places(ast.parse(source))])
    assert {ast.unparse(operators.changed(source, number)) for number in range(count)} == changed


def test_a_change_goes_into_the_running_code(tmp_path: Path) -> None:
    """The tool itself: see a planted change turn a function round, in a process of its own."""
    import subprocess
    import sys

    program = (
        "import ast\n"
        "from mnht_controller.interlock import findings, probe_findings\n"
        "from tools.quality.change import Change, put\n"
        "from tools.quality.areas import ROOT\n"
        "path = 'mnht_controller/interlock/findings.py'\n"
        "text = (ROOT / path).read_text().replace('not (value <= limit)', 'value <= limit')\n"
        "held = probe_findings.over\n"
        "assert held(2.0, 1.0) and not held(1.0, 1.0)\n"
        "assert put(Change(path, 1, '', '', lambda: ast.parse(text)))\n"
        "assert held(1.0, 1.0) and not held(2.0, 1.0)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tree.ROOT, check=False)
    assert done.returncode == 0
