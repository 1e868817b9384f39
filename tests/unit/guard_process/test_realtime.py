# SPDX-License-Identifier: Apache-2.0
"""H28, H29: what the host grants is tried and said; whole ticks alone feed the watchdog."""

import ctypes
import os
import resource
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mnht_controller.guard import machine, realtime
from tests.unit.guard_process.test_process import Rig


class Libc:
    """Answers mlockall; `asked` keeps with what."""

    def __init__(self, code: int, number: int = 0) -> None:
        self.asked: list[int] = []
        self._code, self._number = code, number

    def mlockall(self, flags: int) -> int:
        self.asked.append(flags)
        ctypes.set_errno(self._number)
        return self._code


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Libc]:
    """Set what the host grants; nothing of this process changes."""

    def make(*, fifo: int = 0, lock: int = 0, limit: int = resource.RLIM_INFINITY) -> Libc:
        libc = Libc(-1 if lock else 0, lock)

        def schedule(pid: int, policy: int, param: os.sched_param) -> None:
            assert (pid, policy) == (0, os.SCHED_FIFO), "the journal's thread must inherit it"
            assert 1 <= param.sched_priority < 50
            if fifo:
                raise PermissionError(fifo, os.strerror(fifo))

        monkeypatch.setattr(os, "sched_setscheduler", schedule)
        monkeypatch.setattr(os, "geteuid", lambda: 1000)
        monkeypatch.setattr(resource, "getrlimit", lambda _kind: (limit, limit))
        monkeypatch.setattr(ctypes, "CDLL", lambda *_arguments, **_options: libc)
        return libc

    return make


def test_all_that_is_granted(host: Callable[..., Libc]) -> None:
    """H28."""
    libc = host()
    assert realtime.settle() == "scheduling: fifo, memory locked: yes"
    assert libc.asked == [3]


def test_nothing_granted_is_said_and_borne(host: Callable[..., Libc]) -> None:
    host(fifo=1, lock=12)
    said = realtime.settle()
    assert said.startswith("scheduling: other (Operation not permitted), memory locked: no (Cannot")


def test_memory_is_not_locked_below_a_limit_that_later_memory_would_hit(
    host: Callable[..., Libc],
) -> None:
    """mlockall(future) under a limit turns a growing heap into a MemoryError."""
    libc = host(limit=8_388_608)
    assert realtime.settle().endswith("memory locked: no (limit 8388608 bytes)")
    assert libc.asked == []


def test_the_limit_that_holds_now_counts_and_the_kernels_reason_is_asked_for(
    host: Callable[..., Libc], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A soft limit, though the hard one is none; priority 20, between work and interrupts."""
    libc = host(lock=12)
    asked: list[object] = []

    def load(name: None, **options: bool) -> Libc:
        asked.extend((name, options))
        return libc

    monkeypatch.setattr(ctypes, "CDLL", load)
    priorities: list[int] = []
    monkeypatch.setattr(
        os, "sched_setscheduler", lambda _p, _f, param: priorities.append(param.sched_priority)
    )
    realtime.settle()
    assert asked == [None, {"use_errno": True}]
    assert priorities == [20]
    monkeypatch.setattr(resource, "getrlimit", lambda _kind: (4096, resource.RLIM_INFINITY))
    assert realtime.settle().endswith("memory locked: no (limit 4096 bytes)")


def test_it_goes_to_the_status(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    guard = replace(rig.process.guard, realtime="scheduling: fifo")
    assert machine.status(guard, rig.now).realtime == "scheduling: fifo"
    rig.close()


# ---- the service manager -------------------------------------------------------------------


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield listener


def heard(listener: socket.socket) -> list[bytes]:
    found = []
    while True:
        try:
            found.append(listener.recv(100))
        except BlockingIOError:
            return found


def test_completed_ticks_feed_the_watchdog(tmp_path: Path, manager: socket.socket) -> None:
    rig = Rig(tmp_path)
    rig.step(30)
    assert set(heard(manager)) == {b"WATCHDOG=1"}
    rig.close()


def test_h29_a_guard_that_turns_but_does_not_tick_is_not_alive(
    tmp_path: Path, manager: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It answers its sockets; only the tick is missing."""
    rig = Rig(tmp_path)
    rig.step(30)
    assert heard(manager)
    monkeypatch.setattr(rig.process, "_tick_if_due", lambda: None)
    with rig.join("control") as client:
        client.sendall(b'{"kind":"status"}\n')
        for _ in range(100):
            rig.now += 0.05
            rig.process.turn()
        assert client.recv(65_536)
    assert heard(manager) == []
    rig.close()


def test_h29_a_tick_that_does_not_end_does_not_feed_it(
    tmp_path: Path, manager: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fed at the end of a tick, after the line: a tick that breaks midway has not been."""
    rig = Rig(tmp_path)
    rig.step(20)
    heard(manager)

    def breaks(_guard: machine.Guard, _now: float) -> None:
        raise RuntimeError("midway")

    with monkeypatch.context() as patched:
        patched.setattr(machine, "status", breaks)
        for _ in range(20):
            with pytest.raises(RuntimeError, match="midway"):
                rig.step()
    assert heard(manager) == []
    rig.close()


def test_an_abstract_name_and_nobody_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        name = f"mnht-test-{os.getpid()}"
        listener.bind(f"\0{name}")
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}")
        realtime.tell(b"READY=1")
        assert listener.recv(100) == b"READY=1"
    realtime.tell(b"WATCHDOG=1")
    monkeypatch.delenv("NOTIFY_SOCKET")
    realtime.tell(b"WATCHDOG=1")


def test_a_manager_that_does_not_read_never_holds_the_guard_up(manager: socket.socket) -> None:
    for _ in range(2000):
        realtime.tell(b"WATCHDOG=1")
    assert 0 < len(heard(manager)) < 2000
