# SPDX-License-Identifier: Apache-2.0
"""What a driver must be. The shell knows instruments only through these protocols."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntFlag, StrEnum
from typing import ClassVar, Protocol, TypeVar

from mnht_controller.devices.identity import is_twin
from mnht_controller.devices.link import Link
from mnht_controller.domain.command import Permit
from mnht_controller.domain.reading import AuxiliaryReading, Reading, SourceReading


class Kind(StrEnum):
    """What a device is for."""

    FIELD_SOURCE = "field_source"
    THERMOMETER = "thermometer"
    RUN_PERMIT = "run_permit"
    """In series with the field, or beside it: reads interlocks, and can open the run-permit."""
    CHILLER = "chiller"
    PICKUP = "pickup"
    """Measures the field itself: a pick-up coil at the bore, through an instrument."""


AUXILIARIES = (Kind.RUN_PERMIT, Kind.CHILLER, Kind.PICKUP)


class DeadMan(StrEnum):
    """What stops the output when the host dies, as far as the instrument itself goes."""

    DEVICE = "device"
    GUARD = "guard"
    """It has none: the guard's enable line must interrupt it (for a source: its start input)."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who answered: maker, model, serial number, firmware. Twins' serials begin with SIM.

    `serial` is empty where the instrument's protocol has nothing that could tell a twin.
    """

    maker: str
    model: str
    serial: str
    firmware: str

    @property
    def is_simulated(self) -> bool | None:
        """Whether this is a twin; None where the protocol cannot tell."""
        return is_twin(self.serial) if self.serial else None


@dataclass(frozen=True, slots=True)
class Options:
    """What `[options]` of a profile or of a site's device may say; each driver has its own.

    Fields without default are required. `__post_init__` may raise ValueError in words.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid", "strict": True, "allow_inf_nan": False}


O = TypeVar("O", bound=Options)  # noqa: E741 - the options of one driver


@dataclass(frozen=True, slots=True)
class Setup:
    """What a driver is made with, besides its link."""

    channels: tuple[int, ...] = ()
    options: Options | None = None

    def option(self, kind: type[O]) -> O:
        """The options, typed; the driver's defaults where nothing was given."""
        return self.options if isinstance(self.options, kind) else kind()


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
        A source without such a register keeps the limit itself and refuses what is above it.
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


class Provable(FieldSource, Protocol):
    """A source whose watchdog can be seen to act; its spec says after how long."""

    async def trip_watchdog(self) -> None:
        """Off and at zero: let the watchdog trip, by a command or by the silence that follows.

        The next `poll` shows the fault `watchdog`, and `prepare` with `clear` ends it.
        """


class Auxiliary(Protocol):
    """What stands beside the source: chiller, pick-up coil, interlock inputs."""

    async def open(self) -> Identity:
        """Connect, identify before any write, then initialize; nothing starts to move."""

    async def prepare(self) -> AuxiliaryReading:
        """A person's PREPARE: a chiller starts, a latched interlock is cleared. Then a reading."""

    async def poll(self) -> AuxiliaryReading:
        """Take a reading without changing anything."""

    async def close(self) -> None:
        """Leave it safe: a run-permit opens, cooling goes on. Never raises."""


class RunPermit(Auxiliary, Protocol):
    """An auxiliary that can stop the field on a second path."""

    async def permit(self, *, on: bool) -> AuxiliaryReading:
        """Close or open the run-permit and read it back. Opening is always obeyed at once."""


Driver = Thermometer | FieldSource | Auxiliary


@dataclass(frozen=True, slots=True)
class DriverSpec:
    """One driver as the entry point `mnht.drivers` offers it.

    `provenance` maps each wire fact to "documented: …" or "assumed: …". `stop_path` says in one
    sentence how the output ends, with and without this host (sources and run-permits).
    `is_anonymous`: its protocol carries nothing by which a twin could be told.
    `has_limit`: the source has a limit register of its own; `measures_field`: its own measurement
    tells the field, so that it needs no pick-up coil. `status`: the flags of its status
    words; each name, in lower case, is one of the common fault words.
    `watchdog_proof_s`: so long after `trip_watchdog`, without traffic, it has certainly acted; 0:
    that cannot be seen here, and `unproven` says why.
    """

    name: str
    kind: Kind
    title: str
    make: Callable[[Link, Setup], Driver]
    baud: int
    period_s: float
    dead_man: DeadMan
    options: type[Options] = Options
    is_anonymous: bool = False
    stop_path: str = ""
    has_limit: bool = False
    measures_field: bool = True
    status: tuple[type[IntFlag], ...] = ()
    settling_s: float = 0.0
    resolution: float = 0.0
    noise: float = 0.0
    watchdog_s: float = 0.0
    watchdog_proof_s: float = 0.0
    unproven: str = "it has no watchdog"
    provenance: tuple[tuple[str, str], ...] = ()
