# SPDX-License-Identifier: Apache-2.0
"""Which tests name which hazard, read from their docstrings."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HAZARDS: tuple[str, ...] = tuple(f"H{number:02d}" for number in range(1, 63))
_NAMED = re.compile(r"\bH\d\d\b")


def named_tests(folder: Path = ROOT / "tests") -> dict[str, list[str]]:
    """Name the tests of each hazard as `file::test`; hazards without one are left out."""
    found: dict[str, list[str]] = {}
    for path in sorted(folder.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                continue
            if not node.name.lower().startswith("test"):
                continue
            for hazard in sorted(set(_NAMED.findall(ast.get_docstring(node) or ""))):
                place = path.relative_to(folder.parent)
                found.setdefault(hazard, []).append(f"{place}::{node.name}")
    return found


def uncovered(with_fault: set[str], folder: Path = ROOT / "tests") -> list[str]:
    """Hazards that neither a fault of the matrix nor a test names."""
    named = named_tests(folder)
    return [hazard for hazard in HAZARDS if hazard not in with_fault and hazard not in named]
