# SPDX-License-Identifier: Apache-2.0
"""Any thermometer on Modbus RTU, by configuration alone. Read only.

For instruments whose register map is in a paper manual: Rugged Monitoring, LumaSMART, Neoptix
T-Guard. Addresses are as sent, from 0 (a manual's 30001 is 0 of function 4).
"""

from dataclasses import dataclass

from mnht_controller.devices import modbus
from mnht_controller.devices.contract import DeadMan, DriverSpec, Identity, Kind, Options
from mnht_controller.devices.dialect import REPLY_S
from mnht_controller.devices.errors import (
    DeviceFault,
    RangeRefusedError,
)
from mnht_controller.devices.link import Link
from mnht_controller.devices.modbus_map import ModbusChannel, ModbusIdentity, judged
from mnht_controller.domain.reading import Quality, Reading


@dataclass(frozen=True, slots=True)
class ModbusOptions(Options):
    """`channels` in the order of their numbers. Without `identity` any unit that answers passes."""

    channels: tuple[ModbusChannel, ...]
    address: int = 1
    function: int = modbus.HOLDING
    identity: ModbusIdentity | None = None
    reply_s: float = REPLY_S

    def __post_init__(self) -> None:
        """Check ranges. ValueError."""
        functions = {self.function, self.identity.function if self.identity else self.function}
        if not 1 <= self.address <= modbus.ADDRESS_MAX or functions - modbus.REGISTERS:
            raise ValueError("address is 1 to 247, function 3 or 4")
        if not self.channels or not 0.02 <= self.reply_s <= 0.5:
            raise ValueError("needs channels, and reply_s from 0.02 to 0.5")


class GenericModbus:
    """One thermometer; channel n is the n-th of the options."""

    def __init__(self, link: Link, channels: tuple[int, ...], options: ModbusOptions) -> None:
        self._link, self._options = link, options
        self._frames = dict.fromkeys(channels, 0)
        self._reader = modbus.ModbusReader(link, options.address)
        first = options.channels[0].reads[0]
        used = {count for channel in options.channels for _, count in channel.reads}
        counts = modbus.spare_counts(used, first[1])
        tag = modbus.length_tag(options.address, options.function, first[0], counts)
        link.speak(modbus.dialect(tag, options.reply_s))

    async def open(self) -> Identity:
        """Read the identity registers, which must hold what the options say; or any channel."""
        options, identity = self._options, self._options.identity
        if strange := [n for n in self._frames if not 1 <= n <= len(options.channels)]:
            raise RangeRefusedError(f"no options for channel {strange}; nothing was sent")
        await self._link.open()
        if identity:
            where = (options.address, identity.function)
            pattern = modbus.fixed_reply(*where, identity.values)
            question = modbus.read_request(*where, identity.start, len(identity.values))
        else:
            start, count = options.channels[0].reads[0]
            pattern = modbus.any_reply(options.address, options.function, count)
            question = modbus.read_request(options.address, options.function, start, count)
        await self._link.identify(question, pattern, anonymous=True)
        return Identity("Modbus", f"unit {options.address}", "", "")

    async def sample(self) -> dict[int, Reading]:
        """Read each channel, and what it is worth."""
        return await modbus.each_channel(self._frames, self._read)

    async def close(self) -> None:
        """Close; the instrument was only read."""
        await self._link.close()

    async def _read(self, number: int) -> Reading:
        channel, seq = self._options.channels[number - 1], self._frames[number]
        held: dict[int, int] = {}
        try:
            for start, count in channel.reads:
                words = await self._reader.registers(start, count, self._options.function)
                held |= dict(enumerate(words, start))
            value_c, why = judged(channel, held)
        except DeviceFault as fault:
            value_c, why = None, str(fault)
        at = self._link.answered_at
        if value_c is None:
            return Reading(None, Quality.BAD, at, seq, why)
        self._frames[number] = seq + 1
        return Reading(value_c, Quality.GOOD, at, seq + 1)


SPEC = DriverSpec(
    name="generic_modbus",
    kind=Kind.THERMOMETER,
    title="Any Modbus RTU thermometer, by configuration",
    make=lambda link, setup: GenericModbus(link, setup.channels, setup.option(ModbusOptions)),
    baud=9600,
    period_s=0.25,
    dead_man=DeadMan.GUARD,
    options=ModbusOptions,
    is_anonymous=True,
    resolution=0.1,
    noise=0.05,
    provenance=(
        ("framing, checksum, exceptions", "documented: MODBUS over Serial Line V1.02"),
        ("registers, types, word order", "assumed: whatever your profile says"),
        ("the tag's registers can be read", "assumed: begins at channel 1; else it reopens"),
        ("LumaSMART: FC04, float32 CD AB, strength", "documented: LumaSMART manual p96"),
    ),
)
