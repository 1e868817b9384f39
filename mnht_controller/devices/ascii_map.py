# SPDX-License-Identifier: Apache-2.0
"""Lines of text as a configuration describes them: escapes, patterns, numbers in a unit. No I/O."""

import re
from dataclasses import dataclass
from types import MappingProxyType

from mnht_controller.devices.contract import Options
from mnht_controller.devices.dialect import REPLY_S

PLACE = "{channel}"
"""Stands for a channel's number."""

TO_CELSIUS = MappingProxyType({"c": (0.0, 1.0), "k": (273.15, 1.0), "f": (32.0, 1.8)})
"""What 0 °C is in each unit, and how much 1 °C."""

NUMBER = re.compile(r"[+-]?\d{1,12}(?:\.\d{1,12})?", re.ASCII)
COLUMN = re.compile(r"c[1-9]\d?")
ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|(.?))", re.DOTALL)
NAMED = MappingProxyType({"r": "\r", "n": "\n", "t": "\t", "\\": "\\"})


def raw(text: str) -> bytes:
    r"""The bytes of a text with the escapes `\r`, `\n`, `\t`, `\\` and `\x1b`. ValueError."""
    if strange := [e[0] for e in ESCAPE.finditer(text) if not e[1] and e[2] not in NAMED]:
        raise ValueError(f"{text!r}: {strange[0]} is none of \\r, \\n, \\t, \\\\, \\x1b")
    decoded = ESCAPE.sub(lambda e: chr(int(e[1], 16)) if e[1] else NAMED[e[2]], text)
    try:
        return decoded.encode("latin-1")
    except UnicodeEncodeError:
        raise ValueError(f"{text!r} holds what is no byte; write \\x and two digits") from None


def regex(text: str, channel: int = 1) -> re.Pattern[bytes]:
    """A pattern over a whole line, for this channel. ValueError."""
    try:
        return re.compile(text.replace(PLACE, str(channel)).encode("ascii"))
    except UnicodeEncodeError:
        raise ValueError(f"{text!r} is not ASCII; write \\x and two digits") from None
    except re.error as error:
        raise ValueError(f"{text!r} is no regular expression: {error}") from None


def columns(pattern: re.Pattern[bytes]) -> dict[int, str]:
    """The groups c1, c2, … of a pattern by their channels."""
    return {int(name[1:]): name for name in pattern.groupindex if COLUMN.fullmatch(name)}


def judged(text: str, unit: str, scale: float, invalid: tuple[str, ...]) -> float | None:
    """°C, or None where the text is no number, or one that means no probe."""
    if text in invalid or not NUMBER.fullmatch(text):
        return None
    value = float(text)
    if any(NUMBER.fullmatch(token) and float(token) == value for token in invalid):
        return None
    zero, step = TO_CELSIUS[unit]
    return round((scale * value - zero) / step, 4)


@dataclass(frozen=True, slots=True)
class AsciiOptions(Options):
    r"""What is sent (with escapes such as `\r`) and what comes (regular expressions, whole lines).

    Groups c1, c2, … of `reply` are channels; where `query` has `{channel}`, `value` is the one that
    was asked, and `{channel}` in `reply` its number. No `query`: lines come unasked. `invalid`:
    numbers and texts for no probe. `ignored`: acknowledgements, banners. `init` is sent after the
    identification, and again when replies were lost. `identity` may name maker, model, serial,
    firmware; without it any instrument passes whose reading fits.
    """

    reply: str
    query: str = ""
    end: str = r"\r\n"
    unit: str = "c"
    scale: float = 1.0
    invalid: tuple[str, ...] = ()
    ignored: str = ""
    init: tuple[str, ...] = ()
    identity_query: str = ""
    identity: str = ""
    reply_s: float = REPLY_S

    def __post_init__(self) -> None:
        """Try all of it. ValueError says what is wrong."""
        for text in (self.query, self.identity_query, *self.init):
            raw(text)
        reply, *_ = map(regex, (self.reply, self.identity, self.ignored))
        is_each = PLACE in self.query
        has_group = "value" in reply.groupindex if is_each else columns(reply)
        rows = (
            (has_group, "reply needs groups c1, c2, … or, where query has {channel}, value"),
            (is_each or PLACE not in self.reply, "{channel} is in reply but not in query"),
            (
                not is_each or PLACE in self.reply or self.identity,
                "needs {channel} in reply, or an identity: late replies look like another's",
            ),
            (bool(self.identity) is bool(self.identity_query), "identity needs identity_query"),
            (self.unit in TO_CELSIUS, "unit is c, f or k"),
            (raw(self.end), "end is what ends a line"),
            (1e-3 <= self.scale <= 1e3, "scale is 0.001 to 1000"),
            (0.02 <= self.reply_s <= 0.5, "reply_s is 0.02 to 0.5"),
        )
        if wrong := [text for is_right, text in rows if not is_right]:
            raise ValueError("; ".join(wrong))
