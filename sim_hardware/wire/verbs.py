# SPDX-License-Identifier: Apache-2.0
"""What can go wrong on a wire, one row a verb. Numbers are those of the catalogue of wire faults.

An argument may end in `@p`: then the verb acts on each message with probability p. `what` of
an active verb is pure but for its own random generator.
"""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from types import MappingProxyType

from sim_hardware.devices.core import Chunks

STRANGER = b"ACME,NOTHING,0,0\r\n\x04\n*"
NUMBER = re.compile(rb"[+-]?\d+(?:\.\d+)?(?:[Ee][+-]?\d+)?")
ENDS = MappingProxyType(
    {"cr": b"\r", "lf": b"\n", "crlf": b"\r\n", "lfcr": b"\n\r", "none": b"", "eot": b"\x04\n"}
)
FORMATS = ("comma", "blanks", "exponent", "plus")
NOISE_BYTES_MAX = 12


@dataclass(slots=True)
class Active:
    """A verb that is under way: its value, how often it acts, what it remembers."""

    value: object
    probability: float
    chance: random.Random
    memory: dict[bytes, bytes] = field(default_factory=dict)

    def acts(self) -> bool:
        """Whether it acts on this message."""
        return self.probability >= 1.0 or self.chance.random() < self.probability

    @property
    def number(self) -> float:
        """Its value, where that is a number."""
        return float(str(self.value))


@dataclass(frozen=True, slots=True)
class Message:
    """One feed on its way: what was asked, when, and what comes back."""

    request: bytes
    t: float
    chunks: Chunks

    @property
    def data(self) -> bytes:
        """The reply in one piece."""
        return b"".join(data for _, data in self.chunks)

    @property
    def due(self) -> float:
        """When the reply begins."""
        return self.chunks[0][0] if self.chunks else self.t

    def with_data(self, data: bytes) -> Chunks:
        """The same reply with other bytes."""
        return [(self.due, data)] if data else []


Input = Callable[[Active, bytes], bytes]
Output = Callable[[Active, Message], Chunks]
Parse = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class WireVerb:
    """One kind of wire fault: it changes what the twin hears, or what it says, or both.

    `delegated`: the twin itself does it, where it can.
    """

    name: str
    number: int
    hazards: tuple[str, ...]
    text: str
    argument: str
    parse: Parse
    hears: Input | None = None
    says: Output | None = None


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


# ---- what the twin hears ---------------------------------------------------------------------


def _lose(active: Active, data: bytes) -> bytes:
    return b"" if active.acts() else data


def _overflow(active: Active, data: bytes) -> bytes:
    return data[: int(active.number)] if active.acts() else data


# ---- what the twin says ----------------------------------------------------------------------


def _cut(active: Active, message: Message) -> Chunks:
    count, tail_s = active.value if isinstance(active.value, tuple) else (0.0, 0.0)
    head, tail = message.data[: int(count)], message.data[int(count) :]
    chunks = [(message.due, head)] if head else []
    return [*chunks, (message.due + tail_s, tail)] if tail_s and tail else chunks


def _delay(active: Active, message: Message) -> Chunks:
    return [(at + active.number, data) for at, data in message.chunks]


def _jitter(active: Active, message: Message) -> Chunks:
    mean_s, spread_s = active.value if isinstance(active.value, tuple) else (0.0, 0.0)
    late_s = max(0.0, active.chance.gauss(mean_s, spread_s))
    return [(at + late_s, data) for at, data in message.chunks]


def _inject(active: Active, message: Message) -> Chunks:
    line = active.value if isinstance(active.value, bytes) else b""
    return [(message.due, line), *message.chunks]


def _flip(active: Active, message: Message) -> Chunks:
    def hit(byte: int) -> int:
        is_hit = active.chance.random() < active.number
        return byte ^ (1 << active.chance.randrange(8)) if is_hit else byte

    return [(at, bytes(hit(byte) for byte in data)) for at, data in message.chunks]


def _garbage(active: Active, message: Message) -> Chunks:
    noise = active.chance.randbytes(active.chance.randint(1, NOISE_BYTES_MAX))
    return [(message.due, noise), *message.chunks]


def _echo(active: Active, message: Message) -> Chunks:
    return [(message.t, message.request), *message.chunks]


def _terminate(active: Active, message: Message) -> Chunks:
    lines = [line for line in re.split(rb"[\r\n\x04]+", message.data) if line]
    return message.with_data(b"".join(line + ENDS[str(active.value)] for line in lines))


def _token(active: Active, message: Message) -> Chunks:
    word = active.value if isinstance(active.value, bytes) else b""
    return message.with_data(NUMBER.sub(lambda _: word, message.data))


def _freeze(active: Active, message: Message) -> Chunks:
    kept = active.memory.setdefault(message.request, message.data)
    return message.with_data(kept)


def _eat(active: Active, message: Message) -> Chunks:
    return []


def _other(active: Active, message: Message) -> Chunks:
    return [(message.t + 0.002, STRANGER)] if message.request.strip() else []


def _format(active: Active, message: Message) -> Chunks:
    def write(found: re.Match[bytes]) -> bytes:
        text = found[0]
        if active.value == "comma":
            return text.replace(b".", b",")
        if active.value == "blanks":
            return b"  " + text
        if active.value == "plus":
            return text if text[:1] in b"+-" else b"+" + text
        return f"{float(text):+.4E}".encode()

    return message.with_data(NUMBER.sub(write, message.data))


def _twice(active: Active, message: Message) -> Chunks:
    return [*message.chunks, *message.chunks]


def _swap(active: Active, message: Message) -> Chunks:
    """Say the reply before this one now, and keep this one for the next time."""
    before, active.memory[b""] = active.memory.get(b"", b""), message.data
    return message.with_data(before)


def _row(
    name: str,
    number: int,
    hazards: str,
    text: str,
    how: tuple[str, Parse, Input | None, Output | None],
) -> WireVerb:
    argument, parse, hears, says = how
    return WireVerb(name, number, tuple(hazards.split()), text, argument, parse, hears, says)


_ANY_S, _COUNT = _number(0.0, 3600.0), _number(0.0, 4096.0)

VERBS: tuple[WireVerb, ...] = (
    _row("blackhole", 10, "H10", "Nothing passes, and nobody hangs up.",
         ("", _nothing, _lose, _eat)),
    _row("fifo", 16, "H12", "Of one burst only so many bytes are taken.",
         ("bytes", _COUNT, _overflow, None)),
    _row("ignore_cmd", 13, "H19", "The command is lost on its way.", ("", _nothing, _lose, None)),
    _row("eat_reply", 12, "H19", "The command is carried out, its reply is lost.",
         ("", _nothing, None, _eat)),
    _row("freeze", 8, "H04 H10", "The same question gets the same answer for ever.",
         ("", _nothing, None, _freeze)),
    _row("other_device", 17, "H20", "Another instrument answers.", ("", _nothing, None, _other)),
    _row("token", 7, "H03", "A word in place of every number.", ("text", _bytes, None, _token)),
    _row("fmt", 18, "H03", "Numbers are written in another way.",
         (" | ".join(FORMATS), _one_of(*FORMATS), None, _format)),
    _row("term", 6, "H12", "Lines end otherwise.",
         (" | ".join(ENDS), _one_of(*ENDS), None, _terminate)),
    _row("echo", 5, "H12", "What is sent comes back before the reply.",
         ("", _nothing, None, _echo)),
    _row("inject_line", 3, "H11", "A line that nobody asked for comes before the reply.",
         ("text", _bytes, None, _inject)),
    _row("duplicate", 3, "H19", "The reply comes twice.", ("", _nothing, None, _twice)),
    _row("reorder", 3, "H11", "The reply of the question before comes instead.",
         ("", _nothing, None, _swap)),
    _row("garbage", 4, "H12", "A burst of noise before the reply.", ("", _nothing, None, _garbage)),
    _row("flip_bits", 4, "H12", "Bits turn over, so many a byte.",
         ("probability per byte", _number(0.0, 1.0), None, _flip)),
    _row("delay", 2, "H11", "The reply comes so much later.", ("s", _ANY_S, None, _delay)),
    _row("latency", 11, "H11", "The reply takes its time, now more, now less.",
         ("mean s:spread s", _pair(_ANY_S, _number(0.0, 60.0, "0")), None, _jitter)),
    _row("cut_after", 1, "H12", "So many bytes, then silence; the tail may follow later.",
         ("bytes[:s until the tail]", _pair(_COUNT, _number(0.0, 3600.0, "0")), None, _cut)),
    _row("drop_after", 9, "H10", "So many bytes of the reply, then the other end hangs up.",
         ("bytes:fin | rst", _pair(_COUNT, _one_of("fin", "rst")), None, None)),
    _row("clock_jump", 20, "H32", "The instrument's own clock jumps ahead.",
         ("s", _ANY_S, None, None)),
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
