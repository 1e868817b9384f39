# SPDX-License-Identifier: Apache-2.0
"""What the console process is told at its start: addresses and secrets, never a limit."""

from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from mnht_controller.domain.codec import CodecError, loads
from mnht_controller.domain.errors import ConfigError

WEB = Path(__file__).parent / "web"


@dataclass(frozen=True, slots=True)
class ConsoleConfig:
    """`port` 0 takes any free one. `stop_url` is the STOP listener's full address, /stop included.

    `session` names the run in the journal; `guard_waiver` is shown permanently where it is set.
    `parent_fd`: a pipe whose end of file means that the parent is gone; None watches nobody.
    """

    host: str
    port: int
    door_socket: str
    guard_control_socket: str
    stop_url: str
    stop_token: str
    journal_dir: str
    claim_code_file: str
    simulated: bool
    site: str
    session: str
    guard_waiver: str = ""
    parent_fd: int | None = None

    @property
    def stop_origin(self) -> str:
        """Scheme, host and port of the STOP listener: the one other origin the page talks to."""
        parts = urlsplit(self.stop_url)
        return f"{parts.scheme}://{parts.netloc}"


def load(path: Path) -> ConsoleConfig:
    """Read the JSON file. Raises ConfigError with what is wrong in it."""
    keys = f"write the keys {', '.join(ConsoleConfig.__slots__)}"
    try:
        config = loads(ConsoleConfig, path.read_bytes())
    except OSError as error:
        raise ConfigError(str(path), "", f"unreadable: {error.strerror}", keys) from error
    except CodecError as error:
        raise ConfigError(str(path), "", str(error), keys) from error
    if not _is_loopback(config.host):
        why = f"{config.host} can be reached from other machines and there is no TLS yet"
        raise ConfigError(str(path), "host", why, "use 127.0.0.1 or ::1")
    return config


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
