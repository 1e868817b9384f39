# SPDX-License-Identifier: Apache-2.0
"""`mnht demo` on a terminal of its own, under a shell as a person has it. For tests."""

import contextlib
import os
import pty
import re
import subprocess
import sys
import threading
from pathlib import Path

import psutil

from sim_hardware.bench.rest import Operator
from sim_hardware.bench.truth import TruthTail
from sim_hardware.bench.warm import RAMP_SKIN_C, WAIT_S, arm_and_start, is_alive, until

SPEED = 4.0
"""Arming waits for treatment time to pass: until the skin's slope is known."""
HEATING = ("ramp", "plateau")
"""Meanwhile the skin cools a little: where the session begins hangs on how fast it came so far."""
SHELL = 'trap : INT; echo "modes $(stty -g)"; "$@"; echo "exit $?"; echo "modes $(stty -g)"'


class Demo:
    """Begun far below the set-point, so that the ramp lasts."""

    def __init__(self, folder: Path) -> None:
        scenario = folder / "warm.toml"
        scenario.write_text(f"skin_c = {RAMP_SKIN_C}\n", encoding="utf-8")
        self.master, slave = pty.openpty()
        self.said = ""
        demo = ["-m", "mnht_controller.cli", "demo", "--port", "0", "--speed", str(SPEED)]
        demo += ["--scenario", str(scenario)]
        self._shell = subprocess.Popen(
            ["sh", "-c", SHELL, "sh", sys.executable, *demo],
            env={**os.environ, "TMPDIR": str(folder)},
            preexec_fn=lambda: os.login_tty(os.dup(slave)),  # noqa: PLW1509 - takes no lock
            pass_fds=(slave,),
        )
        os.close(slave)
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()
        self._left = threading.Event()
        self.pids: tuple[int, ...] = ()
        self.journals: Path
        self.seen: TruthTail

    @property
    def pid(self) -> int:
        """Process id of `mnht demo` itself."""
        return self.pids[0]

    @property
    def terminal_modes(self) -> list[str]:
        """What the shell said of its terminal, before and after."""
        return re.findall(r"modes (\S+)", self.said)

    def ramp(self) -> None:
        """Do what an operator does, until the ramp is under way with current flowing."""
        until(lambda: "Ctrl-C" in self.said, WAIT_S, "the demo's welcome")
        self.pids = tuple(child.pid for child in psutil.Process(self._shell.pid).children(True))
        self.journals = Path(self._word("record"))
        self.seen = TruthTail(self.journals.parents[1] / "truth.jsonl")
        operator = Operator(self._word("console"))
        operator.login(self._word("one-time login"))
        operator.watch(self._left)
        arm_and_start(operator)
        assert operator.wait_for({"ramp", "tripped"}, WAIT_S) == "ramp"
        assert self.seen.wait(lambda: self.seen.is_energized, WAIT_S)

    def wait(self) -> None:
        """Wait until no process of it is left, the shell included, and all is read."""
        self._left.set()
        until(lambda: not any(map(is_alive, (*self.pids, self._shell.pid))), WAIT_S, "demo gone")
        self._reading.join(WAIT_S)
        self.seen.read()

    def close(self) -> None:
        """End what is left of it."""
        self._left.set()
        for pid in self.pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, 9)
        self._shell.kill()
        self._shell.wait()
        self._reading.join(WAIT_S)
        os.close(self.master)

    def _word(self, after: str) -> str:
        found = re.search(rf"mnht demo: {after}\s+(\S+)", self.said)
        assert found, self.said
        return found[1]

    def _read(self) -> None:
        with contextlib.suppress(OSError):  # the last one at the terminal has left
            while data := os.read(self.master, 4096):
                self.said += data.decode(errors="replace")
