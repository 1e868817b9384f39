# SPDX-License-Identifier: Apache-2.0
"""What the wheels hold: the whole one everything, the reduced one no trace of the simulator."""

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.meta import tree


def build(folder: Path, *options: str) -> zipfile.ZipFile:
    command = [sys.executable, str(tree.ROOT / "tools" / "wheel.py"), "--out", str(folder)]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return zipfile.ZipFile(next(folder.glob("*.whl")))


def text(wheel: zipfile.ZipFile, name: str) -> str:
    return next(wheel.read(path).decode() for path in wheel.namelist() if path.endswith(name))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    return build(tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="module")
def reduced(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    return build(tmp_path_factory.mktemp("reduced"), "--without", "sim_hardware")


def test_the_whole_wheel_holds_the_three_packages(whole: zipfile.ZipFile) -> None:
    names = whole.namelist()
    for package in tree.SOURCE:
        assert f"{package}/__init__.py" in names
    assert "simulate = sim_hardware.bench.commands:simulate" in text(whole, "entry_points.txt")
    tops = {name.split("/")[0] for name in names if ".dist-info" not in name}
    assert tops == set(tree.SOURCE)


def test_the_reduced_wheel_has_no_trace_of_the_simulator(reduced: zipfile.ZipFile) -> None:
    names = reduced.namelist()
    assert "mnht_controller/__init__.py" in names
    assert [name for name in names if name.startswith("sim_hardware")] == []
    entries = text(reduced, "entry_points.txt")
    assert "mnht = mnht_controller.cli:main" in entries
    assert "mnht.drivers" in entries
    assert "sim_hardware" not in entries
    assert "mnht.commands" not in entries
    assert "mnht.checks" not in entries
    assert "mnht.schemas" not in entries


def test_config_travels_as_data(whole: zipfile.ZipFile) -> None:
    carried = {name for name in whole.namelist() if name.startswith("mnht_controller/_config/")}
    files = [path for path in (tree.ROOT / "config").rglob("*") if path.is_file()]
    expected = {
        f"mnht_controller/_config/{path.relative_to(tree.ROOT / 'config')}" for path in files
    }
    assert carried == expected


def test_wheel_requires_what_the_project_says(whole: zipfile.ZipFile) -> None:
    project = tomllib.loads((tree.ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = {(name_of(entry), "") for entry in project["dependencies"]}
    wanted |= {(name_of(entry), extra) for extra, entries in extras.items() for entry in entries}
    lines = text(whole, "/METADATA").splitlines()
    requires = set()
    for line in lines:
        if line.startswith("Requires-Dist"):
            entry, _, marker = line.removeprefix("Requires-Dist: ").partition(";")
            extra = re.search(r"extra == '(\w+)'", marker)
            requires.add((name_of(entry), extra[1] if extra else ""))
    assert requires == wanted
    assert ("numba", "sim") in wanted


def name_of(entry: str) -> str:
    return re.split(r"[<>=;\[ ]", entry)[0]
