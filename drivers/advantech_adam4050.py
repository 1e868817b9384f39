# SPDX-License-Identifier: Apache-2.0
"""Advantech ADAM-4050 digital I/O as a run-permit: E-stop, door and others in, one contact out.

ADAM-4000 manual, pages 238 to 248. 9600 8N1, CR; `!…` and `>` are answers, `?` a refusal, silence
a syntax error or another address. Never sent: `%` (configuration). Wire contacts that are closed
while all is well: an input that floats reads 1, which is open.
"""

import re
from dataclasses import dataclass, field

from mnht_controller.devices.contract import DeadMan, DriverSpec, Identity, Kind, Options
from mnht_controller.devices.dialect import Dialect
from mnht_controller.devices.errors import DeviceFault
from mnht_controller.devices.fault_words import INTERLOCK_WORDS
from mnht_controller.devices.framing import LineFramer
from mnht_controller.devices.link import Link
from mnht_controller.devices.scpi import unconfirmed
from mnht_controller.domain.reading import AuxiliaryReading

HEX = rb"([0-9A-F]{2})"
DATA = re.compile(rb"!" + HEX + HEX + rb"00")
LATCHED = re.compile(rb"!([01])" + HEX + HEX + rb"00")
RESET = re.compile(rb"!([0-9A-F]{2})?([01])")
OUTPUTS, INPUTS = 8, 7


@dataclass(frozen=True, slots=True)
class AdamOptions(Options):
    """`inputs`: number to word, such as {"0": "e_stop"}; `permit_output`: the contact's number."""

    inputs: dict[str, str] = field(default_factory=dict)
    permit_output: int = 0
    address: int = 1
    checksum: bool = False

    def __post_init__(self) -> None:
        """Check numbers and words. ValueError."""
        if not (0 <= self.permit_output < OUTPUTS and 0 <= self.address <= 255):
            raise ValueError("permit_output is 0 to 7, address 0 to 255")
        for number, word in self.inputs.items():
            if not number.isdigit() or int(number) >= INPUTS or word not in INTERLOCK_WORDS:
                known = ", ".join(sorted(INTERLOCK_WORDS))
                raise ValueError(f"inputs: {number!r} is 0 to 6, {word!r} one of {known}")


class AdvantechAdam4050:
    """One module. Each poll takes a synchronized sample, which says by itself whether it is new."""

    def __init__(self, link: Link, options: AdamOptions) -> None:
        self._link, self._options = link, options
        self._module, self._seq = f"{options.address:02X}", 0
        self._open_contact = self._line(f"#{self._module}1{options.permit_output}00")
        self._has_reset = False
        done = re.compile(rb">" if not options.checksum else rb">[0-9A-F]{2}")
        link.speak(Dialect(LineFramer(b"\r"), self._tag, unsolicited=done))

    async def open(self) -> Identity:
        """Ask for its name, then for its firmware, in which a twin says so; open the contact."""
        await self._link.open()
        name = re.compile(rb"!" + self._module.encode() + rb"(4050)[0-9A-F]*")
        await self._link.identify(self._line(f"${self._module}M"), name, anonymous=True)
        firmware = re.compile(rb"!" + self._module.encode() + rb"(?P<serial>[A-Za-z0-9. ]+)")
        found = await self._link.identify(self._line(f"${self._module}F"), firmware)
        await self._link.send(self._open_contact)
        await self._was_reset()  # the flag is from before: reading it clears it
        self._has_reset = False
        if (reading := await self._read()).permit:
            raise unconfirmed(self._link, reading)
        version = found["serial"].decode("ascii", "replace")
        return Identity("Advantech", "ADAM-4050", version, version)

    async def prepare(self) -> AuxiliaryReading:
        """Forget a restart that was reported; the contact stays as it is."""
        self._has_reset = False
        return await self._read()

    async def permit(self, *, on: bool) -> AuxiliaryReading:
        """Move the contact and read it back."""
        if not on:
            return await self._read(lead=self._open_contact)
        output = self._options.permit_output
        await self._link.send(self._line(f"#{self._module}1{output}01"))
        reading = await self._read()
        if not reading.permit:
            raise DeviceFault(f"{self._link.resource}: output {output} does not close: {reading}")
        return reading

    async def poll(self) -> AuxiliaryReading:
        """Sample all inputs."""
        return await self._read()

    async def close(self) -> None:
        """Contact open, then close."""
        await self._link.close(last=self._open_contact)

    async def _read(self, lead: bytes = b"") -> AuxiliaryReading:
        if lead:
            await self._ask(f"${self._module}6", DATA, lead)
        await self._link.send(self._line("#**"))
        sample = await self._ask(f"${self._module}4", LATCHED)
        if sample[1] != b"1":  # the sample was read before: the broadcast was lost
            raise unconfirmed(self._link, sample[0])
        self._has_reset = await self._was_reset() or self._has_reset
        outputs, inputs = int(sample[2], 16), int(sample[3], 16)
        words = self._options.inputs.items()
        self._seq += 1
        return AuxiliaryReading(
            at=self._link.answered_at,
            seq=self._seq,
            permit=bool(outputs >> self._options.permit_output & 1),
            faults=("hardware",) if self._has_reset else (),
            interlocks_open=tuple(word for number, word in words if inputs >> int(number) & 1),
        )

    async def _was_reset(self) -> bool:
        return (await self._ask(f"${self._module}5", RESET))[2] == b"1"

    async def _ask(
        self, text: str, pattern: re.Pattern[bytes], lead: bytes = b""
    ) -> re.Match[bytes]:
        answer = await self._link.query(self._line(text), urgent=bool(lead), lead=lead)
        body = answer[:-2] if self._options.checksum else answer
        found = pattern.fullmatch(body)
        if not found or (self._options.checksum and answer[-2:] != ascii_sum(body)):
            raise unconfirmed(self._link, answer)
        return found

    def _line(self, text: str) -> bytes:
        data = text.encode("ascii")
        return data + (ascii_sum(data) if self._options.checksum else b"") + b"\r"

    def _tag(self, _: int) -> tuple[bytes, re.Pattern[bytes]]:
        """Its name: no other answer has it."""
        return self._line(f"${self._module}M"), re.compile(rb"![0-9A-F]{2}4050[0-9A-F]*")


def ascii_sum(data: bytes) -> bytes:
    """Two hexadecimal digits: the low byte of the sum of the characters."""
    return b"%02X" % (sum(data) & 0xFF)


SPEC = DriverSpec(
    name="advantech_adam4050",
    kind=Kind.RUN_PERMIT,
    title="Advantech ADAM-4050 digital I/O",
    make=lambda link, setup: AdvantechAdam4050(link, setup.option(AdamOptions)),
    baud=9600,
    period_s=0.1,
    dead_man=DeadMan.GUARD,
    options=AdamOptions,
    stop_path="#AA1n00 opens the contact; no watchdog: the enable line must be in series with it",
    provenance=(
        ("commands M, F, 4, 5, 6, #**, #AA1ndd", "documented: ADAM-4000 manual pp238-248"),
        ("silence for a syntax error", "documented: ADAM-4000 manual p238"),
        ("9600 8N1; checksum: two digits of the sum", "documented: manual, from memory"),
        ("a floating input reads 1", "assumed: wire it so that open means stop"),
        ("firmware text stands for a serial number", "assumed: the module has none; twins say SIM"),
        ("$AA5 answers with or without its address", "assumed: both are taken"),
    ),
)
