# SPDX-License-Identifier: Apache-2.0
"""Fills the generated blocks of docs/ from the tables in the code; `--check` fails when stale.

A block stands between `<!-- generated: NAME -->` and `<!-- end -->`; the text around it is written
by hand and left alone. GENERATORS in tables.py says what can stand in a block.
"""

import argparse
import re
import sys
from pathlib import Path

from tools.tables import GENERATORS

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
BLOCK = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def refreshed(text: str) -> str:
    """Fill every block of a page anew; KeyError for a block that nothing fills."""
    return BLOCK.sub(lambda found: f"{found[1]}{GENERATORS[found[2]]()}{found[3]}", text)


def names_in(text: str) -> list[str]:
    """Name the blocks of a page."""
    return [found[2] for found in BLOCK.finditer(text)]


def pages() -> list[Path]:
    """List the pages that may hold blocks."""
    return sorted(DOCS.rglob("*.md"))


def main(arguments: list[str]) -> int:
    """Write or check. Exit code 1: pages are stale, or a generator stands on no page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    group = parser.add_mutually_exclusive_group(required=True)
    group.add_argument("--write", action="store_true", help="fill the blocks")
    group.add_argument("--check", action="store_true", help="only say which pages are stale")
    options = parser.parse_args(arguments)
    texts = {page: page.read_text(encoding="utf-8") for page in pages()}
    missing = set(GENERATORS) - {name for text in texts.values() for name in names_in(text)}
    stale = [page for page, text in texts.items() if refreshed(text) != text]
    if options.write:
        for page in stale:
            page.write_text(refreshed(texts[page]), encoding="utf-8")
    for page in stale:
        print(f"{'written' if options.write else 'stale'}: {page.relative_to(ROOT)}")
    for name in sorted(missing):
        print(f"on no page: {name}")
    if stale and options.check:
        print("run: python tools/docs.py --write")
    return 1 if missing or (stale and options.check) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
