# SPDX-License-Identifier: Apache-2.0
"""Starts the processes of a site, watches them, and takes them down with the field off first.

It decides nothing about the field: a child whose parent is gone reads end of file on its standard
input and turns itself off. Nothing is ever started twice.
"""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from mnht_controller.domain.errors import MnhtError

PARENT_FD = 0
"""Where each child finds the pipe whose end of file means that the parent is gone."""

POLL_S = 0.02
OFF_ORDER: tuple[tuple[str, float], ...] = (("controller", 1.5), ("guard", 2.1))
"""Who goes first, and by when after the shutdown's begin (s) the next one is told anyway."""
REST_S = 2.6
"""When everybody who is left is killed (s); together with reaping this stays under 3 s."""

_EXIT_CODES = (2, 69, 74, 77, 78)
_TAIL_LINES = 5

Ready = Mapping[str, dict[str, Any]]
Work = Callable[[Ready], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """One process. It prints `{"ready": true, …}` once it serves, within `ready_s` seconds.

    A vital child's death takes everything down; the others are reported and stay dead.
    """

    name: str
    argv: tuple[str, ...]
    is_vital: bool = True
    ready_s: float = 10.0
    pass_fds: tuple[int, ...] = ()


class ChildFailed(MnhtError):
    """A child did not start, did not get ready, or died. `code` is the exit code to leave with."""

    def __init__(self, name: str, why: str, code: int = 1) -> None:
        """Keep who and what apart."""
        super().__init__(f"{name}: {why}")
        self.name, self.code = name, code


class Child:
    """One running process; its standard error, and output after the ready line, go to a file."""

    def __init__(self, spec: ChildSpec, log_dir: Path) -> None:
        """Start it in a process group of its own, so that Ctrl-C reaches only the supervisor."""
        self.spec = spec
        self.log_path = log_dir / f"{spec.name}.log"
        log_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self.log_path.open("ab") as log:
            self._log_from = log.tell()
            self.process = subprocess.Popen(
                spec.argv,
                stdin=subprocess.PIPE,  # close_fds: no sibling inherits the write end
                stdout=subprocess.PIPE,
                stderr=log,
                pass_fds=spec.pass_fds,
                process_group=0,
            )
        self._stdout = cast(IO[bytes], self.process.stdout)
        os.set_blocking(self._stdout.fileno(), False)
        self._buffer = b""
        self.ready: dict[str, Any] | None = None

    @property
    def is_running(self) -> bool:
        """Whether it lives; reaps it when it does not."""
        return self.process.poll() is None

    def listen(self) -> None:
        """Take what it printed: the ready line, then nothing of importance."""
        try:
            data = os.read(self._stdout.fileno(), 65_536)
        except BlockingIOError:
            return
        if self.ready is not None:
            return
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            self.ready = self.ready or _ready(line)

    def signal(self, number: int) -> None:
        """Send a signal; harmless when it is gone (the pid cannot be another's before reaping)."""
        if self.is_running:
            self.process.send_signal(number)

    def release(self) -> None:
        """Close the pipes. For a child still alive this is end of file on its parent pipe."""
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()

    def last_words(self) -> str:
        """Give the end of what this run of it wrote to its log."""
        with self.log_path.open("rb") as log:
            log.seek(self._log_from)
            lines = log.read().decode(errors="replace").splitlines()
        return "\n".join(f"  {self.spec.name}| {line}" for line in lines[-_TAIL_LINES:])

    def death(self) -> ChildFailed:
        """Say how it died and what it said last."""
        code = self.process.returncode
        how = (
            f"killed by {signal.Signals(-code).name}"
            if code < 0
            else f"ended with exit code {code}"
        )
        words = self.last_words()
        why = f"{how}; see {self.log_path}" + (f"\n{words}" if words else "")
        return ChildFailed(self.spec.name, why, code if code in _EXIT_CODES else 1)


class Supervisor:
    """All children of one `serve`, in the order in which they are started: the guard first."""

    def __init__(
        self, specs: Sequence[ChildSpec], log_dir: Path, say: Callable[[str], None] | None = None
    ) -> None:
        self._specs, self._log_dir = tuple(specs), log_dir
        self._say = say or _say
        self._reported: set[str] = set()
        self.children: list[Child] = []

    async def start(self) -> Ready:
        """Start the first and wait for it, then the others side by side. Raises ChildFailed."""
        for number, spec in enumerate(self._specs):
            try:
                child = Child(spec, self._log_dir)
            except OSError as error:
                raise ChildFailed(spec.name, f"cannot be started: {error}", 69) from error
            self.children.append(child)
            if number == 0:
                await self._until_ready(child)
        for child in self.children:
            await self._until_ready(child)
        return {child.spec.name: child.ready or {} for child in self.children}

    async def watch(self) -> None:
        """Return never; raise ChildFailed when a vital child has died."""
        while True:
            self._look()
            await asyncio.sleep(POLL_S)

    async def stop(self) -> None:
        """Take all down: controller (field off), guard, the rest; kill what is left. Never raises.

        Not to be interrupted: run it shielded or from the top.
        """
        begin = time.monotonic()
        for name, until_s in OFF_ORDER:
            chosen = [child for child in self.children if child.spec.name == name]
            await self._end(chosen, begin + until_s)
        await self._end(self.children, begin + REST_S)
        for child in self.children:
            if child.is_running:
                self._say(f"{child.spec.name}: does not end by itself; killed")
                child.signal(signal.SIGKILL)
            child.release()
        for child in self.children:
            with contextlib.suppress(subprocess.TimeoutExpired):  # stuck in the kernel
                child.process.wait(0.3)

    async def run(self, work: Work | None = None) -> int:
        """Start, watch, and stop on SIGINT, SIGTERM, SIGHUP or when `work` is done.

        Gives the exit code: 0 as asked, work's own, 1 for a death, or the code a child left with.
        """
        asked = asyncio.Event()
        loop = asyncio.get_running_loop()
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        for number in numbers:
            loop.add_signal_handler(number, asked.set)
        living = asyncio.create_task(self._live(work))
        waiting = asyncio.create_task(asked.wait())
        try:
            await asyncio.wait({living, waiting}, return_when=asyncio.FIRST_COMPLETED)
            return await self._outcome(living)
        finally:
            for task in (living, waiting):
                task.cancel()
            await asyncio.gather(living, waiting, return_exceptions=True)
            await self.stop()
            for number in numbers:
                loop.remove_signal_handler(number)

    async def _outcome(self, living: asyncio.Task[int]) -> int:
        if not living.done():
            self._say("stopping: field off first")
            return 0
        try:
            return await living
        except ChildFailed as error:
            self._say(f"EVERYTHING OFF AND DOWN: {error}")
            return error.code

    async def _live(self, work: Work | None) -> int:
        ready = await self.start()
        watching = asyncio.create_task(self.watch())
        working = asyncio.ensure_future(asyncio.Event().wait() if work is None else work(ready))
        try:
            await asyncio.wait({watching, working}, return_when=asyncio.FIRST_COMPLETED)
            if watching.done():
                await watching  # raises: watching never ends by itself
            return int(await working)
        finally:
            for task in (watching, working):
                task.cancel()
            await asyncio.gather(watching, working, return_exceptions=True)

    async def _until_ready(self, child: Child) -> None:
        deadline = time.monotonic() + child.spec.ready_s
        while child.ready is None:
            self._look()
            if not child.is_running:
                raise child.death()
            if time.monotonic() > deadline:
                words = child.last_words()
                raise ChildFailed(
                    child.spec.name, f"not ready within {child.spec.ready_s} s\n{words}", 69
                )
            await asyncio.sleep(POLL_S)

    def _look(self) -> None:
        for child in self.children:
            child.listen()
            if child.is_running or child.spec.name in self._reported:
                continue
            self._reported.add(child.spec.name)
            if child.spec.is_vital:
                raise child.death()
            self._say(f"{child.death()}\n{child.spec.name} stays down; the rest goes on")

    async def _end(self, children: Sequence[Child], deadline: float) -> None:
        for child in children:
            child.signal(signal.SIGTERM)
        while any(child.is_running for child in children):
            if time.monotonic() > deadline:
                return
            await asyncio.sleep(POLL_S)


def watch_parent(gone: Callable[[], None], fd: int = PARENT_FD) -> None:
    """Call `gone` once, on the running loop, when the parent's pipe ends. For asyncio children."""
    loop = asyncio.get_running_loop()

    def look() -> None:
        if os.read(fd, 4096) == b"":
            loop.remove_reader(fd)
            gone()

    loop.add_reader(fd, look)


def _ready(line: bytes) -> dict[str, Any] | None:
    try:
        message = json.loads(line)
    except ValueError:
        return None
    return message if isinstance(message, dict) and message.get("ready") is True else None


def _say(text: str) -> None:
    with contextlib.suppress(OSError):  # a terminal that is gone must not stop the shutdown
        print(f"mnht: {text}", file=sys.stderr, flush=True)  # noqa: T201 - serve's own voice
