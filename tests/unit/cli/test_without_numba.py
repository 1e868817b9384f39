# SPDX-License-Identifier: Apache-2.0
"""An installation without the plant's libraries: real sites work, simulated ones say what to do."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.cli.command import BENCH, REAL, copied

BLOCKED = "import sys; sys.modules['numba'] = None; from mnht_controller.cli import main; main()"


def mnht(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", BLOCKED, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_real_site_is_checked(tmp_path: Path) -> None:
    done = mnht("check", copied(tmp_path) / REAL)
    assert done.returncode == 0, done.stderr
    assert "REAL hardware" in done.stderr


@pytest.mark.parametrize("command", ["check", "simulate", "bench"])
def test_a_simulated_one_says_what_is_missing(tmp_path: Path, command: str) -> None:
    done = mnht(command, copied(tmp_path) / BENCH)
    assert done.returncode == 78, done.stderr
    assert "mnht-controller[sim]" in done.stderr
    assert "Traceback" not in done.stderr


def test_so_does_a_patient(tmp_path: Path) -> None:
    done = mnht("patient", copied(tmp_path) / "patients" / "neck_node.toml")
    assert (done.returncode, "Traceback" in done.stderr) == (78, False)
