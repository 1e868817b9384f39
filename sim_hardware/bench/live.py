# SPDX-License-Identifier: Apache-2.0
"""A bench and a served site as real processes: what demo, system tests and measurements start."""

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, cast

from mnht_controller.domain.errors import MnhtError

MNHT = (sys.executable, "-m", "mnht_controller.cli")
READY_S = 30.0
FIT_S = 180.0
"""The same for a bench, whose patient may have to be fitted first: once, and it says so."""
LOOK_S = 0.2
END_S = 3.0


class NotReady(MnhtError):
    """A process did not come up. Says which, what it wrote last, and with what it ended."""

    def __init__(self, why: str, exit_code: int = 1) -> None:
        """Keep the exit code of the process."""
        super().__init__(why)
        self.exit_code = exit_code


@dataclass(frozen=True, slots=True)
class LiveOptions:
    """What to start. Port 0 takes free ones. `folder` holds state, sockets and logs of this run.

    `environment`: what the site's processes find in theirs besides.
    """

    site: Path
    folder: Path
    port: int = 0
    stop_port: int = 0
    speed: float = 1.0
    seed: int = 1
    protocol: Path | None = None
    scenario: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)


class Live:
    """Both processes. `served` is what `mnht serve --json` said: address, login, pids, folders."""

    def __init__(self, options: LiveOptions) -> None:
        self.options = options
        self.truth_path = options.folder / "truth.jsonl"
        self.served: dict[str, Any] = {}
        self._shown = 0
        self._log = (options.folder / "bench.log").open("ab")
        self._bench = self._start_bench()
        self._serve = self._start_serve()

    def start(self) -> None:
        """Hand the bench's endpoints to the site, and wait until it is served."""
        endpoints = _line(self._bench, "bench", self._tail, FIT_S, self._relay)
        with suppress(BrokenPipeError):  # it died already; its line says why
            _tell(self._serve, endpoints)
        self.served = _line(self._serve, "serve", self._tail)

    @property
    def url(self) -> str:
        """The console's address."""
        return str(self.served["url"])

    @property
    def serve_pid(self) -> int:
        """The supervisor's process id."""
        return self._serve.pid

    def pid(self, name: str) -> int:
        """Process id of guard, stop, controller or console."""
        return int(self.served["pids"][name])

    def fault(self, device: str, verb: str, argument: str = "") -> float:
        """Start a fault at the bench; gives the monotonic time at which it was asked for."""
        at = time.monotonic()
        _tell(self._bench, {"device": device, "verb": verb, "argument": argument})
        return at

    def is_up(self) -> bool:
        """Whether the site is still served."""
        return self._serve.poll() is None

    def stop(self) -> int:
        """Site down first (it takes the field off), then the bench. Gives serve's exit code."""
        if self.is_up():
            self._serve.send_signal(signal.SIGTERM)
        code = _reap(self._serve)
        cast(IO[bytes], self._bench.stdin).close()
        _reap(self._bench)
        self._log.close()
        return code

    def _start_bench(self) -> subprocess.Popen[bytes]:
        options = self.options
        argv = [*MNHT, "bench", str(options.site), "--json", "--led"]
        argv += ["--seed", str(options.seed), "--speed", str(options.speed)]
        argv += ["--truth", str(self.truth_path)]
        if options.scenario:
            argv += ["--scenario", str(options.scenario)]
        return subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            process_group=0,
        )

    def _start_serve(self) -> subprocess.Popen[bytes]:
        options = self.options
        argv = [*MNHT, "serve", str(options.site), "--json", "--led", "--endpoints", "-"]
        argv += ["--speed", str(options.speed)]
        if options.protocol:
            argv += ["--protocol", str(options.protocol)]
        environment = {
            **os.environ,
            **options.environment,
            "MNHT_CONSOLE__PORT": str(options.port),
            "MNHT_CONSOLE__STOP_PORT": str(options.stop_port),
            "MNHT_PATHS__STATE_DIR": str(options.folder / "state"),
            "MNHT_PATHS__RUNTIME_DIR": str(options.folder / "run"),
        }
        return subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=environment,
            process_group=0,
        )

    def _relay(self) -> None:
        """Show what a bench says while it makes one wait."""
        said = self._tail().splitlines()
        lines = [line for line in said if line.startswith("mnht: ")]
        for line in lines[self._shown :]:
            sys.stderr.write(f"{line}\n")
        self._shown = max(self._shown, len(lines))

    def _tail(self) -> str:
        self._log.flush()
        return Path(self._log.name).read_text(encoding="utf-8", errors="replace")[-2000:]


def _line(
    process: subprocess.Popen[bytes],
    name: str,
    tail: Callable[[], str],
    within_s: float = READY_S,
    meanwhile: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """The first JSON line a process prints, within a time; `meanwhile` runs while it waits."""
    stdout, until = cast(IO[bytes], process.stdout), time.monotonic() + within_s
    with selectors.DefaultSelector() as selector:
        selector.register(stdout, selectors.EVENT_READ)
        while not selector.select(LOOK_S):
            meanwhile()
            if time.monotonic() > until:
                raise NotReady(f"{name} printed nothing within {within_s} s\n{tail().rstrip()}")
    line = stdout.readline()
    try:
        return dict(json.loads(line))
    except ValueError:  # end of file, or an error's document
        code = process.wait()
        raise NotReady(f"{name} ended with exit code {code}\n{tail().rstrip()}", code) from None


def _tell(process: subprocess.Popen[bytes], message: object) -> None:
    """One JSON line on a process's standard input."""
    os.write(cast(IO[bytes], process.stdin).fileno(), json.dumps(message).encode() + b"\n")


def _reap(process: subprocess.Popen[bytes]) -> int:
    try:
        code = process.wait(END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        code = process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    return code
