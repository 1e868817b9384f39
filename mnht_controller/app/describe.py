# SPDX-License-Identifier: Apache-2.0
"""What is installed and what is plugged in, said without opening a port or writing a byte."""

from dataclasses import MISSING, fields

from mnht_controller.devices.contract import DriverSpec, Kind
from mnht_controller.devices.ports import list_ports
from mnht_controller.devices.registry import driver_names, find_driver


def describe(name: str | None = None) -> list[dict[str, object]]:
    """Each installed driver: what it needs, how its output ends, what is documented or assumed.

    Raises DriverUnknownError for a name that is not installed.
    """
    return [_row(find_driver(one)) for one in ((name,) if name else driver_names())]


def found_ports() -> list[dict[str, object]]:
    """Each serial port of this host, with the name that survives replugging."""
    return [
        {
            "path": port.path,
            "stable": port.stable or "",
            "usb": port.usb or "",
            "manufacturer": port.manufacturer or "",
            "product": port.product or "",
            "serial": port.serial or "",
        }
        for port in list_ports()
    ]


def _row(spec: DriverSpec) -> dict[str, object]:
    return {
        "name": spec.name,
        "kind": spec.kind.value,
        "title": spec.title,
        "baud": spec.baud,
        "period_s": spec.period_s,
        "dead_man": spec.dead_man.value,
        "watchdog_s": spec.watchdog_s,
        "watchdog_proof": _proof(spec),
        "limit_register": spec.has_limit,
        "measures_field": spec.measures_field,
        "tells_twins": not spec.is_anonymous,
        "stop_path": spec.stop_path,
        "options": _options(spec),
        "status_words": [
            f"{kind.__name__}: " + ", ".join(str(flag.name).lower() for flag in kind)
            for kind in spec.status
        ],
        "provenance": dict(spec.provenance),
    }


def _proof(spec: DriverSpec) -> str:
    """Whether the self-test at start can see its watchdog act; empty where there is no output."""
    if spec.kind is not Kind.FIELD_SOURCE:
        return ""
    if spec.watchdog_proof_s > 0.0:
        return f"at start, {spec.watchdog_proof_s:g} s of silence"
    return f"not provable here: {spec.unproven}"


def _options(spec: DriverSpec) -> dict[str, str]:
    """Each option with its default, or that it is required."""
    rows = {}
    for field in fields(spec.options):
        has_none = field.default is MISSING and field.default_factory is MISSING
        default = field.default if field.default is not MISSING else "…"
        rows[field.name] = "required" if has_none else f"default {default!r}"
    return rows
