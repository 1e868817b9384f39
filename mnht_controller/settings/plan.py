# SPDX-License-Identifier: Apache-2.0
"""Settings and what the drivers declare make the Plan: what a session is bound to by its hash."""

from collections.abc import Mapping

from mnht_controller.devices.contract import DriverSpec, Kind
from mnht_controller.devices.registry import find_driver
from mnht_controller.domain.codec import digest
from mnht_controller.domain.errors import ConfigError
from mnht_controller.domain.prescription import Envelope, Plan, SourceSpec
from mnht_controller.domain.probe import Probe
from mnht_controller.settings.errors import ConfigErrors
from mnht_controller.settings.settings import TICK_S, ProbeSite, Settings


def specs_of(settings: Settings) -> dict[str, DriverSpec]:
    """Import the drivers a site uses, by name. Raises DriverUnknownError for a broken one."""
    return {device.driver: find_driver(device.driver) for device in settings.devices}


def plan(settings: Settings, specs: Mapping[str, DriverSpec]) -> Plan:
    """Make the plan. A number in a thermometer's profile counts before the driver's.

    Raises ConfigErrors when a driver is not of its device's kind.
    """
    errors = tuple(
        ConfigError(
            settings.site,
            f"devices.{device.id}",
            f"driver {device.driver!r} drives a {specs[device.driver].kind}",
            f"give a profile of a {device.kind}",
        )
        for device in settings.devices
        if specs[device.driver].kind is not device.kind
    )
    if errors:
        raise ConfigErrors(errors)
    envelope = Envelope(
        limits=settings.limits,
        region=settings.prescription.region,
        probes=tuple(_probe(settings, specs, probe) for probe in settings.probes),
        source=_source(settings, specs),
        speed=settings.speed,
        simulated=settings.simulated,
        prescription_sha256=digest(settings.prescription),
        settings_sha256=settings.settings_sha256,
    )
    return Plan(settings.prescription, settings.gains, envelope, digest(envelope), TICK_S)


def _probe(settings: Settings, specs: Mapping[str, DriverSpec], site: ProbeSite) -> Probe:
    device = settings.device(site.device)
    spec = specs[device.driver]
    return Probe(
        id=site.id,
        device=site.device,
        channel=site.channel,
        role=site.role,
        required=site.required,
        noise_c=_number(device.noise_c, spec.noise),
        resolution_c=_number(device.resolution_c, spec.resolution),
        lag_s=site.lag_s,
        period_s=_number(device.period_s, spec.period_s),
        deposit_depth_mm=site.deposit_depth_mm,
        zone=site.zone,
    )


def _number(profile: float | None, driver: float) -> float:
    return float(driver if profile is None else profile)


def _source(settings: Settings, specs: Mapping[str, DriverSpec]) -> SourceSpec:
    device = next(device for device in settings.devices if device.kind is Kind.FIELD_SOURCE)
    spec = specs[device.driver]
    return SourceSpec(
        device=device.id,
        settling_s=float(spec.settling_s),
        resolution_ka_per_m=float(spec.resolution),
        period_s=float(spec.period_s),
        watchdog_s=float(spec.watchdog_s),
        has_limit=spec.has_limit,
    )
