# SPDX-License-Identifier: Apache-2.0
"""`mnht` as a user calls it, in this process: exit code, the document, what a person is told."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from mnht_controller.app.shipped import config_dir
from mnht_controller.cli.main import build

BENCH, REAL = "sites/bench.toml", "sites/example_real.toml"


@dataclass(frozen=True)
class Answer:
    """What a command left behind."""

    code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> Any:
        """Standard output, which must be exactly one JSON document; every number is finite."""

        def refuse(name: str) -> float:
            raise AssertionError(f"{name} is no JSON")

        return json.loads(self.stdout, parse_constant=refuse)


def mnht(*arguments: object) -> Answer:
    """Run one command; a traceback is no answer."""
    result = CliRunner().invoke(build(), [str(argument) for argument in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Answer(result.exit_code, result.stdout, result.stderr)


def copied(folder: Path) -> Path:
    """A copy of the shipped configuration that may be spoiled."""
    return Path(shutil.copytree(config_dir(), folder / "config"))


def spoil(path: Path, old: str, new: str) -> None:
    """Change one place of a file."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
