# SPDX-License-Identifier: Apache-2.0
"""Luxtron FOT Lab Kit, m600 and m812 fiber-optic thermometers (LumaSense, Advanced Energy).

FOT Lab Kit manual, pages 42, 43, 47, 60, 62, and a public logger for the 812. 9600 8N1; it sends a
line a scan without being asked. Not supported: the ABBR format, analog outputs, more than 1 s
between lines. A line has no checksum: a digit that noise turns into another digit is not seen.
"""

import re
from contextlib import suppress

from mnht_controller.devices.contract import DeadMan, DriverSpec, Identity, Kind
from mnht_controller.devices.dialect import Dialect, same_question
from mnht_controller.devices.errors import DeviceFault, ProtocolError, ReplyTimeoutError
from mnht_controller.devices.framing import LineFramer
from mnht_controller.devices.link import Link
from mnht_controller.domain.reading import Quality, Reading

FIELD = r"[1-4]: (?:\d{3}|[ -]\d{2}|(?:  | -)\d)\.\d\d(?: C| K| F|PE)"
"""FULL format, p60: channel, %6.2f, two characters; p62: PE stands in place of the unit."""

SCAN = re.compile(rf"{FIELD}(?: {FIELD}){{0,3}} ?".encode())
ONE = re.compile(r"([1-4]): (.{6})(..)")
WHO = b"\x1bID ?\r\n"
SERIAL = re.compile(rb"Serial # *(?P<serial>[!-~]+)")
HEAD = re.compile(rb"(?:ID = )?(?P<model>[ -~]+), Software Version (?P<firmware>[!-~]+)")
SETTING = re.compile(rb"(PS|MU|UN|DF|ST) = ([ -~]+)")
PERIOD, PROBES = re.compile(r"(\d+(?:\.\d+)?) ?S"), re.compile(r"[1-4](?:,[1-4])*")
SUFFIXES = {"CELSIUS": " C", "KELVIN": " K", "FAHRENHEIT": " F"}
TO_CELSIUS = {" C": (1.0, 0.0), " K": (1.0, -273.15), " F": (1.0 / 1.8, -32.0 / 1.8)}
REPORTED = frozenset({"model", "firmware", "PS", "MU", "UN", "DF", "ST"})
FULL = b"\x1bDF = FULL\r\n"
PERIOD_S_MAX, SILENCE_S_MAX, REPORT_S = 1.0, 1.5, 1.0


class LuxtronFot:
    """One thermometer, which talks by itself. A channel that is missing in a line is silent."""

    def __init__(self, link: Link, channels: tuple[int, ...]) -> None:
        self._link = link
        self._frames = dict.fromkeys(channels, 0)
        self._suffix, self._wait_s = " C", SILENCE_S_MAX
        self._columns: tuple[int, ...] = ()
        self._last: tuple[int, ...] = ()
        tag = same_question(WHO, SERIAL)
        link.speak(Dialect(LineFramer(b"\n"), tag, unsolicited=SCAN, identity_s=0.5))

    async def open(self) -> Identity:
        """Identify between the scans, read the settings; only another format is changed."""
        await self._link.open()
        serial = (await self._link.identify(WHO, SERIAL))["serial"].decode("ascii")
        said = await self._report()
        period, is_list = PERIOD.fullmatch(said["MU"]), PROBES.fullmatch(said["PS"])
        if not period or not is_list or said["UN"] not in SUFFIXES:
            raise ProtocolError(f"{self._link.resource}: settings that nobody knows: {said}")
        if float(period[1]) > PERIOD_S_MAX:
            raise DeviceFault(f"{self._link.resource}: MU is {period[0]}; set it to 1 S or less")
        self._wait_s = min(2.0 * float(period[1]), SILENCE_S_MAX)
        self._suffix = SUFFIXES[said["UN"]]
        self._columns = self._last = tuple(int(number) for number in said["PS"].split(","))
        if said["DF"] != "FULL":
            await self._link.send(FULL)
        return Identity("Luxtron", said["model"], serial, said["firmware"])

    async def sample(self) -> dict[int, Reading]:
        """Wait for the next line. What lay there already counts, but it is of unknown age."""
        with suppress(ReplyTimeoutError):
            self._taken(await self._link.listen(0.0))
        if (readings := self._taken(frames := await self._link.listen(self._wait_s))) is None:
            raise ProtocolError(f"{self._link.resource}: {frames[-1][:60]!r} is no whole scan")
        return readings

    async def close(self) -> None:
        """Close; the instrument goes on talking."""
        await self._link.close()

    async def _report(self) -> dict[str, str]:
        """Ask again for the report, of which `identify` keeps one line; read it to its end."""
        said: dict[str, str] = {}
        began = self._link.answered_at
        await self._link.send(WHO)
        while self._link.answered_at - began <= REPORT_S:
            for frame in await self._link.listen(REPORT_S / 2.0):
                if head := HEAD.fullmatch(frame):
                    said = {name: text.decode("ascii") for name, text in head.groupdict().items()}
                elif row := SETTING.fullmatch(frame):
                    said[row[1].decode("ascii")] = row[2].decode("ascii").strip()
                if said.keys() >= REPORTED:
                    return said
        raise ProtocolError(f"{self._link.resource}: the report has only {said}")

    def _taken(self, frames: list[bytes]) -> dict[int, Reading] | None:
        """The readings of the last whole scan, each one counted; None: there is none."""
        readings, at = None, self._link.answered_at
        for fields in filter(None, map(self._fields, frames)):
            rows = {int(number): (text, suffix) for number, text, suffix in fields}
            readings = {n: self._reading(n, *rows[n], at) for n in self._frames if n in rows}
        return readings

    def _fields(self, frame: bytes) -> list[tuple[str, str, str]]:
        """The fields of a whole scan of the probes that are on, in the unit that is set; or none.

        Other channels than in PS count when two lines agree: bytes that are lost between two fields
        can leave a whole field with another's number.
        """
        fields = ONE.findall(frame.decode("ascii")) if SCAN.fullmatch(frame) else []
        last, columns = self._last, tuple(int(number) for number, _, _ in fields)
        self._last = columns or last
        is_known = columns in (self._columns, last)
        if not fields or not is_known or columns != tuple(sorted(set(columns))):
            return []
        self._columns = columns
        units = {suffix for _, _, suffix in fields} - {"PE"}
        if units - {self._suffix} and len(units) == 1:
            raise DeviceFault(f"{self._link.resource}: the unit{self._suffix} is now{units.pop()}")
        return [] if units - {self._suffix} else fields

    def _reading(self, channel: int, text: str, suffix: str, at: float) -> Reading:
        """By its suffix, never by its value: with PE the number is still plausible."""
        if suffix not in TO_CELSIUS:
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
    period_s=1.0,
    dead_man=DeadMan.GUARD,
    resolution=0.01,
    noise=0.05,
    provenance=(
        ("9600 8N1", "documented: public logger for the 812"),
        ("one line a scan, CR LF, unasked, FULL format", "documented: manual p60, p62"),
        ("PE: probe error, beside a plausible number", "documented: p62"),
        ("ID report: Serial #, Version, PS, MU, UN, DF, ST", "documented: p43, an example"),
        ("the 812 sends the same report, ST near its end", "assumed: the example is an M600's"),
        ("`ESC XX = value` sets", "documented: p42, for DS"),
        ("UN is CELSIUS, KELVIN or FAHRENHEIT", "assumed: only CELSIUS is shown"),
        ("a line a second (MU), of 4 samples for all channels", "documented: p43, p47"),
        ("silent for 30 s after power-up, and in standby", "documented: logger; p62"),
        ("noise 0.05 °C", "assumed: with 8 samples a measurement"),
    ),
)
