# SPDX-License-Identifier: Apache-2.0
"""One document on stdout, everything else on stderr, and exit codes that tell causes apart."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from mnht_controller.devices.errors import DeviceError
from mnht_controller.devices.registry import DriverUnknownError
from mnht_controller.domain.errors import ConfigError, IntentRefused, MnhtError
from mnht_controller.journal.errors import JournalError
from mnht_controller.settings.errors import ConfigErrors

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_UNAVAILABLE = 69
EXIT_IO = 74
EXIT_PERMISSION = 77
EXIT_CONFIG = 78

EXIT_CODES: tuple[tuple[type[Exception], int], ...] = (
    (ConfigErrors, EXIT_CONFIG),
    (ConfigError, EXIT_CONFIG),
    (DriverUnknownError, EXIT_USAGE),
    (DeviceError, EXIT_UNAVAILABLE),
    (IntentRefused, EXIT_FAILED),
    (PermissionError, EXIT_PERMISSION),
    (OSError, EXIT_IO),
    (MnhtError, EXIT_FAILED),
)
"""First row that fits; anything else is a bug of ours and keeps its traceback."""


def emit(document: object) -> None:
    """Print one JSON document on stdout."""
    sys.stdout.write(json.dumps(document, indent=2, allow_nan=False) + "\n")
    sys.stdout.flush()


def say(text: str) -> None:
    """Tell a person, on stderr."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def exit_code(error: Exception) -> int:
    """The exit code for this error; a record that cannot be read or written says why by its cause.

    A record that reads but is none is a failed check. A process that died gives its own code.
    """
    if isinstance(error, JournalError) and isinstance(error.__cause__, OSError):
        error = error.__cause__
    known = next(code for kind, code in EXIT_CODES if isinstance(error, kind))
    return int(getattr(error, "exit_code", known))


@contextmanager
def errors(*, as_json: bool = False) -> Iterator[None]:
    """Turn our errors into one clear text (or JSON) and the right exit code."""
    try:
        yield
    except tuple(kind for kind, _ in EXIT_CODES) as error:
        code = exit_code(error)
        if as_json:
            emit({"ok": False, "exit_code": code, "errors": _described(error)})
        say(f"mnht: {error}")
        raise typer.Exit(code) from error


def _described(error: Exception) -> list[dict[str, str]]:
    """Each error apart: a profile with three mistakes reports three."""
    each = getattr(error, "errors", None) or (error,)
    return [
        {"file": item.file, "key": item.key, "why": item.why, "right": item.right}
        if isinstance(item, ConfigError)
        else {"why": str(item)}
        for item in each
    ]
