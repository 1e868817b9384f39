# SPDX-License-Identifier: Apache-2.0
"""HUBERT A1230 linear amplifier as a run-permit: its output relay, its interlock, its errors.

A1230-01 manual page 19, A1230-02 manual pages 22-23. 9600 8N1, binary: `<length><address><command>
[data]`. No checksum: one wrong bit passes, so the status byte is read twice. It drops a partial
frame after 500 ms. No text, so nothing that could tell a twin. Never sent: inputs, voltages, start
configuration, interlock mode, 0x12 and 0x16, which set, and address 100, which all obey.
"""

import asyncio
from dataclasses import dataclass
from enum import IntFlag
from functools import partial

from mnht_controller.devices.contract import DeadMan, DriverSpec, Identity, Kind, Options
from mnht_controller.devices.counted import Counted, size_of
from mnht_controller.devices.dialect import Dialect
from mnht_controller.devices.errors import DeviceFault, RangeRefusedError
from mnht_controller.devices.fault_words import words
from mnht_controller.devices.framing import SizedFramer
from mnht_controller.devices.link import Link, Request
from mnht_controller.devices.scpi import unconfirmed
from mnht_controller.domain.reading import AuxiliaryReading

STATUS, RELAY, ERRORS, ADDRESS, TYPE, FIRMWARE = 0x01, 0x04, 0x09, 0x13, 0x14, 0x15
RESET_LATCH, MODE, SIGNAL = 0x54, 0x55, 0x56
A1230, MODE_OFF, READY, RELAY_CLOSED, PARTIAL_S = 0x10, 2, 1, 8, 0.55


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
    """The amplifier between generator and coil; its output relay is the run-permit.

    A relay that moved unasked, as at a restart, is a fault until PREPARE; so is a latch.
    """

    def __init__(self, link: Link, options: HubertOptions) -> None:
        self._link, self._options, self._port = link, options, Counted(link, options.address)
        port, self._opening = self._port, self._port.frame(RELAY, 0)
        self._has_failed, self._moves, self._opens, self._seq = False, 0, 0, 0
        self._is_closed: bool | None = None  # None: on its way, or not known
        tag, done = port.tag(ADDRESS, FIRMWARE), port.exactly(RELAY)
        link.speak(Dialect(SizedFramer(size_of), tag, unsolicited=done))

    async def open(self) -> Identity:
        """Ask for type and firmware; open the relay; the interlock must be in force.

        First half a frame from before must be dropped: a question would make a command of it.
        """
        port, link = self._port, self._link
        await link.open()
        await asyncio.sleep(PARTIAL_S)
        who, version = port.exactly(TYPE, A1230), port.one_byte(FIRMWARE)
        await link.identify(port.frame(TYPE), who, anonymous=True)
        found = await link.identify(port.frame(FIRMWARE), version, anonymous=True)
        self._has_failed = False
        await self.permit(on=False)
        if self._options.has_interlock and await port.ask(MODE) == MODE_OFF:
            raise DeviceFault(f"{link.resource}: its interlock is switched off (has_interlock)")
        return Identity("HUBERT", "A1230", "", f"{found[0][3]:#04x}")

    async def prepare(self) -> AuxiliaryReading:
        """End a latched interlock and forget a fault; the relay stays as it is."""
        if self._options.has_interlock:
            await self._port.tell(RESET_LATCH, 0)
        self._has_failed = False
        return await self._read()

    async def permit(self, *, on: bool) -> AuxiliaryReading:
        """Move the output relay and read it back. After a fault it closes only after PREPARE."""
        if on and self._has_failed:
            raise RangeRefusedError(f"{self._link.resource}: it failed; it closes after PREPARE")
        self._is_closed, self._moves = None, self._moves + 1
        self._opens += not on  # a closing that still waits is not sent any more
        opens = self._opens

        def closing() -> bytes:
            if opens != self._opens:
                raise RangeRefusedError(f"{self._link.resource}: an opening came first")
            return self._port.frame(RELAY, 1) + self._port.frame(STATUS)

        reading = await (self._read(closing) if on else self._read(lead=self._opening))
        if on and opens != self._opens:
            return await self.permit(on=False)  # an opening overtook it, and counts
        if reading.permit is not on:
            self._opens += on
            await self._link.send(self._opening, urgent=True)
            raise unconfirmed(self._link, reading)
        self._is_closed = on
        return reading

    async def poll(self) -> AuxiliaryReading:
        """Read status, errors and the interlock's input."""
        return await self._read()

    async def close(self) -> None:
        """Relay open, then close."""
        await self._link.close(last=self._opening)

    async def _read(self, first: Request | None = None, lead: bytes = b"") -> AuxiliaryReading:
        port, options = self._port, self._options
        wanted, moves = self._is_closed, self._moves
        ask = partial(port.ask, urgent=bool(lead))
        before, status = await ask(STATUS, instead=first, lead=lead), await ask(STATUS)
        if status != before and await ask(STATUS) != status:  # once it may have changed
            raise unconfirmed(self._link, (before, status))
        errors = await ask(ERRORS)
        is_open = options.has_interlock and await ask(SIGNAL) != options.closed_signal
        is_closed, is_ready = bool(status & RELAY_CLOSED), bool(status & READY)
        named = [word for bit, word in enumerate(ERROR_WORDS) if errors >> bit & 1]
        named += words(Status, status & 6)
        named += [] if is_ready or is_open or named else ["inhibited"]  # a latch
        if wanted is not None and moves == self._moves:
            self._has_failed |= is_closed is not wanted and (is_closed or is_ready)
            self._is_closed = is_closed and wanted
        named += ["hardware"] if self._has_failed else []
        self._seq += 1
        return AuxiliaryReading(
            *(self._link.answered_at, self._seq, is_ready, is_closed),
            faults=tuple(dict.fromkeys(named)),
            interlocks_open=("external_inhibit",) if is_open else (),
        )


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
        ("9600 8N1, frames, 500 ms for a partial one, reply when done", "documented: A1230-01 p19"),
        ("bits of 0x01 and 0x09, 0x04 sets the output relay", "documented: A1230-02 pp22-23"),
        ("0x13 address, 0x14 type (0x10), 0x15 firmware, one byte", "documented: A1230-02 p23"),
        ("0x54 0 ends a latch, 0x55 its mode, 2 is off, 0x56 signal", "documented: A1230-02 p23"),
        ("0xFE unknown, 0xFD timed out", "documented: A1230-01 manual p19"),
        ("signal 1 is a closed interlock; not ready alone is a latch", "assumed: no more is said"),
        ("0xFE and 0xFD frames have no data", "assumed: no example is public"),
    ),
)
