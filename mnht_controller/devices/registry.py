# SPDX-License-Identifier: Apache-2.0
"""Finds drivers by the entry points `mnht.drivers`; each is imported only when it is asked for."""

from importlib.metadata import EntryPoint, entry_points

from mnht_controller.devices.contract import DriverSpec, Kind
from mnht_controller.devices.fault_words import FAULT_WORDS, INTERLOCK_WORDS
from mnht_controller.domain.errors import MnhtError

GROUP = "mnht.drivers"


class DriverUnknownError(MnhtError):
    """No usable driver of that name. Carries the name and the known ones."""

    def __init__(self, name: str, known: tuple[str, ...], why: str) -> None:
        """Keep name and choices apart, so that a profile's error can point at its key."""
        super().__init__(f"driver {name!r} {why}; known drivers: {', '.join(known) or 'none'}")
        self.name, self.known, self.why = name, known, why


def driver_names() -> tuple[str, ...]:
    """Names of all installed drivers, sorted; nothing is imported."""
    return tuple(sorted(_points()))


def find_driver(name: str) -> DriverSpec:
    """Import one driver and check its specification. Raises DriverUnknownError."""
    points = _points()
    known = tuple(sorted(points))
    if name not in points:
        raise DriverUnknownError(name, known, "is not installed")
    try:
        spec = points[name].load()
    except Exception as error:
        why = f"does not load ({type(error).__name__}: {error})"
        raise DriverUnknownError(name, known, why) from error
    if not isinstance(spec, DriverSpec):
        raise DriverUnknownError(name, known, "offers no DriverSpec")
    if why := "; ".join(complaints(name, spec)):
        raise DriverUnknownError(name, known, f"is not usable: {why}")
    return spec


def complaints(name: str, spec: DriverSpec) -> tuple[str, ...]:
    """What is wrong with a specification; empty when nothing is."""
    rows = (
        (spec.name == name, f"calls itself {spec.name!r}"),
        (spec.baud > 0, "baud is not above 0"),
        (spec.period_s > 0.0, "period_s is not above 0"),
        (
            min(spec.settling_s, spec.resolution, spec.noise, spec.watchdog_s) >= 0.0,
            "a declared figure is negative",
        ),
        (bool(spec.provenance), "no wire fact is marked documented or assumed"),
        (
            all(text.startswith(("documented: ", "assumed: ")) for _, text in spec.provenance),
            "a provenance is neither `documented: …` nor `assumed: …`",
        ),
        (
            bool(spec.stop_path) or spec.kind not in (Kind.FIELD_SOURCE, Kind.RUN_PERMIT),
            "it does not say how its output is stopped",
        ),
        (not (strange := _strange(spec)), f"status words that are not common ones: {strange}"),
    )
    return tuple(text for is_right, text in rows if not is_right)


def _strange(spec: DriverSpec) -> str:
    names = {flag.name.lower() for kind in spec.status for flag in kind if flag.name}
    return ", ".join(sorted(names - FAULT_WORDS - INTERLOCK_WORDS))


def _points() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}
