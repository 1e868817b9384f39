# SPDX-License-Identifier: Apache-2.0
"""What a driver must be. The shell knows instruments only through these protocols."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from mnht_controller.devices.identity import is_twin
from mnht_controller.devices.link import Link
from mnht_controller.domain.command import Permit
from mnht_controller.domain.reading import Reading, SourceReading


class Kind(StrEnum):
    """What a device is for."""

    FIELD_SOURCE = "field_source"
    THERMOMETER = "thermometer"


class DeadMan(StrEnum):
    """What stops the output when the host dies, as far as the instrument itself goes."""

    DEVICE = "device"
    GUARD = "guard"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who answered: maker, model, serial number, firmware. Twins' serials begin with SIM."""

    maker: str
    model: str
    serial: str
    firmware: str

    @property
    def is_simulated(self) -> bool:
        """Whether this is a twin."""
        return is_twin(self.serial)


class Thermometer(Protocol):
    """Reads temperatures. Raises DeviceError only."""

    async def open(self) -> Identity:
        """Connect, identify before any write, then initialize. Safe to call again after errors."""

    async def sample(self) -> dict[int, Reading]:
        """Read every configured channel once; a channel without a number has value None, BAD."""

    async def close(self) -> None:
        """Leave the instrument as found. Never raises."""


class FieldSource(Protocol):
    """Drives the coil. Absolute, idempotent, expiring commands. Raises DeviceError only."""

    async def open(self) -> Identity:
        """Connect, identify before any write, output OFF, watchdog on and verified."""

    async def prepare(self, limit_ka_per_m: float, *, clear: bool = False) -> SourceReading:
        """Off; set the instrument's own limit register to the region cap and read it back.

        `clear` is a person's PREPARE: only it may end latched faults. All others stay in `faults`.
        """

    async def apply(self, permit: Permit) -> SourceReading:
        """Send the permitted amplitude and return the snapshot that answers exactly this command.

        Arms and switches on first where needed, and feeds the watchdog. A permit that expired
        before it could be written is not written: RangeRefusedError.
        """

    async def off(self) -> SourceReading:
        """Switch off now; overtakes nothing already on the wire and waits for nothing queued."""

    async def poll(self) -> SourceReading:
        """Feed the watchdog and take a snapshot without changing the output."""

    async def close(self) -> None:
        """Off, then close. Never raises."""


@dataclass(frozen=True, slots=True)
class DriverSpec:
    """One driver as the entry point `mnht.drivers` offers it.

    `make(link, channels)` builds it; `options` of `Link` (terminators, tag query) come with it.
    `provenance` maps each wire fact to "documented: …" or "assumed: …".
    """

    name: str
    kind: Kind
    title: str
    make: Callable[[Link, tuple[int, ...]], Thermometer | FieldSource]
    baud: int
    period_s: float
    dead_man: DeadMan
    settling_s: float = 0.0
    resolution: float = 0.0
    noise: float = 0.0
    watchdog_s: float = 0.0
    provenance: tuple[tuple[str, str], ...] = ()
