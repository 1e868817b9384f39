# SPDX-License-Identifier: Apache-2.0
"""Where the configuration that comes with the project lies: in the wheel, or beside the package."""

from pathlib import Path

import mnht_controller


def config_dir() -> Path:
    """The shipped `config/`; FileNotFoundError when an installation lost it."""
    package = Path(mnht_controller.__file__).parent
    for folder in (package / "_config", package.parent / "config"):
        if (folder / "sites").is_dir():
            return folder
    raise FileNotFoundError("the shipped configuration is missing; install the project again")
