# SPDX-License-Identifier: Apache-2.0
"""What `mnht check` asks the simulator about a site; a real site needs no plant for it."""

import importlib
from pathlib import Path

from mnht_controller.domain.errors import ConfigError
from mnht_controller.settings.settings import Settings


def check(settings: Settings) -> None:
    """The patient of a simulated site reads, and has every probe in its role."""
    if settings.patient is None:
        return
    require_plant()
    from sim_hardware.bench.patients import loaded, match

    match(settings, loaded(Path(settings.patient)).patient)


def require_plant() -> None:
    """Refuse to go on without the libraries that the simulated patient needs: ConfigError."""
    try:
        importlib.import_module("sim_hardware.plant.support.jit")
    except ImportError as error:
        right = "pip install 'mnht-controller[sim]', or use ./run"
        raise ConfigError("this installation", "extra sim", str(error), right) from error
