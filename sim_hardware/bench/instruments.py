# SPDX-License-Identifier: Apache-2.0
"""Which twin stands behind which driver, and what of the room it senses or drives."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol, runtime_checkable

from mnht_controller.domain.errors import ConfigError
from mnht_controller.settings.settings import Device
from sim_hardware.devices.core import Core
from sim_hardware.devices.field_stage import FieldStage
from sim_hardware.devices.probes import Temperature
from sim_hardware.devices.sources.generic_scpi import ScpiSource
from sim_hardware.devices.thermometers.opsens import OpsensTwin


@dataclass(frozen=True, slots=True)
class Room:
    """What twins sense: channels of a device, the field behind all contacts, its frequency."""

    start_s: float
    channel: Callable[[str, int], Temperature]
    field_ka_per_m: Callable[[float], float]
    frequency_hz: Callable[[float], float]


@runtime_checkable
class Source(Core, Protocol):
    """A twin that drives the coil."""

    stage: FieldStage


@runtime_checkable
class Contact(Protocol):
    """Something in series with the coil, such as a run-permit."""

    def closed(self, t: float) -> bool:
        """Return whether it lets the field flow at loop time t."""


@runtime_checkable
class Faulty(Protocol):
    """A twin that can be made to misbehave."""

    def inject(self, verb: str, argument: str, t: float) -> None:
        """Start a fault at loop time t."""

    def clear(self, verb: str) -> None:
        """End it."""


class Contacts:
    """Contacts in series: closed when every one of them is."""

    def __init__(self, *contacts: Contact) -> None:
        self._contacts = contacts

    def closed(self, t: float) -> bool:
        """Return whether all are closed; each is asked, so that each dates its own opening."""
        states = [contact.closed(t) for contact in self._contacts]
        return all(states)


@dataclass(frozen=True, slots=True)
class Order:
    """One twin to make."""

    room: Room
    device: Device
    serial: str
    options: Mapping[str, Any]

    @property
    def channels(self) -> dict[int, Temperature]:
        """The temperatures that a thermometer's channels see."""
        return {n: self.room.channel(self.device.id, n) for n in self.device.channels}

    @property
    def a_per_m_per_a(self) -> float:
        """The coil's constant as the device's option gives it, A/m peak per ampere."""
        return 1e3 * float(self.options["field_ka_per_m_per_a"])


Make = Callable[[Order], Core]

TWINS: Mapping[str, Make] = MappingProxyType(
    {
        "generic_scpi_source": lambda order: ScpiSource(order.serial, order.room.start_s),
        "opsens_handysens": lambda order: OpsensTwin(order.channels, order.serial),
    }
)
"""By driver's name."""


def twin_of(device: Device, room: Room, number: int) -> Core:
    """Make the twin of one device; its serial number is SIM and its number in the site.

    ConfigError for a driver that has none here: somebody else's, whose twin is theirs to serve.
    """
    make = TWINS.get(device.driver)
    if make is None:
        why = f"no twin is known for driver {device.driver!r}"
        right = f"one of {', '.join(sorted(TWINS))}"
        raise ConfigError(device.id, "driver", why, right)
    options = {name: json.loads(text) for name, text in device.options}
    return make(Order(room, device, f"SIM{number:04d}", options))
