# SPDX-License-Identifier: Apache-2.0
"""One TOML file: its data, and on which line each key stands, which tomllib does not tell."""

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mnht_controller.domain.errors import ConfigError

Loc = tuple[str | int, ...]
"""Where a value stands: keys, and indices of arrays of tables."""

_TABLE = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]")
_KEY = re.compile(r"""\s*([A-Za-z0-9_."'-]+)\s*=""")
_AT_LINE = re.compile(r"\(at line (\d+), column \d+\)")


@dataclass(frozen=True, slots=True)
class Source:
    """A file that was read, under the name by which the user reaches it."""

    path: Path
    data: dict[str, Any]
    lines: dict[Loc, int] = field(default_factory=dict)

    def error(self, loc: Loc, why: str, right: str) -> ConfigError:
        """Make an error about one key of this file, with the nearest line that is known."""
        return ConfigError(self._where(loc), dotted(loc), why, right)

    def _where(self, loc: Loc) -> str:
        for length in range(len(loc), 0, -1):
            if loc[:length] in self.lines:
                return f"{self.path}:{self.lines[loc[:length]]}"
        return str(self.path)


def read(path: Path) -> Source:
    """Read a TOML file. ConfigError when it is missing, unreadable or not TOML."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(str(path), "file", "no such file", _neighbors(path)) from None
    except (OSError, UnicodeDecodeError) as error:
        why = f"cannot be read: {error}"
        raise ConfigError(str(path), "file", why, "give a readable TOML file in UTF-8") from error
    try:
        return Source(path, tomllib.loads(text), line_numbers(text))
    except tomllib.TOMLDecodeError as error:
        line = _AT_LINE.search(str(error))
        where = f"{path}:{line[1]}" if line else str(path)
        raise ConfigError(where, "file", f"not TOML: {error}", "correct this line") from error


def line_numbers(text: str) -> dict[Loc, int]:
    """Number the lines that open a table or give a key. Good for messages, not a parser."""
    lines: dict[Loc, int] = {}
    counts: dict[Loc, int] = {}
    table: Loc = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _TABLE.match(line):
            table = _parts(header[2])
            if header[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
                table = (*table, counts[table])
            lines.setdefault(table, number)
        elif key := _KEY.match(line):
            lines.setdefault((*table, *_parts(key[1])), number)
    return lines


def dotted(loc: Loc) -> str:
    """Write a place as `probes[1].role`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc)
    return text.removeprefix(".")


def _parts(name: str) -> Loc:
    return tuple(part.strip().strip("\"'") for part in name.split("."))


def _neighbors(path: Path) -> str:
    names = sorted(entry.name for entry in path.parent.glob("*.toml"))
    if names:
        return f"one of {', '.join(names)}"
    return f"a TOML file in {path.parent}" if path.parent.is_dir() else f"make {path.parent} first"
