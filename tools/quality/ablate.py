# SPDX-License-Identifier: Apache-2.0
"""`./run ablate`: takes away each safety check in turn; a removal that no test notices fails."""

import argparse
import json
import sys
import time
from itertools import count

from tools.quality import checks
from tools.quality.mutate import is_explained
from tools.quality.warm import OUT_OF_TIME, Verdict, attempt


def main(arguments: list[str]) -> int:
    """Run and print; exit 1 when a check can go without a red test."""
    parser = argparse.ArgumentParser(prog="./run ablate", description=(__doc__ or "").strip())
    parser.add_argument("--only", help="removals whose name contains this")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    tried = [
        change for change in checks.changes() if not options.only or options.only in change.name
    ]
    started = time.monotonic()
    done = count(1)

    def tell(verdict: Verdict, total: int) -> None:
        if not verdict.is_killed and not is_explained(verdict.change):
            print(f"ablate: green: {verdict.change.name}", file=sys.stderr, flush=True)
        if (number := next(done)) % 100 == 0:
            print(f"ablate: {number} of {total}", file=sys.stderr, flush=True)

    verdicts = attempt(tried, options.jobs, tell)
    report = _report(verdicts) | {"wall_s": round(time.monotonic() - started, 1)}
    print(json.dumps(report, indent=1) if options.json else _table(report))
    return 0 if report["ok"] else 1


def _report(verdicts: list[Verdict]) -> dict[str, object]:
    groups: dict[str, dict[str, int]] = {}
    for verdict in verdicts:
        row = groups.setdefault(verdict.change.group, {"removed": 0, "red": 0})
        row["removed"] += 1
        row["red"] += verdict.is_killed
    green = [verdict.change for verdict in verdicts if not verdict.is_killed]
    return {
        "name": "ablate",
        "removed": len(verdicts),
        "red": len(verdicts) - len(green),
        "red_by_time": sorted(v.change.name for v in verdicts if v.how == OUT_OF_TIME),
        "groups": groups,
        "green": sorted(change.name for change in green if not is_explained(change)),
        "explained": sorted(change.name for change in green if is_explained(change)),
        "ok": bool(verdicts) and all(is_explained(change) for change in green),
    }


def _table(report: dict[str, object]) -> str:
    groups: dict[str, dict[str, int]] = report["groups"]  # type: ignore[assignment]
    lines = [f"{'':22}removed   red"]
    lines += [f"{name:22}{row['removed']:7}{row['red']:6}" for name, row in groups.items()]
    lines.append(f"{'all':22}{report['removed']:7}{report['red']:6}  in {report['wall_s']} s")
    for what in ("red_by_time", "green"):
        lines += [f"{what.replace('_', ' ')}: {name}" for name in report[what]]  # type: ignore[attr-defined]
    return "\n".join(lines)
