# SPDX-License-Identifier: Apache-2.0
"""What SCPI supplies with a watchdog share: one line a tick, which also feeds the watchdog.

They differ in the names of a few commands and in their status bits. Their watchdogs are fed by any
traffic, which tells only that something talks: nothing but the tick may use this link.
"""

import re
from dataclasses import dataclass
from enum import IntFlag

from mnht_controller.devices import scpi
from mnht_controller.devices.contract import Identity
from mnht_controller.devices.dc_feed import DcFeed, Feed, FeedOptions, Order
from mnht_controller.devices.dialect import Dialect
from mnht_controller.devices.fault_words import words
from mnht_controller.devices.framing import LineFramer
from mnht_controller.devices.link import Link

WATCHDOG_S = 1.0
"""The shortest that any of them takes."""
PROOF_S = 1.3
"""So much silence trips it, whenever it was fed last."""

POWER_ON = 1 << 7  # *ESR?
ON = (b"1", b"ON")
STATE = re.compile(
    rf"({scpi.NUMBER});({scpi.NUMBER});({scpi.NUMBER});([01]|ON|OFF);\+?(\d{{1,5}});"
    rf"([01]|ON|OFF);({scpi.NUMBER});\+?(\d{{1,3}})".encode()
)
"""Volts, CURR, MEAS:CURR, OUTP, QUES:COND, watchdog on, its time, ESR."""


@dataclass(frozen=True, slots=True)
class FeedDialect:
    """One family: who answers, how some commands are called, what its QUES bits mean.

    `normal`: QUES bits that neither trip nor matter; `unharmed`: faults with the output still on.
    `setup` is sent once; then `confirm` is asked and must answer `confirmed`. `channels` is a
    channel list, empty where there is one output.
    """

    maker: str
    identity: re.Pattern[bytes]
    watchdog: str
    watchdog_time: str
    fault: type[IntFlag]
    interlock: type[IntFlag]
    volts: str = "VOLT"
    normal: int = 0
    unharmed: int = 0
    setup: str = ""
    confirm: str = ""
    confirmed: bytes = b""
    channels: str = ""

    def set(self, header: str, value: str) -> str:
        """A command for the output in use."""
        return f":{header} {value}{',' if self.channels else ''}{self.channels}"

    def get(self, header: str) -> str:
        """A query for the output in use."""
        return f":{header}?{' ' if self.channels else ''}{self.channels}"

    @property
    def trips(self) -> int:
        """The QUES bits that hold the output off; a bit without a name proves nothing."""
        named: int = sum(flag.value for flag in (*self.fault, *self.interlock))
        return named & ~int(self.unharmed)

    @property
    def clear(self) -> str:
        """What ends latched protections. Some restore the output: OFF must stand before it."""
        return f":OUTP:PROT:CLE {self.channels}".rstrip()


class ScpiFeed(DcFeed):
    """One supply. Every line ends with the same questions, so that its effect is seen."""

    def __init__(self, link: Link, options: FeedOptions, dialect: FeedDialect) -> None:
        super().__init__(link, options, f"\n{dialect.set('OUTP', 'OFF')}\n".encode())
        self._dialect = dialect  # the LF before OUTP OFF ends a half line
        headers = (dialect.volts, "CURR", "MEAS:CURR", "OUTP", "STAT:QUES:COND")
        asked = [dialect.get(header) for header in headers]
        asked += [f":{dialect.watchdog}?", f":{dialect.watchdog_time}?", "*ESR?"]
        self._ask = ";".join(asked)
        link.speak(Dialect(LineFramer(b"\n"), scpi.tag))

    async def open(self) -> Identity:
        """Identify; off, zero; watchdog on, which is volatile, and read back; no error."""
        self._is_energized = False
        await self._link.open()
        found = await self._link.identify(b"*IDN?\n", self._dialect.identity)
        await self._state(Order(is_on=False))  # before *CLS: a power-on since is counted
        await self._link.send(self._setup())
        feed = await self._state(Order())
        await scpi.refuse_errors(self._link)
        if feed.is_on or feed.set_a or not self._has_volts(feed) or not feed.watchdog_on:
            raise scpi.unconfirmed(self._link, feed)
        await self._confirm()
        names = ("model", "serial", "firmware")
        texts = (found[name].decode("ascii", "replace").strip() for name in names)
        return Identity(self._dialect.maker, *texts)

    async def trip_watchdog(self) -> None:
        """The silence that follows does it."""

    def _setup(self) -> bytes:
        dialect, volts = self._dialect, f"{self._options.volts_max:g}"
        first = ["*CLS", dialect.setup] if dialect.setup else ["*CLS"]
        sets = [dialect.set(dialect.volts, volts), dialect.set("CURR", "0")]
        dog = [f":{dialect.watchdog_time} {WATCHDOG_S:g}", f":{dialect.watchdog} ON"]
        return ";".join((*first, *sets, *dog)).encode() + b"\n"

    async def _confirm(self) -> None:
        if question := self._dialect.confirm:
            answer = await self._link.query(f"{self._dialect.get(question)}\n".encode())
            if answer != self._dialect.confirmed:
                raise scpi.unconfirmed(self._link, answer)

    async def _state(self, order: Order) -> Feed:
        line = ";".join((*self._words(order), self._ask)).encode() + b"\n"
        answer = await self._link.query(
            self._unless_off(line, order),
            urgent=order.is_off,
            lead=self._off if order.is_off else b"",
            not_after=order.until,
        )
        found = STATE.fullmatch(answer)
        if not found:
            raise scpi.unconfirmed(self._link, answer)
        self._boot += bool(int(found[8]) & POWER_ON)
        return self._feed(found)

    def _words(self, order: Order) -> tuple[str, ...]:
        """What is ordered; where it clears, OFF comes first."""
        dialect = self._dialect
        off = (dialect.set("OUTP", "OFF"),) if order.is_on is False else ()
        amps = () if order.amps is None else (dialect.set("CURR", f"{order.amps:.4f}"),)
        clear = (dialect.clear,) if order.clear else ()
        on = (dialect.set("OUTP", "ON"),) if order.is_on else ()
        return (*off, *amps, *clear, *on)

    def _feed(self, found: re.Match[bytes]) -> Feed:
        """OUTP? is what was programmed: a protection that has tripped holds the output off."""
        dialect, ques = self._dialect, int(found[5]) & ~self._dialect.normal
        interlocks = ques & sum(flag.value for flag in dialect.interlock)
        return Feed(
            set_v=float(found[1]),
            set_a=float(found[2]),
            measured_a=scpi.measured(found[3]),
            is_on=found[4] in ON and not ques & dialect.trips,
            faults=words(dialect.fault, ques & ~interlocks),
            interlocks_open=words(dialect.interlock, interlocks),
            watchdog_on=found[6] in ON and float(found[7]) == WATCHDOG_S,
        )

    async def _complain(self) -> None:
        await scpi.refuse_errors(self._link)
