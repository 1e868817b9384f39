# SPDX-License-Identifier: Apache-2.0
"""TDK-Lambda Genesys supplies before an inverter, GEN dialect with checksum (RS-232, RS-485, USB).

Genesys user manual, chapter 7 (serial interface); the same dialogue in pymeasure. CR, 8N1. A supply
listens after its address was called (`ADR`). A line with `$HH` is answered with one, so that its
acknowledgement is told from that of the bare OFF that goes ahead. Principle: `devices.dc_feed`.
Not supported: fold-back and service requests (kept off), memory, the two-byte fast commands.
"""

import re
from dataclasses import dataclass
from enum import IntFlag

from mnht_controller.devices.contract import DeadMan, DriverSpec, Identity, Kind
from mnht_controller.devices.dc_feed import DcFeed, Feed, FeedOptions, Order
from mnht_controller.devices.dialect import Dialect, same_question
from mnht_controller.devices.fault_words import words
from mnht_controller.devices.framing import LineFramer
from mnht_controller.devices.gen import EVENT, OK, SUM, checked, commands, judged
from mnht_controller.devices.link import Link
from mnht_controller.devices.scpi import unconfirmed

NUMBER = r"(\d{1,9}(?:\.\d{0,9})?)"
MODEL = re.compile(rb"(?:TDK-)?LAMBDA,(?P<model>GEN[^$,]+)" + SUM)
SERIAL = re.compile(rb"(?P<serial>[\w-]{1,12})" + SUM)
STATE = re.compile(
    rf"MV\({NUMBER}\),PV\({NUMBER}\),MC\({NUMBER}\),PC\({NUMBER}\),"
    r"SR\(([\dA-F]{2})\),FR\(([\dA-F]{2})\)"
)
GAP_S = 0.005
SETUP = ("RMT REM", "OUT OFF", "AST OFF", "FLD OFF", "FENA 00", "SENA 00", "PC 0")
KEPT = (("RMT?", "REM"), ("AST?", "OFF"), ("FENA?", "00"), ("SENA?", "00"))


class Status(IntFlag):
    """SR: automatic restart is on; control was taken at the front panel."""

    PROTECTION, COMMUNICATION = 1 << 4, 1 << 7


class Fault(IntFlag):
    """FR, but for its bit 7. PROTECTION: fold-back; SHUT_OFF: rear; INHIBITED: OUT button."""

    MAINS, OVER_TEMPERATURE, PROTECTION, OVER_VOLTAGE, SHUT_OFF, INHIBITED = 2, 4, 8, 16, 32, 64


Interlock = IntFlag("Interlock", {"RUN_PERMIT": 1 << 7})  # FR: the rear ENABLE contact is open
NORMAL = 0x2F  # SR: CV, CC, NFLT, FLT (FR says which), FDE
ENABLE = 1 << 7


@dataclass(frozen=True, slots=True)
class GenesysOptions(FeedOptions):
    """As every supply; `address` on its line, 0 to 30."""

    address: int = 6

    def __post_init__(self) -> None:
        """Check ranges. ValueError."""
        FeedOptions.__post_init__(self)
        if not 0 <= self.address <= 30:
            raise ValueError("address is 0 to 30")


class TdkGenesys(DcFeed):
    """One supply. Every line carries a sum but the OFF that goes ahead of all others."""

    step_a = 0.001  # PC comes back as it was sent

    def __init__(self, link: Link, options: GenesysOptions) -> None:
        super().__init__(link, options, b"\rOUT OFF\r")  # the first CR ends a half line
        self._call = checked(f"ADR {options.address:02d}")
        # What it cannot exclude: an IDN? reply of `open` that is later than the next one's.
        tag = same_question(checked("IDN?"), MODEL)
        link.speak(Dialect(LineFramer(b"\r"), tag, EVENT, gap_s=GAP_S))

    async def open(self) -> Identity:
        """Call its address, ask for model and serial; then remote, off, nothing automatic."""
        self._is_energized = False
        await self._link.open()
        await self._link.identify(self._call, OK, partial=True)
        model = await self._link.identify(checked("IDN?"), MODEL, partial=True)
        serial = await self._link.identify(checked("SN?"), SERIAL)
        names = [judged(self._link, found[0]) for found in (model, serial)]
        for command in (*SETUP, f"PV {self._options.volts_max:g}"):
            await self._set(command, Order())
        kept = [(question, await self._ask(question)) for question, _ in KEPT]
        feed = await self._state(Order())
        if feed.is_on or feed.set_a or not self._has_volts(feed) or tuple(kept) != KEPT:
            raise unconfirmed(self._link, (feed, kept))
        return Identity("TDK-Lambda", names[0].partition(",")[2], names[1], "")

    async def _state(self, order: Order) -> Feed:
        for command in commands(order):
            await self._set(command, order)
        switch = await self._ask("OUT?", urgent=order.is_off)
        text = await self._ask("STT?", urgent=order.is_off)
        found = STATE.fullmatch(text)
        if not found or switch not in {"ON", "OFF"}:
            raise unconfirmed(self._link, (switch, text))
        status, fault = int(found[5], 16) & ~NORMAL, int(found[6], 16)
        named = words(Fault, fault & ~ENABLE) + words(Status, status)
        return Feed(
            set_v=float(found[2]),
            set_a=float(found[4]),
            measured_a=float(found[3]),
            is_on=switch == "ON",
            faults=tuple(dict.fromkeys(named)),
            interlocks_open=words(Interlock, fault & ENABLE),
        )

    async def _set(self, command: str, order: Order) -> None:
        """Send one setting and wait for its OK. ProtocolError, DeviceFault."""
        answer = await self._link.query(
            self._unless_off(checked(command), order),
            urgent=order.is_off,
            lead=self._off if order.is_off else b"",
            not_after=order.until,
        )
        if (said := judged(self._link, answer)) != "OK":
            raise unconfirmed(self._link, said)

    async def _ask(self, text: str, *, urgent: bool = False) -> str:
        return judged(self._link, await self._link.query(checked(text), urgent=urgent))


SPEC = DriverSpec(
    name="tdk_genesys",
    kind=Kind.FIELD_SOURCE,
    title="TDK-Lambda Genesys (GEN dialect) before an inverter",
    make=lambda link, setup: TdkGenesys(link, setup.option(GenesysOptions)),
    baud=9600,
    period_s=0.2,
    dead_man=DeadMan.GUARD,
    options=GenesysOptions,
    stop_path="OUT OFF; no watchdog: its rear ENABLE contact belongs into the guard's enable line",
    status=(Fault, Status, Interlock),
    settling_s=0.3,
    resolution=0.01,
    provenance=(
        ("CR, 8N1, 5 ms between commands, ADR first", "documented: manual, chapter 7"),
        ("OK to every setting; C01-C05, E01-E07", "documented: manual, tables 7-1, 7-2"),
        ("$HH: low byte of the sum; replies then carry one", "documented: manual, checksum"),
        ("STT? with hexadecimal SR and FR; !nn", "documented: manual, status control"),
        ("AST ON restarts with the output on", "documented: manual; therefore forced OFF"),
        ("9600 Bd; the address called last stays so", "assumed: a menu sets it; to power-off"),
        ("a tripped protection ends with its cause or at the panel", "assumed: no command for it"),
        ("RMT?, AST?, FENA? answer REM, ON or OFF, two digits", "documented: manual, pymeasure"),
    ),
)
