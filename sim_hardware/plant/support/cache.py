# SPDX-License-Identifier: Apache-2.0
"""A folder for what can be made again: compiled kernels, fitted patients. Losing it costs time."""

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from platformdirs import user_cache_path


def folder(name: str) -> Path:
    """Return a writable folder for one kind of thing: the user's cache, else a temporary one."""
    for base in (user_cache_path("mnht_controller"), _temporary()):
        place = base / name
        try:
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError:
            continue
        if os.access(place, os.W_OK):
            return place
    return Path(tempfile.mkdtemp(prefix=f"mnht-{name}-"))


def _temporary() -> Path:
    return Path(tempfile.gettempdir()) / f"mnht-{os.getuid()}"


def digest(files: Iterable[Path], *more: object) -> str:
    """Return a name that changes with any of the files' bytes and with anything else given."""
    found = hashlib.sha256(repr(more).encode())
    for file in sorted(files):
        found.update(file.name.encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return found.hexdigest()[:24]


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Keep other processes that ask for the same path waiting."""
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
