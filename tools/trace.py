# SPDX-License-Identifier: Apache-2.0
"""Hazard → control → test → result: joins the hazard table with what the last test run said.

`./run test` writes the results; this says what is missing. A test names hazards in its own
or its module's docstring (H01) or in its name (h01), and controls by their ids: quoted, as a
parameter, or in its mark `shows`.
"""

import argparse
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mnht_controller.interlock.controls import CONTROLS
from mnht_controller.interlock.guard_trips import GUARD_TRIPS, OWN_TRIPS
from mnht_controller.interlock.hazards import HAZARDS, Hazard
from mnht_controller.interlock.permissives import PERMISSIVES
from mnht_controller.interlock.rules import RULES

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "build" / "trace"
"""One file for each session of `./run test`, which empties the folder first."""

HAZARD = re.compile(r"\bH\d\d\b")
QUOTED = re.compile(r'"([a-z_]+)"')
IN_NAME = re.compile(r"_h(\d\d)(?=_|$|\[)")

SAFETY_TESTS = (
    "tests/boundary/",
    "tests/faults/",
    "tests/property/",
    "tests/unit/guard/",
    "tests/unit/guard_process/",
    "tests/unit/interlock/",
    "tests/unit/thermometry/",
)
"""Tests in these folders must name a row."""

DESIGN = frozenset(control.id for control in CONTROLS)
TABLES = (RULES, GUARD_TRIPS, OWN_TRIPS, PERMISSIVES)
CODES = frozenset(row.code for table in TABLES for row in table)


@dataclass(slots=True)
class Result:
    """One test as it went: what it names, and whether it passed."""

    test: str
    outcome: str
    names: frozenset[str]


@dataclass(slots=True)
class Trace:
    """All results, by what they name."""

    by_name: dict[str, list[Result]] = field(default_factory=lambda: defaultdict(list))
    nameless: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    def passed(self, name: str) -> list[str]:
        """Tests that name it and passed."""
        return [result.test for result in self.by_name[name] if result.outcome == "passed"]


def named(
    name: str, docs: Iterable[str | None], source: str, values: Iterable[object]
) -> list[str]:
    """Hazards and controls that a test names; `values` are its parameters and marks."""
    hazards = {found for doc in docs if doc for found in HAZARD.findall(doc)}
    hazards |= {f"H{number}" for number in IN_NAME.findall(name)}
    codes = {*QUOTED.findall(source), *map(_word, values)}
    return sorted(hazards | (codes & CODES) | (codes & DESIGN))


def _word(value: object) -> str:
    return str(value if isinstance(value, str) else getattr(value, "code", ""))


def gathered(results: Iterable[Result]) -> Trace:
    """Sort results by name."""
    trace, known = Trace(), {row.id for row in HAZARDS}
    for result in results:
        for name in result.names:
            trace.by_name[name].append(result)
        hazards = {name for name in result.names if HAZARD.fullmatch(name)}
        if hazards - known:
            trace.unknown.append(f"{result.test}: {', '.join(sorted(hazards - known))}")
        if result.test.startswith(SAFETY_TESTS) and not hazards:
            trace.nameless.append(result.test)
    return trace


def short(trace: Trace) -> list[str]:
    """Everything that is missing; empty is the only pass."""
    found = [f"{row.id}: no passing test names it" for row in HAZARDS
             if row.controls and not trace.passed(row.id)]  # fmt: skip
    used = {code for row in HAZARDS for code in row.controls}
    found += [f"{code}: a control of no hazard" for code in sorted((CODES | DESIGN) - used)]
    found += [f"{code}: no such control" for code in sorted(used - CODES - DESIGN)]
    for code in sorted(used & (CODES | DESIGN)):
        results = trace.by_name[code]
        if not trace.passed(code):
            found.append(f"{code}: a control that no passing test shows")
        found += [f"{result.test}: {result.outcome}, and shows {code}" for result in results
                  if result.outcome == "failed"]  # fmt: skip
    found += [f"{test}: a safety test that names no hazard" for test in sorted(trace.nameless)]
    return found + [f"{text}: no such hazard" for text in sorted(trace.unknown)]


def load(folder: Path) -> list[Result]:
    """Read what the sessions wrote."""
    return [
        Result(test, outcome, frozenset(names))
        for path in sorted(folder.glob("*.json"))
        for test, (outcome, names) in json.loads(path.read_text(encoding="utf-8")).items()
    ]


def figures(trace: Trace) -> Mapping[str, object]:
    """Counts, and each row with its number of passed tests."""
    rows = {row.id: _row(row, trace) for row in HAZARDS}
    return {
        "hazards": len(HAZARDS),
        "open": [row.id for row in HAZARDS if not row.controls],
        "controls": len(CODES | DESIGN),
        "rows": rows,
    }


def _row(row: Hazard, trace: Trace) -> Mapping[str, object]:
    return {
        "passed": len(trace.passed(row.id)),
        "controls": {code: len(trace.passed(code)) for code in row.controls},
    }


def main(arguments: list[str]) -> int:
    """Print the trace; exit code 1 when something is missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of the results")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    parser.add_argument("--list", metavar="NAME", help="the tests of one hazard or control")
    options = parser.parse_args(arguments)
    results = load(options.results)
    trace = gathered(results)
    if options.list:
        for result in trace.by_name[options.list]:
            print(f"{result.outcome:<8} {result.test}")
        return 0 if trace.by_name[options.list] else 1
    missing = short(trace) if results else ["no results: ./run test writes them"]
    if options.json:
        report = {"name": "trace", "figures": figures(trace), "short": missing, "ok": not missing}
        print(json.dumps(report, indent=1))
        return 1 if missing else 0
    for row in HAZARDS:
        shown = ", ".join(f"{code} {len(trace.passed(code))}" for code in row.controls) or "open"
        print(f"{row.id} {len(trace.passed(row.id)):>5} tests   {shown}")
    for line in missing:
        print(f"missing: {line}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
