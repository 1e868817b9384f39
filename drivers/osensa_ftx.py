# SPDX-License-Identifier: Apache-2.0
"""OSENSA FTX and PRB fiber-optic transmitters, Modbus RTU. Read only: nothing is ever written.

Register map from the maker's own Python package (osensapy 0.1.7) and laboratory scripts. 9600 8N1
(a triple unit in the wild runs at 115200). Not supported: configuration, analog outputs.
"""

from dataclasses import dataclass

from mnht_controller.devices import modbus
from mnht_controller.devices.contract import DeadMan, DriverSpec, Identity, Kind, Options
from mnht_controller.devices.link import Link
from mnht_controller.domain.reading import Quality, Reading

SERIAL, DEVICE_ID = 2, 10
BLOCKS = (4096, 4112, 4128, 4104, 4120, 4136)
"""Channels A to F: temperature (u32), decay (u32), light, LED current, unused, status."""

BLOCK_REGISTERS, LIGHT, STATUS = 8, 4, 7
SCALE, ZERO_C = 65_536.0, 273.0  # 273.0, not 273.15: the maker's own constant
TWIN_SERIAL = 0x53494D00
"""A twin's number spells SIM in its first three bytes, which no real unit's does."""


@dataclass(frozen=True, slots=True)
class OsensaOptions(Options):
    """`light_min`: below it a probe counts as gone, whatever its temperature says."""

    address: int = 247
    light_min: int = 1

    def __post_init__(self) -> None:
        """Check ranges. ValueError."""
        if not 1 <= self.address <= 247:
            raise ValueError("address is 1 to 247")


class OsensaFtx:
    """One transmitter; channels 1 to 6 are A to F."""

    def __init__(self, link: Link, channels: tuple[int, ...], options: OsensaOptions) -> None:
        self._link, self._options = link, options
        self._frames = dict.fromkeys(channels, 0)
        self._reader = modbus.ModbusReader(link, options.address)
        tag = modbus.length_tag(options.address, modbus.HOLDING, SERIAL, (3, 4))
        link.speak(modbus.dialect(tag))

    async def open(self) -> Identity:
        """Read the serial number, then the device id."""
        await self._link.open()
        question = modbus.read_request(self._options.address, modbus.HOLDING, SERIAL, 2)
        pattern = modbus.reply_pattern(self._options.address, modbus.HOLDING, 2)
        await self._link.identify(question, pattern)
        high, low = await self._reader.registers(SERIAL, 2)  # again, with its checksum judged
        (device,) = await self._reader.registers(DEVICE_ID, 1)
        return Identity("OSENSA", "FTX", _serial(high << 16 | low), str(device))

    async def sample(self) -> dict[int, Reading]:
        """Read each channel's whole block: what its temperature is worth stands beside it."""
        return {channel: await self._read(channel) for channel in self._frames}

    async def close(self) -> None:
        """Close; the instrument was only read."""
        await self._link.close()

    async def _read(self, channel: int) -> Reading:
        block = await self._reader.registers(BLOCKS[channel - 1], BLOCK_REGISTERS)
        at = self._link.answered_at
        if block[STATUS] or block[LIGHT] < self._options.light_min:
            detail = f"status {block[STATUS]}, light {block[LIGHT]}"
            return Reading(None, Quality.BAD, at, self._frames[channel], detail)
        self._frames[channel] += 1
        value_c = round((block[0] << 16 | block[1]) / SCALE - ZERO_C, 3)
        return Reading(value_c, Quality.GOOD, at, self._frames[channel])


def _serial(number: int) -> str:
    is_twin = number & 0xFFFFFF00 == TWIN_SERIAL
    return number.to_bytes(4, "big").decode("ascii", "replace") if is_twin else str(number)


SPEC = DriverSpec(
    name="osensa_ftx",
    kind=Kind.THERMOMETER,
    title="OSENSA FTX, PRB (Modbus RTU)",
    make=lambda link, setup: OsensaFtx(link, setup.channels, setup.option(OsensaOptions)),
    baud=9600,
    period_s=0.2,
    dead_man=DeadMan.GUARD,
    options=OsensaOptions,
    resolution=0.001,
    noise=0.02,
    provenance=(
        ("9600 8N1, unit 247 or 40", "documented: osensapy 0.1.7; laboratory scripts"),
        ("FC03, big-endian, high word first", "documented: osensapy 0.1.7"),
        ("serial 2-3, device id 10", "documented: osensapy 0.1.7"),
        ("channel blocks, u32/65536 - 273.0 °C", "documented: osensapy 0.1.7"),
        ("any status but 0 is bad", "assumed: the bits are not public"),
        ("light level 0 means no probe", "assumed: set light_min on your own unit"),
        ("a serial that spells SIM is a twin's", "assumed: real numbers count from 1"),
        ("noise 0.02 °C", "assumed: measure your own"),
    ),
)
