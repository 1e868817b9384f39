# SPDX-License-Identifier: Apache-2.0
"""From settings to a controller. `simulate` calls the same with other transports and journal."""

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import cast

from mnht_controller.devices.contract import (
    AUXILIARIES,
    Auxiliary,
    DriverSpec,
    FieldSource,
    Kind,
    Thermometer,
)
from mnht_controller.devices.identity import Expected
from mnht_controller.devices.link import Link
from mnht_controller.devices.transport import Transport
from mnht_controller.domain.prescription import Plan
from mnht_controller.domain.trip import Latch
from mnht_controller.journal.keep_alarms import AlarmKeeper, AlarmMemory
from mnht_controller.journal.records import DriverVersion, Header, boot_id, wall_label
from mnht_controller.runtime.auxiliary import AuxiliaryTask
from mnht_controller.runtime.controller import Controller, Parts, Record
from mnht_controller.runtime.device import DeviceRow
from mnht_controller.runtime.door import Hall
from mnht_controller.runtime.guard_link import GuardLink
from mnht_controller.runtime.host import Host
from mnht_controller.runtime.source import SourceTask
from mnht_controller.runtime.spent import Ledger
from mnht_controller.runtime.thermometer import ThermometerTask
from mnht_controller.settings.options import setup_of
from mnht_controller.settings.plan import plan, specs_of
from mnht_controller.settings.settings import Device, Settings

MakeTransport = Callable[[Device, DriverSpec], Transport]


@dataclass(frozen=True, slots=True)
class Shell:
    """What differs between a real controller and a simulated one."""

    transport: MakeTransport
    guard: GuardLink
    journal: Record
    keep_latch: Callable[[Latch], None]
    host: Host
    ledger: Ledger
    alarm_keeper: AlarmKeeper = field(default_factory=AlarmMemory)
    latch_fault: Callable[[], str] = str


def plan_for(settings: Settings) -> Plan:
    """The plan of a site's session, with what its drivers declare."""
    return plan(settings, specs_of(settings))


def build(settings: Settings, plan: Plan, shell: Shell, latch: Latch, session: str) -> Controller:
    """Put a controller together; nothing is opened yet."""
    specs = specs_of(settings)
    sources: list[SourceTask] = []
    thermometers: dict[str, ThermometerTask] = {}
    auxiliaries: list[AuxiliaryTask] = []
    for device in settings.devices:
        spec = specs[device.driver]
        row = DeviceRow(device.id, device.driver, device.resource, simulated=settings.simulated)
        expected = Expected(settings.simulated, device.serial)
        link = Link(shell.transport(device, spec), expected=expected)
        driver = spec.make(link, setup_of(device))
        if device.kind in AUXILIARIES:
            beside = cast(Auxiliary, driver)
            auxiliaries.append(AuxiliaryTask(row, beside, device.kind, spec.period_s))
        elif device.kind is Kind.FIELD_SOURCE:
            proof = (spec.watchdog_proof_s, spec.unproven)
            sources.append(SourceTask(row, cast(FieldSource, driver), spec.period_s, *proof))
        else:
            period_s = device.period_s or spec.period_s
            thermometers[device.id] = ThermometerTask(row, cast(Thermometer, driver), period_s)
    (source,) = sources
    parts = Parts(
        source=source,
        thermometers=thermometers,
        guard=shell.guard,
        journal=shell.journal,
        hall=Hall(),
        keep_latch=shell.keep_latch,
        host=shell.host,
        ledger=shell.ledger,
        auxiliaries=tuple(auxiliaries),
        alarm_keeper=shell.alarm_keeper,
        latch_fault=shell.latch_fault,
    )
    return Controller(plan, parts, latch, session)


def header(settings: Settings, plan: Plan, process: str, *, seed: int | None = None) -> Header:
    """The first record of a journal of this site."""
    return Header(
        process=process,
        boot=boot_id(),
        started_at=wall_label(),
        settings_sha256=settings.settings_sha256,
        drivers=tuple(DriverVersion(name, _version()) for name in sorted(specs_of(settings))),
        speed=settings.speed,
        seed=seed,
        plan=plan,
    )


def _version() -> str:
    try:
        return version("mnht-controller")
    except PackageNotFoundError:
        return "unknown"
