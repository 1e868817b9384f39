# SPDX-License-Identifier: Apache-2.0
"""The parent's side of `./run perf plant`: starts a peer, sets it up, asks for one round at a time.

Every setup is held against the reference, so no wrong peer is ever measured.
"""

import json
import math
import os
import select
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import IO, NoReturn, Self

from tools.perf.peers.reference import TOLERANCE_C, Formulation, off_by_c

ROOT = Path(__file__).resolve().parents[3]
PYTHON = ROOT / ".peers" / "bin" / "python"
"""Interpreter that `./run perf plant` gives the peers; it may be missing."""
SETUP_S_MAX = 300.0
ROUND_S_MAX = 120.0
CLOSE_S_MAX = 5.0

ENVIRONMENT = {
    "OMP_NUM_THREADS": "2",
    "OPENBLAS_NUM_THREADS": "1",
    # NumPy asks for huge pages where the system leaves that to programs; C's malloc need not lag.
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
}
SPINNING: Mapping[str, str] = MappingProxyType({"OMP_WAIT_POLICY": "active"})
PASSIVE: Mapping[str, str] = MappingProxyType({"OMP_WAIT_POLICY": "passive"})
"""How Devito's threads wait: spinning gains 7 % on a quiet machine and loses 70 % on a busy one,
so its best is the better of two peers, one of each kind."""


class PeerError(Exception):
    """This peer gives no figure."""


class Absent(PeerError):
    """It is not installed, or does not work on this machine: no shortcoming of ours."""


class Crashed(PeerError):
    """It ended, or did not answer in time."""


class Wrong(PeerError):
    """It does not arrive at the reference's temperatures."""


class Peer:
    """One peer in a process of its own, stopped between rounds, so rounds can be interleaved."""

    def __init__(
        self,
        name: str,
        python: Path = PYTHON,
        command: Sequence[str] = (),
        environment: Mapping[str, str] = PASSIVE,
    ) -> None:
        """`command` stands in for the worker in tests; the environment adds to ENVIRONMENT."""
        self.name, self._python, self._environment = name, python, environment
        self._command = [*command] or [str(python), "-m", "tools.perf.peers.worker", name]
        self._process: subprocess.Popen[bytes] | None = None
        self._rest = b""
        self.version = ""
        self.threads = 0
        self.formulation: Formulation = "faces"
        self.note = ""
        self.off_c: float | None = None
        """By how much the worst probe was off at the last setup."""

    def start(self) -> str:
        """Start the process and return the peer's version; raise Absent with the reason."""
        if not self._python.exists():
            raise Absent(f"{self._python.parent.parent.name} is not installed")
        self._process = subprocess.Popen(
            self._command,
            cwd=ROOT,
            env={**os.environ, **ENVIRONMENT, **self._environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        answer = self._answer(SETUP_S_MAX)
        if "absent" in answer:
            self.close()
            raise Absent(str(answer["absent"]).strip().splitlines()[0])
        self.version, self.threads = str(answer["ready"]), int(str(answer["threads"]))
        self.formulation = "cells" if answer.get("formulation") == "cells" else "faces"
        self.note = str(answer.get("note", ""))
        return self.version

    def setup(self, n: int, steps: int) -> None:
        """Compile and warm up for n³ voxels; raise Wrong when its temperatures are not right."""
        self._signal(signal.SIGCONT)
        answer = self._ask({"n": n, "steps": steps}, SETUP_S_MAX)
        shown = answer.get("probes")
        self.off_c = off_by_c(shown, self.formulation) if isinstance(shown, list) else math.inf
        if not self.off_c <= TOLERANCE_C:
            self.close()
            raise Wrong(f"off by {self.off_c:.2g} °C after the check")
        self._signal(signal.SIGSTOP)

    def round(self) -> float:
        """Do the steps once; return Mvox/s."""
        self._signal(signal.SIGCONT)
        answer = self._ask({"go": True}, ROUND_S_MAX)
        self._signal(signal.SIGSTOP)  # threads that spin would take a processor from the next one
        return float(str(answer["mvox_per_s"]))

    def close(self) -> None:
        """End the process; a second time does nothing."""
        process, self._process, self._rest = self._process, None, b""
        if process is None:
            return
        with suppress(OSError):
            process.send_signal(signal.SIGCONT)
            _pipe(process.stdin).close()
        try:
            process.wait(CLOSE_S_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        _pipe(process.stdout).close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)

    def _ask(self, request: Mapping[str, object], s_max: float) -> dict[str, object]:
        if self._process is None:
            raise Crashed("it is not running")
        with suppress(OSError):  # the answer, or its absence, tells more than a broken pipe
            pipe = _pipe(self._process.stdin)
            pipe.write(json.dumps(request).encode() + b"\n")
            pipe.flush()
        answer = self._answer(s_max)
        if "error" in answer:
            raise Crashed(str(answer["error"]))
        return answer

    def _answer(self, s_max: float) -> dict[str, object]:
        line = self._line(s_max)
        try:
            answer = json.loads(line)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            self._fail(f"it answered {line[:80]!r}")
        return answer

    def _line(self, s_max: float) -> bytes:
        """Read one line; whatever goes wrong ends the process."""
        if self._process is None:
            raise Crashed("it is not running")
        handle, until = _pipe(self._process.stdout).fileno(), time.monotonic() + s_max
        while b"\n" not in self._rest:
            readable, _, _ = select.select([handle], [], [], max(0.0, until - time.monotonic()))
            if not readable:
                self._process.kill()
                self._fail(f"no answer in {s_max:.0f} s")
            part = os.read(handle, 1 << 16)
            if not part:
                code = self._process.wait(CLOSE_S_MAX)
                self._fail(f"it ended with exit code {code}")
            self._rest += part
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def _fail(self, why: str) -> NoReturn:
        self.close()
        raise Crashed(why)


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    """Return what PIPE promised."""
    if stream is None:
        raise Crashed("it has no pipe")
    return stream
