# SPDX-License-Identifier: Apache-2.0
"""A folder for what can be made again: compiled kernels, fitted patients. Losing it costs time."""

import fcntl
import hashlib
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from platformdirs import user_cache_path

OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def folder(name: str) -> Path:
    """Return a writable folder for one kind of thing: the user's cache, else a temporary one.

    What is compiled is loaded from here, so a temporary one that others could fill is not used.
    """
    place = user_cache_path("mnht_controller") / name
    try:
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError:
        return _temporary(name)
    return place if os.access(place, os.W_OK) else _temporary(name)


def _temporary(name: str) -> Path:
    base = Path(tempfile.gettempdir()) / f"mnht-{os.getuid()}"
    if _is_private(base) and _is_private(base / name):
        return base / name
    return Path(tempfile.mkdtemp(prefix=f"mnht-{name}-"))


def _is_private(place: Path) -> bool:
    """Make the folder if there is none; say whether it is this user's, and theirs alone to write.

    Not so a link: whoever owns it can point it elsewhere later.
    """
    try:
        place.mkdir(exist_ok=True, mode=0o700)
        found = place.lstat()
    except OSError:
        return False
    is_mine = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
    return is_mine and found.st_mode & OTHERS_WRITE == 0 and os.access(place, os.W_OK)


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
