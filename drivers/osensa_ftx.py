# SPDX-License-Identifier: Apache-2.0
"""OSENSA FTX and PRB fiber-optic transmitters, Modbus RTU. Read only: nothing is ever written.

Register map from the maker's own Python package (osensapy 0.1.7) and laboratory scripts. 9600 8N1
(a triple unit in the wild runs at 115200). Not supported: configuration, analog outputs, the fast
block (0.1 °C, and what it shows below zero is not public), a decimal `serial` in the site.
"""

from dataclasses import dataclass

from mnht_controller.devices import modbus
from mnht_controller.devices.contract import DeadMan, DriverSpec, Identity, Kind, Options
from mnht_controller.devices.errors import (
    DeviceFault,
    ProtocolError,
    RangeRefusedError,
)
from mnht_controller.devices.link import Link
from mnht_controller.domain.reading import Quality, Reading

SERIAL, DEVICE_ID = 2, 10
BLOCKS = (4096, 4112, 4128, 4104, 4120, 4136)
"""Channels A to F: temperature (u32), decay (u32), light, LED current, unused, status."""

BLOCK_REGISTERS, LIGHT, STATUS = 8, 4, 7
TAG_COUNTS = (6, 7)
"""The beginning of a block that every sample reads whole: readable, and of another length."""

SCALE, ZERO_C = 65_536.0, 273.0  # 273.0, not 273.15: the maker's own constant
TWIN = b"SIM"
"""A twin's number, 0x53494D30 to 0x53494D39, spells SIM and a digit. This project's convention."""


@dataclass(frozen=True, slots=True)
class OsensaOptions(Options):
    """`light_min`: below it a probe counts as gone, whatever its temperature says."""

    address: int = 247
    light_min: int = 1

    def __post_init__(self) -> None:
        """Check ranges. ValueError."""
        if not 1 <= self.address <= modbus.ADDRESS_MAX:
            raise ValueError("address is 1 to 247")
        if not 0 <= self.light_min <= 65_535:
            raise ValueError("light_min is 0 to 65535")


class OsensaFtx:
    """One transmitter; channels 1 to 6 are A to F."""

    def __init__(self, link: Link, channels: tuple[int, ...], options: OsensaOptions) -> None:
        self._link, self._options = link, options
        self._frames = dict.fromkeys(channels, 0)
        self._reader = modbus.ModbusReader(link, options.address)
        block = next((BLOCKS[n - 1] for n in channels if 1 <= n <= len(BLOCKS)), BLOCKS[0])
        link.speak(
            modbus.dialect(modbus.length_tag(options.address, modbus.HOLDING, block, TAG_COUNTS))
        )

    async def open(self) -> Identity:
        """Read the serial number, then the device id."""
        if strange := [n for n in self._frames if not 1 <= n <= len(BLOCKS)]:
            raise RangeRefusedError(f"no channel {strange}: it has 1 to 6; nothing was sent")
        await self._link.open()
        address = self._options.address
        question = modbus.read_request(address, modbus.HOLDING, SERIAL, 2)
        found = await self._link.identify(
            question, modbus.reply_pattern(address, modbus.HOLDING, 2)
        )
        if not modbus.is_whole(found[0]):
            self._link.distrust()
            raise ProtocolError(f"{self._link.resource}: {found[0]!r} has a wrong checksum")
        (device,) = await self._reader.registers(DEVICE_ID, 1)
        return Identity("OSENSA", "FTX", serial_text(found["serial"]), str(device))

    async def sample(self) -> dict[int, Reading]:
        """Read each channel's whole block: what its temperature is worth stands beside it."""
        return await modbus.each_channel(self._frames, self._read)

    async def close(self) -> None:
        """Close; the instrument was only read."""
        await self._link.close()

    async def _read(self, channel: int) -> Reading:
        seq = self._frames[channel]
        try:
            block = await self._reader.registers(BLOCKS[channel - 1], BLOCK_REGISTERS)
        except DeviceFault as fault:
            return Reading(None, Quality.BAD, self._link.answered_at, seq, str(fault))
        at = self._link.answered_at
        if block[STATUS] or block[LIGHT] < self._options.light_min:
            detail = f"status {block[STATUS]}, light {block[LIGHT]}"
            return Reading(None, Quality.BAD, at, seq, detail)
        self._frames[channel] = seq + 1
        value_c = round((block[0] << 16 | block[1]) / SCALE - ZERO_C, 3)
        return Reading(value_c, Quality.GOOD, at, seq + 1)


def serial_text(data: bytes) -> str:
    """A twin's four bytes as text, a real number as decimal digits."""
    is_twin = data.startswith(TWIN) and data[3:].isdigit()
    return data.decode("ascii") if is_twin else str(int.from_bytes(data, "big"))


SPEC = DriverSpec(
    name="osensa_ftx",
    kind=Kind.THERMOMETER,
    title="OSENSA FTX, PRB (Modbus RTU)",
    make=lambda link, setup: OsensaFtx(link, setup.channels, setup.option(OsensaOptions)),
    baud=9600,
    period_s=0.25,
    dead_man=DeadMan.GUARD,
    options=OsensaOptions,
    resolution=0.001,
    noise=0.02,
    provenance=(
        ("9600 8N1, unit 247 or 40", "documented: osensapy 0.1.7; laboratory scripts"),
        ("FC03, big-endian, high word first", "documented: osensapy 0.1.7"),
        ("serial 2-3, device id 10", "documented: osensapy 0.1.7"),
        ("channel blocks, u32/65536 - 273.0 °C", "documented: osensapy 0.1.7"),
        ("the fast block is not used", "assumed: its form below zero is not public"),
        ("any status but 0 is bad", "assumed: the bits are not public"),
        ("light level 0 means no probe", "assumed: set light_min on your own unit"),
        ("a block may be read in part", "assumed: osensapy reads single registers of it"),
        ("a serial that spells SIM is a twin's", "assumed: this project's own convention"),
        ("six channels in 0.25 s at 9600 baud", "assumed: computed; labs poll at 20 Hz"),
        ("resolution 0.001 °C, noise 0.02 °C", "assumed: measure your own probe"),
    ),
)
