# SPDX-License-Identifier: Apache-2.0
"""Neoptix Reflex and Nomad fiber-optic thermometers; the same as Omega FOB100 and HHTFO101.

Omega FOB100 series manual, pages 13-16, HHTFO101 manual, pages 19-20. 9600 8N1, CR; a reply ends in
the prompt `*`, or in `Errx` in its place. Not supported: the stream (`ta+`), analog outputs, probe
powers (`y`). Never sent: `f` (writes a calibration), `s`, `z`, `o`, `l`, `e`, `r`.
"""

import re

from mnht_controller.devices.contract import DeadMan, DriverSpec, Identity, Kind
from mnht_controller.devices.dialect import Dialect, same_question
from mnht_controller.devices.errors import DeviceFault, ProtocolError
from mnht_controller.devices.framing import PromptFramer
from mnht_controller.devices.link import Link, LinkState
from mnht_controller.domain.reading import Quality, Reading

DONE = b"*"
ERROR = re.compile(rb"Err\d")
PROMPT = re.compile(rb"\*|" + ERROR.pattern)
STREAMED = re.compile(rb"C:\d+;T:[ -~]{1,12}")

INFO = b"i\r"
ABOUT = re.compile(
    rb"(?s)(?=.*Model *: *(?P<model>[ -~]+))(?=.*NB Channels? *: *(?P<count>\d{1,2})[\r\n])"
    rb"(?=.*Serial[^:\r\n]*: *(?P<serial>[ -~]+))(?=.*Software[^:\r\n]*: *(?P<firmware>[ -~]+))"
    rb".*[\r\n]\*"
)
"""In any order; the last of each label counts: a broken line may stand before the first."""

IDENTITY_S = 0.6
"""`i` has eight lines or more; 550 characters take 0.57 s at 9600 Bd."""

ENCLOSURE = b"b\r"
WARMTH = re.compile(rb"(?s:.*)b: *[+-]?\d{1,3}\.\d *[\r\n]+\*")
"""The tag: the one short reply that names its question. It cannot tell one `b` from the next."""

UNIT = b"uc\r"
"""Before every `t`: the unit is volatile and anybody's at the keypad, and no reply carries it, the
enclosure's 32.2 of `b` neither, which may be either unit. So a keypad or a reboot has only the
moment between the two commands, and one jump of 60 degrees, which no slope allows."""

SETTINGS = (b"ta-\r", b"p-\r", UNIT)
"""No stream, no sleep (which answers `t` too late), Celsius."""

TEMPERATURE = re.compile(r"[+-]\d{1,3}\.\d")
NO_PROBE = "---.-"


class NeoptixReflex:
    """One thermometer; `channels` count from 1. `t` has one line for each channel that it has."""

    def __init__(self, link: Link, channels: tuple[int, ...]) -> None:
        self._link = link
        self._frames = dict.fromkeys(channels, 0)
        self._scan = re.compile(rb"\*")
        framer = PromptFramer(PROMPT, unasked=STREAMED)
        tag = same_question(ENCLOSURE, WARMTH)
        link.speak(Dialect(framer, tag, identity_s=IDENTITY_S))

    async def open(self) -> Identity:
        """Identify; then end a stream or a sleep that somebody left on, and ask for Celsius."""
        await self._link.open()
        found = await self._link.identify(INFO, ABOUT)
        count = int(found["count"])
        if max(self._frames, default=0) > count:
            raise DeviceFault(f"{self._link.resource}: it has only {count} channels")
        self._scan = re.compile(rb"((?:[ -~]{1,20}[\r\n]+){%d})\*" % count)
        for command in SETTINGS:
            if error := await self._set(command):
                raise DeviceFault(f"{self._link.resource}: {error} to {command!r}; warming up?")
        words = (found[name].decode("ascii").strip() for name in ("model", "serial", "firmware"))
        return Identity("Neoptix", *words)

    async def sample(self) -> dict[int, Reading]:
        """Ask for Celsius and for all channels. An `Errx` (Err1: warming up) is no number."""
        is_in_step = self._link.state is LinkState.CLEAN
        for command in (UNIT,) if is_in_step else SETTINGS:
            if error := await self._set(command):
                return {n: self._reading(n, error) for n in self._frames}
        answer = await self._link.query(b"t\r")
        if ERROR.fullmatch(answer):
            return {n: self._reading(n, answer.decode("ascii")) for n in self._frames}
        if not (scan := self._scan.fullmatch(answer)):  # one line less, and all below move up
            raise self._strange(answer)
        lines = [line.strip() for line in re.findall(r"[ -~]+", scan[1].decode("ascii"))]
        if not all(TEMPERATURE.fullmatch(line) or line == NO_PROBE for line in lines):
            self._link.distrust()
        return {n: self._reading(n, lines[n - 1]) for n in self._frames}

    async def close(self) -> None:
        """Close; nothing runs on."""
        await self._link.close()

    async def _set(self, command: bytes) -> str:
        """Change a setting; what the instrument said against it, or nothing."""
        answer = await self._link.query(command)
        if answer == DONE:
            return ""
        if not ERROR.fullmatch(answer):
            raise self._strange(answer)
        return answer.decode("ascii")

    def _strange(self, answer: bytes) -> ProtocolError:
        self._link.distrust()
        return ProtocolError(
            f"{self._link.resource}: {answer[:60]!r} does not answer what was asked, so nothing of"
            " it is used; the link resynchronizes at its next use"
        )

    def _reading(self, channel: int, text: str) -> Reading:
        at = self._link.answered_at
        if not TEMPERATURE.fullmatch(text):
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
        ("9600 8N1, no handshake, no echo", "documented: public MATLAB logger; FOB100 p13"),
        ("CR ends a command, `*` a reply, `Errx` in its place", "documented: FOB100 pp13-16"),
        ("t: a line a channel, signed, one decimal", "documented: FOB100 pp13-16"),
        ("---.- for a channel without probe or switched off", "documented: FOB100 pp13-16"),
        ("Err1 while warming up", "documented: FOB100 pp13-16"),
        ("ta-, p-, uc, b, i", "documented: FOB100 pp13-16, HHTFO101 pp19-20"),
        ("uc is volatile and shared with the keypad", "documented: FOB100 pp13-16"),
        ("exact bytes around `*`: CR before, nothing after", "assumed: so printed; CR LF pass too"),
        ("other numbers than Err1, one digit each", "assumed: no list is public; none is a number"),
        ("`label: value` lines in the reply to i", "assumed: only the labels are known"),
        ("ta-, p- and uc are answered by the bare prompt", "assumed: as all without data"),
        ("a streamed line is never cut by a reply", "assumed: else that reply is refused"),
        ("4 to 10 scans a second", "assumed: no page found"),
        ("noise 0.02 °C", "assumed: hidden by the digit, so that a flat line says nothing"),
    ),
)
