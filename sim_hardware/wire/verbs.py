# SPDX-License-Identifier: Apache-2.0
r"""What can go wrong on a wire, one row a verb. Numbers are those of the catalogue of wire faults.

An argument may end in `@p`: then the verb acts on each message with probability p. A text's own
`@` is written `\x40`.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

from sim_hardware.wire import effects
from sim_hardware.wire.effects import Input, Output, Wakes

Parse = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class WireVerb:
    """One kind of wire fault: it changes what the twin hears, or what it says, or both.

    `talks`: it says something where the twin says nothing. `wakes`: it speaks unasked.
    """

    name: str
    number: int
    hazards: tuple[str, ...]
    text: str
    argument: str
    parse: Parse
    hears: Input | None = None
    says: Output | None = None
    talks: bool = False
    wakes: Wakes | None = None


# ---- arguments -----------------------------------------------------------------------------


def _nothing(text: str) -> object:
    if text:
        raise ValueError(f"takes no argument, not {text!r}")
    return None


def _number(low: float, high: float, default: str = "") -> Parse:
    def parse(text: str) -> object:
        try:
            value = float(text or default)
        except ValueError:
            raise ValueError(f"{text!r} is no number from {low:g} to {high:g}") from None
        if not (low <= value <= high):
            raise ValueError(f"{value:g} is not from {low:g} to {high:g}")
        return value

    return parse


def _one_of(*words: str) -> Parse:
    def parse(text: str) -> object:
        if text not in words:
            raise ValueError(f"{text!r} is none of {', '.join(words)}")
        return text

    return parse


def _pair(first: Parse, second: Parse) -> Parse:
    def parse(text: str) -> object:
        left, _, right = text.partition(":")
        return first(left), second(right)

    return parse


def _bytes(text: str) -> object:
    """Read a text in which CR, LF and any byte may be written as Python escapes."""
    if not text:
        raise ValueError("needs a text")
    try:
        return text.encode("latin-1").decode("unicode_escape").encode("latin-1")
    except (UnicodeError, ValueError) as error:
        raise ValueError(f"{text!r} has a bad escape: {error}") from None


def _text_or(default: bytes) -> Parse:
    return lambda text: _bytes(text) if text else default


def _row(
    name: str,
    number: int,
    hazards: str,
    text: str,
    how: tuple[str, Parse, Input | None, Output | None],
) -> WireVerb:
    argument, parse, hears, says = how
    talks, wakes = name in TALKATIVE, WAKES.get(name)
    ids = tuple(hazards.split())
    return WireVerb(name, number, ids, text, argument, parse, hears, says, talks, wakes)


TALKATIVE = frozenset({"echo", "other_device"})
WAKES: MappingProxyType[str, Wakes] = MappingProxyType(
    {"banner": effects.at_once, "unasked": effects.now_and_then}
)
_ANY_S, _COUNT = _number(0.0, 3600.0), _number(0.0, 4096.0)
_MEAN_S, _NOISE = _number(0.001, 3600.0), _number(1.0, 256.0, str(effects.NOISE_BYTES_MAX))

VERBS: tuple[WireVerb, ...] = (
    _row("other_device", 17, "H20", "Another instrument is there, and answers everything.",
         ("[text]", _text_or(effects.STRANGER), effects.lose, effects.other)),
    _row("fifo", 16, "H12", "Of one burst only so many bytes are taken.",
         ("bytes", _COUNT, effects.overflow, None)),
    _row("ignore_cmd", 13, "H19", "The command is lost on its way.",
         ("", _nothing, effects.lose, None)),
    _row("eat_reply", 12, "H19", "The command is carried out, its reply is lost.",
         ("", _nothing, None, effects.nobody)),
    _row("freeze", 8, "H04 H10", "The same question gets the same answer for ever.",
         ("", _nothing, None, effects.freeze)),
    _row("token", 7, "H03", "A word in place of every number.",
         ("text", _bytes, None, effects.token)),
    _row("fmt", 18, "H03", "Numbers are written in another way.",
         (" | ".join(effects.FORMATS), _one_of(*effects.FORMATS), None, effects.rewrite)),
    _row("term", 6, "H12", "Lines end otherwise.",
         (" | ".join(effects.ENDS), _one_of(*effects.ENDS), None, effects.terminate)),
    _row("duplicate", 3, "H19", "The reply comes twice.", ("", _nothing, None, effects.twice)),
    _row("reorder", 3, "H11", "A reply comes after the next one.",
         ("", _nothing, None, effects.swap)),
    _row("shift", 3, "H11", "The reply of the question before comes instead.",
         ("", _nothing, None, effects.shift)),
    _row("banner", 14, "H24", "Something says, once and unasked, what it says on power-up.",
         ("text", _bytes, None, None)),
    _row("unasked", 3, "H11", "A line that nobody asked for, now and then.",
         ("mean s:text", _pair(_MEAN_S, _bytes), None, None)),
    _row("inject_line", 3, "H11", "A line that nobody asked for comes before the reply.",
         ("text", _bytes, None, effects.inject)),
    _row("echo", 5, "H12", "What is sent comes back before the reply.",
         ("", _nothing, None, effects.echo)),
    _row("garbage", 4, "H12", "A burst of noise before the reply.",
         ("[bytes at most]", _NOISE, None, effects.garbage)),
    _row("flip_bits", 4, "H12", "Bits turn over, so many a byte.",
         ("probability per byte", _number(0.0, 1.0), None, effects.flip)),
    _row("blackhole", 10, "H10", "Nothing passes, and nobody hangs up.",
         ("", _nothing, effects.lose, effects.nobody)),
    _row("delay", 2, "H11", "The reply comes so much later.", ("s", _ANY_S, None, effects.delay)),
    _row("latency", 11, "H11", "The reply takes its time, now more, now less.",
         ("mean s:spread s", _pair(_ANY_S, _number(0.0, 60.0, "0")), None, effects.jitter)),
    _row("cut_after", 1, "H12", "So many bytes, then silence; the tail may follow later.",
         ("bytes[:s until the tail]", _pair(_COUNT, _number(0.0, 3600.0, "0")), None, effects.cut)),
    _row("drop_after", 9, "H10", "So many bytes of the reply, then the other end hangs up.",
         ("bytes:fin | rst", _pair(_COUNT, _one_of("fin", "rst")), None, effects.head)),
    _row("clock_jump", 20, "H32", "The clock that the instrument reports jumps.",
         ("s", _number(-3600.0, 3600.0), None, None)),
)  # fmt: skip
"""In the order in which they act on one message. Numbers 14 and 15 (reboot, panel change) are the
twins' own verbs; 19 (bytes that move something) is a sin of drivers: see `FaultyWire.tap`."""

BY_NAME = MappingProxyType({verb.name: verb for verb in VERBS})


def parsed(verb: str, argument: str) -> tuple[object, float]:
    """Read `value[@probability]`; ValueError says what would be right."""
    text, at, share = argument.rpartition("@")
    if not at:
        text, share = argument, "1"
    row = BY_NAME[verb]
    try:
        probability = float(share)
        if not (0.0 < probability <= 1.0):
            raise ValueError(f"probability {share} is not above 0 and at most 1")
        return row.parse(text), probability
    except ValueError as error:
        wanted = f"{row.argument or 'nothing'}[@probability]"
        raise ValueError(f"{verb}: {error}; it takes {wanted}") from None


SHAKEN: tuple[tuple[str, str], ...] = (
    ("fifo", "6"), ("ignore_cmd", ""), ("eat_reply", ""), ("freeze", ""), ("other_device", ""),
    ("token", "nan"), ("token", "9.91E37"), ("fmt", "comma"), ("fmt", "exponent"), ("term", "lfcr"),
    ("term", "none"), ("echo", ""), ("inject_line", r"!06\r"), ("inject_line", r"41.7\r\n"),
    ("duplicate", ""), ("reorder", ""), ("garbage", ""), ("delay", "0.2"), ("delay", "0.6"),
    ("latency", "0.02:0.05"), ("cut_after", "3"), ("cut_after", "4:0.3"), ("blackhole", ""),
    ("drop_after", "2:rst"),
)  # fmt: skip
"""What random faults are drawn from, besides flipped bits."""


def random_faults(chance: random.Random, rate: float) -> tuple[tuple[str, str], ...]:
    """Up to three different verbs that each act with this probability on a message or a byte."""
    drawn = dict(chance.sample(SHAKEN, chance.randint(0, 3)))
    faults = [(verb, f"{argument}@{rate:g}") for verb, argument in drawn.items()]
    if not faults or chance.random() < 0.5:
        faults.append(("flip_bits", f"{rate:g}"))
    return tuple(faults)
