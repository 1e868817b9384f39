# SPDX-License-Identifier: Apache-2.0
"""Judges what a site's files say together. Each check yields every error it finds."""

from collections.abc import Iterator, Mapping

from mnht_controller.devices.contract import Kind
from mnht_controller.devices.registry import DriverUnknownError, driver_names, find_driver
from mnht_controller.domain.errors import ConfigError
from mnht_controller.domain.limits import HARD_LIMITS, Limits, region_cap_ka_per_m
from mnht_controller.domain.probe import Role
from mnht_controller.settings import addresses
from mnht_controller.settings.files import Files
from mnht_controller.settings.limits import bounds_of, merged_limits
from mnht_controller.settings.models import Thermometer
from mnht_controller.settings.options import check_options
from mnht_controller.settings.source import Source

SETPOINT_BELOW_CAP_C = 0.5
SPEED_MAX = 20.0
BAUDS = (9600, 19200, 57600, 115200)
"""What the guard's own ports can be set to."""


def complaints(files: Files, endpoints: Mapping[str, str], speed: float) -> Iterator[ConfigError]:
    """Run every check, the cross-file ones included."""
    for check in (check_drivers, check_options, check_devices, check_probes, check_roles):
        yield from check(files)
    for check in (check_bounds, check_setpoint, check_durations, addresses.check_listeners):
        yield from check(files)
    for linked in (addresses.check_mixture, addresses.check_forms, addresses.check_shared):
        yield from linked(files, endpoints)
    yield from addresses.check_names(files, endpoints)
    yield from check_measured(files)
    yield from check_waiver(files)
    yield from check_speed(files, speed)


def check_measured(files: Files) -> Iterator[ConfigError]:
    """Some instrument must say what field flows: the source itself or a pick-up coil."""
    kinds = {device.kind for device in files.site.model.devices}
    rows = zip(files.site.model.devices, files.devices, strict=True)
    for index, (device, sound) in enumerate(rows):
        try:
            spec = find_driver(sound.model.driver)
        except DriverUnknownError:
            continue  # the driver's name is judged elsewhere
        if (
            device.kind is Kind.FIELD_SOURCE
            and Kind.PICKUP not in kinds
            and not spec.measures_field
        ):
            why = f"{spec.name} does not measure the field, and nothing else here does"
            right = 'add a device of kind "pickup"'
            yield files.site.source.error(("devices", index), why, right)


def check_waiver(files: Files) -> Iterator[ConfigError]:
    """A real site has a second thermometer at the guard, or somebody answers for that."""
    site, guard = files.site, files.site.model.guard
    loc = ("guard", "thermometer_waiver")
    if guard.thermometer is not None and guard.thermometer_waiver is not None:
        why = "a thermometer of the guard's own is both given and waived"
        yield site.source.error(loc, why, "remove one of the two")
    if not site.model.simulated and guard.thermometer is None and guard.thermometer_waiver is None:
        why = "a real site needs a thermometer of the guard's own"
        right = (
            "add [guard.thermometer]; for a bench without patient waive it: who, when, why; it is "
            "shown permanently"
        )
        yield site.source.error(loc, why, right)
    if guard.thermometer is not None and guard.thermometer.baud not in BAUDS:
        why, right = f"the guard's ports do not run at {guard.thermometer.baud}", f"one of {BAUDS}"
        yield site.source.error(("guard", "thermometer", "baud"), why, right)


def check_speed(files: Files, speed: float) -> Iterator[ConfigError]:
    """Treatment time may run faster than the clock in simulation only."""
    if not (1.0 <= speed <= SPEED_MAX):
        right = f"1 to {SPEED_MAX:g}"
        yield ConfigError("command line", "--speed", f"{speed:g} is not possible", right)
    elif speed != 1.0 and not files.site.model.simulated:
        why = "a real site has real devices, and tissue heats at its own speed"
        yield ConfigError("command line", "--speed", why, "leave it out, or use a simulated site")


def check_drivers(files: Files) -> Iterator[ConfigError]:
    """Every driver named is installed."""
    known = driver_names()
    for device in files.devices:
        driver = device.model.driver
        if driver not in known:
            why = f"driver {driver!r} is not installed"
            yield device.source.error(("driver",), why, f"one of {', '.join(known)}")


def check_devices(files: Files) -> Iterator[ConfigError]:
    """Ids differ; one field source; every thermometer is there for a probe."""
    site, source = files.site.model, files.site.source
    seen: set[str] = {addresses.ENABLE_LINE, addresses.GUARD_THERMOMETER}
    for index, device in enumerate(site.devices):
        if device.id in seen:
            why = f"{device.id!r} is taken"
            yield source.error(("devices", index, "id"), why, "give each device an id of its own")
        seen.add(device.id)
        if device.kind is Kind.THERMOMETER and all(p.device != device.id for p in site.probes):
            why = f"thermometer {device.id!r} carries no probe"
            yield source.error(("devices", index), why, "add a probe on it, or remove it")
    sources = sum(device.kind is Kind.FIELD_SOURCE for device in site.devices)
    if sources != 1:
        why = f"{sources} field sources"
        yield source.error(("devices",), why, 'exactly one device of kind "field_source"')


def check_probes(files: Files) -> Iterator[ConfigError]:
    """Every probe has a name and a channel of its own, on a thermometer that has the channel."""
    site, source = files.site.model, files.site.source
    channels = {
        device.id: sound.model.channels
        for device, sound in zip(site.devices, files.devices, strict=True)
        if isinstance(sound.model, Thermometer)
    }
    ids: set[str] = set()
    taken: dict[tuple[str, int], str] = {}
    roles: dict[str, Role] = {}
    for index, probe in enumerate(site.probes):
        loc, place = ("probes", index), (probe.device, probe.channel)
        if probe.id in ids:
            why = f"{probe.id!r} is taken"
            yield source.error((*loc, "id"), why, "give each probe an id of its own")
        if probe.device not in channels:
            why = f"{probe.device!r} is no thermometer of this site"
            yield source.error((*loc, "device"), why, f"one of {', '.join(sorted(channels))}")
        elif probe.channel > channels[probe.device]:
            why = f"{probe.device} has no channel {probe.channel}"
            yield source.error((*loc, "channel"), why, f"1 to {channels[probe.device]}")
        if place in taken:
            why = f"channel {probe.channel} of {probe.device} already carries {taken[place]!r}"
            yield source.error((*loc, "channel"), why, "give each probe a channel of its own")
        if probe.deposit_depth_mm is not None and probe.role is not Role.SKIN:
            why = f"the depth below a {probe.role} probe means nothing"
            yield source.error((*loc, "deposit_depth_mm"), why, "give it for skin probes only")
        if probe.zone is not None and roles.setdefault(probe.zone, probe.role) is not probe.role:
            why = f"zone {probe.zone!r} has probes of two roles, so they cannot be one place"
            yield source.error((*loc, "zone"), why, f"only {roles[probe.zone]} probes, or no zone")
        ids.add(probe.id)
        taken.setdefault(place, probe.id)


def check_roles(files: Files) -> Iterator[ConfigError]:
    """A human prescription caps skin, tumor and healthy tissue, so each needs a required probe."""
    site, source = files.site.model, files.site.source
    present = {probe.role for probe in site.probes if probe.required}
    for role in Role:
        if role not in present:
            why = f"no required probe of role {role}, so its cap could not be held"
            right = f'add a probe with `role = "{role}"` and `required = true`'
            yield source.error(("probes",), why, right)


def check_bounds(files: Files) -> Iterator[ConfigError]:
    """No bound is wider than the compiled hard limit, nor a protocol's than its region's cap."""
    limits, protocol = files.limits, files.protocol
    for name, bound in bounds_of(limits.model).items():
        yield from _wider(limits.source, (name,), bound, getattr(HARD_LIMITS, name))
    for name, bound in bounds_of(protocol.model.caps).items():
        yield from _wider(protocol.source, ("caps", name), bound, getattr(HARD_LIMITS, name))
    region = protocol.model.region
    cap, bound = region_cap_ka_per_m(region), protocol.model.caps.field_ka_per_m_cap
    if bound is not None and cap < bound <= HARD_LIMITS.field_ka_per_m_cap:
        why = f"{bound:g} kA/m is wider than the cap of the {region}"
        yield protocol.source.error(
            ("caps", "field_ka_per_m_cap"), why, f"at most {cap:g}, or leave it out"
        )
    merged = merged_limits(files)
    if not (merged.skin_c_setpoint < merged.skin_c_cap < merged.skin_c_trip):
        why = "together the limits leave no room between set-point, cap and trip of the skin"
        yield limits.source.error(("skin_c_cap",), why, "set-point < cap < trip")


def check_setpoint(files: Files) -> Iterator[ConfigError]:
    """Every set-point stays 0.5 °C below its cap; the skin's also below its own limit."""
    limits, protocol = merged_limits(files), files.protocol.model
    rows = [("setpoint_c", protocol.setpoint_c, protocol.control_role)]
    if protocol.tumor_setpoint_c is not None:
        rows.append(("tumor_setpoint_c", protocol.tumor_setpoint_c, Role.TUMOR))
    for key, setpoint_c, role in rows:
        highest = _setpoint_c_max(limits, role)
        if not (setpoint_c <= highest):
            why = f"{setpoint_c:g} °C is too close to the limits of {role} or above them"
            yield files.protocol.source.error((key,), why, f"at most {highest:g}")


def check_durations(files: Files) -> Iterator[ConfigError]:
    """Ramp and plateau fit into the field-on time, which is 100 min at most."""
    protocol, source = files.protocol.model, files.protocol.source
    limit_s = merged_limits(files).field_s_max
    total_s = protocol.ramp_s_max + protocol.plateau_s
    if not (total_s <= limit_s):
        why = f"ramp_s_max and plateau_s together are {total_s:g} s"
        right = f"at most {limit_s:g} s of field-on time"
        yield source.error(("plateau_s",), why, right)


def _wider(
    source: Source, loc: tuple[str, ...], bound: float | None, hard: float
) -> Iterator[ConfigError]:
    if bound is not None and not (bound <= hard):
        why = f"{bound:g} is wider than the hard limit"
        yield source.error(loc, why, f"at most {hard:g}; limits can only be tightened")


def _setpoint_c_max(limits: Limits, role: Role) -> float:
    highest = {
        Role.SKIN: min(limits.skin_c_setpoint, limits.skin_c_cap - SETPOINT_BELOW_CAP_C),
        Role.TUMOR: limits.tumor_c_cap - SETPOINT_BELOW_CAP_C,
        Role.HEALTHY: limits.healthy_c_cap - SETPOINT_BELOW_CAP_C,
    }
    return highest[role]
