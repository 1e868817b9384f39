# SPDX-License-Identifier: Apache-2.0
"""The cache folder: what is compiled is loaded from it, so nobody else may be able to fill it."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from sim_hardware.plant.support import cache


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary folder like /tmp, and no cache of the user's: its parent is a file."""
    (tmp_path / "file").touch()
    place = tmp_path / "shared"
    place.mkdir()
    monkeypatch.setattr(cache, "user_cache_path", lambda _: tmp_path / "file" / "cache")
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(place))
    return place


@pytest.fixture(autouse=True)
def generous() -> Iterator[None]:
    """A umask that lets the group write, so that only what the cache asks for protects it."""
    before = os.umask(0o002)
    yield
    os.umask(before)


def fresh(found: Path, shared: Path) -> bool:
    """Whether it is a new folder of this user's alone."""
    mode = stat.S_IMODE(found.lstat().st_mode)
    return found.parent == shared and found.name.startswith("mnht-kernels-") and mode == 0o700


def test_the_users_cache_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "user_cache_path", lambda _: tmp_path / "cache")
    assert cache.folder("kernels") == tmp_path / "cache" / "kernels"
    assert (tmp_path / "cache" / "kernels").is_dir()


def test_a_temporary_folder_is_the_users_alone_and_is_kept(shared: Path) -> None:
    base = shared / f"mnht-{os.getuid()}"
    assert cache.folder("kernels") == base / "kernels"
    assert cache.folder("kernels") == base / "kernels"
    for place in (base, base / "kernels"):
        assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert [*shared.iterdir()] == [base]


@pytest.mark.parametrize("name", ["", "kernels"])
@pytest.mark.parametrize("mode", [0o770, 0o707, 0o1777])
def test_a_folder_that_others_can_fill_is_not_used(shared: Path, name: str, mode: int) -> None:
    place = cache.folder("kernels").parent / name
    place.chmod(mode)
    found = cache.folder("kernels")
    assert fresh(found, shared)
    assert cache.folder("kernels") != found


def test_a_folder_that_others_can_read_is(shared: Path) -> None:
    place = cache.folder("kernels")
    place.chmod(0o755)
    assert cache.folder("kernels") == place


@pytest.mark.parametrize("name", ["", "kernels"])
def test_a_folder_of_somebody_else_is_not_used(
    shared: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    somebody = os.getuid() + 1
    (shared / f"mnht-{somebody}" / name).mkdir(parents=True, mode=0o700)
    monkeypatch.setattr("os.getuid", lambda: somebody)
    assert fresh(cache.folder("kernels"), shared)


def test_a_link_or_a_file_is_not_used(shared: Path, tmp_path: Path) -> None:
    base, other = shared / f"mnht-{os.getuid()}", tmp_path / "other"
    other.mkdir(mode=0o700)
    base.symlink_to(other)
    assert fresh(cache.folder("kernels"), shared)
    assert [*other.iterdir()] == []
    base.unlink()
    base.touch()
    assert fresh(cache.folder("kernels"), shared)
