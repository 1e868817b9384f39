# SPDX-License-Identifier: Apache-2.0
"""What really happened, noise-free and lag-free, as the plant knows it and no controller may."""

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from mnht_controller.domain.codec import dumps, from_plain

LOOK_S = 0.01
"""How often someone who waits for the truth reads what is new of it."""


@dataclass(frozen=True, slots=True)
class Truth:
    """One instant: `at` monotonic, `treatment_s` plant time, temperatures in °C.

    `skin_c` is the hottest true skin at the probed sites, `skin_surface_c` over the whole skin;
    `healthy_c` is the hottest probed healthy site, `healthy_tissue_c` that of all healthy tissue.
    `coil_ka_per_m_max` is the highest field so far, between rows too.
    """

    at: float
    treatment_s: float
    coil_ka_per_m: float
    setpoint_ka_per_m: float
    loop_closed: bool
    skin_c: float
    skin_surface_c: float
    tumor_c_max: float
    tumor_t90_c: float
    tumor_t50_c: float
    tumor_t10_c: float
    healthy_c: float
    healthy_tissue_c: float
    core_c: float
    coil_ka_per_m_max: float = 0.0


@dataclass(frozen=True, slots=True)
class Edge:
    """The coil current came or went: observed at `at`, at most `late_s` after it happened."""

    at: float
    energized: bool
    late_s: float


@dataclass(frozen=True, slots=True)
class Contact:
    """The enable line's contact opened or closed, with or without current; times as for `Edge`."""

    at: float
    closed: bool
    late_s: float


@dataclass(frozen=True, slots=True)
class Stall:
    """The observer looked away: what it stamped in the `late_s` before `at` is late by as much."""

    at: float
    late_s: float


@dataclass(frozen=True, slots=True)
class Traffic:
    """Bytes that have passed one device's front, to it and from it, since the bench began."""

    at: float
    device: str
    bytes_in: int
    bytes_out: int


Row = Truth | Edge | Contact | Stall | Traffic
KINDS: MappingProxyType[str, type[Row]] = MappingProxyType(
    {kind.__name__: kind for kind in (Truth, Edge, Contact, Stall, Traffic)}
)


class TruthFile:
    """Truth as JSON lines, written by the bench and read by who judges the run."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="ascii", buffering=1)

    def write(self, row: Row) -> None:
        """Append one row."""
        self._file.write(f'{{"{type(row).__name__}":{dumps(row)}}}\n')

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class TruthTail:
    """Follows a truth file while the bench writes it; every list is in order of time."""

    def __init__(self, path: Path) -> None:
        self._path, self._at, self._rest = path, 0, b""
        self.truth: list[Truth] = []
        self.edges: list[Edge] = []
        self.contacts: list[Contact] = []
        self.stalls: list[Stall] = []
        self.traffic: list[Traffic] = []

    @property
    def is_energized(self) -> bool:
        """Whether current flows, as far as the bench has written."""
        return bool(self.edges) and self.edges[-1].energized

    def off_after(self, at: float) -> Edge | None:
        """The first time after `at` that the current was seen gone."""
        return next((edge for edge in self.edges if edge.at > at and not edge.energized), None)

    def opened_after(self, at: float) -> Contact | None:
        """The first time after `at` that the enable line's contact was seen open."""
        return next((row for row in self.contacts if row.at > at and not row.closed), None)

    def read(self) -> None:
        """Take what is new; nothing where there is no file yet."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self._at)
            data = file.read()
        self._at += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for row in _rows(line.decode("ascii") for line in lines):
            match row:
                case Truth():
                    self.truth.append(row)
                case Edge():
                    self.edges.append(row)
                case Contact():
                    self.contacts.append(row)
                case Stall():
                    self.stalls.append(row)
                case Traffic():
                    self.traffic.append(row)

    def wait(self, condition: Callable[[], object], deadline_s: float) -> bool:
        """Read on until the condition holds; False when it does not within `deadline_s`."""
        until = time.monotonic() + deadline_s
        self.read()
        while not condition():
            if time.monotonic() > until:
                return False
            time.sleep(LOOK_S)
            self.read()
        return True


def read_truth(path: Path) -> tuple[list[Truth], list[Edge]]:
    """The rows that oracles judge; a torn last line is left out."""
    tail = TruthTail(path)
    tail.read()
    return tail.truth, tail.edges


def _rows(lines: Iterable[str]) -> Iterable[Row]:
    for line in lines:
        ((kind, data),) = json.loads(line).items()
        yield from_plain(KINDS[kind], data)
