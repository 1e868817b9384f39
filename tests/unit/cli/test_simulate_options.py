# SPDX-License-Identifier: Apache-2.0
"""Options of `mnht simulate` that make no sense together, or need what is not installed."""

import sys
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.command import BENCH, copied, mnht


@pytest.fixture(autouse=True)
def no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever begins a session breaks the test."""

    def never(*_: object, **__: object) -> Any:
        raise AssertionError("a session was begun")

    monkeypatch.setattr("sim_hardware.bench.world.World.__init__", never)


@pytest.mark.parametrize("suffix", [".npz", ".vti", ".doc", ""])
def test_a_format_of_volumes_needs_pictures(tmp_path: Path, suffix: str) -> None:
    out = tmp_path / "out"
    site = copied(tmp_path) / BENCH
    answer = mnht("simulate", site, "--volume", suffix, "--out", out, "--json")
    assert answer.code == 2
    assert answer.stdout == ""
    assert f"--volume {suffix}: add --pictures" in answer.stderr
    assert "\n" not in answer.stderr.strip()
    assert not out.exists()


def test_pictures_alone_keep_npz(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def gallery(folder: Path, suffix: str) -> Any:
        asked.append((folder, suffix))
        raise PermissionError("seen enough")

    monkeypatch.setattr("sim_hardware.bench.gallery.Gallery", gallery)
    answer = mnht("simulate", copied(tmp_path) / BENCH, "--pictures", "--out", tmp_path / "out")
    assert answer.code == 77
    assert asked == [(tmp_path / "out", ".npz")]


@pytest.mark.parametrize(("suffix", "why"), [(".nii.gz", "[imaging]"), ("", "no format")])
def test_a_format_that_cannot_be_is_refused_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, why: str
) -> None:
    monkeypatch.setitem(sys.modules, "nibabel", None)
    out = tmp_path / "out"
    site = copied(tmp_path) / BENCH
    answer = mnht("simulate", site, "--pictures", "--volume", suffix, "--out", out, "--json")
    assert answer.code == 78
    (error,) = answer.document["errors"]
    assert error["key"] == "--volume"
    assert why in error["why"]
