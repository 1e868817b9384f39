# SPDX-License-Identifier: Apache-2.0
"""Writes down which hazards and controls each test names, and how it went, for `tools/trace.py`."""

import inspect
import json
import os
import re
from pathlib import Path

import pytest

from tools.trace import named

_NAMED = "named"
_results: dict[str, tuple[str, list[str]]] = {}


def pytest_itemcollected(item: pytest.Item) -> None:
    """Note what the test names; the note travels with its report."""
    function = getattr(item, "function", None)
    if function is None:
        return
    owners = (function, getattr(item, "cls", None), getattr(item, "module", None))
    docs = [getattr(owner, "__doc__", None) for owner in owners if owner is not None]
    values = [*getattr(getattr(item, "callspec", None), "params", {}).values()]
    values += [control for mark in item.iter_markers("shows") for control in mark.args]
    item.user_properties.append((_NAMED, named(item.name, docs, _source(function), values)))


def _source(function: object) -> str:
    try:
        return inspect.getsource(inspect.unwrap(function))  # type: ignore[arg-type]
    except (OSError, TypeError):
        return ""


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Keep the outcome: of the call, or of what did not let it come to that."""
    if report.when == "call" or report.outcome != "passed":
        names = dict(report.user_properties).get(_NAMED, [])
        _results[report.nodeid] = (report.outcome, names if isinstance(names, list) else [])


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the results where `./run test` asks for them; its workers have nothing to write."""
    folder = os.environ.get("TRACE_RESULTS")
    if folder is None or "PYTEST_XDIST_WORKER" in os.environ:
        return
    name = re.sub(r"\W+", "-", str(session.config.option.markexpr)).strip("-") or "all"
    Path(folder).mkdir(parents=True, exist_ok=True)
    text = json.dumps(_results, indent=0)
    (Path(folder) / f"{name}.json").write_text(text, encoding="utf-8")
