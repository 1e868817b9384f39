# SPDX-License-Identifier: Apache-2.0
"""Any thermometer that sends lines of text, by configuration alone.

For instruments without a public protocol (FISO, FOTEMP) and home-made ones; source: your own manual
and trace. Not supported: checksums, decimal commas, one line a channel unasked, binary.
"""

from contextlib import suppress

from mnht_controller.devices.ascii_map import PLACE, AsciiOptions, columns, judged, raw, regex
from mnht_controller.devices.contract import DeadMan, DriverSpec, Identity, Kind
from mnht_controller.devices.dialect import Dialect, same_question
from mnht_controller.devices.errors import ProtocolError, RangeRefusedError, ReplyTimeoutError
from mnht_controller.devices.framing import LineFramer
from mnht_controller.devices.link import Link
from mnht_controller.domain.reading import Quality, Reading

PUSH_S, IDENTITY_S, LINE_BYTES_MAX = 1.5, 0.5, 512
WHO = ("maker", "model", "serial", "firmware")


class GenericAscii:
    """One thermometer as its options describe it."""

    def __init__(self, link: Link, channels: tuple[int, ...], options: AsciiOptions) -> None:
        self._link, self._options = link, options
        self._frames = dict.fromkeys(channels, 0)
        self._missed: ProtocolError | ReplyTimeoutError | None = None
        numbers = (channels if PLACE in options.query else ()) or (1,)
        self._asked = {n: raw(options.query.replace(PLACE, str(n))) for n in numbers}
        self._patterns = {n: regex(options.reply, n) for n in numbers}
        self._who = raw(options.identity_query), regex(options.identity)
        if not options.identity:  # a reading; as a tag it cannot be told from a late one
            self._who = self._asked[numbers[0]], self._patterns[numbers[0]]
        self._ignored, end = regex(options.ignored), raw(options.end)
        link.speak(
            Dialect(
                LineFramer(b"\n" if end == b"\r\n" else end, LINE_BYTES_MAX),
                same_question(*self._who),
                self._ignored if options.ignored else None,
                reply_s=options.reply_s,
                identity_s=IDENTITY_S if options.query else PUSH_S,
                may_echo=True,
            )
        )

    async def open(self) -> Identity:
        """Identify, or see that a reading comes; then send `init`, and identify again after it."""
        has = self._frames if PLACE in self._options.query else columns(self._patterns[1])
        if strange := sorted(self._frames.keys() - has.keys()):
            raise RangeRefusedError(f"reply has no group for channel {strange}; nothing was sent")
        await self._link.open()
        self._missed = None
        is_anonymous = "serial" not in self._who[1].groupindex
        found = await self._link.identify(*self._who, anonymous=is_anonymous)
        if self._options.init:
            await self._initialize()  # what that may have been answered with is behind it then
            found = await self._link.identify(*self._who, anonymous=is_anonymous)
        said = {k: (v or b"").decode("latin-1").strip() for k, v in found.groupdict().items()}
        return Identity(*(said.get(name, "") for name in WHO))

    async def sample(self) -> dict[int, Reading]:
        """Ask once, or once a channel, or wait for the next line."""
        if not self._options.query:
            return await self._listened()
        if self._missed:
            await self._initialize()
            self._link.distrust()
        readings: dict[int, Reading] = {}
        self._missed = None
        for number, request in self._asked.items():
            try:
                readings |= self._read(number, await self._link.query(request))
            except (ProtocolError, ReplyTimeoutError) as error:
                self._missed = error
        if self._missed and not readings:
            raise self._missed
        return readings

    async def close(self) -> None:
        """Close; nothing is stopped."""
        await self._link.close()

    async def _initialize(self) -> None:
        for text in self._options.init:
            await self._link.send(raw(text))

    async def _listened(self) -> dict[int, Reading]:
        """The next line: what lay there already is of unknown age."""
        with suppress(ReplyTimeoutError):
            await self._link.listen(0.0)
        try:
            frames = await self._link.listen(PUSH_S)
        except ReplyTimeoutError:
            await self._initialize()  # it may have been rebooted
            raise
        lines = [line for line in frames if not self._ignored.fullmatch(line)]
        return self._read(1, lines[-1]) if lines else {}

    def _read(self, number: int, line: bytes) -> dict[int, Reading]:
        """What a line says of the channel that was asked, or of all. ProtocolError."""
        found, text = self._patterns[number].fullmatch(line), line.decode("latin-1").strip()
        groups = {number: "value"} if PLACE in self._options.query else columns(self._patterns[1])
        if found:
            said = {n: found[name] for n, name in groups.items()}
            texts = {n: part.decode("latin-1").strip() for n, part in said.items() if part}
        elif text in self._options.invalid:
            texts = dict.fromkeys(groups, text)
        else:  # another question's, or noise
            self._link.distrust()
            raise ProtocolError(f"{self._link.resource}: {line[:60]!r} does not fit `reply`")
        return {n: self._reading(n, part) for n, part in texts.items() if n in self._frames}

    def _reading(self, channel: int, text: str) -> Reading:
        options, at = self._options, self._link.answered_at
        value_c = judged(text, options.unit, options.scale, options.invalid)
        if value_c is None:
            return Reading(None, Quality.BAD, at, self._frames[channel], text)
        self._frames[channel] += 1
        return Reading(value_c, Quality.GOOD, at, self._frames[channel])


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
    provenance=(
        ("all of it", "assumed: whatever your profile says; record your own trace first"),
        ("init may be sent at any time", "assumed: it must set, not add or toggle"),
    ),
)
