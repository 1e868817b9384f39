# SPDX-License-Identifier: Apache-2.0
"""Any thermometer on Modbus RTU, by configuration alone. Read only.

For instruments whose register map is in a paper manual: Rugged Monitoring, LumaSMART, Neoptix
T-Guard. What a channel is worth beside its number, a status or a signal strength, is asked for too.
"""

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from mnht_controller.devices import modbus
from mnht_controller.devices.contract import DeadMan, DriverSpec, Identity, Kind, Options
from mnht_controller.devices.dialect import Tag
from mnht_controller.devices.link import Link
from mnht_controller.domain.reading import Quality, Reading

FORMATS = {"u16": ">H", "i16": ">h", "u32": ">I", "i32": ">i", "f32": ">f"}
ORDERS = {"ABCD": (0, 1, 2, 3), "CDAB": (2, 3, 0, 1), "BADC": (1, 0, 3, 2), "DCBA": (3, 2, 1, 0)}
NEAR = 9


@dataclass(frozen=True, slots=True)
class ModbusChannel(Options):
    """One channel: °C = scale · value + offset. `invalid` are raw values that mean no probe.

    `worth`: a register of the same type beside it, good from `worth_min` to `worth_max`; it is read
    in one request with the number, so that both are of one moment.
    """

    start: int
    type: str = "i16"
    order: str = "ABCD"
    scale: float = 1.0
    offset: float = 0.0
    invalid: tuple[float, ...] = ()
    worth: int | None = None
    worth_min: float = 0.0
    worth_max: float = 0.0

    def __post_init__(self) -> None:
        """Check names and addresses. ValueError."""
        if self.type not in FORMATS or self.order not in ORDERS:
            raise ValueError(f"type is one of {', '.join(FORMATS)}, order of {', '.join(ORDERS)}")
        beside = self.start if self.worth is None else self.worth
        if not 0 <= self.start <= 65_534 or not 0 < abs(beside - self.start) + 1 <= NEAR:
            raise ValueError(f"start is 0 to 65534, worth at most {NEAR - 1} registers away")

    @property
    def count(self) -> int:
        """How many registers its number has."""
        return struct.calcsize(FORMATS[self.type]) // 2

    @property
    def span(self) -> tuple[int, int]:
        """First register and count of what is read for it."""
        ends = (self.start, self.start if self.worth is None else self.worth)
        return min(ends), max(ends) - min(ends) + self.count

    def number(self, words: Sequence[int], start: int) -> float:
        """The number that begins at a register of its span."""
        begin = start - self.span[0]
        data = struct.pack(f">{self.count}H", *words[begin : begin + self.count])
        order = ORDERS[self.order] if self.count == 2 else (0, 1)
        (value,) = struct.unpack(FORMATS[self.type], bytes(data[n] for n in order))
        return float(value)


@dataclass(frozen=True, slots=True)
class ModbusOptions(Options):
    """`channels` in the order of their numbers; `identity`: a register and what it must hold."""

    channels: tuple[ModbusChannel, ...]
    address: int = 1
    function: int = modbus.HOLDING
    identity_start: int = 0
    identity: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Check ranges. ValueError."""
        if not (1 <= self.address <= 247 and self.function in (modbus.HOLDING, modbus.INPUT)):
            raise ValueError("address is 1 to 247, function 3 or 4")
        if not self.channels or not 1 <= len(self.identity) <= 4:
            raise ValueError("needs channels, and one to four identity values of its registers")


class GenericModbus:
    """One thermometer; channel n is the n-th of the options."""

    def __init__(self, link: Link, channels: tuple[int, ...], options: ModbusOptions) -> None:
        self._link, self._options = link, options
        self._frames = dict.fromkeys(channels, 0)
        self._reader = modbus.ModbusReader(link, options.address)
        link.speak(modbus.dialect(self._tag()))

    async def open(self) -> Identity:
        """Read the identity registers, which must hold what the options say."""
        await self._link.open()
        options, count = self._options, len(self._options.identity)
        where = (options.address, options.function, options.identity_start, count)
        question, (address, function, start, _) = modbus.read_request(*where), where
        pattern = modbus.fixed_reply(address, function, options.identity)
        await self._link.identify(question, pattern, anonymous=True)
        await self._reader.registers(start, count, function)
        return Identity("Modbus", f"unit {address}", "", "")

    async def sample(self) -> dict[int, Reading]:
        """Read each channel, and what it is worth."""
        return {number: await self._read(number) for number in self._frames}

    async def close(self) -> None:
        """Close; the instrument was only read."""
        await self._link.close()

    def _tag(self) -> Tag:
        """As many registers as no channel has, from the first channel on."""
        options = self._options
        start, spans = options.channels[0].span[0], {one.span[1] for one in options.channels}
        first, second, *_ = (n for n in range(1, 2 * NEAR) if n not in spans)
        return modbus.length_tag(options.address, options.function, start, (first, second))

    async def _read(self, number: int) -> Reading:
        channel = self._options.channels[number - 1]
        words = await self._reader.registers(*channel.span, self._options.function)
        value = channel.number(words, channel.start)
        at, frames = self._link.answered_at, self._frames[number]
        if not math.isfinite(value) or value in channel.invalid:
            return Reading(None, Quality.BAD, at, frames, f"raw {value}")
        if channel.worth is not None:
            worth = channel.number(words, channel.worth)
            if not (channel.worth_min <= worth <= channel.worth_max):
                return Reading(None, Quality.BAD, at, frames, f"worth {worth}")
        self._frames[number] += 1
        value_c = round(channel.scale * value + channel.offset, 4)
        return Reading(value_c, Quality.GOOD, at, frames + 1)


SPEC = DriverSpec(
    name="generic_modbus",
    kind=Kind.THERMOMETER,
    title="Any Modbus RTU thermometer, by configuration",
    make=lambda link, setup: GenericModbus(link, setup.channels, setup.option(ModbusOptions)),
    baud=9600,
    period_s=0.2,
    dead_man=DeadMan.GUARD,
    options=ModbusOptions,
    is_anonymous=True,
    resolution=0.1,
    noise=0.05,
    provenance=(
        ("framing, checksum, exceptions", "documented: MODBUS over serial line V1.02"),
        ("registers, types, word order", "assumed: whatever your profile says"),
        ("odd counts can be read, for the tag", "assumed: else the link is opened again"),
    ),
)
