# SPDX-License-Identifier: Apache-2.0
"""Ambrell EASYHEAT induction supplies, RS-485. EKOHEAT is of the same family, untried.

EASYHEAT 0112 manual pages 44, 46; 3542 manual page 49. `address,command[,argument]`, no blanks, CR;
replies CR LF. Never sent: `[` and `]`, which move the set-point, and address 0, which all obey. The
frequency depends on coil and current (150-400 kHz): what it measures is reported, never assumed.
"""

import re
from dataclasses import dataclass

from mnht_controller.devices.contract import DeadMan, DriverSpec, Identity, Kind, Options
from mnht_controller.devices.dialect import Dialect, same_question
from mnht_controller.devices.errors import DeviceFault
from mnht_controller.devices.framing import LineFramer
from mnht_controller.devices.link import Link
from mnht_controller.devices.scpi import at_most, unconfirmed, within
from mnht_controller.domain.command import Permit
from mnht_controller.domain.reading import SourceReading

NUMBER = r"\d+(?:\.\d+)?"
DATA = re.compile(
    rf"(?P<address>\d+),(?P<heating>[01]),(?P<setpoint>{NUMBER}),(?P<amps>{NUMBER}),"
    rf"(?:(?P<watts>{NUMBER})?,)?(?P<khz>{NUMBER}),(?P<timer>\d*),(?P<counter>\d*)".encode()
)
"""`rdata`: 8 fields on the 3542, 7 without watts on the 0112; some may be blank."""

ACK = re.compile(rb"(?:\d+,)?(?:OK|ok|Ok|>)?")
"""How a set command may be acknowledged; the manual shows none."""

AMPS_MAX = re.compile(rb"(?:\d+,)?\d+(?:\.\d+)? ?A?")
STEP_A = 0.1


@dataclass(frozen=True, slots=True)
class AmbrellOptions(Options):
    """`field_ka_per_m_per_a`: peak kA/m in your coil for each ampere that the supply shows.

    `frequency_hz` is what it shows with your coil: reported while it does not heat.
    """

    field_ka_per_m_per_a: float
    frequency_hz: float
    address: int = 1

    def __post_init__(self) -> None:
        """Check ranges. ValueError."""
        numbers = (self.field_ka_per_m_per_a, self.frequency_hz)
        if not (min(numbers) > 0.0 and 1 <= self.address <= 32):
            raise ValueError("field_ka_per_m_per_a, frequency_hz are above 0, address 1 to 32")


class AmbrellEasyheat:
    """One supply. Each command is followed by `rdata` in the same write, which shows its effect."""

    def __init__(self, link: Link, options: AmbrellOptions) -> None:
        self._link, self._options = link, options
        self._per_a = options.field_ka_per_m_per_a
        self._prefix = f"{options.address},"
        self._off = f"\r{self._prefix}hoff\r".encode()  # the CR ends whatever half line is there
        self._ask = f"{self._prefix}rdata\r".encode()
        self._limit_ka_per_m = 0.0
        self._is_energized = False
        self._seq = 0
        tag = same_question(f"{self._prefix}maxamps\r".encode(), AMPS_MAX)
        link.speak(Dialect(LineFramer(b"\n"), tag, unsolicited=ACK))

    async def open(self) -> Identity:
        """Ask for its data, which only such a supply has; then off, and zero amperes."""
        self._is_energized = False
        await self._link.open()
        await self._link.identify(self._ask, DATA, anonymous=True)
        await self._link.send(self._off)
        snapshot = await self._set(0.0, "hoff")
        if snapshot.output_on:
            raise unconfirmed(self._link, snapshot)
        return Identity("Ambrell", "EASYHEAT", "", "")

    async def prepare(self, limit_ka_per_m: float, *, clear: bool = False) -> SourceReading:
        """Off; the limit is kept here, for the supply has no register for it."""
        self._is_energized, self._limit_ka_per_m = False, limit_ka_per_m
        return await self._set(0.0, "hoff")

    async def apply(self, permit: Permit) -> SourceReading:
        """Set the amperes; after an OFF of ours, switch heat on."""
        field = within(permit.field_ka_per_m, self._limit_ka_per_m)
        is_start = not self._is_energized and field > 0.0
        snapshot = await self._set(field, "hon" if is_start else "", permit.expires_at)
        if is_start and not snapshot.output_on:
            why = "heat does not come on: is start-from RS485, and the start input closed?"
            raise DeviceFault(f"{self._link.resource}: {why}")
        if self._is_energized and not snapshot.output_on:
            raise unconfirmed(self._link, snapshot)
        self._is_energized = snapshot.output_on
        return snapshot

    async def off(self) -> SourceReading:
        """`hoff`, which is always obeyed, then the data that show it."""
        try:
            return self._read(await self._link.query(self._ask, urgent=True, lead=self._off))
        finally:
            self._is_energized = False

    async def poll(self) -> SourceReading:
        """Take the data."""
        return self._read(await self._link.query(self._ask))

    async def close(self) -> None:
        """Off, then close."""
        await self._link.close(last=self._off)

    async def _set(self, field: float, verb: str, until: float | None = None) -> SourceReading:
        amps = at_most(field / self._per_a, 2)
        switch = f"{self._prefix}{verb}\r" if verb else ""
        request = f"{self._prefix}amps,{amps:.2f}\r{switch}".encode() + self._ask
        snapshot = self._read(await self._link.query(request, not_after=until))
        if abs(snapshot.setpoint_ka_per_m - field) > STEP_A * self._per_a:
            raise unconfirmed(self._link, snapshot)  # control-from is not RS485, or a knob moved
        return snapshot

    def _read(self, answer: bytes) -> SourceReading:
        found = DATA.fullmatch(answer)
        if not found or f"{int(found['address'])}," != self._prefix:
            raise unconfirmed(self._link, answer)
        self._seq += 1
        khz, amps, is_on = float(found["khz"]), float(found["amps"]), found["heating"] == b"1"
        return SourceReading(
            at=self._link.answered_at,
            seq=self._seq,
            clock_s=self._link.answered_at,
            boot=0,
            heartbeat=0,
            setpoint_ka_per_m=float(found["setpoint"]) * self._per_a,
            measured_ka_per_m=amps * self._per_a,
            output_on=is_on,
            watchdog_on=None,
            limit_ka_per_m=None,
            frequency_hz=khz * 1e3 if khz else None if is_on else self._options.frequency_hz,
            coil_c=None,
            coolant_l_per_min=None,
        )


SPEC = DriverSpec(
    name="ambrell_easyheat",
    kind=Kind.FIELD_SOURCE,
    title="Ambrell EASYHEAT (RS-485)",
    make=lambda link, setup: AmbrellEasyheat(link, setup.option(AmbrellOptions)),
    baud=19200,
    period_s=0.1,
    dead_man=DeadMan.GUARD,
    options=AmbrellOptions,
    is_anonymous=True,
    stop_path="`hoff`, always obeyed; no watchdog: the enable line is its 1-button start input",
    settling_s=0.3,
    resolution=0.01,
    provenance=(
        ("address,command,argument; no blanks", "documented: 0112 manual p44"),
        ("hon, hoff, amps, maxamps, rdata", "documented: 0112 manual p46, 3542 manual p49"),
        ("hoff is always obeyed", "documented: 0112 manual p46"),
        ("rdata with 8 or 7 fields", "documented: 3542 manual p49, 0112 manual p46"),
        ("19200 8N1, CR", "assumed: the pages at hand do not say"),
        ("set commands are acknowledged by nothing, or OK", "assumed: no page shows one"),
        ("a bare CR does nothing", "assumed: an empty command"),
        ("amperes are as calibrated", "assumed: rms or peak is the maker's choice"),
        ("maxamps: address and number", "assumed: else the link is opened again to get in step"),
        ("fault texts (stat, pstat)", "assumed: not read, their wording is not public"),
    ),
)
