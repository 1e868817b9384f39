# SPDX-License-Identifier: Apache-2.0
"""Where the controller's loop is made to sleep, and how: the half that asks.

The other half, `sleeper/sitecustomize.py`, is read by the process under test when it starts.
"""

import json
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from mnht_controller.domain.errors import MnhtError

SLEEP_S = 1.5
"""Longer than every time in which a field must end."""
CALL_S = 1.0
"""Each of these functions is called at least once in this time on a plateau."""
LOOK_S = 0.002
SLEEPER = Path(__file__).parent / "sleeper"


@dataclass(frozen=True, slots=True)
class Site:
    """One function or method of the controller's process."""

    module: str
    name: str


_RUNTIME = "mnht_controller.runtime"
SITES: tuple[Site, ...] = (
    Site(f"{_RUNTIME}.pacer", "Beats.__anext__"),
    Site(f"{_RUNTIME}.controller", "Controller.tick"),
    Site(f"{_RUNTIME}.door", "Hall.take"),
    Site(f"{_RUNTIME}.controller", "Controller._sample"),
    Site(f"{_RUNTIME}.thermometer", "ThermometerTask.latest"),
    Site(f"{_RUNTIME}.assembly", "assembled"),
    Site(f"{_RUNTIME}.decide", "decide"),
    Site("mnht_controller.thermometry.observe", "observe"),
    Site("mnht_controller.interlock.memory", "remember"),
    Site("mnht_controller.interlock.evaluate", "evaluate"),
    Site("mnht_controller.core.tick", "tick"),
    Site("mnht_controller.interlock.gate", "gate"),
    Site("mnht_controller.interlock.lease", "encode_lease"),
    Site(f"{_RUNTIME}.guard_link", "GuardSocket.send"),
    Site(f"{_RUNTIME}.source", "SourceTask.act"),
    Site(f"{_RUNTIME}.decide", "state_digest"),
    Site("mnht_controller.journal.sink", "FileJournal.write"),
    Site("mnht_controller.alarms.conditions", "conditions"),
    Site(f"{_RUNTIME}.alarms", "AlarmDesk.tick"),
    Site(f"{_RUNTIME}.door", "Hall.publish"),
    Site(f"{_RUNTIME}.guard_link", "GuardSocket.data_received"),
    Site(f"{_RUNTIME}.liveness", "Liveness.beat"),
    Site(f"{_RUNTIME}.source", "SourceTask._exchange"),
    Site("drivers.generic_scpi_source", "GenericScpiSource.apply"),
    Site("mnht_controller.devices.link", "Link.query"),
    Site(f"{_RUNTIME}.source", "SourceTask._settle"),
    Site("drivers.opsens_handysens", "OpsensHandysens.sample"),
    Site("mnht_controller.devices.stream", "StreamTransport.read"),
)
"""In the order in which a tick comes by them; the device tasks come last."""


class NotCalled(MnhtError):
    """A site was not come by, so that nothing slept."""


def environment(folder: Path) -> dict[str, str]:
    """What a controller needs around it to be put to sleep from `folder`."""
    paths = [str(SLEEPER), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {"PYTHONPATH": os.pathsep.join(paths), "MNHT_SLEEP_FOLDER": str(folder)}


def put_to_sleep(pid: int, site: Site, folder: Path) -> float:
    """Make the controller sleep at its next call there; gives when it fell asleep (monotonic)."""
    began = folder / "began"
    began.unlink(missing_ok=True)
    ask = {"module": site.module, "name": site.name, "s": SLEEP_S}
    (folder / "ask").write_text(json.dumps(ask), encoding="utf-8")
    until = time.monotonic() + CALL_S
    os.kill(pid, signal.SIGUSR1)
    while time.monotonic() < until:
        if began.exists() and (said := began.read_text(encoding="utf-8")):
            return float(said)
        time.sleep(LOOK_S)
    raise NotCalled(f"{site.module}.{site.name} was not called within {CALL_S} s")
