# SPDX-License-Identifier: Apache-2.0
"""Hazards are found in the docstrings of tests, and those without any are named."""

from pathlib import Path

from tools.safety.named_tests import HAZARDS, named_tests, uncovered

SOURCE = '''"""H57: what is written stays."""
class TestDoor:
    """H55: nobody comes in."""

    def test_one(self):
        """H60 and H61."""

def helper():
    """H01"""
'''


def test_hazards_are_read_from_docstrings(tmp_path: Path) -> None:
    folder = tmp_path / "tests"
    folder.mkdir()
    (folder / "test_door.py").write_text(SOURCE)
    assert named_tests(folder) == {
        "H57": ["tests/test_door.py"],
        "H55": ["tests/test_door.py::TestDoor"],
        "H60": ["tests/test_door.py::test_one"],
        "H61": ["tests/test_door.py::test_one"],
    }
    left = uncovered({"H01"}, folder)
    assert len(HAZARDS) == 62
    assert left == [name for name in HAZARDS if name not in {"H01", "H55", "H57", "H60", "H61"}]


def test_this_project_names_most() -> None:
    assert len(named_tests()) > 40
