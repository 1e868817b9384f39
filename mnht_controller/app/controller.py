# SPDX-License-Identifier: Apache-2.0
"""The controller process: `python -m mnht_controller.app.controller CONFIG.json`."""

import asyncio
import gc
import json
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import structlog

from mnht_controller.app.build import Shell, build, header, plan_for
from mnht_controller.devices.contract import DriverSpec
from mnht_controller.devices.open import transport_for
from mnht_controller.devices.transport import Transport
from mnht_controller.domain.codec import CodecError, loads
from mnht_controller.domain.errors import ConfigError, MnhtError
from mnht_controller.domain.spent import NOTHING
from mnht_controller.journal.errors import JournalError
from mnht_controller.journal.keep import LatchFile, load_latch
from mnht_controller.journal.keep_alarms import AlarmFile
from mnht_controller.journal.ledger import Ledger as FileLedger
from mnht_controller.journal.sink import FileJournal
from mnht_controller.runtime.guard_link import GuardSocket
from mnht_controller.runtime.host import RealHost
from mnht_controller.runtime.supervisor import watch_parent
from mnht_controller.settings.errors import ConfigErrors
from mnht_controller.settings.load import load_site
from mnht_controller.settings.logs import log_to_stderr
from mnht_controller.settings.settings import Device, Settings

LEDGER = "controller-spent.json"
"""Where what a session has used outlives the controller."""

EXIT_CODES: tuple[tuple[type[Exception], int], ...] = (
    (ConfigErrors, 78),
    (ConfigError, 78),
    (JournalError, 74),
    (OSError, 74),
)

log = structlog.get_logger(component="controller")


@dataclass(frozen=True, slots=True)
class ControllerConfig:
    """What the controller process is told: which site, with which addresses, and where to write.

    `endpoints` are pairs (device id, resource). Limits come from the site's files only.
    """

    site: str
    protocol: str | None
    endpoints: tuple[tuple[str, ...], ...]
    speed: float
    lease_socket: str
    door_socket: str
    journal_dir: str
    state_dir: str
    session: str
    parent_fd: int | None = None


def settings_of(config: ControllerConfig) -> Settings:
    """Read the site's files again: limits never travel through a runtime file."""
    return load_site(
        Path(config.site),
        endpoints={pair[0]: pair[1] for pair in config.endpoints},
        protocol=Path(config.protocol) if config.protocol else None,
        speed=config.speed,
    )


def real_transport(device: Device, spec: DriverSpec) -> Transport:
    """The transport for a real address (a twin's pty or port is one)."""
    return transport_for(device.resource, device.baud or spec.baud)


async def run(config: ControllerConfig, ready: Callable[[], None]) -> None:
    """Tick until told to end; off comes before everything else that ends."""
    settings = settings_of(config)
    plan = plan_for(settings)
    kept = Path(config.state_dir) / "controller-latch.json"
    latch = load_latch(kept)
    path = Path(config.journal_dir) / f"controller-{config.session}.jsonl"
    journal = FileJournal(path, header(settings, plan, "controller"))
    ledger = FileLedger(Path(config.state_dir) / LEDGER)
    journal.write("spent", ledger.kept or NOTHING)
    journal.write("latch", latch)
    guard = GuardSocket(Path(config.lease_socket))
    host = RealHost(path.parent)
    with ThreadPoolExecutor(1, "latch") as keeper, ThreadPoolExecutor(1, "alarms") as alarms:
        alarm_file = AlarmFile(Path(config.state_dir) / "controller-alarms.json", alarms.submit)
        latch_file = LatchFile(kept, keeper.submit)
        shell = Shell(
            real_transport, guard, journal, latch_file.keep, host, ledger, alarm_file,
            latch_fault=lambda: latch_file.fault,
        )  # fmt: skip
        controller = build(settings, plan, shell, latch, config.session)
        door = await controller.parts.hall.listen(Path(config.door_socket))
        linking = asyncio.create_task(guard.run())
        ticking = asyncio.create_task(controller.run())
        _on_end(ticking, config.parent_fd)
        gc.collect()
        gc.freeze()  # what start-up made stays: later collections are short
        ready()
        try:
            await ticking  # the source is off and closed before the guard's link ends
        except asyncio.CancelledError:
            log.info("ended")
        finally:
            linking.cancel()
            guard.close()
            door.close()
            ledger.close()
            journal.close()
            host.close()


def _on_end(ticking: "asyncio.Task[None]", parent_fd: int | None) -> None:
    """Ending the tick ends all; it switches the source off on its way out."""

    def end() -> None:
        ticking.cancel()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, end)
    if parent_fd is not None:
        watch_parent(end, parent_fd)


def main(arguments: list[str]) -> int:
    """Run it. Exit codes: 0 as asked, 1 fault, 74 no record or socket, 78 bad configuration."""
    try:
        config = loads(ControllerConfig, Path(arguments[0]).read_bytes())
    except (IndexError, OSError, CodecError) as error:
        sys.stderr.write(f"controller: bad configuration: {error}\n")
        return 78

    log_to_stderr()

    def ready() -> None:
        sys.stdout.write(json.dumps({"ready": True}) + "\n")
        sys.stdout.flush()

    try:
        asyncio.run(run(config, ready))
    except (MnhtError, OSError) as error:
        sys.stderr.write(f"controller: {error}\n")
        return next((code for kind, code in EXIT_CODES if isinstance(error, kind)), 1)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
