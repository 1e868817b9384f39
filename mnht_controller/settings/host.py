# SPDX-License-Identifier: Apache-2.0
"""What the host decides: directories, and environment variables over the site's file.

Only `[console]` and `[paths]` can be overridden (`MNHT_CONSOLE__PORT=0`): never a limit, device or
prescription.
"""

import os
import warnings
from pathlib import Path
from typing import TypeVar

import platformdirs
from pydantic import BaseModel, ValidationError

from mnht_controller.domain.errors import ConfigError
from mnht_controller.settings.hints import explain
from mnht_controller.settings.settings import Paths
from mnht_controller.settings.site import Site

_PREFIX = "MNHT_"
_ENVIRONMENT = "environment"

T = TypeVar("T", bound=BaseModel)


def over_environment(site: Site) -> tuple[Site, tuple[ConfigError, ...]]:
    """Give the site with the environment over `[console]` and `[paths]`, and what is wrong."""
    console, errors = _merged("console", site.console)
    paths, more = _merged("paths", site.paths)
    merged = site.model_copy(update={"console": console, "paths": paths})
    return merged, (*errors, *more, *_stray_variables())


def paths_of(site: Site) -> Paths:
    """Choose the directories: the site's, else systemd's, else XDG's; nothing is created."""
    given, host = site.paths, default_paths()
    return Paths(
        state_dir=given.state_dir or str(Path(host.state_dir) / site.name),
        runtime_dir=given.runtime_dir or host.runtime_dir,
    )


def default_paths() -> Paths:
    """The host's own directories, for commands that know no site."""
    over = os.environ.get(f"{_PREFIX}PATHS__RUNTIME_DIR", "")
    return Paths(_systemd("STATE") or _xdg_state(), over or _systemd("RUNTIME") or _xdg_runtime())


def _stray_variables() -> tuple[ConfigError, ...]:
    """Refuse variables that look like an override of something that has none, such as limits."""
    right = "MNHT_CONSOLE__… and MNHT_PATHS__… exist; everything else stands in the site's files"
    return tuple(
        ConfigError(_ENVIRONMENT, name, "cannot be overridden", right)
        for name in sorted(os.environ)
        if name.startswith(_PREFIX)
        and "__" in name
        and not name.startswith(("MNHT_CONSOLE__", "MNHT_PATHS__"))
    )


def _merged(table: str, given: T) -> tuple[T, tuple[ConfigError, ...]]:
    """Validate a table anew with the variables over it, which are texts and so need conversion."""
    prefix = f"{_PREFIX}{table.upper()}__"
    over = {
        name.removeprefix(prefix).lower(): value
        for name, value in os.environ.items()
        if name.startswith(prefix)
    }
    try:
        return type(given).model_validate(given.model_dump() | over, strict=False), ()
    except ValidationError as error:
        return given, tuple(
            ConfigError(
                _ENVIRONMENT, prefix + str(found["loc"][0]).upper(), *explain(type(given), found)
            )
            for found in error.errors()
        )


def _systemd(kind: str) -> str:
    return os.environ.get(f"{kind}_DIRECTORY", "").split(":")[0]


def _xdg_state() -> str:
    return platformdirs.user_state_dir("mnht")


def _xdg_runtime() -> str:
    with warnings.catch_warnings():  # a host without XDG_RUNTIME_DIR gets a private fallback
        warnings.simplefilter("ignore")
        return platformdirs.user_runtime_dir("mnht")
