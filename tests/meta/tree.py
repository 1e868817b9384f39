# SPDX-License-Identifier: Apache-2.0
"""What the meta tests walk: this project's files, and their syntax trees."""

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ("mnht_controller", "drivers", "sim_hardware")
PURE = ("domain", "thermometry", "core", "interlock", "alarms")


def python_files(*folders: str) -> Iterator[Path]:
    """Yield the Python files below the folders, in a stable order."""
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def project_files() -> list[Path]:
    """List what git tracks or would track; outside a checkout, every file but build output."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        files = [ROOT / name for name in done.stdout.split("\0") if name]
    else:
        files = [path for path in ROOT.rglob("*") if not _is_output(path.relative_to(ROOT))]
    return [path for path in files if path.is_file()]


def _is_output(path: Path) -> bool:
    outputs = {".git", ".venv", "build", "dist", "__pycache__"}
    return any(part in outputs or part.endswith("_cache") for part in path.parts)


def parse(path: Path) -> ast.Module:
    """Read one file as a syntax tree."""
    return ast.parse(path.read_text(), filename=str(path))


def name_of(path: Path) -> str:
    """Name a file as the messages do."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else path.name
