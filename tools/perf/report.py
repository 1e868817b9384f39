# SPDX-License-Identifier: Apache-2.0
"""What every measurement prints and how it is judged: one JSON document, one exit code."""

import json
import math
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

JsonValue = object

RANKS = MappingProxyType({"p50": 0.5, "p95": 0.95, "p99": 0.99, "p99_9": 0.999})


@dataclass(slots=True)
class Report:
    """The document of `./run perf`: keys are a contract. A target is missed by saying so."""

    name: str
    figures: dict[str, JsonValue] = field(default_factory=dict)
    peers: dict[str, JsonValue] = field(default_factory=dict)
    limits: dict[str, JsonValue] = field(default_factory=dict)
    ratios: dict[str, JsonValue] = field(default_factory=dict)
    targets: dict[str, JsonValue] = field(default_factory=dict)
    short: list[str] = field(default_factory=list)

    def finish(self, *, as_json: bool) -> int:
        """Print it; exit code 1 when anything falls short."""
        document = {
            "name": self.name,
            "figures": self.figures,
            "peers": self.peers,
            "limits": self.limits,
            "ratios": self.ratios,
            "targets": self.targets,
            "short": self.short,
            "ok": not self.short,
        }
        if as_json:
            print(json.dumps(document))
        else:
            for key, value in document.items():
                print(f"{key}: {json.dumps(value)}")
        return 1 if self.short else 0


def distribution(samples: Sequence[float]) -> dict[str, float | int | None]:
    """Count, min, RANKS (nearest rank) and max; None where there is no sample."""
    ordered = sorted(samples)
    if not ordered:
        return {"n": 0, "min": None, **dict.fromkeys(RANKS), "max": None}
    return {
        "n": len(ordered),
        "min": _rounded(ordered[0]),
        **{name: _rounded(ordered[math.ceil(rank * len(ordered)) - 1])
           for name, rank in RANKS.items()},
        "max": _rounded(ordered[-1]),
    }  # fmt: skip


def _rounded(value: float) -> float:
    return round(value, 4)


class Steal:
    """Share of processor time that the host took away since this was made (/proc/stat)."""

    def __init__(self) -> None:
        self._since = _jiffies()

    def fraction(self) -> float:
        """0 to 1, over all processors."""
        stolen, whole = (now - then for now, then in zip(_jiffies(), self._since, strict=True))
        return round(stolen / whole, 4) if whole else 0.0


def _jiffies() -> tuple[int, int]:
    numbers = [int(n) for n in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return numbers[7], sum(numbers)


def host() -> dict[str, JsonValue]:
    """What the machine is doing besides."""
    return {"cpus": os.cpu_count(), "load_1min": round(os.getloadavg()[0], 2)}


class Progress:
    """One line on stderr for each step done, with the time that is left."""

    def __init__(self, steps: int) -> None:
        self._steps, self._done, self._began = steps, 0, time.monotonic()

    def step(self, text: str) -> None:
        """Say that one more step is done."""
        self._done += 1
        spent_s = time.monotonic() - self._began
        left_s = spent_s / self._done * (self._steps - self._done)
        sys.stderr.write(f"perf: [{self._done}/{self._steps}] {text}  ETA {left_s:.0f} s\n")
        sys.stderr.flush()
