# SPDX-License-Identifier: Apache-2.0
"""HUBERT A1230 linear amplifier as a run-permit: its output relay, its interlock, its errors.

A1230-01 manual page 19, A1230-02 manual pages 22-23. 9600 8N1, binary: `<length><address><command>
[parameters]`; the length counts itself. No checksum: one wrong bit passes, so the status byte is
read twice. It drops a partial frame after 500 ms. No text, so nothing that could tell a twin. Never
sent: inputs, voltages, start configuration, interlock mode, address 100, which all obey.
"""

import re
from dataclasses import dataclass
from enum import IntFlag

from mnht_controller.devices.contract import DeadMan, DriverSpec, Identity, Kind, Options
from mnht_controller.devices.dialect import Dialect
from mnht_controller.devices.errors import DeviceFault, RangeRefusedError
from mnht_controller.devices.fault_words import words
from mnht_controller.devices.framing import SizedFramer
from mnht_controller.devices.link import Link
from mnht_controller.devices.scpi import unconfirmed
from mnht_controller.domain.reading import AuxiliaryReading

STATUS, RELAY, ERRORS, ADDRESS, TYPE, FIRMWARE = 0x01, 0x04, 0x09, 0x12, 0x13, 0x14
RESET_LATCH, MODE, SIGNAL = 0x54, 0x55, 0x56
A1230, MODE_OFF, FRAME_MIN, FRAME_MAX, READY, RELAY_CLOSED = 0x10, 2, 3, 16, 1, 8


class Status(IntFlag):
    """0x01, the bits that are wrong when set; ready, relays and V+/V- are states."""

    OVER_POWER, OVER_TEMPERATURE = 2, 4


ERROR_WORDS = ("short_circuit", "over_current", "over_current", "over_power", "over_power",
               "over_temperature", "over_temperature", "hardware")  # fmt: skip
"""0x09, from bit 0: both polarities of current and power loss, heat sink and transformer."""


@dataclass(frozen=True, slots=True)
class HubertOptions(Options):
    """`address` 1 to 99. `has_interlock`: its input is wired, and answers `closed_signal` then."""

    address: int = 1
    has_interlock: bool = True
    closed_signal: int = 1

    def __post_init__(self) -> None:
        """Check ranges. ValueError."""
        if not (1 <= self.address <= 99 and self.closed_signal in (0, 1)):
            raise ValueError("address is 1 to 99, closed_signal 0 or 1")


class HubertA1230:
    """A relay that moved unasked, as at a restart, is a fault until PREPARE; so is a latch."""

    def __init__(self, link: Link, options: HubertOptions) -> None:
        self._link, self._options, self._seq = link, options, 0
        self._opening = self._frame(RELAY, 0)
        self._is_wanted = self._has_failed = False
        ack = re.compile(re.escape(self._frame(RELAY)), re.DOTALL)
        # A reply carries its command; no sample asks the two of the tag, which take turns.
        framer = SizedFramer(lambda data: data[0] if FRAME_MIN <= data[0] <= FRAME_MAX else -1)
        link.speak(Dialect(framer, self._tag, unsolicited=ack))

    async def open(self) -> Identity:
        """Ask for its type; open the relay; the interlock must be in force."""
        await self._link.open()
        who = re.compile(re.escape(self._frame(TYPE, A1230)), re.DOTALL)
        await self._link.identify(self._frame(TYPE), who, anonymous=True)
        self._is_wanted = self._has_failed = False
        await self._link.send(self._opening)
        if (reading := await self._read()).permit:
            raise unconfirmed(self._link, reading)
        if self._options.has_interlock and await self._ask(MODE) == MODE_OFF:
            raise DeviceFault(
                f"{self._link.resource}: its interlock is off: set has_interlock=false"
            )
        return Identity("HUBERT", "A1230", "", "")

    async def prepare(self) -> AuxiliaryReading:
        """Relay open; end a latched interlock and forget a fault."""
        if self._options.has_interlock:
            await self._ask(RESET_LATCH, 0)
        self._is_wanted = self._has_failed = False
        return await self._read(lead=self._opening)

    async def permit(self, *, on: bool) -> AuxiliaryReading:
        """Move the output relay and read it back. After a fault it closes only after PREPARE."""
        if on and self._has_failed:
            raise RangeRefusedError(f"{self._link.resource}: it failed; it closes after PREPARE")
        self._is_wanted = on
        if on:
            await self._link.send(self._frame(RELAY, 1))
        reading = await self._read(lead=b"" if on else self._opening)
        if on and not reading.permit:
            await self.permit(on=False)
            raise DeviceFault(f"{self._link.resource}: its relay does not close: {reading}")
        if reading.permit is not on:
            raise unconfirmed(self._link, reading)
        return reading

    async def poll(self) -> AuxiliaryReading:
        """Read status, errors and the interlock's input."""
        return await self._read()

    async def close(self) -> None:
        """Relay open, then close."""
        await self._link.close(last=self._opening)

    async def _read(self, lead: bytes = b"") -> AuxiliaryReading:
        status = await self._ask(STATUS, lead=lead)
        if status != await self._ask(STATUS):
            raise unconfirmed(self._link, status)
        errors, signal = await self._ask(ERRORS), await self._ask(SIGNAL)
        is_closed, is_ready = bool(status & RELAY_CLOSED), bool(status & READY)
        is_open = self._options.has_interlock and signal != self._options.closed_signal
        self._has_failed |= is_closed is not self._is_wanted
        self._seq += 1
        found = [word for bit, word in enumerate(ERROR_WORDS) if errors >> bit & 1]
        found += words(Status, status & sum(Status))
        found += ["hardware"] if self._has_failed else []
        found += [] if is_ready or is_open or found else ["inhibited"]  # a latch
        return AuxiliaryReading(
            at=self._link.answered_at,
            seq=self._seq,
            is_ready=is_ready,
            permit=is_closed,
            faults=tuple(dict.fromkeys(found)),
            interlocks_open=("external_inhibit",) if is_open else (),
        )

    async def _ask(self, command: int, *parameters: int, lead: bytes = b"") -> int:
        """Send a command; give its one parameter, 0 where the reply has none; 0xFE: unknown."""
        request = self._frame(command, *parameters)
        answer = await self._link.query(request, urgent=bool(lead), lead=lead)
        size = FRAME_MIN + (not parameters)
        if answer[:3] != bytes((size, self._options.address, command)) or len(answer) != size:
            raise unconfirmed(self._link, answer)
        return 0 if parameters else answer[3]

    def _frame(self, command: int, *parameters: int) -> bytes:
        return bytes((3 + len(parameters), self._options.address, command, *parameters))

    def _tag(self, number: int) -> tuple[bytes, re.Pattern[bytes]]:
        ask = self._frame((ADDRESS, FIRMWARE)[number % 2])
        return ask, re.compile(re.escape(b"\x04" + ask[1:]) + b".", re.DOTALL)


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
        ("commands 0x01-0x17, 0x53-0x56, status bits", "documented: A1230-02 manual pp22-23"),
        ("0xFE unknown, 0xFD timed out", "documented: A1230-01 manual p19"),
        ("signal 1: interlock closed (an option); mode 2: it is off", "assumed: not printed"),
        ("0x12 address, 0x13 type 0x10, 0x14 firmware", "assumed: order within 0x12..0x17"),
        ("a query's reply has one byte of data", "assumed: for 0x09, 0x12-0x14, 0x55, 0x56"),
        ("ready is 0 while an interlock is latched", "assumed: no text says so"),
    ),
)
