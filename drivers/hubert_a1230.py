# SPDX-License-Identifier: Apache-2.0
"""HUBERT A1230 linear amplifier as a run-permit: its output relay, its interlock, its errors.

A1230-01 manual page 19, A1230-02 manual pages 22-23. 9600 8N1, binary: `<length><address><command>
[parameters]`, the length counts itself; no checksum. Never sent: voltages and start configuration.
"""

import re
from dataclasses import dataclass
from enum import IntFlag

from mnht_controller.devices.contract import DeadMan, DriverSpec, Identity, Kind, Options
from mnht_controller.devices.dialect import Dialect
from mnht_controller.devices.errors import DeviceFault
from mnht_controller.devices.fault_words import words
from mnht_controller.devices.framing import SizedFramer
from mnht_controller.devices.link import Link
from mnht_controller.devices.scpi import unconfirmed
from mnht_controller.domain.reading import AuxiliaryReading

STATUS, RELAY, ERRORS, TYPE = 0x01, 0x04, 0x09, 0x13
RESET_LATCH, MODE, SIGNAL = 0x54, 0x55, 0x56
UNKNOWN, TIMED_OUT = 0xFE, 0xFD
FRAME_MAX = 16
ANOTHER = (0x12, 0x14)
"""Address and firmware: what no sample asks. A reply carries its command, so these are the tag."""


class Status(IntFlag):
    """0x01, the bits that are wrong when set; ready, relays and V+/V- are states."""

    POWER_LIMIT, OVER_TEMPERATURE = 2, 4


ERROR_WORDS = ("short_circuit", *["over_current"] * 2, *["over_power"] * 2,
               *["over_temperature"] * 2, "hardware")  # fmt: skip
"""0x09, from bit 0: both polarities of current and power loss, heat sink and transformer."""

RELAY_CLOSED = 8


@dataclass(frozen=True, slots=True)
class HubertOptions(Options):
    """`address` 1 to 99; 100, which all obey, is never used."""

    address: int = 1

    def __post_init__(self) -> None:
        """Check the range. ValueError."""
        if not 1 <= self.address <= 99:
            raise ValueError("address is 1 to 99")


class HubertA1230:
    """The amplifier between generator and coil; its relay is the run-permit."""

    def __init__(self, link: Link, options: HubertOptions) -> None:
        self._link, self._address, self._seq = link, options.address, 0
        self._open_relay = self._frame(RELAY, 0)
        ack = re.compile(re.escape(self._frame(RELAY)), re.DOTALL)
        link.speak(Dialect(SizedFramer(size_of), self._tag, unsolicited=ack))

    async def open(self) -> Identity:
        """Ask for its type; then open the relay."""
        await self._link.open()
        pattern = self._pattern(TYPE, 1)
        found = await self._link.identify(self._frame(TYPE), pattern, anonymous=True)
        await self._link.send(self._open_relay)
        if (reading := await self._read()).permit:
            raise unconfirmed(self._link, reading)
        return Identity("HUBERT", f"A1230 type {found[0][3]}", "", "")

    async def prepare(self) -> AuxiliaryReading:
        """End a latched interlock; the relay stays open."""
        await self._ask(RESET_LATCH, 0)
        return await self._read()

    async def permit(self, *, on: bool) -> AuxiliaryReading:
        """Move the output relay and read it back."""
        if not on:
            return await self._read(lead=self._open_relay)
        await self._link.send(self._frame(RELAY, 1))
        reading = await self._read()
        if not reading.permit:
            raise DeviceFault(f"{self._link.resource}: the output relay does not close: {reading}")
        return reading

    async def poll(self) -> AuxiliaryReading:
        """Read status, errors and the interlock's input."""
        return await self._read()

    async def close(self) -> None:
        """Relay open, then close."""
        await self._link.close(last=self._open_relay)

    async def _read(self, lead: bytes = b"") -> AuxiliaryReading:
        status = await self._ask(STATUS, lead=lead)
        errors, signal = await self._ask(ERRORS), await self._ask(SIGNAL)
        named = [word for bit, word in enumerate(ERROR_WORDS) if errors >> bit & 1]
        faults = (*words(Status, status & 6), *named)
        self._seq += 1
        return AuxiliaryReading(
            at=self._link.answered_at,
            seq=self._seq,
            permit=bool(status & RELAY_CLOSED),
            faults=tuple(dict.fromkeys(faults)),
            interlocks_open=() if signal else ("external_inhibit",),
        )

    async def _ask(self, command: int, *parameters: int, lead: bytes = b"") -> int:
        """Send a command; give its one parameter, 0 where the reply has none."""
        request = self._frame(command, *parameters)
        answer = await self._link.query(request, urgent=bool(lead), lead=lead)
        if len(answer) >= 3 and answer[2] in (UNKNOWN, TIMED_OUT):
            self._link.distrust()
            raise DeviceFault(f"{self._link.resource}: {command:#04x} is not understood")
        size = 3 if parameters else 4
        if answer[:3] != bytes((size, self._address, command)) or len(answer) != size:
            raise unconfirmed(self._link, answer)
        return answer[3] if size == 4 else 0

    def _frame(self, command: int, *parameters: int) -> bytes:
        return bytes((3 + len(parameters), self._address, command, *parameters))

    def _pattern(self, command: int, size: int) -> re.Pattern[bytes]:
        head = bytes((3 + size, self._address, command))
        return re.compile(re.escape(head) + b"." * size, re.DOTALL)

    def _tag(self, number: int) -> tuple[bytes, re.Pattern[bytes]]:
        command = ANOTHER[number % 2]
        return self._frame(command), self._pattern(command, 1)


def size_of(data: bytes) -> int:
    """The first byte is the length of the whole frame."""
    return data[0] if 3 <= data[0] <= FRAME_MAX else -1


SPEC = DriverSpec(
    name="hubert_a1230",
    kind=Kind.RUN_PERMIT,
    title="HUBERT A1230 linear amplifier",
    make=lambda link, setup: HubertA1230(link, setup.option(HubertOptions)),
    baud=9600,
    period_s=0.2,
    dead_man=DeadMan.GUARD,
    options=HubertOptions,
    is_anonymous=True,
    stop_path="output relay 0; no watchdog: its interlock input belongs into the enable line",
    status=(Status,),
    provenance=(
        ("9600 8N1, frame layout, 500 ms for a partial frame", "documented: A1230-01 manual p19"),
        ("commands 0x01-0x17, bits of 0x01 and 0x09", "documented: A1230-02 manual pp22-23"),
        ("interlock 0x53-0x56", "documented: A1230-02 manual p23"),
        ("0xFE unknown, 0xFD timed out", "documented: A1230-01 manual p19"),
        ("signal 1 means the interlock is closed", "assumed: the manual names no polarity"),
        ("0x12 address, 0x13 type 0x10, 0x14 firmware", "assumed: order within 0x12..0x17"),
        ("a query's reply has one byte of data", "assumed: for 0x09, 0x12-0x14, 0x55, 0x56"),
    ),
)
