# SPDX-License-Identifier: Apache-2.0
"""Prints how long the files are: median, 90th percentile and longest, package by package."""

import math
import statistics
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ("mnht_controller", "drivers", "sim_hardware")
FOLDERS = (*SOURCE, "tests", "tools")


def lengths(folder: Path) -> dict[Path, int]:
    """Count the lines of each Python file below the folder, placeholders left out."""
    files = {path: len(path.read_text().splitlines()) for path in folder.rglob("*.py")}
    return {path: lines for path, lines in files.items() if lines > 3}


def row(name: str, sizes: dict[Path, int]) -> str:
    """Format one line of the table."""
    counts = sorted(sizes.values())
    longest = max(sizes, key=lambda path: sizes[path])
    p90 = counts[math.ceil(0.9 * len(counts)) - 1]
    return (
        f"{name:<30}{len(counts):>6}{sum(counts):>8}{statistics.median(counts):>8.0f}"
        f"{p90:>6}{counts[-1]:>6}  {longest.relative_to(ROOT)}"
    )


def main() -> int:
    """Print the table; sizes are judged by tests/meta/test_size.py."""
    print(f"{'':<30}{'files':>6}{'lines':>8}{'median':>8}{'p90':>6}{'max':>6}  longest")
    groups = {name: lengths(ROOT / name) for name in FOLDERS}
    floors = sorted(path for path in (ROOT / SOURCE[0]).iterdir() if path.is_dir())
    groups |= {str(path.relative_to(ROOT)): lengths(path) for path in floors}
    for name, sizes in sorted(groups.items()):
        if sizes:
            print(row(name, sizes))
    source = sum(sum(groups[name].values()) for name in SOURCE)
    print(f"tests to source: {sum(groups['tests'].values()) / max(1, source):.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
