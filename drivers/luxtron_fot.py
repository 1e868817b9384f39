# SPDX-License-Identifier: Apache-2.0
"""Luxtron FOT Lab Kit, m600 and m812 fiber-optic thermometers (LumaSense, Advanced Energy).

FOT Lab Kit manual, pages 43, 60, 62, and a public logger for the 812. 9600 8N1; the instrument
sends a line a scan without being asked. Not supported: the ABBR format, analog outputs.
"""

import re

from mnht_controller.devices.contract import DeadMan, DriverSpec, Identity, Kind
from mnht_controller.devices.dialect import Dialect, same_question
from mnht_controller.devices.framing import LineFramer
from mnht_controller.devices.link import Link
from mnht_controller.domain.reading import Quality, Reading

FIELD = r"[1-4]: [ \d-]{2}\d\.\d\d(?: C| K| F|PE)"
"""FULL format: channel, %6.2f, two characters."""

SCAN = re.compile(rf"{FIELD}(?: {FIELD}){{0,3}}".encode())
ONE = re.compile(r"([1-4]): ([ \d-]{3}\.\d\d)( C| K| F|PE)")
VALUE = re.compile(r" *-?\d{1,3}\.\d\d")
WHO = b"\x1bID ?\r\n"
IDENTITY = re.compile(rb"ID = (?P<model>[^,\r\n]+),(?P<serial>[^,\r\n]+),(?P<firmware>[^,\r\n]+)")
TO_CELSIUS = {" C": (1.0, 0.0), " K": (1.0, -273.15), " F": (1.0 / 1.8, -32.0 / 1.8)}
PERIODS_WAITED = 2.0


class LuxtronFot:
    """One thermometer, which talks by itself. A channel that is missing in a line is silent."""

    def __init__(self, link: Link, channels: tuple[int, ...]) -> None:
        self._link = link
        self._frames = dict.fromkeys(channels, 0)
        link.speak(
            Dialect(
                LineFramer(b"\n"),
                same_question(WHO, IDENTITY),
                unsolicited=SCAN,
                identity_s=0.5,
            )
        )

    async def open(self) -> Identity:
        """Identify between the scans. Nothing is set."""
        await self._link.open()
        found = await self._link.identify(WHO, IDENTITY)
        words = (found[name].decode("ascii", "replace").strip() for name in found.groupdict())
        model, serial, firmware = words
        return Identity("Luxtron", model, serial, firmware)

    async def sample(self) -> dict[int, Reading]:
        """Take the newest scan that came; a line that is not one whole scan is not used."""
        frames = await self._link.listen(PERIODS_WAITED * SPEC.period_s)
        at = self._link.answered_at
        scans = [frame for frame in frames if SCAN.fullmatch(frame)]
        if not scans:
            detail = f"garbled: {frames[-1][:60]!r}"
            return {
                n: Reading(None, Quality.BAD, at, self._frames[n], detail) for n in self._frames
            }
        fields = ONE.findall(scans[-1].decode("ascii"))
        numbers = [int(number) for number, _, _ in fields]
        if numbers != sorted(set(numbers)):  # a field twice, or out of order: two lines in one
            return {}
        rows = {int(number): (text, suffix) for number, text, suffix in fields}
        return {n: self._reading(n, *rows[n], at) for n in self._frames if n in rows}

    async def close(self) -> None:
        """Close; the instrument goes on talking."""
        await self._link.close()

    def _reading(self, channel: int, text: str, suffix: str, at: float) -> Reading:
        """By its suffix, never by its value: with PE the number is still plausible."""
        if suffix not in TO_CELSIUS or not VALUE.fullmatch(text):
            return Reading(None, Quality.BAD, at, self._frames[channel], f"{text}{suffix}".strip())
        scale, offset = TO_CELSIUS[suffix]
        self._frames[channel] += 1
        value_c = round(scale * float(text) + offset, 3)
        return Reading(value_c, Quality.GOOD, at, self._frames[channel])


SPEC = DriverSpec(
    name="luxtron_fot",
    kind=Kind.THERMOMETER,
    title="Luxtron FOT Lab Kit, m600, m812",
    make=lambda link, setup: LuxtronFot(link, setup.channels),
    baud=9600,
    period_s=0.25,
    dead_man=DeadMan.GUARD,
    resolution=0.01,
    noise=0.05,
    provenance=(
        ("9600 8N1", "documented: public logger for the 812"),
        ("one line a scan, CR LF, unasked", "documented: FOT Lab Kit manual p60"),
        ("FULL format `<ch>: <%6.2f><2 chars>`", "documented: manual p60, with an example"),
        ("PE: probe error, beside a plausible number", "documented: manual p60"),
        ("a disabled channel is missing in the line", "documented: manual p43 (PS)"),
        ("ESC XX ? asks, the answer is `XX = value`", "documented: manual p43"),
        ("ID answers one line: model, serial, version", "assumed: the manual shows a report"),
        ("units K and F by the suffix", "documented: manual p43 (UN); suffixes p60"),
        ("a scan every 0.25 s (MU)", "assumed: set MU and the profile's period_s alike"),
        ("silent for 30 s after power-up and in standby", "documented: logger; manual p62"),
        ("noise 0.05 °C", "assumed: with 8 samples a scan"),
    ),
)
