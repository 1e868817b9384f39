# SPDX-License-Identifier: Apache-2.0
"""The few system calls that make bytes durable; tests make them fail here. Raises OSError only."""

import os
from pathlib import Path


def create(path: Path, first: bytes) -> int:
    """Create a new 0600 file that durably holds `first`; give its append-only descriptor."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(path, flags, 0o600)
    try:
        append_and_sync(descriptor, first)
        sync_directory(path.parent)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def append_and_sync(descriptor: int, data: bytes) -> None:
    """Append all of it and wait until the device has it."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
    os.fdatasync(descriptor)


def sync_directory(path: Path) -> None:
    """Make a new or renamed name in this directory durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace(path: Path, data: bytes) -> None:
    """Replace a file's content at once or not at all, 0600, durably."""
    draft = path.with_name(path.name + ".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        append_and_sync(descriptor, data)
    finally:
        os.close(descriptor)
    draft.replace(path)
    sync_directory(path.parent)


def free_mb(path: Path) -> float:
    """Room that is left to us on the disk of this path, MB."""
    found = os.statvfs(path)
    return found.f_bavail * found.f_frsize / 1e6
