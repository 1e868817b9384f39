# SPDX-License-Identifier: Apache-2.0
"""The launcher: what it says, what it installs, and that a warm start installs nothing."""

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

import pytest

from tests.meta import tree


@pytest.fixture
def run(tmp_path: Path) -> ModuleType:
    """Load the launcher and point it at an empty folder."""
    loader = SourceFileLoader("run_launcher", str(tree.ROOT / "run"))
    spec = importlib.util.spec_from_loader("run_launcher", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    paths = {"ROOT": "", "VENV": ".venv", "PYTHON": ".venv/bin/python"}
    paths |= {"STAMP": ".venv/installed.json", "REQUIREMENTS": "requirements"}
    for name, path in paths.items():
        setattr(module, name, tmp_path / path)
    requirements = tmp_path / "requirements"
    requirements.mkdir()
    for group in ("runtime", "build", "test", "lint"):
        (requirements / f"{group}.txt").write_text(group)
    (tmp_path / "pyproject.toml").write_text("project")
    return module


@pytest.fixture
def installed(run: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record what would be installed instead of installing it."""
    done: list[str] = []

    def make_venv(folder: Path, *, with_pip: bool) -> None:
        done.append("venv")
        run.PYTHON.parent.mkdir(parents=True)
        run.PYTHON.touch()

    monkeypatch.setattr(run, "make_venv", make_venv)
    monkeypatch.setattr(run, "install", done.append)
    return done


def test_a_cold_start_installs_each_part_once(run: ModuleType, installed: list[str]) -> None:
    run.ensure("runtime", "build", "project")
    assert installed == ["venv", "runtime", "build", "project"]


def test_a_warm_start_installs_nothing(run: ModuleType, installed: list[str]) -> None:
    run.ensure("runtime", "build", "project")
    installed.clear()
    run.ensure("runtime", "build", "project")
    assert installed == []


def test_a_group_is_added_when_a_job_needs_it(run: ModuleType, installed: list[str]) -> None:
    run.ensure("runtime", "build", "project")
    installed.clear()
    run.ensure("runtime", "build", "project", "test")
    assert installed == ["test"]


@pytest.mark.parametrize(
    ("name", "part"), [("requirements/runtime.txt", "runtime"), ("pyproject.toml", "project")]
)
def test_what_changed_is_installed_again(
    run: ModuleType, installed: list[str], name: str, part: str
) -> None:
    run.ensure("runtime", "build", "project")
    installed.clear()
    (run.ROOT / name).write_text("another version")
    run.ensure("runtime", "build", "project")
    assert installed == [part]


def test_an_interrupted_installation_is_resumed(
    run: ModuleType, installed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    record: Callable[[str], None] = run.install

    def interrupted(part: str) -> None:
        if part == "build":
            raise KeyboardInterrupt
        record(part)

    monkeypatch.setattr(run, "install", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run.ensure("runtime", "build", "project")
    monkeypatch.setattr(run, "install", record)
    installed.clear()
    run.ensure("runtime", "build", "project")
    assert installed == ["build", "project"]


def test_a_machine_without_venv_gets_one_line(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run.shutil, "which", lambda _name: None)
    monkeypatch.setattr(run.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(SystemExit) as stopped:
        run.ensure("runtime")
    assert stopped.value.code == 1
    output = capsys.readouterr()
    assert output.err == "run: python3-venv is missing: apt install python3-venv\n"
    assert output.out == ""


def test_installing_checks_hashes_and_names_no_index(
    run: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []

    def record(command: list[str], **_options: object) -> subprocess.CompletedProcess[str]:
        commands.append([str(part) for part in command])
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(run.subprocess, "run", record)
    for part in ("runtime", "test", "lint", "build"):
        commands.clear()
        run.install(part)
        assert "--require-hashes" in commands[-1]
        assert not [word for word in commands[-1] if "index" in word or "find-links" in word]


def test_every_job_is_listed_with_examples() -> None:
    command = [sys.executable, str(tree.ROOT / "run"), "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    jobs = "demo test check mnht perf safety lock wheel image-deps image-app ci".split()
    listed = [line.split()[0] for line in done.stdout.splitlines() if line.startswith("  ")]
    assert [job for job in jobs if job not in listed] == []
    assert "examples:" in done.stdout


def test_an_unknown_job_is_a_usage_error() -> None:
    command = [sys.executable, str(tree.ROOT / "run"), "dance"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "invalid choice" in done.stderr


def test_the_stamp_survives_as_json(run: ModuleType, installed: list[str]) -> None:
    run.ensure("runtime")
    assert [*json.loads(run.STAMP.read_text())] == ["runtime"]
    run.STAMP.write_text("broken")
    installed.clear()
    run.ensure("runtime")
    assert installed == ["runtime"]
