# SPDX-License-Identifier: Apache-2.0
"""Which tests name which hazard, read from their docstrings."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HAZARDS: tuple[str, ...] = tuple(f"H{number:02d}" for number in range(1, 63))
_DOCUMENTED = (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_NAMED = re.compile(r"\bH\d\d\b")


def named_tests(folder: Path = ROOT / "tests") -> dict[str, list[str]]:
    """Name the tests of each hazard, as `file::test` or `file`; those without are left out."""
    found: dict[str, list[str]] = {}
    for path in sorted(folder.rglob("test_*.py")):
        place = str(path.relative_to(folder.parent))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = _name(node, place)
            text = ast.get_docstring(node) if name and isinstance(node, _DOCUMENTED) else None
            for hazard in sorted(set(_NAMED.findall(text or ""))):
                found.setdefault(hazard, []).append(name)
    return found


def _name(node: ast.AST, place: str) -> str:
    """What a node is called among tests: the file, a test in it, or nothing."""
    if isinstance(node, ast.Module):
        return place
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return ""
    return f"{place}::{node.name}" if node.name.lower().startswith("test") else ""


def uncovered(with_fault: set[str], folder: Path = ROOT / "tests") -> list[str]:
    """Hazards that neither a fault of the matrix nor a test names."""
    named = named_tests(folder)
    return [hazard for hazard in HAZARDS if hazard not in with_fault and hazard not in named]
