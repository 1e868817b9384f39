# SPDX-License-Identifier: Apache-2.0
"""The serial ports of this host, by names that stay. Opens nothing and writes nothing."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STABLE_DIRS = (Path("/dev/serial/by-id"), Path("/dev/serial/by-path"))
"""By-id names the instrument, by-path the socket it is plugged into; in this order."""

RENUMBERED = re.compile(r"/dev/tty(?:USB|ACM)\d+")
"""Names that the kernel gives in the order of plugging in."""


@dataclass(frozen=True, slots=True)
class SerialPort:
    """One port as the system describes it; None where it says nothing. `usb` is vid:pid."""

    path: str
    stable: str | None = None
    usb: str | None = None
    manufacturer: str | None = None
    product: str | None = None
    serial: str | None = None


def list_ports(
    found: Callable[[], Iterable[Any]] | None = None, folders: Iterable[Path] = STABLE_DIRS
) -> tuple[SerialPort, ...]:
    """Every port, sorted by path. `found` replaces pyserial's list."""
    names = _stable_names(folders)
    rows = [_port(info, names) for info in (found or _found)()]
    return tuple(sorted(rows, key=lambda port: port.path))


def stable_name(path: str, folders: Iterable[Path] = STABLE_DIRS) -> str | None:
    """The name that stays with this port, where the system keeps one."""
    return _stable_names(folders).get(str(Path(path).resolve()))


def _found() -> Iterable[Any]:
    from serial.tools.list_ports import comports

    return comports()


def _port(info: Any, names: dict[str, str]) -> SerialPort:  # noqa: ANN401 - pyserial's row
    has_usb = info.vid is not None and info.pid is not None
    return SerialPort(
        path=info.device,
        stable=names.get(str(Path(info.device).resolve())),
        usb=f"{info.vid:04x}:{info.pid:04x}" if has_usb else None,
        manufacturer=info.manufacturer,
        product=info.product,
        serial=info.serial_number,
    )


def _stable_names(folders: Iterable[Path]) -> dict[str, str]:
    """From a device to its first stable name."""
    names: dict[str, str] = {}
    for folder in folders:
        for link in sorted(folder.iterdir()) if folder.is_dir() else ():
            names.setdefault(str(link.resolve()), str(link))
    return names
