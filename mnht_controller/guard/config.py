# SPDX-License-Identifier: Apache-2.0
"""What the guard process is told at its start: addresses only, never a limit."""

from dataclasses import dataclass
from pathlib import Path

from mnht_controller.domain.codec import CodecError, loads
from mnht_controller.domain.errors import ConfigError


@dataclass(frozen=True, slots=True)
class GuardConfig:
    """Paths of the two sockets, folders for journal and latch, the enable line.

    `line`: `ASRL<path>`, a plain path, or `tcp://host:port`. `parent_fd`: a pipe whose end of file
    means that the parent is gone; None (by hand, never in a site) watches nobody. `session` names
    the run in the journal. `thermometer`: the guard's own, addressed like `line`; empty: none.
    `waived`: somebody has signed that real devices may be armed without it.
    """

    lease_socket: str
    control_socket: str
    journal_dir: str
    state_dir: str
    line: str
    session: str
    parent_fd: int | None = None
    line_baud: int = 9600
    thermometer: str = ""
    thermometer_baud: int = 9600
    thermometer_channel: int = 1
    waived: bool = False


def load(path: Path) -> GuardConfig:
    """Read the JSON file. Raises ConfigError with what is wrong in it."""
    right = f"write the keys {', '.join(GuardConfig.__slots__)}"
    try:
        return loads(GuardConfig, path.read_bytes())
    except OSError as error:
        raise ConfigError(str(path), "", f"unreadable: {error.strerror}", right) from error
    except CodecError as error:
        raise ConfigError(str(path), "", str(error), right) from error
