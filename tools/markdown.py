# SPDX-License-Identifier: Apache-2.0
"""The little Markdown that generated pages are made of."""

import inspect
from collections.abc import Iterable


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Format a Markdown table; None is an empty cell."""
    names = list(head)
    lines = [names, ["---"] * len(names)]
    lines += [["" if cell is None else str(cell) for cell in row] for row in rows]
    cells = [[cell.replace("|", "\\|").replace("\n", " ") for cell in line] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in cells) + "\n"


def first_line(thing: object) -> str:
    """Give the first line of a docstring."""
    return (inspect.getdoc(thing) or "").partition("\n")[0]


def code(text: object) -> str:
    """Mark as code; nothing stays nothing."""
    return f"`{text}`" if text not in {None, ""} else ""
