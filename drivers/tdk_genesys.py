# SPDX-License-Identifier: Apache-2.0
"""TDK-Lambda Genesys supplies before an inverter, GEN dialect with checksum (RS-232, RS-485, USB).

Genesys user manual, serial chapter; the same dialogue in pymeasure. CR; 8N1; every set is answered
`OK`. Not supported: foldback, memory, service requests (kept off).
"""

import re
from enum import IntFlag

from mnht_controller.devices.contract import DeadMan, DriverSpec, Identity, Kind
from mnht_controller.devices.dc_feed import Feed, FeedOptions, snapshot
from mnht_controller.devices.dialect import Dialect, same_question
from mnht_controller.devices.fault_words import words
from mnht_controller.devices.framing import LineFramer
from mnht_controller.devices.gen import checked, judged
from mnht_controller.devices.link import Link
from mnht_controller.devices.scpi import at_most, unconfirmed, within
from mnht_controller.domain.command import Permit
from mnht_controller.domain.reading import SourceReading

NUMBER, SUM = r"(\d+(?:\.\d*)?)", rb"(?:\$[0-9A-F]{2})"
MODEL = re.compile(rb"(?:TDK-)?LAMBDA,(?P<model>GEN[^$]*)" + SUM)
SERIAL = re.compile(rb"(?P<serial>[^$]+)" + SUM)
OK = re.compile(rb"OK" + SUM + rb"?")
EVENT = re.compile(rb"OK" + SUM + rb"?|!\d\d" + SUM + rb"?")
STATE = re.compile(
    rf"MV\({NUMBER}\),PV\({NUMBER}\),MC\({NUMBER}\),PC\({NUMBER}\),SR\(([\dA-F]+)\),FR\(([\dA-F]+)\)"
)
STEP_A, GAP_S = 0.02, 0.005
SETUP = ("RMT REM", "OUT OFF", "AST OFF", "FLD OFF", "SENA 00", "FENA 00", "PC 0")


class Fault(IntFlag):
    """FR, but its bit 7: the ENABLE contact is open, which is an interlock."""

    MAINS, OVER_TEMPERATURE, PROTECTION, OVER_VOLTAGE, SHUT_OFF, INHIBITED = 2, 4, 8, 16, 32, 64


ENABLE_OPEN = 128


class TdkGenesys:
    """One supply on the line; it listens after its address was called. Amperes are the wish."""

    def __init__(self, link: Link, options: FeedOptions) -> None:
        self._link, self._options = link, options
        self._limit_ka_per_m = 0.0
        self._is_energized, self._seq = False, 0
        self._off = b"\r" + checked("OUT OFF")
        tag = same_question(checked("IDN?"), MODEL)
        link.speak(Dialect(LineFramer(b"\r"), tag, EVENT, gap_s=GAP_S))

    async def open(self) -> Identity:
        """Call its address, ask for model and serial; then remote, off, nothing automatic."""
        self._is_energized = False
        await self._link.open()
        call = checked(f"ADR {self._options.address:02d}")
        await self._link.identify(call, OK, anonymous=True)
        model = await self._link.identify(checked("IDN?"), MODEL, anonymous=True)
        found = await self._link.identify(checked("SN?"), SERIAL)
        for command in (*SETUP, f"PV {self._options.volts_max:g}"):
            await self._link.send(checked(command))
        state = await self._state()
        restart = await self._ask("AST?")
        if state.output_on or restart != "OFF":
            raise unconfirmed(self._link, (state, restart))
        serial = found["serial"].decode("ascii", "replace").strip()
        return Identity("TDK-Lambda", model["model"].decode("ascii", "replace"), serial, "")

    async def prepare(self, limit_ka_per_m: float, *, clear: bool = False) -> SourceReading:
        """Off, zero amperes; the limit is kept here. Its latched faults end with their cause."""
        self._is_energized, self._limit_ka_per_m = False, limit_ka_per_m
        await self._link.send(checked("OUT OFF"))
        return await self._set(0.0)

    async def apply(self, permit: Permit) -> SourceReading:
        """Set the amperes; after an OFF of ours, switch on."""
        field = within(permit.field_ka_per_m, self._limit_ka_per_m)
        is_start = not self._is_energized and field > 0.0
        state = await self._set(field, permit.expires_at, is_start=is_start)
        if (is_start or self._is_energized) and not state.output_on:
            raise unconfirmed(self._link, state)
        self._is_energized = state.output_on
        return state

    async def off(self) -> SourceReading:
        """OUT OFF at once; then the state that shows it."""
        self._is_energized = False
        return await self._state(lead=self._off)

    async def poll(self) -> SourceReading:
        """Ask for the state."""
        return await self._state()

    async def close(self) -> None:
        """Off, then close."""
        await self._link.close(last=self._off)

    async def _set(
        self, field: float, until: float | None = None, *, is_start: bool = False
    ) -> SourceReading:
        amps = at_most(field / self._options.field_ka_per_m_per_a, 3)
        await self._link.send(checked(f"PC {amps:.3f}"), not_after=until)
        if is_start:
            await self._link.send(checked("OUT ON"), not_after=until)
        state = await self._state()
        if abs(state.setpoint_ka_per_m / self._options.field_ka_per_m_per_a - amps) > STEP_A:
            raise unconfirmed(self._link, state)
        return state

    async def _state(self, lead: bytes = b"") -> SourceReading:
        switch = await self._ask("OUT?", lead)
        text = await self._ask("STT?", is_urgent=bool(lead))
        found = STATE.fullmatch(text)
        if not found or switch not in {"ON", "OFF"}:
            raise unconfirmed(self._link, (switch, text))
        bits = int(found[6], 16)
        feed = Feed(
            set_a=float(found[4]),
            measured_a=float(found[3]),
            is_on=switch == "ON",
            faults=words(Fault, bits & ~ENABLE_OPEN),
            interlocks_open=("external_inhibit",) if bits & ENABLE_OPEN else (),
        )
        self._seq += 1
        return snapshot(self._link, feed, self._options, self._seq)

    async def _ask(self, text: str, lead: bytes = b"", *, is_urgent: bool = False) -> str:
        """Ask, judge the checksum, and tell the supply's error words from answers."""
        urgent = bool(lead) or is_urgent
        return judged(self._link, await self._link.query(checked(text), urgent=urgent, lead=lead))


SPEC = DriverSpec(
    name="tdk_genesys",
    kind=Kind.FIELD_SOURCE,
    title="TDK-Lambda Genesys (GEN dialect) before an inverter",
    make=lambda link, setup: TdkGenesys(link, setup.option(FeedOptions)),
    baud=19200,
    period_s=0.2,
    dead_man=DeadMan.GUARD,
    options=FeedOptions,
    stop_path="OUT OFF; no watchdog: its rear ENABLE contact belongs into the enable line",
    status=(Fault,),
    settling_s=0.3,
    resolution=0.01,
    provenance=(
        ("CR, 8N1, 5 ms between commands, ADR first", "documented: manual, serial chapter"),
        ("OK to every set, C and E error words", "documented: manual, serial chapter"),
        ("$HH: low byte of the sum; then replies carry one", "documented: manual, serial chapter"),
        ("STT? with hexadecimal SR and FR", "documented: manual, serial chapter"),
        ("!nn may come at any time if enabled", "documented: manual, serial chapter"),
        ("AST ON restarts with the output on", "documented: manual; therefore forced OFF"),
        ("19200 Bd", "assumed: a menu sets it"),
        ("an OUT OFF without a new ADR is heard", "assumed: the last address called stays"),
        ("AST? answers ON or OFF", "assumed: like OUT?"),
    ),
)
