# SPDX-License-Identifier: Apache-2.0
"""Tests in a copy of the tree, so that a changed file never touches the one at hand."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.quality.areas import ROOT

FOLDERS = ("mnht_controller", "tests", "tools")
"""Copied, because a change may be in them; the rest is linked."""
SECONDS_MAX = 600.0
OPTIONS = ("-x", "-q", "-p", "no:cacheprovider", "--tb=line", "-p", "tools.quality.hasty")


@contextmanager
def copied() -> Iterator[Path]:
    """A copy of the tree that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="quality-") as name:
        folder = Path(name)
        for path in ROOT.iterdir():
            if path.name in FOLDERS:
                shutil.copytree(path, folder / path.name, symlinks=True)
            elif not path.name.startswith(".") or path.name == ".ci":
                (folder / path.name).symlink_to(path)
        yield folder


def is_red(folder: Path, tests: list[str]) -> bool:
    """Whether a test fails there. OSError when pytest itself cannot run them."""
    command = [sys.executable, "-m", "pytest", *OPTIONS, *tests]
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            check=False,
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX,
        )
    except subprocess.TimeoutExpired:
        return True
    if done.returncode not in {0, 1, 2}:  # 2: a changed module could not even be imported
        raise OSError(f"pytest gave {done.returncode} for {tests}:\n{done.stdout[-2000:]}")
    return done.returncode != 0
