# SPDX-License-Identifier: Apache-2.0
"""`./run planted`: makes plausible mistakes in copies of the tree; the named test must fail.

The mistakes stand in tests/meta/planted.toml. The named tests must pass without them.
"""

import argparse
import json
import shutil
import sys
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tools.quality import areas, scratch

TABLE = areas.ROOT / "tests" / "meta" / "planted.toml"


@dataclass(frozen=True, slots=True)
class Mistake:
    """One textual edit: `old` stands exactly once in `file`; `caught_by` is a test or a file."""

    name: str
    file: str
    old: str
    new: str
    why: str
    caught_by: str


def mistakes() -> list[Mistake]:
    """The table."""
    return [Mistake(**row) for row in tomllib.loads(TABLE.read_text())["mistake"]]


def edited(mistake: Mistake) -> str:
    """The file's text with the mistake in it. ValueError when the old text is not there once."""
    text = (areas.ROOT / mistake.file).read_text()
    if text.count(mistake.old) != 1:
        raise ValueError(f"{mistake.name}: {text.count(mistake.old)} places in {mistake.file}")
    return text.replace(mistake.old, mistake.new)


def main(arguments: list[str]) -> int:
    """Run and print; exit 1 when a mistake goes unseen, or a named test fails without one."""
    parser = argparse.ArgumentParser(prog="./run planted", description=(__doc__ or "").strip())
    parser.add_argument("--only", help="mistakes whose name contains this")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    chosen = [row for row in mistakes() if not options.only or options.only in row.name]
    started = time.monotonic()
    with scratch.copied() as folder:
        named = sorted({row.caught_by for row in chosen})
        red_without = scratch.is_red(folder, named)
    with ThreadPoolExecutor(options.jobs) as pool:
        seen = dict(zip([row.name for row in chosen], pool.map(_is_seen, chosen), strict=True))
    report = {
        "name": "planted",
        "planted": len(seen),
        "seen": sum(seen.values()),
        "unseen": sorted(name for name, is_seen in seen.items() if not is_seen),
        "red_without": red_without,
        "wall_s": round(time.monotonic() - started, 1),
        "ok": bool(seen) and all(seen.values()) and not red_without,
    }
    lines = [f"{'seen' if seen[row.name] else 'UNSEEN':8}{row.name}" for row in chosen]
    print(json.dumps(report, indent=1) if options.json else "\n".join([*lines, str(report)]))
    return 0 if report["ok"] else 1


def _is_seen(mistake: Mistake) -> bool:
    with scratch.copied() as folder:
        path = folder / mistake.file
        if path.parent.is_symlink() or not str(path.resolve()).startswith(str(folder.resolve())):
            raise ValueError(f"{mistake.name}: {mistake.file} is outside the copied folders")
        path.write_text(edited(mistake))
        shutil.rmtree(path.parent / "__pycache__", ignore_errors=True)
        is_red = scratch.is_red(folder, [mistake.caught_by])
    if not is_red:
        print(f"planted: UNSEEN: {mistake.name}", file=sys.stderr, flush=True)
    return is_red
