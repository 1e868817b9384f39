# SPDX-License-Identifier: Apache-2.0
"""The guard's start-up file: all of it, or a refusal that names the fault (H38)."""

import json
from pathlib import Path

import pytest

from mnht_controller.domain.errors import ConfigError
from mnht_controller.guard.config import GuardConfig, load

WHOLE = {
    "lease_socket": "a",
    "control_socket": "b",
    "journal_dir": "c",
    "state_dir": "d",
    "line": "e",
    "session": "f",
    "parent_fd": 0,
}


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "guard.json"
    path.write_text(json.dumps(WHOLE))
    assert load(path) == GuardConfig("a", "b", "c", "d", "e", "f", 0, 9600)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", json.dumps(WHOLE | {"skin_c_trip": 45.0}), json.dumps(WHOLE | {"line": 3})],
)
def test_anything_else_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "guard.json"
    path.write_text(text)
    with pytest.raises(ConfigError, match="write the keys lease_socket"):
        load(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="unreadable"):
        load(tmp_path / "none.json")
