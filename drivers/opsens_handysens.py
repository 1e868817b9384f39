# SPDX-License-Identifier: Apache-2.0
"""Opsens fiber-optic thermometers: HandySens family, and PicoM by its own profile.

Facts from public laboratory scripts for these units (no manual is public): 57600 8N1 and LF, the
PicoM 9600 8N1 and CR; replies closed by EOT LF. Replies carry no tag, so `*IDN?` is what
resynchronizes. Never sent: anything that changes calibration or memory.
"""

import re
from dataclasses import dataclass

from mnht_controller.devices.contract import DeadMan, DriverSpec, Identity, Kind, Options
from mnht_controller.devices.dialect import Dialect, same_question
from mnht_controller.devices.errors import ReplyTimeoutError
from mnht_controller.devices.framing import EotFramer
from mnht_controller.devices.link import Link
from mnht_controller.domain.reading import Quality, Reading

IDENTITY = re.compile(
    rb"(?s:.*\n)?([Oo][Pp][Ss][Ee][Nn][Ss][^,\n]*),([^,\n]+),(?P<serial>[^,\n]+),([^,\n]+)"
)
"""The last line counts: a stream that was running may have put samples before it."""

TEMPERATURE = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)
ENDS = {"handysens": b"\n", "picom": b"\r"}
TOKEN = re.compile(rb"[ -~]{1,40}")
"""What an instrument says instead of a number: one printable line."""


@dataclass(frozen=True, slots=True)
class OpsensOptions(Options):
    """`profile`: handysens, or picom, whose commands end in CR; the speed is the profile file's."""

    profile: str = "handysens"

    def __post_init__(self) -> None:
        """Check the name. ValueError."""
        if self.profile not in ENDS:
            raise ValueError(f"profile is one of {', '.join(ENDS)}")


class OpsensHandysens:
    """One thermometer; `channels` are its optical inputs, counted from 1."""

    def __init__(
        self, link: Link, channels: tuple[int, ...], options: OpsensOptions | None = None
    ) -> None:
        self._link = link
        self._frames = dict.fromkeys(channels, 0)
        self._end = ENDS[(options or OpsensOptions()).profile]
        self._who, self._stop = b"*IDN?" + self._end, b"MEAS:STOP" + self._end
        self._requests = {n: b"CH%d:DATA? 1" % n + self._end for n in channels}
        link.speak(Dialect(EotFramer(), same_question(self._who, IDENTITY)))

    async def open(self) -> Identity:
        """Identify; stop a stream that somebody left running, and identify again."""
        await self._link.open()
        was_streaming = self._link.is_streaming
        found = await self._link.identify(self._who, IDENTITY)
        if was_streaming:
            await self._link.send(self._stop)
            await self._link.open()
            found = await self._link.identify(self._who, IDENTITY)
        return Identity(*(part.decode("ascii", "replace").strip() for part in found.groups()))

    async def sample(self) -> dict[int, Reading]:
        """Read every channel once. A channel that stays silent is left out and so grows stale."""
        readings: dict[int, Reading] = {}
        silent: ReplyTimeoutError | None = None
        for channel in self._frames:
            try:
                readings[channel] = await self._read(channel)
            except ReplyTimeoutError as error:
                silent = error
        if silent and not readings:
            raise silent
        return readings

    async def close(self) -> None:
        """Close; the instrument was only read."""
        await self._link.close()

    async def _read(self, channel: int) -> Reading:
        frame = await self._link.query(self._requests[channel])
        header, _, token = frame.replace(b"\r", b"").rpartition(b"\n")
        at = self._link.answered_at
        if header not in (b"", b"CH%d" % channel) or not TOKEN.fullmatch(token):
            # Two replies in one frame, another channel's, or noise: no answer to this request.
            self._link.distrust()
            return Reading(None, Quality.BAD, at, self._frames[channel], f"garbled: {frame[:60]!r}")
        text = token.decode("ascii")
        if not TEMPERATURE.fullmatch(text):
            if IDENTITY.fullmatch(token):
                self._link.distrust()  # a late answer to the tag query
            return Reading(None, Quality.BAD, at, self._frames[channel], text)
        self._frames[channel] += 1
        return Reading(float(text), Quality.GOOD, at, self._frames[channel])


SPEC = DriverSpec(
    name="opsens_handysens",
    kind=Kind.THERMOMETER,
    title="Opsens HandySens family, PicoM",
    make=lambda link, setup: OpsensHandysens(link, setup.channels, setup.option(OpsensOptions)),
    options=OpsensOptions,
    baud=57600,
    period_s=0.1,
    dead_man=DeadMan.GUARD,
    resolution=0.01,
    noise=0.02,
    provenance=(
        ("57600 8N1, LF", "documented: public laboratory scripts for the HandySens"),
        ("9600 8N1, CR on the PicoM", "documented: public laboratory scripts for the PicoM"),
        ("reply ends in EOT LF", "documented: four independent public scripts"),
        ("CHn:DATA? 1", "documented: public laboratory scripts"),
        ("Err -NNN in band", "documented: seen with -140, -170, -201, -202"),
        ("bare CHn line before samples", "documented: scripts filter it; in DATA? too: assumed"),
        ("MEAS:STOP ends a stream", "documented: public scripts; its bare EOT: assumed"),
        ("one sample a reply to DATA? 1, no other channel's", "assumed: others are refused"),
        ("four fields in *IDN?", "assumed: IEEE 488.2"),
        ("an error line ends in EOT LF too", "assumed: like every other reply"),
        ("text in place of the number without a probe", "assumed: no token is public"),
        ("resolution 0.01 °C, noise 0.02 °C", "assumed: two decimals are sent"),
    ),
)
