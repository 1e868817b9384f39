# SPDX-License-Identifier: Apache-2.0
"""No file ties the project to one machine or package index; every source names its license."""

import re
from pathlib import Path

import pytest

from tests.meta import tree

SPDX = "# SPDX-License-Identifier: Apache-2.0"

# Written in pieces, so that this file does not hold what it looks for.
FORBIDDEN = re.compile(
    "|".join(
        (
            "pypi" + r"\.(org|python\.org)",
            "files\\." + "pythonhosted",
            r"--(extra-)?index-" + "url[ =]",
            "--find-" + "links[ =]",
            r"(?<![\w.~-])/" + r"(work|root|home|opt/wheels|opt/pypi)/",
            r"(?<!\w)/" + r"tmp/[\w.-]+/",
        )
    )
)


def offenses(text: str) -> list[str]:
    """Quote each line that names a package host or a machine's own path."""
    return [line.strip() for line in text.splitlines() if FORBIDDEN.search(line)]


def text_of(path: Path) -> str:
    try:
        return path.read_text()
    except UnicodeDecodeError:
        return ""  # binary files hold no addresses of ours


def test_no_file_names_a_host_or_a_machine() -> None:
    files = [path for path in tree.project_files() if path != Path(__file__)]
    assert files
    found = {tree.name_of(path): lines for path in files if (lines := offenses(text_of(path)))}
    assert found == {}


@pytest.mark.parametrize(
    "text",
    [
        "https://pypi" + ".org/simple",
        "--index-" + "url https://example.org",
        "open('/" + "work/main/x')",
        "/" + "root/.cache",
        "see /" + "home/someone/file",
    ],
)
def test_an_offense_is_found(text: str) -> None:
    assert offenses(text)


@pytest.mark.parametrize(
    "text", ["/var/lib/mnht", "/run/mnht", "./wo" + "rk/out", "GET /wo" + "rk", "docs/home/x"]
)
def test_ordinary_paths_are_allowed(text: str) -> None:
    assert offenses(text) == []


def test_every_source_names_its_license() -> None:
    files = [path for path in tree.project_files() if path.suffix == ".py"]
    bare = [tree.name_of(path) for path in files if first_line(path) != SPDX]
    assert bare == []
    assert (tree.ROOT / "run").read_text().splitlines()[1] == SPDX


def first_line(path: Path) -> str:
    return path.read_text().partition("\n")[0]


def test_the_license_is_there_in_full() -> None:
    text = (tree.ROOT / "LICENSE").read_text()
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text


@pytest.mark.shows("pinned_packages")
def test_requirements_are_pinned_by_hash() -> None:
    for path in sorted((tree.ROOT / "requirements").glob("*.txt")):
        entries = re.split(r"\n(?=\S)", path.read_text().strip())
        loose = [entry for entry in entries if "==" not in entry or "--hash=sha256:" not in entry]
        assert loose == [], path.name
