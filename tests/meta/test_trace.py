# SPDX-License-Identifier: Apache-2.0
"""The trace finds every hole: a row, a control, a test that fails or names nothing."""

import json
from pathlib import Path

import pytest

from mnht_controller.interlock.hazards import HAZARDS
from mnht_controller.interlock.rules import RULES
from tools import trace
from tools.trace import CODES, DESIGN, Result, gathered, short

ALL = frozenset({row.id for row in HAZARDS} | CODES | DESIGN)
WHOLE = Result("tests/unit/x.py::test_all", "passed", ALL)


def test_nothing_is_missing_where_a_passing_test_names_everything() -> None:
    assert short(gathered([WHOLE])) == []


@pytest.mark.parametrize("name", ["H01", "probe_flat", "silence_opens", "lease_expired"])
def test_what_no_passing_test_names_is_missing(name: str) -> None:
    others = Result(WHOLE.test, "passed", ALL - {name})
    assert [line.partition(":")[0] for line in short(gathered([others]))] == [name]
    skipped = Result("tests/unit/x.py::test_it", "skipped", frozenset({name}))
    assert len(short(gathered([others, skipped]))) == 1


def test_a_failed_test_of_a_control_is_said_though_another_passed() -> None:
    failed = Result("tests/unit/x.py::test_it", "failed", frozenset({"probe_flat"}))
    assert short(gathered([WHOLE, failed])) == [f"{failed.test}: failed, and shows probe_flat"]


def test_an_unknown_hazard_and_a_nameless_safety_test_are_found() -> None:
    unknown = Result("tests/unit/x.py::test_it", "passed", frozenset({"H63"}))
    nameless = Result("tests/boundary/x.py::test_it", "passed", frozenset({"probe_flat"}))
    elsewhere = Result("tests/unit/cli/x.py::test_it", "passed", frozenset())
    found = short(gathered([WHOLE, unknown, nameless, elsewhere]))
    assert found == [
        "tests/boundary/x.py::test_it: a safety test that names no hazard",
        "tests/unit/x.py::test_it: H63: no such hazard",
    ]


def test_a_test_names_by_docstrings_name_literals_and_parameters() -> None:
    names = trace.named(
        "test_skin_h15[probe_flat]",
        ("H01: falls off.", None, "Of this module: H04."),
        'assert codes == ["skin_trip", "no_such_control"]',
        ("probe_flat", RULES[0], 7, "silence_opens"),
    )
    assert names == ["H01", "H04", "H15", "operator_stop", "probe_flat", "silence_opens",
                     "skin_trip"]  # fmt: skip


def test_without_results_it_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert trace.main(["--results", str(tmp_path), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["short"] == ["no results: ./run test writes them"]


def test_results_are_read_and_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = {"tests/unit/x.py::test_all": ["passed", sorted(ALL)]}
    (tmp_path / "all.json").write_text(json.dumps(rows))
    assert trace.main(["--results", str(tmp_path)]) == 0
    assert trace.main(["--results", str(tmp_path), "--list", "H04"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "passed   tests/unit/x.py::test_all"


def test_what_a_test_names_is_noted(request: pytest.FixtureRequest) -> None:
    """H62: as this test does."""
    assert dict(request.node.user_properties)["named"] == ["H62"]
