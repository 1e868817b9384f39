# SPDX-License-Identifier: Apache-2.0
"""The schemas beside the profiles are the ones the models give, and every profile names its own."""

from pathlib import Path

import pytest

from mnht_controller.settings import schema
from tests.meta import tree

CONFIG = tree.ROOT / "config"


def folder(kind: str) -> str:
    return f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind.rstrip('s')}s"


PROFILES = sorted(
    path for kind, _ in schema.kinds() for path in (CONFIG / folder(kind)).glob("*.toml")
)


def test_no_schema_is_stale() -> None:
    assert schema.stale(CONFIG / "schema") == []


def test_a_changed_a_missing_and_a_stray_schema_are_stale(tmp_path: Path) -> None:
    schema.write(tmp_path)
    assert schema.stale(tmp_path) == []
    (tmp_path / "site.json").write_text("{}\n")
    (tmp_path / "limits.json").unlink()
    (tmp_path / "other.json").write_text("{}\n")
    assert schema.stale(tmp_path) == ["limits.json", "other.json", "site.json"]


def test_there_are_profiles_of_every_kind() -> None:
    assert {path.parent.name for path in PROFILES} == {folder(kind) for kind, _ in schema.kinds()}


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.stem)
def test_a_profile_opens_with_its_schema(path: Path) -> None:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    prefix = "#:schema "
    assert first.startswith(prefix)
    target = path.parent / first.removeprefix(prefix)
    assert target.is_file()
    assert folder(target.stem) == path.parent.name
