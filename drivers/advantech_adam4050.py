# SPDX-License-Identifier: Apache-2.0
"""Advantech ADAM-4050 digital I/O as a run-permit: E-stop, door and others in, one contact out.

ADAM-4000 manual, chapter 7, appendix F. `!…` and `>` are answers, `?AA` a refusal, silence a syntax
error or another address. Wire contacts that are closed while all is well: an input that floats
reads 1, which is open. Not supported, never sent: `%` (configuration), `#AA00` (all outputs).
"""

import re
from dataclasses import dataclass, field

from mnht_controller.devices.contract import DeadMan, DriverSpec, Identity, Kind, Options
from mnht_controller.devices.dialect import Dialect, same_question
from mnht_controller.devices.errors import RangeRefusedError
from mnht_controller.devices.fault_words import INTERLOCK_WORDS
from mnht_controller.devices.framing import LineFramer
from mnht_controller.devices.link import Link
from mnht_controller.devices.scpi import unconfirmed
from mnht_controller.domain.reading import AuxiliaryReading

LIVE = re.compile(rb"!([0-9A-F]{2})([0-9A-F]{2})00")
SAMPLED = re.compile(rb"!1([0-9A-F]{2})([0-9A-F]{2})00")  # !0…: an old one, `#**` was lost
VERSION = r"(?P<serial>(?:[A-Z]|\d+\.)[A-Za-z0-9._ -]*)"  # so no name, flag or data passes for it
INPUTS = frozenset("0123456")
GAP_S = 0.03  # a command, the module's turn-around and its `>` at 9600 Bd on a half-duplex pair


@dataclass(frozen=True, slots=True)
class AdamOptions(Options):
    """`inputs`: number to word, such as {"0": "e_stop"}; `permit_output`: the contact's number.

    `line_input`: the monitor of the enable line, closed while its relays are released; -1: none.
    """

    inputs: dict[str, str] = field(default_factory=dict)
    permit_output: int = 0
    address: int = 1
    checksum: bool = False
    line_input: int = -1

    def __post_init__(self) -> None:
        """Check numbers and words. ValueError."""
        if not (0 <= self.permit_output <= 7 and 0 <= self.address <= 255):
            raise ValueError("permit_output is 0 to 7, address 0 to 255")
        if not -1 <= self.line_input <= 6 or str(self.line_input) in self.inputs:
            raise ValueError("line_input is 0 to 6, no word's own, or left out")
        for number, word in self.inputs.items():
            if number not in INPUTS or word not in INTERLOCK_WORDS:
                raise ValueError(f"{number!r} is 0 to 6, {word!r} one of {sorted(INTERLOCK_WORDS)}")


class AdvantechAdam4050:
    """A contact that moved unasked, or a restart, is a fault until PREPARE.

    Its firmware text stands for the serial number that it lacks; a twin's begins with SIM.
    """

    def __init__(self, link: Link, options: AdamOptions) -> None:
        self._link, self._options, self._seq = link, options, 0
        self._aa, out = f"{options.address:02X}", options.permit_output
        self._opening = b"\r" + self._line(f"#{self._aa}1{out}00")  # CR ends what was begun
        self._closing = self._line(f"#{self._aa}1{out}01")
        self._is_wanted, self._has_failed, self._opens = False, False, 0
        self._reset = re.compile(f"!{self._aa}([01])".encode())
        self._who = (self._line(f"${self._aa}M"), re.compile(self._summed(f"!{self._aa}4050")))
        # No other answer is the name; an older answer to the same question it cannot tell.
        tag, done = same_question(*self._who), re.compile(self._summed(">"))
        link.speak(Dialect(LineFramer(b"\r"), tag, unsolicited=done, gap_s=GAP_S))

    async def open(self) -> Identity:
        """Ask for its name, then for its firmware, in which a twin says so; open the contact."""
        await self._link.open()
        await self._link.identify(*self._who, anonymous=True)
        tail = "[0-9A-F]{2}" if self._options.checksum else ""
        version_of = re.compile(f"!{self._aa}{VERSION}{tail}".encode())
        found = await self._link.identify(self._line(f"${self._aa}F"), version_of)
        version = self._checked(found[0])[3:].decode("ascii", "replace").strip()
        self._is_wanted = False
        await self._link.send(self._opening)
        await self.poll()  # the reset flag is from before: reading it clears it
        if (reading := await self.prepare()).permit:
            raise unconfirmed(self._link, reading)
        return Identity("Advantech", "ADAM-4050", version, version)

    async def prepare(self) -> AuxiliaryReading:
        """Forget a fault that was reported; the contact stays as it is."""
        self._has_failed = False
        return await self.poll()

    async def permit(self, *, on: bool) -> AuxiliaryReading:
        """Move the contact and read it back. After a fault it does not close before PREPARE."""
        if on and self._has_failed:
            raise RangeRefusedError(f"{self._link.resource}: it failed; it closes after PREPARE")
        self._opens += not on  # a closing that still waits is not sent any more
        opens = self._opens

        def closing() -> bytes:
            if opens != self._opens:
                raise RangeRefusedError(f"{self._link.resource}: an opening came first")
            self._is_wanted = True
            return self._closing

        self._is_wanted &= on
        if on:
            await self._link.send(closing)
        reading = self._reading(await self._ask("6", LIVE, b"" if on else self._opening))
        if on and opens != self._opens:
            return await self.permit(on=False)  # an opening overtook it, and counts
        if reading.permit is not on:
            raise unconfirmed(self._link, reading)
        return reading

    async def poll(self) -> AuxiliaryReading:
        """Sample all inputs at once, and ask whether it restarted."""
        await self._link.send(self._line("#**"))
        found, reset = await self._ask("4", SAMPLED), await self._ask("5", self._reset)
        self._has_failed |= reset[1] == b"1"
        return self._reading(found)

    async def close(self) -> None:
        """Contact open, then close."""
        await self._link.close(last=self._opening)

    def _reading(self, found: re.Match[bytes]) -> AuxiliaryReading:
        outputs, inputs = int(found[1], 16), int(found[2], 16)
        is_closed = bool(outputs >> self._options.permit_output & 1)
        self._has_failed |= is_closed is not self._is_wanted
        self._seq += 1
        rows, faults = self._options.inputs.items(), ("hardware",) if self._has_failed else ()
        opened = tuple(word for number, word in rows if inputs >> int(number) & 1)
        at, line = self._link.answered_at, self._options.line_input
        return AuxiliaryReading(
            at, self._seq, True, is_closed, faults=faults, interlocks_open=opened,
            line_closed=None if line < 0 else bool(inputs >> line & 1),
        )  # fmt: skip

    async def _ask(self, what: str, form: re.Pattern[bytes], lead: bytes = b"") -> re.Match[bytes]:
        line, is_urgent = self._line(f"${self._aa}{what}"), lead == self._opening
        answer = await self._link.query(line, urgent=is_urgent, lead=lead)
        if found := form.fullmatch(self._checked(answer)):
            return found
        raise unconfirmed(self._link, answer)

    def _checked(self, answer: bytes) -> bytes:
        body = answer[:-2] if self._options.checksum else answer
        if self._summed(body.decode("latin-1")) == answer:
            return body
        raise unconfirmed(self._link, answer)

    def _line(self, text: str) -> bytes:
        return self._summed(text) + b"\r"

    def _summed(self, text: str) -> bytes:
        data = text.encode("latin-1")
        return data + (b"%02X" % (sum(data) & 0xFF) if self._options.checksum else b"")


SPEC = DriverSpec(
    name="advantech_adam4050", kind=Kind.RUN_PERMIT, title="Advantech ADAM-4050 digital I/O",
    make=lambda link, setup: AdvantechAdam4050(link, setup.option(AdamOptions)),
    options=AdamOptions, baud=9600, period_s=0.1, dead_man=DeadMan.GUARD,
    stop_path="#AA1n00 opens the contact; no watchdog: the enable line must be in series with it",
    provenance=(
        ("$AA4 to $AA6, $AAF, $AAM, #AA1ndd, #**, `>`", "documented: manual p7-6 to p7-19"),
        ("checksum: two digits of the sum", "documented: manual appendix F"),
        ("9600 8N1; its name is 4050; `#**` takes a checksum too", "assumed: from memory"),
        ("firmware: a letter or a dotted number first", "assumed: no example is public"),
        ("a floating input reads 1; a bare CR is ignored; 30 ms suffice for `>`", "assumed: all"),
    ),
)  # fmt: skip
