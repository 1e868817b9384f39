# SPDX-License-Identifier: Apache-2.0
"""`./run mutate`: makes small changes of the pure safety code and asks whether a test notices.

Judged: at least 95 % noticed, and none unnoticed that survivors.toml does not explain.
"""

import argparse
import ast
import hashlib
import json
import sys
import time
import tomllib
from collections.abc import Iterable
from functools import cache, partial
from pathlib import Path

from tools.quality import areas
from tools.quality.change import Change
from tools.quality.operators import changed, places
from tools.quality.warm import Verdict, attempt

KILLED_MIN = 0.95
SURVIVORS = Path(__file__).with_name("survivors.toml")


def changes(paths: Iterable[str]) -> list[Change]:
    """Every change of these files, in order."""
    found = []
    for path in paths:
        source = (areas.ROOT / path).read_text()
        for number, place in enumerate(places(ast.parse(source))):
            make = partial(changed, source, number)
            found.append(Change(path, place.line, Path(path).parent.name, place.what, make))
    return found


def explained() -> list[tuple[str, list[list[str]]]]:
    """The reviewed survivors: a reason, and its places as file, text of the line, and change.

    By the line's text, so that they outlive moves and end with the line itself.
    """
    rows = tomllib.loads(SURVIVORS.read_text()).get("survivor", [])
    return [(row["why"], row["places"]) for row in rows]


@cache
def _places() -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(place) for _, places in explained() for place in places)


def is_explained(change: Change) -> bool:
    """Whether a survivor has been reviewed."""
    return (change.path, _text(change), change.what) in _places()


def _text(change: Change) -> str:
    return _lines(change.path)[change.line - 1].strip()


@cache
def _lines(path: str) -> list[str]:
    return (areas.ROOT / path).read_text().splitlines()


def lot(change: Change, seed: int) -> str:
    """Its place in the draw: the same whatever becomes of the code around it."""
    drawn = f"{seed} {change.path} {_text(change)} {change.what}"
    return hashlib.sha256(drawn.encode()).hexdigest()


def main(arguments: list[str]) -> int:
    """Run and print; exit 1 when too many survive, or one without a reason."""
    parser = argparse.ArgumentParser(prog="./run mutate", description=(__doc__ or "").strip())
    parser.add_argument("--module", action="append", help="a file or package; default: all four")
    parser.add_argument("--sample", type=int, help="so many changes, drawn by the seed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    chosen = [
        path
        for path in areas.sources()
        if not options.module or any(path.startswith(name) for name in options.module)
    ]
    tried = changes(chosen)
    total = len(tried)
    if options.sample is not None and options.sample < total:
        tried = sorted(tried, key=lambda change: lot(change, options.seed))[: options.sample]
    started = time.monotonic()
    verdicts = attempt(tried, options.jobs, _tell)
    report = _report(verdicts) | {"changes": total, "wall_s": round(time.monotonic() - started, 1)}
    print(json.dumps(report, indent=1) if options.json else _table(report))
    return 0 if report["ok"] else 1


def _tell(verdict: Verdict, total: int) -> None:
    if not verdict.is_killed and not is_explained(verdict.change):
        print(f"mutate: {verdict.how}: {verdict.change.name}", file=sys.stderr, flush=True)


def _report(verdicts: list[Verdict]) -> dict[str, object]:
    alive = [verdict for verdict in verdicts if not verdict.is_killed]
    unexplained = [verdict for verdict in alive if not is_explained(verdict.change)]
    packages: dict[str, dict[str, int]] = {}
    for verdict in verdicts:
        row = packages.setdefault(verdict.change.group, {"tried": 0, "killed": 0})
        row["tried"] += 1
        row["killed"] += verdict.is_killed
    share = 1.0 - len(alive) / max(1, len(verdicts))
    return {
        "name": "mutate",
        "tried": len(verdicts),
        "killed": len(verdicts) - len(alive),
        "killed_share": round(share, 4),
        "packages": packages,
        "survivors": sorted(verdict.change.name for verdict in alive),
        "unexplained": len(unexplained),
        "target": KILLED_MIN,
        "ok": bool(verdicts) and share >= KILLED_MIN and not unexplained,
    }


def _table(report: dict[str, object]) -> str:
    lines = [f"{name:<14}{value}" for name, value in report.items() if name != "survivors"]
    survivors = report["survivors"]
    return "\n".join([*lines, *(f"  {name}" for name in survivors)])  # type: ignore[attr-defined]
