# SPDX-License-Identifier: Apache-2.0
"""Judges addresses: every one known and used once, all simulated or all real."""

import ipaddress
import os
import re
from collections.abc import Iterator, Mapping

from mnht_controller.devices.open import FORMS, FRONTS
from mnht_controller.devices.port_lock import place_of
from mnht_controller.devices.ports import RENUMBERED, stable_name
from mnht_controller.domain.errors import ConfigError
from mnht_controller.settings.files import Files
from mnht_controller.settings.site import (
    AUTO,
    DeviceTable,
    EnableLineTable,
    Front,
    GuardThermometerTable,
)
from mnht_controller.settings.source import Loc

ENABLE_LINE = "enable_line"
GUARD_THERMOMETER = "guard_thermometer"
"""Names of what the guard holds itself, among endpoints."""

_LINE = re.compile(r"/.+|ASRL[^:].*|tcp://[^:/]+:\d+")
_LINE_FORMS = "`/dev/…`, `ASRL/dev/…` or `tcp://host:port`"
_PATH = re.compile(r"/.+|ASRL[^:].*")
_PATH_FORMS = "`/dev/…` or `ASRL/dev/…`"

_OWN_FRONTS = (Front.PTY, Front.MEMORY)

Linked = DeviceTable | EnableLineTable | GuardThermometerTable


def links(files: Files) -> Iterator[tuple[str, Loc, Linked]]:
    """Walk everything that has an address: id, place in the site file, and what it says."""
    site = files.site.model
    for index, device in enumerate(site.devices):
        yield device.id, ("devices", index), device
    yield ENABLE_LINE, (ENABLE_LINE,), site.enable_line
    if site.guard.thermometer is not None:
        yield GUARD_THERMOMETER, ("guard", "thermometer"), site.guard.thermometer


def resource_of(id_: str, given: str, endpoints: Mapping[str, str]) -> str:
    """Give the address that counts: the bench's where it gave one."""
    return endpoints.get(id_, given)


def check_mixture(files: Files, endpoints: Mapping[str, str]) -> Iterator[ConfigError]:
    """H50: what has a front is simulated, what has none is real, and a site is one of the two."""
    site = files.site
    if endpoints and not site.model.simulated:
        why = "the bench gives addresses to simulated devices only"
        yield site.source.error(("simulated",), why, "give no endpoints to a real site")
    if files.patient is not None and not site.model.simulated:
        why = "a simulated patient at a real site"
        yield site.source.error(("patient",), why, "remove it, or set `simulated = true`")
    for _, loc, link in links(files):
        if site.model.simulated and link.front is None:
            yield site.source.error(
                loc,
                "simulated and real mixed: no front, so a real device, at a simulated site",
                'give `front = "pty"`, "tcp" or "memory", or set `simulated = false`',
            )
        if not site.model.simulated and link.front is not None:
            yield site.source.error(
                (*loc, "front"),
                "simulated and real mixed: a simulated device at a real site",
                "remove `front` and give the real address, or set `simulated = true`",
            )


def check_forms(files: Files, endpoints: Mapping[str, str]) -> Iterator[ConfigError]:
    """Every address has a known form; `auto` is for what the bench provides."""
    source = files.site.source
    for id_, loc, link in links(files):
        resource = resource_of(id_, link.resource, endpoints)
        forms = _forms_of(link)
        if resource == AUTO:
            if link.front is None:
                yield source.error((*loc, "resource"), '"auto" is no address', f"write {forms}")
        elif not _is_known(resource, link):
            why = f"{resource!r} is no address known here"
            yield source.error((*loc, "resource"), why, f"write {forms}")
    known = {id_ for id_, _, _ in links(files)}
    for id_ in sorted(endpoints.keys() - known):
        yield source.error(("devices",), f"an endpoint for {id_!r}, which the site does not have",
                           f"one of {', '.join(sorted(known))}")  # fmt: skip


def check_names(files: Files, endpoints: Mapping[str, str]) -> Iterator[ConfigError]:
    """Names that stay: /dev/ttyUSB0 may be another instrument after the next reboot (H50).

    The guard writes its bytes itself, and knows no RFC 2217.
    """
    source = files.site.source
    for id_, loc, link in links(files):
        resource = resource_of(id_, link.resource, endpoints)
        path = resource.removeprefix("ASRL").removesuffix("::INSTR")
        if not files.site.model.simulated and RENUMBERED.fullmatch(path):
            stays = stable_name(path) or "its name under /dev/serial/by-id"
            why = f"{path} may name another instrument after the next reboot"
            yield source.error((*loc, "resource"), why, f"write {stays}; see `mnht devices`")
        if isinstance(link, EnableLineTable) and link.front is Front.RFC2217:
            why = "the enable line does not speak RFC 2217"
            yield source.error((*loc, "front"), why, '"pty" or "tcp"')
        if isinstance(link, GuardThermometerTable) and link.front not in {None, *_OWN_FRONTS}:
            why = "the guard reads its own thermometer from a port of its own host"
            yield source.error((*loc, "front"), why, '"pty"')


def check_shared(files: Files, endpoints: Mapping[str, str]) -> Iterator[ConfigError]:
    """One owner per link: no two devices on one port, whatever the port is called."""
    owners: dict[str, str] = {}
    for id_, loc, link in links(files):
        resource = resource_of(id_, link.resource, endpoints)
        port = _port(resource)
        if resource != AUTO and port in owners:
            yield files.site.source.error(
                (*loc, "resource"),
                f"{resource} is already the port of {owners[port]!r}",
                "give each device a port of its own",
            )
        owners.setdefault(port, id_)


def check_listeners(files: Files) -> Iterator[ConfigError]:
    """The console stays on this host, and STOP has a port of its own."""
    console, source = files.site.model.console, files.site.source
    if not _is_loopback(console.host):
        why = f"{console.host} can be reached from other hosts, and this release has no TLS"
        yield source.error(("console", "host"), why, 'write "127.0.0.1" and put a proxy before it')
    if console.port == console.stop_port != 0:
        why = f"{console.stop_port} is already the console's port"
        yield source.error(("console", "stop_port"), why, "give STOP a port of its own")


def _forms_of(link: Linked) -> str:
    if isinstance(link, GuardThermometerTable):
        return _PATH_FORMS
    return _LINE_FORMS if isinstance(link, EnableLineTable) else FORMS


def _is_known(resource: str, link: Linked) -> bool:
    if isinstance(link, GuardThermometerTable):
        return _PATH.fullmatch(resource) is not None
    if isinstance(link, EnableLineTable):
        return _LINE.fullmatch(resource) is not None
    return any(form.fullmatch(resource) for form, _ in FRONTS)


def _port(resource: str) -> str:
    """Name the port behind an address: links under /dev resolved, spellings made equal."""
    path = resource.removeprefix("ASRL").removesuffix("::INSTR")
    if path.startswith("/"):
        return os.path.realpath(path)
    return place_of(resource)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
