# SPDX-License-Identifier: Apache-2.0
"""A fresh stack of real processes in a saved state: what system tests and measurements begin from.

The patient begins warm and steady, as if the session had long been under way.
"""

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType

from mnht_controller.app.shipped import config_dir
from mnht_controller.domain.errors import MnhtError
from sim_hardware.bench.live import Live, LiveOptions
from sim_hardware.bench.rest import Operator, Refused
from sim_hardware.bench.truth import LOOK_S, TruthTail

PLATEAU_SKIN_C = 42.9
"""Below the set-point by more than noise, and still within the plateau's reach 35 s later."""
RAMP_SKIN_C = 39.0
"""Far below it: the ramp lasts."""
WAIT_S = 20.0
"""Longest wait for a state. Nothing is judged by it."""
ARM_S = 40.0
"""The same for arming, which waits until the skin's slope is known."""


class NotThere(MnhtError):
    """A state that was waited for did not come."""


class Warm:
    """One stack in `folder`, with an operator who has a view open. A context that starts it.

    Start it again in the same folder for a site that restarts. `speed` shortens the wait until the
    skin's slope is known; reaction times are measured at 1.
    """

    def __init__(
        self,
        folder: Path,
        speed: float = 1.0,
        environment: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.scenario = folder / "warm.toml"
        self.scenario.write_text(f"skin_c = {PLATEAU_SKIN_C}\n", encoding="utf-8")
        self.site = config_dir() / "sites" / "bench.toml"
        options = LiveOptions(
            self.site, folder, speed=speed, scenario=self.scenario, environment=environment
        )
        self.live = Live(options)
        self.seen = TruthTail(self.live.truth_path)
        self.operator: Operator
        self._left = threading.Event()

    def __enter__(self) -> "Warm":
        try:
            self.live.start()
            self.operator = Operator(self.live.url)
            self.operator.login(str(self.live.served["claim_code"]))
            self.operator.watch(self._left)
            until(self._is_told, WAIT_S, "the console hears the controller")
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> int:
        """Take it down, wait until every process has gone, see all. Gives serve's exit code."""
        self._left.set()
        code = self.live.stop()
        self.seen.read()
        until(lambda: not any(is_alive(pid) for pid in self.pids), WAIT_S, "no process left")
        return code

    def _is_told(self) -> bool:
        return not is_refused(lambda: self.operator.call("GET", "readyz"))

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes of the site, as far as it was served."""
        return tuple(int(pid) for pid in self.live.served.get("pids", {}).values())

    def guard_state(self) -> str:
        """What the console says of the guard."""
        return str(self.operator.call("GET", "session")["guard"]["state"])

    def treat(self, *phases: str) -> None:
        """Arm, start, and wait until the session is in one of the phases with current flowing."""
        arm_and_start(self.operator)
        reached = self.operator.wait_for({*phases, "tripped"}, WAIT_S)
        if reached not in phases:
            raise NotThere(f"{reached}, not in {phases}: {self.operator.call('GET', 'alarms')}")
        if not self.seen.wait(lambda: self.seen.is_energized, WAIT_S):
            raise NotThere(f"{reached}, but no current flows")


def arm_and_start(operator: Operator) -> None:
    """Arm and start; asks again while a late sample holds the start up, as a person does."""
    operator.arm(ARM_S)
    until(lambda: not is_refused(operator.start), WAIT_S, "START is taken")


def is_refused(ask: Callable[[], object]) -> bool:
    """Ask; say whether the console refused."""
    try:
        ask()
    except Refused:
        return True
    return False


def until(condition: Callable[[], object], deadline_s: float, what: str) -> None:
    """Wait for a state. Raises NotThere."""
    end = time.monotonic() + deadline_s
    while not condition():
        if time.monotonic() > end:
            raise NotThere(f"not within {deadline_s:.0f} s: {what}")
        time.sleep(LOOK_S)


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that only waits to be reaped does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in {"Z", "X"}
