# SPDX-License-Identifier: Apache-2.0
"""What SCPI supplies with a watchdog share: one line a tick, which also feeds the watchdog.

The two that are known differ in the names of their watchdog's commands and in their status bits.
"""

import re
from dataclasses import dataclass
from enum import IntFlag

from mnht_controller.devices import scpi
from mnht_controller.devices.contract import Identity
from mnht_controller.devices.dc_feed import Feed, FeedOptions, snapshot
from mnht_controller.devices.dialect import Dialect
from mnht_controller.devices.fault_words import words
from mnht_controller.devices.framing import LineFramer
from mnht_controller.devices.link import Link
from mnht_controller.domain.command import Permit
from mnht_controller.domain.reading import SourceReading

WATCHDOG_S = 1.0
"""The shortest that either takes."""

STEP_A = 0.02
POWER_ON = 128  # *ESR?, bit 7
STATE = re.compile(
    rf"({scpi.NUMBER});({scpi.NUMBER});([01]);\+?(\d+);([01]|ON|OFF);({scpi.NUMBER});\+?(\d+)".encode()
)
"""CURR, MEAS:CURR, OUTP, QUES:COND, watchdog on, its time, ESR."""


@dataclass(frozen=True, slots=True)
class FeedDialect:
    """One family: who answers, how its watchdog is called, what its bits mean.

    `watchdog_on` and `watchdog_delay` are headers; `limit` the header of its current limit, or
    empty. `interlock_bits` of QUES are interlocks, not faults.
    """

    maker: str
    identity: re.Pattern[bytes]
    watchdog_on: str
    watchdog_delay: str
    fault: type[IntFlag]
    interlock_bits: int = 0


class ScpiFeed:
    """One supply in constant current. Every line ends with the same questions.

    Clearing a protection may bring the output back (Keysight): OUTP OFF always stands before it.
    """

    def __init__(self, link: Link, options: FeedOptions, dialect: FeedDialect) -> None:
        self._link, self._options, self._dialect = link, options, dialect
        self._limit_ka_per_m = 0.0
        self._is_energized, self._seq, self._boot = False, 0, 0
        self._off = b"\nOUTP OFF\n"  # the LF ends a half line
        dog = f"{dialect.watchdog_on}?;:{dialect.watchdog_delay}?"
        self._ask = f":CURR?;:MEAS:CURR?;:OUTP?;:STAT:QUES:COND?;:{dog};*ESR?\n"
        link.speak(Dialect(LineFramer(b"\n"), scpi.tag))

    async def open(self) -> Identity:
        """Identify; off, zero; watchdog on, which is volatile, and read back; no error."""
        self._is_energized = False
        await self._link.open()
        found = await self._link.identify(b"*IDN?\n", self._dialect.identity)
        dog = self._dialect
        setup = f"OUTP OFF;*CLS;:VOLT {self._options.volts_max:g};:CURR 0\n"
        setup += f"{dog.watchdog_delay} {WATCHDOG_S:g};:{dog.watchdog_on} ON\n"
        await self._link.send(setup.encode())
        state = await self._exchange("")
        await scpi.refuse_errors(self._link)
        if state.output_on or not state.watchdog_on:
            raise scpi.unconfirmed(self._link, state)
        names = ("model", "serial", "firmware")
        words_ = (found[name].decode("ascii", "replace").strip() for name in names)
        return Identity(dog.maker, *words_)

    async def prepare(self, limit_ka_per_m: float, *, clear: bool = False) -> SourceReading:
        """Off and zero; the limit is kept here. `clear` ends a protection, after the OFF."""
        self._is_energized, self._limit_ka_per_m = False, limit_ka_per_m
        cleared = ":OUTP:PROT:CLE;:OUTP OFF;" if clear else ""
        return await self._exchange(f"OUTP OFF;:CURR 0;{cleared}")

    async def apply(self, permit: Permit) -> SourceReading:
        """Set the amperes; after an OFF of ours, switch on."""
        field = scpi.within(permit.field_ka_per_m, self._limit_ka_per_m)
        amps = scpi.at_most(field / self._options.field_ka_per_m_per_a, 4)
        is_start = not self._is_energized and field > 0.0
        request = f"CURR {amps:.4f};{':OUTP ON;' if is_start else ''}"
        state = await self._exchange(request, until=permit.expires_at)
        off_a = abs(state.setpoint_ka_per_m / self._options.field_ka_per_m_per_a - amps)
        if off_a > STEP_A or ((is_start or self._is_energized) and not state.output_on):
            await scpi.refuse_errors(self._link)
            raise scpi.unconfirmed(self._link, state)
        self._is_energized = state.output_on
        return state

    async def off(self) -> SourceReading:
        """Off at once; then the state that shows it."""
        try:
            return await self._exchange("", lead=self._off)
        finally:
            self._is_energized = False

    async def poll(self) -> SourceReading:
        """Ask for the state, which feeds the watchdog."""
        return await self._exchange("")

    async def close(self) -> None:
        """Off, then close."""
        await self._link.close(last=self._off)

    async def _exchange(
        self, commands: str, *, lead: bytes = b"", until: float | None = None
    ) -> SourceReading:
        request = f"{commands}{self._ask}".encode()
        answer = await self._link.query(request, urgent=bool(lead), lead=lead, not_after=until)
        found = STATE.fullmatch(answer)
        if not found:
            raise scpi.unconfirmed(self._link, answer)
        self._seq += 1
        self._boot += bool(int(found[7]) & POWER_ON)
        ques, interlocks = int(found[4]), self._dialect.interlock_bits
        feed = Feed(
            set_a=float(found[1]),
            measured_a=scpi.measured(found[2]),
            is_on=found[3] == b"1",
            faults=words(self._dialect.fault, ques & ~interlocks),
            interlocks_open=("external_inhibit",) if ques & interlocks else (),
            watchdog_on=found[5] in (b"1", b"ON") and float(found[6]) <= WATCHDOG_S,
            boot=self._boot,
        )
        return snapshot(self._link, feed, self._options, self._seq)
