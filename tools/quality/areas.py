# SPDX-License-Identifier: Apache-2.0
"""Which code is judged, and by which tests: the fast ones, without processes and wall clock."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = "mnht_controller"
COVERED = ("domain", "thermometry", "core", "interlock", "guard", "journal")
"""Packages whose every line and branch the fast tests must reach."""
MUTATED = ("thermometry", "interlock", "guard", "core")
UNIT = (*COVERED, "guard_process")
TESTS = (*[f"tests/unit/{name}" for name in UNIT], "tests/property", "tests/boundary")


def tests() -> list[str]:
    """Folders of the fast tests, those that are there."""
    return [name for name in TESTS if (ROOT / name).is_dir()]


def sources(packages: tuple[str, ...] = MUTATED) -> list[str]:
    """Files of these packages, as paths from the root."""
    return [
        str(path.relative_to(ROOT))
        for package in packages
        for path in sorted((ROOT / PRODUCT / package).glob("*.py"))
        if path.name != "__init__.py"
    ]
