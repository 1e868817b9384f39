# SPDX-License-Identifier: Apache-2.0
"""The guard's entry: opens everything, says so, ends by its parent or a signal. H26, H30, H37."""

import gc
import json
import os
import pty
import signal
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from mnht_controller.domain.trip import Latch, Trip
from mnht_controller.guard import __main__ as module
from mnht_controller.journal import disk
from mnht_controller.journal.keep import save_latch
from tests.system.guard_bench import config
from tests.unit.guard_process.test_process import FakeLine

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[dict[str, object]]:
    """A start-up file's content, with a pty as line and a parent that has ended already."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    mask = os.umask(0o077)
    master, slave = pty.openpty()
    parent, child = os.pipe()
    os.close(child)
    yield config(tmp_path, os.ttyname(slave)) | {"parent_fd": parent}
    for fd in (master, slave, parent):
        os.close(fd)
    os.umask(mask)
    for number, handler in before.items():
        signal.signal(number, handler)
    gc.unfreeze()
    gc.enable()


def main(folder: Path, told: dict[str, object]) -> int:
    path = folder / "guard.json"
    path.write_text(json.dumps(told))
    return module.main([str(path)])


def test_without_a_parent_it_ends_at_once_and_leaves_a_sound_journal(
    bench: dict[str, object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(tmp_path, bench) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["ready"], said["state"]) == (True, "disabled")
    assert Path(said["journal"]).read_bytes().startswith(b"{")
    for name in ("journal", "state"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o700
    assert not (tmp_path / "lease").exists()
    assert not gc.isenabled()


def test_a_kept_latch_is_said_at_the_start(
    bench: dict[str, object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """H37."""
    (tmp_path / "state").mkdir(mode=0o700)
    trip = Trip("skin_trip", "H13", "skin", 44.1, 44.0, 1.0, 1.0)
    save_latch(tmp_path / "state" / "guard.latch", Latch((trip,)))
    assert main(tmp_path, bench) == 0
    assert json.loads(capsys.readouterr().out)["state"] == "latched"


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_it_in_order(
    bench: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(module, "_say", lambda _: signal.raise_signal(number))
    assert main(tmp_path, bench | {"parent_fd": None}) == 0
    assert not (tmp_path / "control").exists()


@pytest.mark.parametrize("arguments", [[], ["a", "b"]])
def test_it_takes_one_file(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert module.main(arguments) == 78
    assert "one file name is needed" in capsys.readouterr().err


def test_checks_that_are_left_out_are_no_checks(
    bench: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`python -O` is refused before anything is opened."""
    monkeypatch.setattr(sys, "flags", SimpleNamespace(optimize=1))
    assert main(tmp_path, bench) == 78
    assert not (tmp_path / "journal").exists()


def test_each_kind_of_trouble_has_its_exit_code(
    bench: dict[str, object],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert module.main([str(tmp_path / "none.json")]) == 78
    assert main(tmp_path, bench | {"line": str(tmp_path / "no tty")}) == 69
    monkeypatch.setattr(module, "make_line", lambda *_: FakeLine())  # a real one stays locked
    assert main(tmp_path, bench | {"lease_socket": str(tmp_path / "no" / "lease")}) == 74
    assert main(tmp_path, bench | {"state_dir": "/proc/none"}) == 74

    def full(_: object, __: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(disk, "create", full)
    assert main(tmp_path, bench) == 74
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 5
    assert all(line.startswith("guard: ") for line in errors)


def test_folders_of_any_depth_are_made_and_may_be_there(
    bench: dict[str, object], tmp_path: Path
) -> None:
    """H34, H37: a journal and a latch have a place to be written."""
    folders = {name: str(tmp_path / "site" / "a" / name) for name in ("journal_dir", "state_dir")}
    for _ in range(2):
        assert main(tmp_path, bench | folders | {"session": os.urandom(4).hex()}) == 0
        assert all(Path(folder).is_dir() for folder in folders.values())
