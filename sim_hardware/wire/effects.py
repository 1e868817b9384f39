# SPDX-License-Identifier: Apache-2.0
"""What each wire fault does to bytes: pure, but for what an active fault remembers."""

import math
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import Protocol

from sim_hardware.devices.core import Chunks

STRANGER = b"ACME,NOTHING,0,0\r\n\x04\n*"
"""With the ends of most dialects, so that every driver takes it for a reply."""
NUMBER = re.compile(rb"(?<![A-Za-z0-9.])[+-]?\d+(?:\.\d+)?(?:[Ee][+-]?\d+)?")
"""Standing alone: not the digits of a name, a header or a serial number."""
ENDS = MappingProxyType(
    {"cr": b"\r", "lf": b"\n", "crlf": b"\r\n", "lfcr": b"\n\r", "none": b"", "eot": b"\x04\n"}
)
FORMATS = ("comma", "blanks", "exponent", "plus")
NOISE_BYTES_MAX = 12
BURST_S = 0.01
"""What follows within this time belongs to the same burst of input."""
FROZEN_MAX = 1024


@dataclass(slots=True)
class Active:
    """A verb that is under way: its value, how often it acts, what it remembers."""

    value: object
    probability: float
    chance: random.Random
    memory: dict[bytes, bytes] = field(default_factory=dict)
    held: bytes = b""
    count: int = 0
    heard_at: float = -math.inf
    at: float = math.inf
    """When it next speaks by itself."""

    def acts(self) -> bool:
        """Whether it acts on this message; who holds a reply back must give it."""
        return bool(self.held) or self.probability >= 1.0 or self.chance.random() < self.probability

    @property
    def line(self) -> bytes:
        """Its text, where it has one."""
        return next((part for part in parts(self.value) if isinstance(part, bytes)), b"")

    @property
    def number(self) -> float:
        """Its value, where that is a number."""
        return float(str(self.value))


@dataclass(frozen=True, slots=True)
class Message:
    """One feed on its way: what was asked, when, what comes back; `fed`: the last bytes of it."""

    request: bytes
    t: float
    chunks: Chunks
    fed: bytes = b""

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


class Wakes(Protocol):
    """Says when a fault speaks by itself, the first time or again."""

    def __call__(self, active: Active, t: float, *, first: bool) -> float:
        """Return loop time; infinity: never again."""


Input = Callable[[Active, bytes, float], bytes]
Output = Callable[[Active, Message], Chunks]


def parts(value: object) -> tuple[object, ...]:
    """Give the parts of an argument that may have two."""
    return value if isinstance(value, tuple) else (value,)


# ---- what the twin hears ---------------------------------------------------------------------


def lose(active: Active, data: bytes, t: float) -> bytes:
    """Let nothing through."""
    return b""


def overflow(active: Active, data: bytes, t: float) -> bytes:
    """Take what still fits; the input is empty again when a burst has ended."""
    if t - active.heard_at > BURST_S:
        active.count = 0
    kept = data[: max(0, int(active.number) - active.count)]
    active.count, active.heard_at = active.count + len(data), t
    return kept


# ---- what the twin says ----------------------------------------------------------------------


def cut(active: Active, message: Message) -> Chunks:
    """Say the head now, the tail later or never."""
    count, tail_s = active.value if isinstance(active.value, tuple) else (0.0, 0.0)
    head, tail = message.data[: int(count)], message.data[int(count) :]
    chunks = [(message.due, head)] if head else []
    return [*chunks, (message.due + tail_s, tail)] if tail_s and tail else chunks


def delay(active: Active, message: Message) -> Chunks:
    """Say it later."""
    return [(at + active.number, data) for at, data in message.chunks]


def jitter(active: Active, message: Message) -> Chunks:
    """Say it later by a time drawn anew."""
    mean_s, spread_s = active.value if isinstance(active.value, tuple) else (0.0, 0.0)
    late_s = max(0.0, active.chance.gauss(mean_s, spread_s))
    return [(at + late_s, data) for at, data in message.chunks]


def inject(active: Active, message: Message) -> Chunks:
    """Say a line before the reply."""
    return [(message.due, active.line), *message.chunks]


def flip(active: Active, message: Message) -> Chunks:
    """Turn single bits over."""

    def hit(byte: int) -> int:
        is_hit = active.chance.random() < active.number
        return byte ^ (1 << active.chance.randrange(8)) if is_hit else byte

    return [(at, bytes(hit(byte) for byte in data)) for at, data in message.chunks]


def garbage(active: Active, message: Message) -> Chunks:
    """Say noise before the reply."""
    noise = active.chance.randbytes(active.chance.randint(1, int(active.number)))
    return [(message.due, noise), *message.chunks]


def echo(active: Active, message: Message) -> Chunks:
    """Give back what came, at once."""
    return [(message.t, message.fed), *message.chunks] if message.fed else message.chunks


def terminate(active: Active, message: Message) -> Chunks:
    """End each line otherwise."""
    lines = [line for line in re.split(rb"[\r\n\x04]+", message.data) if line]
    return message.with_data(b"".join(line + ENDS[str(active.value)] for line in lines))


def token(active: Active, message: Message) -> Chunks:
    """Put a word in place of each number."""
    return message.with_data(NUMBER.sub(lambda _: active.line, message.data))


def freeze(active: Active, message: Message) -> Chunks:
    """Answer a known question as the first time."""
    if len(active.memory) >= FROZEN_MAX and message.request not in active.memory:
        return message.chunks
    return message.with_data(active.memory.setdefault(message.request, message.data))


def nobody(active: Active, message: Message) -> Chunks:
    """Say nothing."""
    return []


def other(active: Active, message: Message) -> Chunks:
    """Answer as another instrument would."""
    return [(message.t + 0.002, active.line)] if message.fed.strip() else []


def rewrite(active: Active, message: Message) -> Chunks:
    """Write each number in another way, with the same value."""

    def write(found: re.Match[bytes]) -> bytes:
        text = found[0]
        if active.value == "comma":
            return text.replace(b".", b",")
        if active.value == "blanks":
            return b"  " + text
        if active.value == "plus":
            return text if text[:1] in b"+-" else b"+" + text
        value = Decimal(text.decode())
        return f"{value:+.{len(value.as_tuple().digits) - 1}E}".encode()

    return message.with_data(NUMBER.sub(write, message.data))


def twice(active: Active, message: Message) -> Chunks:
    """Say it twice."""
    return [*message.chunks, *message.chunks]


def swap(active: Active, message: Message) -> Chunks:
    """Hold one reply back, and say it after the next."""
    if not active.held:
        active.held = message.data
        return []
    held, active.held = active.held, b""
    return message.with_data(message.data + held)


def shift(active: Active, message: Message) -> Chunks:
    """Say the reply before this one now, and keep this one for the next time."""
    before, active.memory[b""] = active.memory.get(b"", b""), message.data
    return message.with_data(before)


def head(active: Active, message: Message) -> Chunks:
    """Say the head only."""
    return message.with_data(message.data[: int(float(str(parts(active.value)[0])))])


# ---- what comes unasked ------------------------------------------------------------------------


def at_once(active: Active, t: float, *, first: bool) -> float:
    """Speak at once, and never again."""
    return t if first else math.inf


def now_and_then(active: Active, t: float, *, first: bool) -> float:
    """Speak after times drawn around a mean."""
    return t + active.chance.expovariate(1.0 / float(str(parts(active.value)[0])))
