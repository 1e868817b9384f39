# SPDX-License-Identifier: Apache-2.0
"""Opsens fiber-optic thermometers of the HandySens family, on RS-232 or a virtual serial port.

Facts from public laboratory scripts for these units (no manual is public): 57600 8N1, LF, replies
closed by EOT LF. Replies carry no tag, so `*IDN?` is what resynchronizes. Never sent: anything
that changes calibration or memory. `SPEC.provenance` says what is assumed.
"""

import re

from mnht_controller.devices.contract import DeadMan, DriverSpec, Identity, Kind
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
TOKEN = re.compile(rb"[ -~]{1,40}")
"""What an instrument says instead of a number: one printable line."""


class OpsensHandysens:
    """One thermometer; `channels` are its optical inputs, counted from 1."""

    def __init__(self, link: Link, channels: tuple[int, ...]) -> None:
        self._link = link
        self._frames = dict.fromkeys(channels, 0)
        self._requests = {n: f"CH{n}:DATA? 1\n".encode() for n in channels}
        link.speak(Dialect(EotFramer(), same_question(b"*IDN?\n", IDENTITY)))

    async def open(self) -> Identity:
        """Identify; stop a stream that somebody left running, and identify again."""
        await self._link.open()
        was_streaming = self._link.is_streaming
        found = await self._link.identify(b"*IDN?\n", IDENTITY)
        if was_streaming:
            await self._link.send(b"MEAS:STOP\n")
            await self._link.open()
            found = await self._link.identify(b"*IDN?\n", IDENTITY)
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
    title="Opsens HandySens family",
    make=lambda link, setup: OpsensHandysens(link, setup.channels),
    baud=57600,
    period_s=0.1,
    dead_man=DeadMan.GUARD,
    resolution=0.01,
    noise=0.02,
    provenance=(
        ("57600 8N1, LF", "documented: public laboratory scripts for the HandySens"),
        ("reply ends in EOT LF", "documented: four independent public scripts"),
        ("CHn:DATA? 1", "documented: public laboratory scripts"),
        ("Err -NNN in band", "documented: seen with -140, -170, -201, -202"),
        ("four fields in *IDN?", "assumed: IEEE 488.2"),
        ("an error line ends in EOT LF too", "assumed: like every other reply"),
        ("text in place of the number without a probe", "assumed: no token is public"),
        ("resolution 0.01 °C, noise 0.02 °C", "assumed: two decimals are sent"),
    ),
)
