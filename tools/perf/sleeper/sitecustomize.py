# SPDX-License-Identifier: Apache-2.0
"""Read at start by a controller under test: a signal makes one of its functions sleep once.

`ask` in the folder names the function and the seconds; `began` says when (monotonic) it fell
asleep. Nothing of the product knows of this.
"""

import functools
import json
import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType, FunctionType, ModuleType
from typing import Any

FOLDER = "MNHT_SLEEP_FOLDER"
PROCESS = "mnht_controller.app.controller"
PACKAGES = ("mnht_controller", "drivers")


def arm(_number: int, _frame: FrameType | None) -> None:
    """Put the sleep where the folder's `ask` says."""
    folder = Path(os.environ[FOLDER])
    ask = json.loads((folder / "ask").read_text(encoding="utf-8"))
    put(ask["module"], ask["name"], ask["s"], folder)


def put(module: str, name: str, s: float, folder: Path) -> None:
    """Make the next call of a module's function or method sleep; what comes after is untouched."""
    holder, _, attribute = name.rpartition(".")
    owner: Any = getattr(sys.modules[module], holder) if holder else sys.modules[module]
    honest: FunctionType = getattr(owner, attribute)
    places = [(owner, attribute)] if holder else _named(honest)

    @functools.wraps(honest)
    def sleeper(*given: Any, **named: Any) -> Any:  # noqa: ANN401 - whatever it takes and gives
        for place, word in places:
            setattr(place, word, honest)
        (folder / "began").write_text(repr(time.monotonic()), encoding="utf-8")
        time.sleep(s)
        return honest(*given, **named)

    for place, word in places:
        setattr(place, word, sleeper)


def _named(honest: FunctionType) -> list[tuple[ModuleType, str]]:
    """Every module that calls the function by a name of its own."""
    ours = [held for name, held in sys.modules.items() if name.split(".")[0] in PACKAGES]
    return [(held, word) for held in ours for word, value in vars(held).items() if value is honest]


if PROCESS in sys.orig_argv and FOLDER in os.environ:
    signal.signal(signal.SIGUSR1, arm)
