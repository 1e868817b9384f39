# SPDX-License-Identifier: Apache-2.0
"""`mnht serve`: guard, STOP listener, controller and console of one site, in this order."""

import secrets
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from mnht_controller.app.controller import ControllerConfig
from mnht_controller.domain.codec import dumps
from mnht_controller.guard.config import GuardConfig
from mnht_controller.runtime.supervisor import PARENT_FD, ChildSpec
from mnht_controller.settings.settings import Settings
from mnht_controller.surfaces.config import ConsoleConfig
from mnht_controller.surfaces.guard_client import CONTROL_SOCKET, DOOR_SOCKET, LEASE_SOCKET
from mnht_controller.surfaces.stop import StopConfig

CLAIM_BYTES = 9


@dataclass(frozen=True, slots=True)
class Site:
    """A site that is about to be served."""

    path: Path
    settings: Settings
    endpoints: Mapping[str, str]
    protocol: Path | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """The children to start, and what a person needs to log in."""

    children: tuple[ChildSpec, ...]
    url: str
    claim_code: str
    log_dir: Path
    places: "Places"
    session: str


@dataclass(frozen=True, slots=True)
class Places:
    """Where the processes of one run find each other and write."""

    state: Path
    runtime: Path
    journal: Path
    token: str

    @property
    def lease(self) -> str:
        """The guard's lease socket."""
        return str(self.runtime / LEASE_SOCKET)

    @property
    def control(self) -> str:
        """The guard's control socket: STOP, confirmation, reset."""
        return str(self.runtime / CONTROL_SOCKET)

    @property
    def door(self) -> str:
        """The controller's door for surfaces."""
        return str(self.runtime / DOOR_SOCKET)

    @property
    def claim_file(self) -> Path:
        """The one-time code of the first login."""
        return self.runtime / "claim-code"


def prepare(site: Site, session: str) -> Prepared:
    """Write each process's own file (0600) and say how to start it. Starts nothing."""
    site = replace(site, settings=_with_ports(site.settings))
    paths = site.settings.paths
    state = private_dir(Path(paths.state_dir))
    places = Places(
        state,
        private_dir(Path(paths.runtime_dir)),
        private_dir(state / "journal"),
        secrets.token_urlsafe(32),
    )
    claim = secrets.token_urlsafe(CLAIM_BYTES)
    _write(places.claim_file, claim)
    children = tuple(
        ChildSpec(name, _argv(module, _config(places, name, make(site, places, session))), vital)
        for name, module, make, vital in PROCESSES
    )
    url = _origin(site.settings)
    return Prepared(children, url, claim, state / "log", places, session)


def _guard(site: Site, places: Places, session: str) -> object:
    own = site.settings.guard_thermometer
    return GuardConfig(
        lease_socket=places.lease,
        control_socket=places.control,
        journal_dir=str(places.journal),
        state_dir=str(places.state),
        line=site.settings.enable_line.resource,
        session=session,
        parent_fd=PARENT_FD,
        thermometer=own.resource if own else "",
        thermometer_baud=own.baud if own else 9600,
        thermometer_channel=own.channel if own else 1,
        waived=bool(site.settings.guard_waiver),
    )


def _stop(site: Site, places: Places, _session: str) -> object:
    listen = site.settings.console
    return StopConfig(
        host=listen.host,
        port=listen.stop_port,
        token=places.token,
        origin=_origin(site.settings),
        guard_control_socket=places.control,
        door_socket=places.door,
        parent_fd=PARENT_FD,
    )


def _controller(site: Site, places: Places, session: str) -> object:
    return ControllerConfig(
        site=str(site.path.resolve()),
        protocol=str(site.protocol.resolve()) if site.protocol else None,
        endpoints=tuple(site.endpoints.items()),
        speed=site.settings.speed,
        lease_socket=places.lease,
        door_socket=places.door,
        journal_dir=str(places.journal),
        state_dir=str(places.state),
        session=session,
        parent_fd=PARENT_FD,
    )


def _console(site: Site, places: Places, session: str) -> object:
    settings = site.settings
    listen = settings.console
    return ConsoleConfig(
        host=listen.host,
        port=listen.port,
        door_socket=places.door,
        guard_control_socket=places.control,
        stop_url=f"http://{listen.host}:{listen.stop_port}/stop",
        stop_token=places.token,
        journal_dir=str(places.journal),
        claim_code_file=str(places.claim_file),
        simulated=settings.simulated,
        site=settings.site,
        session=session,
        guard_waiver=settings.guard_waiver,
        parent_fd=PARENT_FD,
    )


PROCESSES: tuple[tuple[str, str, Callable[[Site, Places, str], object], bool], ...] = (
    ("guard", "mnht_controller.guard", _guard, True),
    ("stop", "mnht_controller.surfaces.stop", _stop, True),
    ("controller", "mnht_controller.app.controller", _controller, True),
    ("console", "mnht_controller.surfaces.console", _console, False),
)
"""Name, module, what it is told, and whether its death takes everything down; in start order."""


def private_dir(path: Path) -> Path:
    """Make a folder that only this user may enter."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def _with_ports(settings: Settings) -> Settings:
    """Port 0 becomes a free one now: console and STOP listener must know each other's."""
    listen = settings.console
    with socket.socket() as one, socket.socket() as two:
        for probe in (one, two):  # as the servers themselves do: a port is free after TIME_WAIT too
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        for sock, key, port in ((one, "port", listen.port), (two, "stop_port", listen.stop_port)):
            try:
                sock.bind((listen.host, port))
            except OSError as error:
                why = (
                    f"{listen.host}:{port}: {error.strerror}; end who has it, or set console.{key}"
                )
                raise type(error)(error.errno, why) from error
        ports = one.getsockname()[1], two.getsockname()[1]
    return replace(settings, console=replace(listen, port=ports[0], stop_port=ports[1]))


def _origin(settings: Settings) -> str:
    return f"http://{settings.console.host}:{settings.console.port}"


def _config(places: Places, name: str, config: object) -> Path:
    return _write(places.runtime / f"{name}.json", dumps(config))


def _argv(module: str, config: Path) -> tuple[str, ...]:
    return (sys.executable, "-m", module, str(config))


def _write(path: Path, text: str) -> Path:
    """Write a file that only this user can read, from its first byte on."""
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
    return path
