# SPDX-License-Identifier: Apache-2.0
"""What really happened, noise-free and lag-free, as the plant knows it and no controller may."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mnht_controller.domain.codec import dumps, loads


@dataclass(frozen=True, slots=True)
class Truth:
    """One instant: `at` monotonic, `treatment_s` plant time, temperatures in °C.

    `skin_c` is the hottest true skin at the probed sites, `skin_surface_c` over the whole skin.
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
    healthy_c: float


@dataclass(frozen=True, slots=True)
class Edge:
    """The coil current came or went: observed at `at`, at most `late_s` after it happened."""

    at: float
    energized: bool
    late_s: float


class TruthFile:
    """Truth as JSON lines, written by the bench and read by who judges the run."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="ascii", buffering=1)

    def write(self, row: Truth | Edge) -> None:
        """Append one row."""
        self._file.write(f'{{"{type(row).__name__}":{dumps(row)}}}\n')

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read_truth(path: Path) -> tuple[list[Truth], list[Edge]]:
    """Both kinds of rows of a truth file; a torn last line is left out."""
    return _sorted(path.read_text(encoding="ascii").split("\n")[:-1])


def _sorted(lines: Iterable[str]) -> tuple[list[Truth], list[Edge]]:
    rows: list[Truth] = []
    edges: list[Edge] = []
    for line in lines:
        ((kind, data),) = json.loads(line).items()
        if kind == "Truth":
            rows.append(loads(Truth, json.dumps(data)))
        else:
            edges.append(loads(Edge, json.dumps(data)))
    return rows, edges
