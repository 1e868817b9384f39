# SPDX-License-Identifier: Apache-2.0
"""`./run cover`: every line and branch of the safety packages, by the fast tests alone."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.quality import areas

PERCENT_MIN = 100.0


def main(arguments: list[str]) -> int:
    """Run the tests under coverage and judge each package; exit 1 below 100 %."""
    parser = argparse.ArgumentParser(prog="./run cover", description=(__doc__ or "").strip())
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="quality-") as folder:
        found = Path(folder) / "coverage.json"
        if code := _measure(Path(folder), found, options.jobs):
            return code
        files = json.loads(found.read_text())["files"]
    report = _report(files)
    print(json.dumps(report, indent=1) if options.json else _table(report))
    return 0 if report["ok"] else 1


def _measure(folder: Path, found: Path, jobs: int) -> int:
    packages = [f"--cov={areas.PRODUCT}/{name}" for name in areas.COVERED]
    pytest = [sys.executable, "-m", "pytest", "-q", "-n", str(jobs), "-p", "no:cacheprovider"]
    report = ["--cov-branch", f"--cov-report=json:{found}", "--no-cov-on-fail"]
    done = subprocess.run(
        [*pytest, *packages, *report, *areas.tests()],
        cwd=areas.ROOT,
        env={**os.environ, "COVERAGE_FILE": str(folder / "data")},
        stdout=sys.stderr,
        check=False,
    )
    return done.returncode


def _report(files: dict[str, dict[str, dict[str, float]]]) -> dict[str, object]:
    packages: dict[str, dict[str, float]] = {}
    for path, of in files.items():
        total = of["summary"]
        row = packages.setdefault(Path(path).parent.name, {"items": 0, "reached": 0})
        row["items"] += total["num_statements"] + total["num_branches"]
        row["reached"] += total["covered_lines"] + total["covered_branches"]
    for row in packages.values():
        row["percent"] = round(100.0 * row["reached"] / max(1, row["items"]), 2)
    short = {
        path: {"lines": of["missing_lines"], "branches": of["missing_branches"]}
        for path, of in files.items()
        if of["missing_lines"] or of["missing_branches"]
    }
    is_whole = {*packages} == {*areas.COVERED}
    return {
        "name": "cover",
        "packages": packages,
        "short": short,
        "target": PERCENT_MIN,
        "ok": is_whole and not short,
    }


def _table(report: dict[str, object]) -> str:
    packages: dict[str, dict[str, float]] = report["packages"]  # type: ignore[assignment]
    short: dict[str, object] = report["short"]  # type: ignore[assignment]
    lines = [f"{name:14}{row['percent']:8.2f} %" for name, row in sorted(packages.items())]
    return "\n".join([*lines, *(f"short: {path} {what}" for path, what in short.items())])
