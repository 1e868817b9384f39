# SPDX-License-Identifier: Apache-2.0
"""Any thermometer that sends lines of text, by configuration alone.

For instruments without a public protocol (FISO, FOTEMP) and home-made ones: what is asked, and how
a reply looks. Either one query answers all channels, or each channel has its own, or lines come
unasked. Whatever the pattern does not match whole is no reading.
"""

import re
from dataclasses import dataclass

from mnht_controller.devices.contract import DeadMan, DriverSpec, Identity, Kind, Options
from mnht_controller.devices.dialect import Dialect, same_question
from mnht_controller.devices.framing import LineFramer
from mnht_controller.devices.link import Link
from mnht_controller.domain.reading import Quality, Reading

TO_CELSIUS = {"c": (1.0, 0.0), "k": (1.0, -273.15), "f": (1.0 / 1.8, -32.0 / 1.8)}
NUMBER = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)
PLACE = "{channel}"
PUSH_S = 2.0


@dataclass(frozen=True, slots=True)
class AsciiOptions(Options):
    r"""Texts take escapes such as `\r`. `reply` is a regular expression over one whole line.

    Its groups c1, c2, … are channels; with `{channel}` in `query` the group is `value`. An empty
    query: lines come unasked. `identity_query` and `identity` (with a group `serial` where there is
    one) say who is there; `init` is sent after that. `invalid`: tokens that mean no probe.
    """

    reply: str
    identity_query: str
    identity: str
    query: str = ""
    end: str = r"\r\n"
    unit: str = "c"
    init: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Compile the patterns. ValueError says which is wrong."""
        for name in ("reply", "identity"):
            try:
                re.compile(getattr(self, name))
            except re.error as error:
                raise ValueError(f"{name} is no regular expression: {error}") from None
        groups = set(re.compile(self.reply).groupindex)
        wanted = {"value"} if PLACE in self.query else {name for name in groups if name[:1] == "c"}
        if not wanted or not wanted <= groups:
            raise ValueError("reply needs the group `value`, or groups c1, c2, … for its channels")
        if self.unit not in TO_CELSIUS or not raw(self.end):
            raise ValueError("unit is c, k or f; end is what ends a line")


def raw(text: str) -> bytes:
    """The bytes of a text with escapes."""
    return text.encode("latin-1").decode("unicode_escape").encode("latin-1")


class GenericAscii:
    """One thermometer as its options describe it."""

    def __init__(self, link: Link, channels: tuple[int, ...], options: AsciiOptions) -> None:
        self._link, self._options = link, options
        self._frames = dict.fromkeys(channels, 0)
        self._reply = re.compile(options.reply.encode("latin-1"))
        self._who = (raw(options.identity_query), re.compile(options.identity.encode("latin-1")))
        pushed = self._reply if not options.query else None
        framer = LineFramer(raw(options.end)[-1:])
        link.speak(
            Dialect(framer, same_question(*self._who), pushed, identity_s=0.5, may_echo=True)
        )

    async def open(self) -> Identity:
        """Identify, then send what the options want sent."""
        await self._link.open()
        is_anonymous = "serial" not in self._who[1].groupindex
        found = await self._link.identify(*self._who, anonymous=is_anonymous)
        for text in self._options.init:
            await self._link.send(raw(text))
        serial = (found.groupdict().get("serial") or b"").decode("ascii", "replace").strip()
        return Identity("ASCII", found[0].decode("ascii", "replace")[:40], serial, "")

    async def sample(self) -> dict[int, Reading]:
        """Ask once, or once a channel, or take the newest line that came."""
        query, numbers = self._options.query, tuple(self._frames)
        if PLACE in query:
            asked = {n: raw(query.replace(PLACE, str(n))) for n in numbers}
            replies = {n: await self._link.query(request) for n, request in asked.items()}
            return {n: self._one(n, reply, "value") for n, reply in replies.items()}
        line = (
            await self._link.query(raw(query)) if query else (await self._link.listen(PUSH_S))[-1]
        )
        return {n: self._one(n, line, f"c{n}") for n in numbers}

    async def close(self) -> None:
        """Close; nothing is stopped."""
        await self._link.close()

    def _one(self, channel: int, line: bytes, group: str) -> Reading:
        at, frames = self._link.answered_at, self._frames[channel]
        found = self._reply.fullmatch(line)
        text = ((found.groupdict().get(group) if found else None) or b"").decode("latin-1").strip()
        if not found:
            self._link.distrust()  # it may belong to another question
        if not NUMBER.fullmatch(text):
            return Reading(None, Quality.BAD, at, frames, text or f"garbled: {line[:60]!r}")
        scale, offset = TO_CELSIUS[self._options.unit]
        self._frames[channel] += 1
        return Reading(round(scale * float(text) + offset, 4), Quality.GOOD, at, frames + 1)


SPEC = DriverSpec(
    name="generic_ascii",
    kind=Kind.THERMOMETER,
    title="Any thermometer that sends text, by configuration",
    make=lambda link, setup: GenericAscii(link, setup.channels, setup.option(AsciiOptions)),
    baud=9600,
    period_s=0.2,
    dead_man=DeadMan.GUARD,
    options=AsciiOptions,
    is_anonymous=True,
    resolution=0.1,
    noise=0.05,
    provenance=(("all of it", "assumed: whatever your profile says; record your own trace first"),),
)
