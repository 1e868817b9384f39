# SPDX-License-Identifier: Apache-2.0
"""Which twin stands behind which driver, and what of the room it senses or drives."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol, runtime_checkable

from mnht_controller.domain.errors import ConfigError
from mnht_controller.settings.settings import Device
from sim_hardware.devices.auxiliaries.adam4050 import Adam4050Twin
from sim_hardware.devices.auxiliaries.hubert import HubertTwin
from sim_hardware.devices.auxiliaries.lauda import LaudaTwin
from sim_hardware.devices.auxiliaries.polyscience import PolyScienceTwin
from sim_hardware.devices.auxiliaries.scope import ScopeTwin
from sim_hardware.devices.core import Core
from sim_hardware.devices.field_stage import FieldStage
from sim_hardware.devices.probes import Temperature
from sim_hardware.devices.sources.ambrell import AmbrellTwin, Model
from sim_hardware.devices.sources.generic_scpi import ScpiSource
from sim_hardware.devices.sources.genesys import GenesysTwin
from sim_hardware.devices.sources.genesys_scpi import GenesysScpiTwin
from sim_hardware.devices.sources.keysight_33500 import Keysight33500Twin
from sim_hardware.devices.sources.keysight_n7900 import KeysightN7900Twin
from sim_hardware.devices.sources.siglent_sdg import SiglentSdgTwin
from sim_hardware.devices.thermometers.ascii_line import WORDS, AsciiLineTwin
from sim_hardware.devices.thermometers.luxtron import LuxtronTwin
from sim_hardware.devices.thermometers.modbus_registers import LumaSmartTwin
from sim_hardware.devices.thermometers.neoptix import NeoptixTwin
from sim_hardware.devices.thermometers.opsens import OpsensTwin
from sim_hardware.devices.thermometers.osensa import OsensaTwin


@dataclass(frozen=True, slots=True)
class Room:
    """What twins sense: channels of a device, the field, its frequency, the enable contact."""

    start_s: float
    channel: Callable[[str, int], Temperature]
    field_ka_per_m: Callable[[float], float]
    frequency_hz: Callable[[float], float]
    is_enabled: Callable[[float], bool]


@runtime_checkable
class Source(Core, Protocol):
    """A twin that drives the coil."""

    stage: FieldStage


@runtime_checkable
class Watchful(Protocol):
    """A source that watches field and cooling by itself, whether or not it is spoken to."""

    def supervise(self, t: float) -> None:
        """Look at the coil at loop time t, and trip where it must."""


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


class Drive:
    """What a source sends towards the coil; a reboot gives it another stage."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def current(self, t: float) -> float:
        """Return the peak field it would make at loop time t, kA/m."""
        return self._source.stage.current(t)


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

    def a_per_m_per(self, unit: str) -> float:
        """The coil's constant as the device's option gives it, A/m peak per `a` or `vpp`."""
        return 1e3 * float(self.options[f"field_ka_per_m_per_{unit}"])


Make = Callable[[Order], Core]


def _ambrell(order: Order) -> Core:
    options = order.options
    model = Model(address=options["address"], a_per_m_per_a=order.a_per_m_per("a"))
    twin = AmbrellTwin(order.room.start_s, model)
    twin.start_input = order.room.is_enabled
    return twin


def _adam(order: Order) -> Core:
    options = order.options
    twin = Adam4050Twin(
        options["address"], options["permit_output"], has_checksum=options["checksum"]
    )
    twin.line_input = options.get("line_input", -1)
    twin.enable_contact = order.room.is_enabled
    return twin


def _generic(order: Order) -> Core:
    twin = ScpiSource(order.serial, order.room.start_s)
    twin.enable_contact = order.room.is_enabled
    return twin


def _pickup(order: Order) -> Core:
    options, room = order.options, order.room
    maker = {"tektronix": "TEKTRONIX"}.get(options["dialect"], "KEYSIGHT TECHNOLOGIES")
    coil = (options["area_cm2"], options["turns"])
    return ScopeTwin(room.field_ka_per_m, room.frequency_hz, order.serial, coil, maker)


def _genesys(order: Order) -> Core:
    address, constant = order.options["address"], order.a_per_m_per("a")
    return GenesysTwin(order.serial, order.room.start_s, address, constant)


def _with(twin: Callable[[str, float, float], Core], unit: str) -> Make:
    """A source that takes serial number, time and the coil's constant."""
    return lambda order: twin(order.serial, order.room.start_s, order.a_per_m_per(unit))


def _opsens(order: Order) -> Core:
    model = "PicoM" if order.options["profile"] == "picom" else "HandySens"
    return OpsensTwin(order.channels, order.serial, model)


TWINS: Mapping[str, Make] = MappingProxyType(
    {
        "advantech_adam4050": _adam,
        "ambrell_easyheat": _ambrell,
        "generic_ascii": lambda order: AsciiLineTwin(order.channels, order.serial, WORDS),
        "generic_modbus": lambda order: LumaSmartTwin(order.channels, order.options["address"]),
        "generic_scpi_source": _generic,
        "hubert_a1230": lambda order: HubertTwin(order.options["address"]),
        "keysight_33500": _with(Keysight33500Twin, "vpp"),
        "keysight_n7900": _with(KeysightN7900Twin, "a"),
        "lauda_namur": lambda order: LaudaTwin(
            order.room.start_s, address=order.options["address"]
        ),
        "luxtron_fot": lambda order: LuxtronTwin(order.channels, order.serial),
        "neoptix_reflex": lambda order: NeoptixTwin(order.channels, order.serial),
        "opsens_handysens": _opsens,
        "osensa_ftx": lambda order: OsensaTwin(
            order.channels, order.serial, order.options["address"]
        ),
        "polyscience_chiller": lambda order: PolyScienceTwin(order.room.start_s),
        "scpi_pickup": _pickup,
        "siglent_sdg": _with(SiglentSdgTwin, "vpp"),
        "tdk_genesys": _genesys,
        "tdk_genesys_scpi": _with(GenesysScpiTwin, "a"),
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
