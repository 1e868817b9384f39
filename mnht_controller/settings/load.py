# SPDX-License-Identifier: Apache-2.0
"""From a site file to frozen Settings, or to every error at once. Opens no device."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from mnht_controller.domain.codec import digest
from mnht_controller.domain.prescription import Gains, Prescription
from mnht_controller.settings import settings as s
from mnht_controller.settings.addresses import ENABLE_LINE, GUARD_THERMOMETER, resource_of
from mnht_controller.settings.check import complaints
from mnht_controller.settings.errors import ConfigErrors
from mnht_controller.settings.files import Files, read_files
from mnht_controller.settings.host import over_environment, paths_of
from mnht_controller.settings.limits import merged_limits
from mnht_controller.settings.models import Protocol, Thermometer
from mnht_controller.settings.options import as_pairs, options_of

_PRESCRIBED = (
    "region", "control_role", "setpoint_c", "plateau_s", "ramp_c_per_min", "ramp_s_max",
    "tumor_setpoint_c", "cooldown_c", "cooldown_s_max", "pulse_power", "pulse_s_max",
)  # fmt: skip


def load_site(
    path: Path,
    *,
    endpoints: Mapping[str, str] | None = None,
    protocol: Path | None = None,
    patient: Path | None = None,
    speed: float = 1.0,
) -> s.Settings:
    """Load and judge a site. `endpoints`: addresses the bench gives, by device id or enable_line.

    `protocol` and `patient` replace the files the site names. Raises ConfigErrors, never less
    than all that is wrong with the files themselves, or else with what they say together.
    """
    given = endpoints or {}
    files = read_files(path, protocol, patient)
    site, wrong = over_environment(files.site.model)
    files = replace(files, site=replace(files.site, model=site))
    errors = (*wrong, *complaints(files, given, speed))
    if errors:
        raise ConfigErrors(errors)
    return _settings(files, given, speed)


def _settings(files: Files, endpoints: Mapping[str, str], speed: float) -> s.Settings:
    site, recipe = files.site.model, files.protocol.model
    console, line = site.console, site.enable_line
    settings = s.Settings(
        site=site.name,
        simulated=site.simulated,
        speed=float(speed),
        applicator=files.applicator.model.name,
        devices=_devices(files, endpoints),
        enable_line=s.EnableLine(
            resource_of(ENABLE_LINE, line.resource, endpoints), line.front or ""
        ),
        probes=_probes(files),
        limits=merged_limits(files),
        prescription=_prescription(recipe),
        gains=Gains(**recipe.gains.model_dump()),
        guard_waiver=site.guard.thermometer_waiver or "",
        console=s.Listen(console.host, console.port, console.stop_port),
        paths=paths_of(site),
        patient=str(files.patient) if files.patient else None,
        settings_sha256="",
        guard_thermometer=_guard_thermometer(files, endpoints),
    )
    return replace(settings, settings_sha256=digest(_content(settings)))


def _guard_thermometer(files: Files, endpoints: Mapping[str, str]) -> s.GuardThermometer | None:
    own = files.site.model.guard.thermometer
    if own is None:
        return None
    resource = resource_of(GUARD_THERMOMETER, own.resource, endpoints)
    return s.GuardThermometer(resource, own.baud, own.channel, own.front or "")


def _content(settings: s.Settings) -> s.Settings:
    """Keep what decides a treatment and blank the rest: two benches then have one digest."""
    own = settings.guard_thermometer
    return replace(
        settings,
        speed=1.0,
        devices=tuple(
            replace(device, resource="", baud=None, front="", serial="")
            for device in settings.devices
        ),
        enable_line=s.EnableLine("", ""),
        guard_thermometer=s.GuardThermometer("", 0, own.channel, "") if own else None,
        console=s.Listen("", 0, 0),
        paths=s.Paths("", ""),
        patient=None,
    )


def _devices(files: Files, endpoints: Mapping[str, str]) -> tuple[s.Device, ...]:
    site = files.site.model
    rows = []
    for device, sound in zip(site.devices, files.devices, strict=True):
        profile = sound.model
        numbers = profile if isinstance(profile, Thermometer) else None
        rows.append(
            s.Device(
                id=device.id,
                kind=device.kind,
                driver=profile.driver,
                resource=resource_of(device.id, device.resource, endpoints),
                baud=device.baud or profile.baud,
                channels=tuple(sorted(p.channel for p in site.probes if p.device == device.id)),
                front=device.front or "",
                serial=device.serial or "",
                options=as_pairs(options_of(device, profile)),
                noise_c=numbers.noise_c if numbers else None,
                resolution_c=numbers.resolution_c if numbers else None,
                period_s=numbers.period_s if numbers else None,
            )
        )
    return tuple(rows)


def _probes(files: Files) -> tuple[s.ProbeSite, ...]:
    site = files.site.model
    lags = {
        device.id: sound.model.lag_s
        for device, sound in zip(site.devices, files.devices, strict=True)
        if isinstance(sound.model, Thermometer)
    }
    return tuple(
        s.ProbeSite(
            id=probe.id,
            device=probe.device,
            channel=probe.channel,
            role=probe.role,
            required=probe.required,
            lag_s=lags[probe.device] if probe.lag_s is None else probe.lag_s,
            deposit_depth_mm=probe.deposit_depth_mm,
            zone=probe.zone,
        )
        for probe in site.probes
    )


def _prescription(protocol: Protocol) -> Prescription:
    return Prescription(
        protocol=protocol.name, **{name: getattr(protocol, name) for name in _PRESCRIBED}
    )
