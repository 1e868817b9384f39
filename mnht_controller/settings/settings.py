# SPDX-License-Identifier: Apache-2.0
"""Everything a site's files say, merged once and frozen. `mnht config show` prints it."""

from dataclasses import dataclass

from mnht_controller.devices.contract import Kind
from mnht_controller.domain.limits import Limits
from mnht_controller.domain.prescription import Gains, Prescription
from mnht_controller.domain.probe import Role

TICK_S = 0.1
"""Control period."""


@dataclass(frozen=True, slots=True)
class Device:
    """One instrument. `front` is empty for a real one; `baud` None: the driver's.

    `serial`: the only number that is taken there; empty: any. `options` are the
    driver's own, as (name, JSON).

    The last three are the profile's numbers for a thermometer; None: the driver's.
    """

    id: str
    kind: Kind
    driver: str
    resource: str
    baud: int | None
    channels: tuple[int, ...]
    front: str
    serial: str
    options: tuple[tuple[str, str], ...]
    noise_c: float | None
    resolution_c: float | None
    period_s: float | None


@dataclass(frozen=True, slots=True)
class ProbeSite:
    """Where a probe is; what its thermometer declares is added by `plan`."""

    id: str
    device: str
    channel: int
    role: Role
    required: bool
    lag_s: float
    deposit_depth_mm: float | None
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class EnableLine:
    """The guard's output; `front` is empty for a real one."""

    resource: str
    front: str


@dataclass(frozen=True, slots=True)
class GuardThermometer:
    """The guard's own thermometer; `front` is empty for a real one."""

    resource: str
    baud: int
    channel: int
    front: str


@dataclass(frozen=True, slots=True)
class Listen:
    """Where console and STOP listener listen; port 0: any free one."""

    host: str
    port: int
    stop_port: int


@dataclass(frozen=True, slots=True)
class Paths:
    """`state_dir` is the site's own and survives; `runtime_dir` holds this host's sockets."""

    state_dir: str
    runtime_dir: str


@dataclass(frozen=True, slots=True)
class Settings:
    """One site with one protocol. `patient` is a file of the simulator's, None at a real site.

    `guard_waiver`: who waived the guard's own thermometer, when and why; shown permanently.
    `settings_sha256` covers what decides a treatment: no address, path, speed or patient.
    """

    site: str
    simulated: bool
    speed: float
    applicator: str
    devices: tuple[Device, ...]
    enable_line: EnableLine
    probes: tuple[ProbeSite, ...]
    limits: Limits
    prescription: Prescription
    gains: Gains
    guard_waiver: str
    console: Listen
    paths: Paths
    patient: str | None
    settings_sha256: str
    guard_thermometer: GuardThermometer | None = None

    def device(self, id_: str) -> Device:
        """Look one device up by its id; KeyError when the site has none of that name."""
        for device in self.devices:
            if device.id == id_:
                return device
        raise KeyError(id_)
