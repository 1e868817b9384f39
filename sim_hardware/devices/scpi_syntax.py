# SPDX-License-Identifier: Apache-2.0
"""SCPI program messages as an instrument reads them: headers, paths, numbers with units.

Short and long forms, optional nodes and the path rule of chained commands, after SCPI-1999. It
knows no instrument.
"""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([A-Za-z/]*)")
UNITS = (
    ("A/M", 1.0),
    ("KA/M", 1e3),
    ("A/M/S", 1.0),
    ("KA/M/S", 1e3),
    ("A", 1.0),
    ("MA", 1e-3),
    ("V", 1.0),
    ("MV", 1e-3),
    ("S", 1.0),
    ("MS", 1e-3),
    ("US", 1e-6),
    ("NS", 1e-9),
    ("HZ", 1.0),
    ("KHZ", 1e3),
    ("MHZ", 1e6),
    ("OHM", 1.0),
    ("KOHM", 1e3),
    ("DEG", 1.0),
)
"""IEEE 488.2's suffixes; MHZ is mega, alone among the Ms."""

SECONDS, HERTZ = ("S", "MS", "US", "NS"), ("HZ", "KHZ", "MHZ")
VOLT, AMPERE = ("V", "MV"), ("A", "MA")
PART = re.compile(r"""(?:"[^"]*"|'[^']*'|[^;])+""")
"""One command: a `;` in a string ends none."""

NAN = 9.91e37


class ScpiError(Exception):
    """One entry of the error queue: its number and its text."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f'{code},"{text}"')
        self.code, self.text = code, text

    @property
    def is_command_error(self) -> bool:
        """Whether the rest of the message is thrown away."""
        return -200 < self.code <= -100


@dataclass(frozen=True, slots=True)
class Range:
    """What MIN, MAX and DEF mean for a number, and which units it takes."""

    low: float
    high: float
    default: float
    units: tuple[str, ...] = ()


@dataclass(slots=True)
class Unit:
    """One command of a message: its header without `?`, its arguments."""

    header: str
    is_query: bool
    arguments: list[str] = field(default_factory=list)


def spellings(pattern: str) -> Iterator[str]:
    """Yield every accepted upper-case form of a header such as `[SOURce:]FIELd[:LEVel]`."""
    nodes = re.findall(r"\[?:?[A-Za-z*]+:?\]?", pattern)
    choices = []
    for node in nodes:
        word = node.strip("[]:")
        short = "".join(letter for letter in word if not letter.islower())
        forms = sorted({word.upper(), short.upper()})
        choices.append(["", *forms] if node.startswith("[") else forms)
    for combination in itertools.product(*choices):
        yield ":".join(part for part in combination if part)


def units_of(line: str) -> Iterator[Unit]:
    """Split a message at `;` outside strings; resolve each header against the path before it."""
    path = ""
    for part in PART.findall(line):
        text = part.strip()
        if not text:
            continue
        header, _, rest = text.partition(" ")
        is_query = header.endswith("?")
        header = header.rstrip("?").upper()
        if header.startswith(":"):
            header = header[1:]
        elif not header.startswith("*"):
            header = path + header
        if not header.startswith("*"):
            path = header[: header.rfind(":") + 1]
        rest = rest.strip()
        yield Unit(header, is_query, [item.strip() for item in rest.split(",")] if rest else [])


def number(text: str, limits: Range) -> float:
    """Read a number with an optional unit, or MIN, MAX, DEF. Never clips: -222 out of range."""
    word = text.upper()
    if word in {"MIN", "MINIMUM"}:
        return limits.low
    if word in {"MAX", "MAXIMUM"}:
        return limits.high
    if word in {"DEF", "DEFAULT"}:
        return limits.default
    found = NUMBER.fullmatch(text)
    if found is None:
        raise ScpiError(-104, f"Data type error;{text}")
    value = float(found[1])
    if found[2]:
        unit = found[2].upper()
        if unit not in limits.units:
            raise ScpiError(-131, f"Invalid suffix;{found[2]}")
        value *= dict(UNITS)[unit]
    if not (limits.low <= value <= limits.high):
        raise ScpiError(-222, f"Data out of range;{text}")
    return value


def boolean(text: str) -> bool:
    """Read ON, OFF or a number."""
    word = text.upper()
    if word in {"ON", "1"}:
        return True
    if word in {"OFF", "0"}:
        return False
    raise ScpiError(-104, f"Data type error;{text}")


def whole(text: str, high: int) -> int:
    """Read a whole number from 0 to `high`."""
    value = number(text, Range(0.0, float(high), 0.0))
    if value != int(value):
        raise ScpiError(-104, f"Data type error;{text}")
    return int(value)


def one(arguments: list[str]) -> str:
    """Return the only argument."""
    if not arguments:
        raise ScpiError(-109, "Missing parameter")
    if len(arguments) > 1:
        raise ScpiError(-108, "Parameter not allowed")
    return arguments[0]


def nr3(value: float) -> str:
    """Format a number as NR3; anything that is not finite becomes SCPI's not-a-number."""
    return f"{value if abs(value) < NAN else NAN:.6E}"
