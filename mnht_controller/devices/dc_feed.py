# SPDX-License-Identifier: Apache-2.0
"""A direct-current supply that feeds an inverter, as a field source.

The coil current of a voltage-fed resonant inverter is proportional to the direct current that it
draws at resonance. So field = `field_ka_per_m_per_a` x amperes; the supply runs in constant
current, and its volts are only what it may reach. The constant is calibrated with the coil in
place, and anew when coil or tuning change. The frequency is the inverter's: no supply knows it.
No supply here has a current limit besides the set current: the cap is kept in the driver.
"""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

from mnht_controller.devices import scpi
from mnht_controller.devices.contract import Options
from mnht_controller.devices.errors import RangeRefusedError
from mnht_controller.devices.link import Link
from mnht_controller.devices.scpi import at_most
from mnht_controller.domain.command import Permit
from mnht_controller.domain.reading import SourceReading


@dataclass(frozen=True, slots=True)
class FeedOptions(Options):
    """`field_ka_per_m_per_a`: peak kA/m for each ampere of direct current, calibrated.

    `volts_max` is what the supply may reach; `inverter_frequency_hz` what the inverter's maker
    says, left out where a pick-up coil measures it.
    """

    field_ka_per_m_per_a: float
    volts_max: float
    inverter_frequency_hz: float | None = None

    def __post_init__(self) -> None:
        """Check ranges. ValueError."""
        if not (self.field_ka_per_m_per_a > 0.0 and self.volts_max > 0.0):
            raise ValueError("field_ka_per_m_per_a and volts_max are above 0")
        if self.inverter_frequency_hz is not None and not self.inverter_frequency_hz > 0.0:
            raise ValueError("inverter_frequency_hz is above 0, or left out")


@dataclass(frozen=True, slots=True)
class Order:
    """What to send before asking for the state. `is_off` is urgent: it overtakes what waits.

    `offs`: how many OFFs there had been when it was given.
    """

    amps: float | None = None
    is_on: bool | None = None
    clear: bool = False
    is_off: bool = False
    until: float | None = None
    offs: int = 0

    @property
    def heats(self) -> bool:
        """Whether it could raise the field."""
        return bool(self.is_on) or (self.amps or 0.0) > 0.0


@dataclass(frozen=True, slots=True)
class Feed:
    """What a supply says of itself; volts and amperes."""

    set_v: float
    set_a: float
    measured_a: float | None
    is_on: bool
    faults: tuple[str, ...] = ()
    interlocks_open: tuple[str, ...] = ()
    watchdog_on: bool | None = None


class DcFeed:
    """One supply in constant current. A subclass speaks its dialect: `open` and `_state`.

    `step_a`: a read-back closer than this is what was sent. `_boot` counts seen power-ons.
    """

    step_a = 0.02

    def __init__(self, link: Link, options: FeedOptions, off: bytes) -> None:
        self._link, self._options, self._off = link, options, off
        self._limit_ka_per_m, self._is_energized = 0.0, False
        self._seq = self._boot = self._offs = 0

    async def prepare(self, limit_ka_per_m: float, *, clear: bool = False) -> SourceReading:
        """Off, zero amperes; the limit is kept here. `clear` ends latched protections."""
        scpi.a_per_m(limit_ka_per_m)  # refuses what is no amplitude
        self._is_energized, self._limit_ka_per_m = False, limit_ka_per_m
        reading = await self._tell(Order(amps=0.0, is_on=False, clear=clear))
        if reading.output_on:
            raise scpi.unconfirmed(self._link, reading)
        return reading

    async def apply(self, permit: Permit) -> SourceReading:
        """Set the amperes; after an OFF of ours, switch on."""
        field = scpi.within(permit.field_ka_per_m, self._limit_ka_per_m)
        # Cut, not rounded: a set value that is rounded up would pass the cap.
        amps, offs = at_most(field / self._options.field_ka_per_m_per_a, 3), self._offs
        is_start = not self._is_energized and field > 0.0
        order = Order(amps=amps, is_on=is_start or None, until=permit.expires_at, offs=offs)
        reading = await self._tell(order)
        if (is_start or self._is_energized) and not reading.output_on and offs == self._offs:
            await self._complain()
            raise scpi.unconfirmed(self._link, reading)  # switched off there: only OFF goes on
        self._is_energized = reading.output_on and offs == self._offs
        return reading

    async def off(self) -> SourceReading:
        """Off at once, on a link that is out of step too; then the state that shows it."""
        self._offs += 1  # whatever heats and still waits is not sent any more
        try:
            return await self._tell(Order(is_off=True))
        finally:
            self._is_energized = False

    async def poll(self) -> SourceReading:
        """Ask for the state, which feeds a watchdog."""
        return await self._tell(Order())

    async def close(self) -> None:
        """Off, then close."""
        await self._link.close(last=self._off)

    @abstractmethod
    async def _state(self, order: Order) -> Feed:
        """Send what is ordered, then ask. DeviceError."""

    async def _complain(self) -> None:
        """Raise DeviceFault with the supply's own words, if it has any."""

    def _unless_off(self, line: bytes, order: Order) -> Callable[[], bytes]:
        """The line, unless an OFF overtakes it before it is written: then it must not heat."""

        def request() -> bytes:
            if order.heats and order.offs != self._offs:
                raise RangeRefusedError(
                    f"{self._link.resource}: an OFF came before this could be written; it was not"
                )
            return line

        return request

    async def _tell(self, order: Order) -> SourceReading:
        feed = await self._state(order)
        matters = not order.is_off and (feed.is_on or order.amps is not None)
        if matters and not (feed.set_v <= self._options.volts_max + self._slack_v):
            raise scpi.unconfirmed(self._link, feed)  # somebody has turned the volts up
        if order.amps is not None and not (abs(feed.set_a - order.amps) <= self.step_a):
            await self._complain()
            raise scpi.unconfirmed(self._link, feed)
        self._seq += 1
        return self._reading(feed)

    def _reading(self, feed: Feed) -> SourceReading:
        per_a = self._options.field_ka_per_m_per_a
        return SourceReading(
            at=self._link.answered_at,
            seq=self._seq,
            clock_s=self._link.answered_at,
            boot=self._boot,
            heartbeat=0,
            setpoint_ka_per_m=feed.set_a * per_a,
            measured_ka_per_m=None if feed.measured_a is None else feed.measured_a * per_a,
            output_on=feed.is_on,
            watchdog_on=feed.watchdog_on,
            limit_ka_per_m=None,
            frequency_hz=self._options.inverter_frequency_hz,
            coil_c=None,
            coolant_l_per_min=None,
            faults=feed.faults,
            interlocks_open=feed.interlocks_open,
        )

    def _has_volts(self, feed: Feed) -> bool:
        """Whether the volts that it may reach are those that were set."""
        return abs(feed.set_v - self._options.volts_max) <= self._slack_v

    @property
    def _slack_v(self) -> float:
        return 0.005 * self._options.volts_max + 0.02
