# SPDX-License-Identifier: Apache-2.0
"""A waveform generator before a linear amplifier and a coil, as a field source.

Field = `field_ka_per_m_per_vpp` x volts peak to peak, as the generator counts them at the load that
is set. A generator cannot make 0 V: a field of zero, or less than its least amplitude, is an output
that is off. It measures nothing: the field is a pick-up coil's to say, faults are the amplifier's.
"""

import math
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from mnht_controller.devices import scpi
from mnht_controller.devices.contract import Options
from mnht_controller.devices.errors import RangeRefusedError
from mnht_controller.devices.link import Link
from mnht_controller.domain.command import Permit
from mnht_controller.domain.reading import SourceReading

SAME = 1e-3
"""Relative difference up to which a read-back is what was sent: generators keep four digits."""

SAME_FREQUENCY = 1e-6


@dataclass(frozen=True, slots=True)
class WaveformOptions(Options):
    """`field_ka_per_m_per_vpp`: peak kA/m in the coil for each volt peak to peak at this load.

    `load_ohm` is the amplifier's input, "INF" where it is of high impedance: it rescales the volts.
    """

    field_ka_per_m_per_vpp: float
    frequency_hz: float = 100_000.0
    load_ohm: float | Literal["INF"] = 50.0
    channel: int = 1

    def __post_init__(self) -> None:
        """Check ranges. ValueError."""
        if not (self.field_ka_per_m_per_vpp > 0.0 and self.frequency_hz > 0.0):
            raise ValueError("field_ka_per_m_per_vpp and frequency_hz are above 0")
        if self.channel not in (1, 2):
            raise ValueError("channel is 1 or 2")
        if self.load_ohm != "INF" and not (1.0 <= float(self.load_ohm) <= 10_000.0):
            raise ValueError('load_ohm is 1 to 10000, or "INF" for high impedance')

    @property
    def ohm(self) -> float | None:
        """The load; None for high impedance."""
        return None if self.load_ohm == "INF" else float(self.load_ohm)


@dataclass(frozen=True, slots=True)
class Order:
    """What to send before asking for the state. `is_off` is urgent: it overtakes what waits.

    `limit_vpp` is for the clamp; `offs`: how many OFFs there had been when it was given.
    """

    vpp: float | None = None
    limit_vpp: float | None = None
    is_on: bool | None = None
    is_off: bool = False
    until: float | None = None
    offs: int = 0


@dataclass(frozen=True, slots=True)
class Output:
    """What a generator says of itself. `load_ohm` None: high impedance; `limit_vpp`: its clamp.

    `is_plain`: a sine without offset, burst or another unit than volts peak to peak. Other waves
    may lack an amplitude or a frequency.
    """

    vpp: float | None
    frequency_hz: float | None
    is_on: bool
    is_plain: bool
    load_ohm: float | None
    limit_vpp: float | None = None


class WaveformSource:
    """One channel. A subclass speaks its dialect: `open` and `_state`.

    `vpp_min` is the least amplitude; `step_v`: amplitudes are rounded down to it. Whatever somebody
    turned at the front panel makes the next snapshot unconfirmed. `_boot` counts seen power-ons.
    """

    vpp_min = 0.001
    step_v = 0.0001
    has_clamp = False

    def __init__(self, link: Link, options: WaveformOptions, off: bytes) -> None:
        self._link, self._options, self._off = link, options, off
        self._limit_ka_per_m, self._is_energized = 0.0, False
        self._written_vpp: float | None = None
        self._seq = self._boot = self._offs = 0

    async def prepare(self, limit_ka_per_m: float, *, clear: bool = False) -> SourceReading:
        """Off, least amplitude; the limit is kept here and, where there is one, in the clamp."""
        scpi.a_per_m(limit_ka_per_m)  # refuses what is no amplitude
        limit_vpp = self._volts(limit_ka_per_m)
        if limit_vpp < self.vpp_min:
            raise RangeRefusedError(
                f"{self._link.resource}: a limit of {limit_ka_per_m} kA/m is below the least"
                f" amplitude, {self.vpp_min} V; nothing was sent"
            )
        self._is_energized, self._limit_ka_per_m = False, 0.0
        limit = limit_vpp if self.has_clamp else None
        order = Order(vpp=self.vpp_min, limit_vpp=limit, is_on=False)
        output = await self._state(order)
        if output.is_on or not (self._is_ours(output) and self._same(output.limit_vpp, limit)):
            await self._complain()
            raise scpi.unconfirmed(self._link, output)
        self._limit_ka_per_m = limit_ka_per_m
        return self._reading(output)

    async def apply(self, permit: Permit) -> SourceReading:
        """Set the amplitude; after an OFF of ours, switch on. Zero, or too little, is off."""
        field = scpi.within(permit.field_ka_per_m, self._limit_ka_per_m)
        vpp, offs = self._volts(field), self._offs
        if vpp < self.vpp_min:
            return await self.off()
        is_on = None if self._is_energized else True
        output = await self._state(Order(vpp, None, is_on, until=permit.expires_at, offs=offs))
        if offs != self._offs:
            return self._reading(output)  # an OFF has overtaken: what it says counts
        limit_vpp = self._volts(self._limit_ka_per_m) if self.has_clamp else None
        is_obeyed = output.is_on and self._same(output.limit_vpp, limit_vpp)
        if not (is_obeyed and self._is_ours(output)):
            await self._complain()
            raise scpi.unconfirmed(self._link, output)  # switched off there: only OFF goes on
        self._is_energized = True
        return self._reading(output)

    async def off(self) -> SourceReading:
        """Off at once, on a link that is out of step too; then the state, whatever is set."""
        self._offs += 1  # whatever heats and still waits is not sent any more
        try:
            return self._reading(await self._state(Order(is_off=True)))
        finally:
            self._is_energized = False

    async def poll(self) -> SourceReading:
        """Ask for the state."""
        output = await self._state(Order())
        if not self._is_ours(output):
            raise scpi.unconfirmed(self._link, output)
        return self._reading(output)

    async def close(self) -> None:
        """Off, then close."""
        await self._link.close(last=self._off)

    @abstractmethod
    async def _state(self, order: Order) -> Output:
        """Send what is ordered, then ask. DeviceError."""

    async def _complain(self) -> None:
        """Raise DeviceFault with the generator's own words, if it has any."""

    def _request(self, data: bytes, order: Order, vpp: float | None) -> Callable[[], bytes]:
        """The line, unless an OFF overtakes it before it is written: then it must not heat.

        `vpp` is the amplitude that it sets.
        """

        def request() -> bytes:
            if order.until is not None and order.offs != self._offs:
                raise RangeRefusedError(
                    f"{self._link.resource}: an OFF came before this could be written; it was not"
                )
            self._written_vpp = self._written_vpp if vpp is None else vpp
            return data

        return request

    def _volts(self, field_ka_per_m: float) -> float:
        """Volts peak to peak for a peak field, rounded down: never more than was permitted."""
        steps = field_ka_per_m / self._options.field_ka_per_m_per_vpp / self.step_v
        return math.floor(steps * (1.0 + 1e-12)) * self.step_v

    def _same(self, read: float | None, sent: float | None) -> bool:
        """Whether volts were taken as they were sent."""
        if read is None or sent is None:
            return read is sent
        return abs(read - sent) <= max(SAME * sent, 0.5 * self.step_v)

    def _is_ours(self, output: Output) -> bool:
        """Whether wave, frequency, load and amplitude are those that were set last."""
        options, hertz = self._options, output.frequency_hz or 0.0
        is_tuned = abs(hertz / options.frequency_hz - 1.0) <= SAME_FREQUENCY
        is_set = self._written_vpp is None or self._same(output.vpp, self._written_vpp)
        return output.is_plain and is_tuned and output.load_ohm == options.ohm and is_set

    def _reading(self, output: Output) -> SourceReading:
        per_vpp, limit = self._options.field_ka_per_m_per_vpp, output.limit_vpp
        if output.is_on and output.vpp is None:
            raise scpi.unconfirmed(self._link, output)
        self._seq += 1
        return SourceReading(
            at=self._link.answered_at,
            seq=self._seq,
            clock_s=self._link.answered_at,
            boot=self._boot,
            heartbeat=0,
            setpoint_ka_per_m=(output.vpp or 0.0) * per_vpp if output.is_on else 0.0,
            measured_ka_per_m=None,
            output_on=output.is_on,
            watchdog_on=None,
            limit_ka_per_m=None if limit is None else limit * per_vpp,
            frequency_hz=output.frequency_hz,
            coil_c=None,
            coolant_l_per_min=None,
        )
