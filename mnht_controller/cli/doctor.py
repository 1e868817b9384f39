# SPDX-License-Identifier: Apache-2.0
"""`mnht doctor`: is this machine fit? One line a check, each with the command that mends it."""

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from mnht_controller.cli.output import EXIT_FAILED, emit, say

FREE_BYTES_MIN = 500_000_000
LATE_S_MAX = 0.05


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: ok, warn or fail; what was found; what to do."""

    check: str
    state: str
    found: str
    do: str = ""


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Check Python, drivers, ports, VISA, clock, disk and the optional programs.

    Example: mnht doctor --json
    """
    findings = [check() for check in CHECKS]
    if as_json:
        emit(
            {
                "ok": all(item.state != "fail" for item in findings),
                "checks": [
                    {"check": f.check, "state": f.state, "found": f.found, "do": f.do}
                    for f in findings
                ],
            }
        )
    else:
        for item in findings:
            say(f"{item.state:4}  {item.check}: {item.found}" + (f"; {item.do}" if item.do else ""))
    if any(item.state == "fail" for item in findings):
        raise typer.Exit(EXIT_FAILED)


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.platform != "linux":
        return Finding("python", "fail", f"{version} on {sys.platform}", "Linux only")
    if sys.flags.optimize:
        return Finding("python", "fail", "-O strips checks", "run without -O and PYTHONOPTIMIZE")
    return Finding("python", "ok", version)


def _drivers() -> Finding:
    from mnht_controller.devices.registry import driver_names

    names = driver_names()
    if not names:
        return Finding("drivers", "fail", "none installed", "install the project, not a copy of it")
    return Finding("drivers", "ok", ", ".join(names))


def _self_test() -> Finding:
    """Which sources' watchdogs can be seen to act at start, and why the others' cannot."""
    from mnht_controller.app.describe import describe

    rows = [(row["name"], str(row["watchdog_proof"])) for row in describe()]
    told = [f"{name} {proof}" for name, proof in rows if proof]
    return Finding("watchdog self-test", "ok", "; ".join(told) or "no source is installed")


def _ports() -> Finding:
    by_id = Path("/dev/serial/by-id")
    ports = sorted(path.name for path in by_id.iterdir()) if by_id.is_dir() else []
    if ports:
        return Finding("serial ports", "ok", ", ".join(ports))
    return Finding("serial ports", "warn", "none by id", "plug the adapters in; see `dmesg | tail`")


def _dialout() -> Finding:
    import grp

    try:
        member = os.getuid() == 0 or grp.getgrnam("dialout").gr_gid in os.getgroups()
    except KeyError:
        return Finding("dialout", "warn", "no such group here", "check the rights on the ports")
    if member:
        return Finding("dialout", "ok", "may open serial ports")
    return Finding(
        "dialout", "warn", "not a member", "sudo usermod -aG dialout $USER, log in again"
    )


def _visa() -> Finding:
    try:
        import pyvisa
        import pyvisa_py  # noqa: F401 - its presence is the finding
    except ImportError as error:
        return Finding("visa", "fail", str(error), "install the requirements again")
    return Finding("visa", "ok", f"pyvisa {pyvisa.__version__} with pyvisa-py")


def _clock() -> Finding:
    import asyncio

    async def lateness_s() -> float:
        loop = asyncio.get_running_loop()
        worst = 0.0
        for _ in range(20):
            due = loop.time() + 0.01
            await asyncio.sleep(0.01)
            worst = max(worst, loop.time() - due)
        return worst

    worst = asyncio.run(lateness_s())
    found = f"worst lateness of 20 ticks {worst * 1e3:.1f} ms"
    if worst < LATE_S_MAX:
        return Finding("timer", "ok", found)
    return Finding("timer", "warn", found, "close other programs; measure again")


def _disk() -> Finding:
    from mnht_controller.settings.host import default_paths

    folder = Path(default_paths().state_dir)
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    found = f"{free / 1e9:.1f} GB free for the record"
    if free >= FREE_BYTES_MIN:
        return Finding("disk", "ok", found)
    return Finding("disk", "fail", found, f"free space below {folder}")


def _optional(name: str, what: str) -> Callable[[], Finding]:
    def check() -> Finding:
        path = shutil.which(name)
        if path:
            return Finding(name, "ok", "installed")
        return Finding(name, "warn", "absent", f"{what}: apt install {name}")

    return check


CHECKS: tuple[Callable[[], Finding], ...] = (
    _python,
    _drivers,
    _self_test,
    _ports,
    _dialout,
    _visa,
    _clock,
    _disk,
    _optional("chromium", "browser tests are skipped"),
    _optional("mosquitto", "broker tests are skipped"),
)
