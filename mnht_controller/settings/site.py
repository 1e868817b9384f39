# SPDX-License-Identifier: Apache-2.0
"""The site file: which profiles, which devices at which addresses, which probe is where."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from mnht_controller.devices.contract import Kind
from mnht_controller.domain.probe import Role
from mnht_controller.settings import values as v

AUTO = "auto"
"""The resource of a simulated device whose address the bench gives."""


class Front(StrEnum):
    """How the bench offers a twin. A device with a front is simulated, one without is real."""

    PTY = "pty"
    TCP = "tcp"
    RFC2217 = "rfc2217"
    MEMORY = "memory"


class DeviceTable(v.Part):
    """One instrument: what it is, and where. `serial`: only the one with this number is taken."""

    id: v.Name
    kind: Kind
    profile: v.Reference
    resource: v.Text = AUTO
    baud: v.Baud | None = None
    front: Front | None = None
    serial: v.Text | None = None
    options: v.DriverOptions = v.NO_OPTIONS


class EnableLineTable(v.Part):
    """The guard's output that holds the coil loop closed."""

    resource: v.Text = AUTO
    front: Front | None = None


class ProbeTable(v.Part):
    """One probe: the channel that carries it, and why it is there."""

    id: v.Name
    device: v.Name
    channel: Annotated[int, Field(ge=1, le=64)]
    role: Role
    required: bool
    lag_s: v.ShortSeconds | None = None
    deposit_depth_mm: v.DepthMillimetre | None = None
    zone: v.Name | None = None


class GuardThermometerTable(v.Part):
    """The guard's own thermometer: a Luxtron FOT that shows one channel, on the skin, in Celsius.

    Its probe lies beside the first skin probe of the site.
    """

    resource: v.Text = AUTO
    baud: v.Baud = 9600
    channel: Annotated[int, Field(ge=1, le=4)] = 1
    front: Front | None = None


class GuardTable(v.Part):
    """A real site gives the guard a thermometer of its own, or waives it, signed."""

    thermometer: GuardThermometerTable | None = None
    thermometer_waiver: v.Text | None = None


class Console(v.Part):
    """Where the console and the STOP listener listen."""

    host: v.Text = "127.0.0.1"
    port: v.Port = 8765
    stop_port: v.Port = 8766


class Directories(v.Part):
    """Where state and sockets live; empty: chosen by the system's conventions."""

    state_dir: str = ""
    runtime_dir: str = ""


class Site(v.Profile):
    """A composed installation."""

    simulated: bool
    applicator: v.Reference
    limits: v.Reference
    protocol: v.Reference
    patient: v.Reference | None = None
    devices: Annotated[tuple[DeviceTable, ...], Field(min_length=2)]
    enable_line: EnableLineTable
    probes: Annotated[tuple[ProbeTable, ...], Field(min_length=1)]
    guard: GuardTable = GuardTable()
    console: Console = Console()
    paths: Directories = Directories()
