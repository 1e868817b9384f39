# SPDX-License-Identifier: Apache-2.0
"""What stands in a journal: the header that opens it, and the bodies of the common kinds.

Any frozen dataclass that the codec knows may be written; these are the ones readers rely on.
"""

import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mnht_controller import __version__
from mnht_controller.domain.alarm import AlarmEvent
from mnht_controller.domain.prescription import Plan
from mnht_controller.domain.tick import Decision, TickInput

FORMAT = "mnht.journal"
VERSION = 1
PYTHON = ".".join(str(part) for part in sys.version_info[:3])


@dataclass(frozen=True, slots=True)
class DriverVersion:
    """A driver and the version of the distribution it came from."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class Header:
    """First record of every chain: what made it. `started_at` is a label, never used as time."""

    process: str
    """controller, guard or console."""
    boot: str
    started_at: str
    settings_sha256: str = ""
    drivers: tuple[DriverVersion, ...] = ()
    speed: float = 1.0
    seed: int | None = None
    plan: Plan | None = None
    project: str = __version__
    python: str = PYTHON
    format: str = FORMAT
    version: int = VERSION


@dataclass(frozen=True, slots=True)
class TickRecord:
    """Kind "tick": all a tick looked at, what it decided, and the digest of the state after it."""

    input: TickInput
    decision: Decision
    state: str


@dataclass(frozen=True, slots=True)
class AlarmRecord:
    """Kind "alarm": what happened to an alarm or to the sound, and when it was shown."""

    event: AlarmEvent
    shown_at: float


@dataclass(frozen=True, slots=True)
class Event:
    """Kind "event": something outside a tick, by whom and where."""

    code: str
    where: str = ""
    actor: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Lost:
    """Kind "lost": so many records were refused by a full queue just before this one."""

    records: int


def boot_id() -> str:
    """Identify this boot of the host, the key that journals are merged by; "unknown" without it."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return "unknown"


def wall_label() -> str:
    """Say the wall-clock time, RFC 3339 in UTC. For people only: nothing computes with it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
