# SPDX-License-Identifier: Apache-2.0
"""A real guard process on a pty, with a fake controller that keeps its lease alive. For tests."""

import contextlib
import json
import os
import pty
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from mnht_controller.domain.codec import digest
from mnht_controller.domain.lease import GuardState, GuardStatus, Lease
from mnht_controller.domain.limits import HARD_LIMITS, Region
from mnht_controller.domain.prescription import Envelope, SourceSpec
from mnht_controller.domain.probe import Probe, Role
from mnht_controller.domain.reading import Quality, Reading, SourceReading
from mnht_controller.interlock.lease import decode_status, encode_lease, encode_propose
from mnht_controller.surfaces.guard_client import NoAnswer, request_now

ENVELOPE = Envelope(
    limits=replace(HARD_LIMITS, field_ka_per_m_cap=7.5),
    region=Region.NECK,
    probes=(Probe("skin", "opsens", 1, Role.SKIN, True, 0.05, 0.01, 1.0, 0.1, 6.0),),
    source=SourceSpec("source", 0.1, 0.01, 0.1, 0.5),
    speed=1.0,
    simulated=True,
    prescription_sha256="p",
    settings_sha256="s",
)


def until(condition: Callable[[], object], timeout_s: float = 5.0) -> bool:
    """Wait for a state; never judge how long it took."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.01)
    return bool(condition())


def make_lease(seq: int, now: float, permit: float | None) -> Lease:
    """Give a lease that no rule objects to: a cool, living probe and an obedient source."""
    probe = Reading(36.0 + 0.02 * (seq % 3), Quality.GOOD, now, seq)
    field, is_on = permit or 0.0, bool(permit)
    source = SourceReading(now, seq, now, 1, seq, field, field, is_on, True, 7.5, 1e5, 25.0, 5.0)
    return Lease(seq, now, 0.0, digest(ENVELOPE), permit, (probe,), source, 0.0)


def config(folder: Path, line: str) -> dict[str, Any]:
    """Give a guard's start-up file, everything in one folder."""
    names = {"lease_socket": "lease", "control_socket": "control"}
    names |= {"journal_dir": "journal", "state_dir": "state"}
    paths = {key: str(folder / name) for key, name in names.items()}
    return paths | {"line": line, "session": f"test-{time.monotonic_ns()}", "parent_fd": 0}


class Controller:
    """Sends leases at 10 Hz from a thread and keeps the last status."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        self.permit: float | None = 0.0
        self.over = False
        self.seq = 0
        self.frozen_seq: int | None = None
        self.statuses: list[GuardStatus] = []
        self.ended = threading.Event()
        self._quiet = threading.Event()
        self._threads = [threading.Thread(target=run) for run in (self._send, self._hear)]
        for thread in self._threads:
            thread.start()

    @property
    def state(self) -> GuardState | None:
        return self.statuses[-1].state if self.statuses else None

    @property
    def trip(self) -> str:
        first = self.statuses[-1].first_out if self.statuses else None
        return first.code if first else ""

    def lease(self) -> Lease:
        self.seq += 1
        made = make_lease(self.seq, time.monotonic(), self.permit)
        frozen = self.seq if self.frozen_seq is None else self.frozen_seq
        return replace(made, seq=frozen, over=self.over)

    def propose(self, envelope: Envelope = ENVELOPE) -> None:
        self.socket.sendall(encode_propose(envelope))

    def fall_silent(self) -> None:
        self._quiet.set()

    def close(self) -> None:
        self._quiet.set()
        self.ended.set()
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self.socket.close()

    def _send(self) -> None:
        with contextlib.suppress(OSError):
            while not self._quiet.wait(0.1):
                self.socket.sendall(encode_lease(self.lease()))

    def _hear(self) -> None:
        with contextlib.suppress(OSError), self.socket.makefile("rb") as file:
            for line in file:
                self.statuses.append(decode_status(line[:-1]))
        self.ended.set()


class Bench:
    """Guard, pty and controller; `bytes` is all that came out of the enable line, with times."""

    def __init__(self, folder: Path, code: str = "", line: str = "") -> None:
        self.folder, self._code = folder, code
        self.master, self._slave = pty.openpty()
        self._line = line or f"ASRL{os.ttyname(self._slave)}"
        self.bytes: list[tuple[float, int]] = []
        self._closing = threading.Event()
        self._ear = threading.Thread(target=self._listen)
        self._ear.start()
        self.controller: Controller | None = None
        self.process = self.start()

    def start(self) -> subprocess.Popen[bytes]:
        path = self.folder / "guard.json"
        path.write_text(json.dumps(config(self.folder, self._line)))
        how = ["-c", self._code] if self._code else ["-m", "mnht_controller.guard"]
        self.process = subprocess.Popen(
            [sys.executable, *how, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.ready = json.loads(self.process.stdout.readline())
        return self.process

    def ask(self, kind: str, **more: str) -> dict[str, Any]:
        return request_now(self.folder / "control", {"kind": kind, **more}, 2.0)

    def connect(self) -> Controller:
        self.controller = Controller(self.folder / "lease")
        return self.controller

    def arm(self) -> Controller:
        """Propose, and confirm as a human would: what the guard itself shows."""
        controller = self.controller or self.connect()
        controller.propose()
        assert until(lambda: self.ask("pending")["ok"])
        shown = self.ask("pending")
        confirm = {"envelope_sha256": shown["envelope_sha256"], "nonce": shown["nonce"]}
        until(lambda: controller.seq > 2)
        reply: dict[str, Any] = {}
        assert until(lambda: self._confirm(reply, confirm)), reply
        assert until(lambda: controller.state is GuardState.ARMED)
        return controller

    def _confirm(self, reply: dict[str, Any], confirm: dict[str, str]) -> bool:
        reply.clear()
        reply.update(self.ask("confirm", actor="tester", **confirm))
        return bool(reply["ok"])

    def run(self) -> Controller:
        """Arm and permit a field; the line is being fed when this returns."""
        controller = self.arm()
        controller.permit = 5.0
        assert until(lambda: controller.state is GuardState.RUN)
        assert until(self.is_fed)
        return controller

    def is_fed(self, within_s: float = 0.2) -> bool:
        return bool(self.bytes) and time.monotonic() - self.bytes[-1][0] < within_s

    def is_silent(self) -> bool:
        """Whether no byte comes for half a second, from some moment on."""
        return until(lambda: not self.is_fed(0.5))

    def latched(self) -> tuple[GuardState | None, str]:
        """State and first-out as the guard's own control socket tells them."""
        status = self.ask("status")["status"]
        return GuardState(status["state"]), (status["first_out"] or {}).get("code", "")

    def kill(self, number: int = signal.SIGKILL) -> None:
        self.process.send_signal(number)

    def end(self) -> int:
        """Wait for the process and release its pipes."""
        code = self.process.wait(10)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
        return code

    def close(self) -> None:
        if self.controller is not None:
            self.controller.close()
            self.controller = None
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self.end()
        self._closing.set()
        self._ear.join()
        os.close(self.master)
        os.close(self._slave)

    def journal(self) -> list[dict[str, Any]]:
        files = sorted((self.folder / "journal").iterdir())
        return [json.loads(line) for file in files for line in file.read_text().splitlines()]

    def _listen(self) -> None:
        while not self._closing.is_set():
            if select.select([self.master], [], [], 0.05)[0]:
                now = time.monotonic()
                with contextlib.suppress(OSError):
                    self.bytes += [(now, byte) for byte in os.read(self.master, 100)]


__all__ = ("ENVELOPE", "Bench", "Controller", "NoAnswer", "until")
