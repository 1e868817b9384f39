# SPDX-License-Identifier: Apache-2.0
"""The documents hang together: links lead somewhere, decisions are listed, jobs exist."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.meta import tree

LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")
JOB = re.compile(r"\./run ([a-z][a-z-]*)")
BRITISH = re.compile(r"\b(fibre|tumour|energise|licence|colour|behaviour|metre|centre)s?\b", re.I)
DECISIONS = tree.ROOT / "docs" / "explanations" / "decisions"


def documents() -> Iterator[Path]:
    return (path for path in tree.project_files() if path.suffix == ".md")


def dead_links(path: Path, text: str) -> list[str]:
    targets = [target for target in LINK.findall(text) if "://" not in target]
    return [target for target in targets if not (path.parent / target).exists()]


def unknown_jobs(text: str) -> list[str]:
    launcher = (tree.ROOT / "run").read_text().partition("JOBS: ")[2]
    return [job for job in JOB.findall(text) if f'"{job}": (' not in launcher]


def test_links_lead_somewhere() -> None:
    found = {tree.name_of(path): dead_links(path, path.read_text()) for path in documents()}
    assert {name: links for name, links in found.items() if links} == {}


def test_named_jobs_exist() -> None:
    found = {tree.name_of(path): unknown_jobs(path.read_text()) for path in documents()}
    assert {name: jobs for name, jobs in found.items() if jobs} == {}


def test_spelling_is_american() -> None:
    found = {tree.name_of(path): BRITISH.findall(path.read_text()) for path in documents()}
    assert {name: words for name, words in found.items() if words} == {}


def test_every_decision_is_listed_and_numbered_in_order() -> None:
    pages = sorted(path.name for path in DECISIONS.glob("[0-9]*.md"))
    assert [int(page[:4]) for page in pages] == [*range(1, len(pages) + 1)]
    listed = LINK.findall((DECISIONS / "README.md").read_text())
    assert [page for page in pages if page not in listed] == []


@pytest.mark.parametrize("page", sorted(DECISIONS.glob("[0-9]*.md")), ids=lambda page: page.stem)
def test_a_decision_says_situation_decision_and_cost(page: Path) -> None:
    text = page.read_text()
    assert text.startswith(f"# {page.name[:4]} ")
    for part in ("**Situation.**", "**Decision.**", "**What follows.**"):
        assert part in text
    assert len(text.splitlines()) <= 60


def test_the_checks_find_what_they_look_for(tmp_path: Path) -> None:
    assert dead_links(tmp_path / "a.md", "see [b](b.md) and [c](https://example.org)") == ["b.md"]
    assert unknown_jobs("./run dance and ./run test") == ["dance"]
    assert BRITISH.findall("the tumour") == ["tumour"]
