# SPDX-License-Identifier: Apache-2.0
"""The import contracts hold, and each of them breaks when somebody breaks it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.meta import tree

LINT = [
    sys.executable,
    "-c",
    "from importlinter.cli import lint_imports_command as main; main(prog_name='lint')",
    "--no-cache",
]

# One forbidden import a contract, planted at the end of a file that must not have it.
PLANTED = {
    "1. floors": ("mnht_controller/devices/__init__.py", "import mnht_controller.runtime"),
    "2. the pure floors": ("mnht_controller/core/__init__.py", "import time"),
    "3. drivers": ("drivers/__init__.py", "import mnht_controller.runtime"),
    "4. the product": ("mnht_controller/runtime/__init__.py", "import drivers"),
    "5. the simulator": ("sim_hardware/plant/__init__.py", "import mnht_controller.domain"),
    "6. the guard": ("mnht_controller/guard/__init__.py", "import structlog"),
    "7. the simulated patient": (
        "sim_hardware/plant/solver/__init__.py",
        "import sim_hardware.plant.models",
    ),
}


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        LINT,
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in tree.SOURCE:
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(tree.ROOT / name, tmp_path / name, ignore=ignore)
    shutil.copy(tree.ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_all_contracts_are_kept() -> None:
    done = lint(tree.ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(PLANTED)} kept, 0 broken" in done.stdout


@pytest.mark.parametrize(("contract", "planted"), PLANTED.items(), ids=PLANTED.keys())
def test_a_planted_import_breaks_its_contract(
    copy: Path, contract: str, planted: tuple[str, str]
) -> None:
    path, line = planted
    with (copy / path).open("a") as file:
        file.write(f"\n{line}\n")
    done = lint(copy)
    assert done.returncode == 1, done.stdout + done.stderr
    broken = [text for text in done.stdout.splitlines() if text.endswith("BROKEN")]
    assert any(text.startswith(contract) for text in broken), done.stdout


def test_no_contract_has_an_exception() -> None:
    text = (tree.ROOT / "pyproject.toml").read_text()
    assert "ignore_imports" not in text
    assert "unmatched_ignore" not in text
