# SPDX-License-Identifier: Apache-2.0
"""Neoptix Reflex and Nomad fiber-optic thermometers; the same as Omega FOB100 and HHTFO.

Omega FOB100 series manual, pages 13-16, and HHTFO101 manual, pages 19-20. 9600 8N1, CR; a reply
ends in the prompt `*`, or in `Errx`. Never sent: `f`, `s`, `z` (calibration), `l`, `p`.
"""

import re

from mnht_controller.devices.contract import DeadMan, DriverSpec, Identity, Kind
from mnht_controller.devices.dialect import Dialect, same_question
from mnht_controller.devices.errors import DeviceFault
from mnht_controller.devices.framing import PromptFramer
from mnht_controller.devices.link import Link
from mnht_controller.devices.scpi import unconfirmed
from mnht_controller.domain.reading import Quality, Reading

PROMPT = re.compile(rb"\*|Err\d")
STREAMED = re.compile(rb"C:\d+;T: ?[ -~]{1,9}[\r\n]+")
"""A line that was sent unasked; it stands in front of the next reply."""

INFO = b"i\r"
MODEL = re.compile(rb"(?s:.*?)Model *: *(?P<model>[^\r\n]+)(?s:.*?)"
                   rb"Serial[^:\r\n]*: *(?P<serial>[^\r\n]+)(?s:.*?)"
                   rb"Software[^:\r\n]*: *(?P<firmware>[^\r\n]+)(?s:.*)\*")  # fmt: skip
TEMPERATURE = re.compile(r"[+-]\d{1,3}\.\d")
TOKEN = re.compile(rb"[ -~]{1,20}")
DONE = b"*"
IDENTITY_S = 0.6
"""About 300 characters at 9600 Bd."""


class NeoptixReflex:
    """One thermometer; `channels` count from 1. A reply has one line for each channel it has."""

    def __init__(self, link: Link, channels: tuple[int, ...]) -> None:
        self._link = link
        self._frames = dict.fromkeys(channels, 0)
        link.speak(Dialect(PromptFramer(PROMPT), same_question(INFO, MODEL), identity_s=IDENTITY_S))

    async def open(self) -> Identity:
        """Identify; then stop a stream that somebody left running, and ask for Celsius.

        The unit is volatile and shared with the keypad, and no reply carries it.
        """
        await self._link.open()
        found = await self._link.identify(INFO, MODEL)
        for command in (b"ta-\r", b"uc\r"):
            await self._done(command)
        words = (found[name].decode("ascii", "replace").strip() for name in found.groupdict())
        model, serial, firmware = words
        return Identity("Neoptix", model, serial, firmware)

    async def sample(self) -> dict[int, Reading]:
        """Ask for Celsius and all channels; `---.-` is no probe, Err1 is warming up."""
        await self._done(b"uc\r")
        answer = await self._ask(b"t\r")
        if answer.startswith(b"Err"):
            raise DeviceFault(f"{self._link.resource}: {answer!r}: warming up, or not understood")
        *lines, prompt = re.split(rb"[\r\n]+", answer)
        is_whole = prompt == DONE and len(lines) >= max(self._frames, default=0)
        if not is_whole or not all(TOKEN.fullmatch(line) for line in lines):
            raise unconfirmed(self._link, answer)
        return {n: self._reading(n, lines[n - 1].decode("ascii").strip()) for n in self._frames}

    async def close(self) -> None:
        """Close; nothing runs on."""
        await self._link.close()

    async def _done(self, command: bytes) -> None:
        if (answer := await self._ask(command)) != DONE:
            raise unconfirmed(self._link, answer)

    async def _ask(self, command: bytes) -> bytes:
        return STREAMED.sub(b"", await self._link.query(command))

    def _reading(self, channel: int, text: str) -> Reading:
        at, is_number = self._link.answered_at, TEMPERATURE.fullmatch(text)
        if not is_number:
            return Reading(None, Quality.BAD, at, self._frames[channel], text)
        self._frames[channel] += 1
        return Reading(float(text), Quality.GOOD, at, self._frames[channel])


SPEC = DriverSpec(
    name="neoptix_reflex",
    kind=Kind.THERMOMETER,
    title="Neoptix Reflex and Nomad (Omega FOB100, HHTFO101)",
    make=lambda link, setup: NeoptixReflex(link, setup.channels),
    baud=9600,
    period_s=0.2,
    dead_man=DeadMan.GUARD,
    resolution=0.1,
    noise=0.02,
    provenance=(
        ("9600 8N1, no handshake, no echo", "documented: manual p13; public MATLAB logger"),
        ("CR ends a command, `*` alone a reply", "documented: manual pp13-16"),
        ("Errx in place of the prompt", "documented: manual pp13-16"),
        ("t: one signed line a channel, one decimal", "documented: manual p15"),
        ("---.- without a probe", "documented: manual p15"),
        ("Err1 while warming up", "documented: manual p15; other numbers: assumed errors"),
        ("i: Model, Serial, Internal Software lines", "documented: manual p14; order assumed"),
        ("ta+ streams `C:i;T: ±xxx.x` lines", "documented: manual p15"),
        ("uc is answered by the bare prompt", "assumed: as every command without data"),
        ("exact bytes around `*`: CR before, nothing after", "assumed: the manual prints it so"),
        ("one digit after Err", "assumed: the manual prints Errx"),
        ("noise 0.02 °C", "assumed: hidden by the digit, so that a flat line says nothing"),
    ),
)
