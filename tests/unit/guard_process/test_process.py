# SPDX-License-Identifier: Apache-2.0
"""The shell around the machine with a line, a journal and a clock that can fail. H30, H33, H37."""

import contextlib
import json
import os
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mnht_controller.domain.codec import from_plain
from mnht_controller.domain.errors import InvariantError
from mnht_controller.domain.lease import GuardState, Lease
from mnht_controller.domain.trip import Latch
from mnht_controller.guard import machine
from mnht_controller.guard import process as module
from mnht_controller.guard.config import GuardConfig
from mnht_controller.guard.line import LineError
from mnht_controller.guard.process import TICK_S, GuardProcess, Parts, latch_path
from mnht_controller.guard.thermometer import OwnThermometer
from mnht_controller.interlock.lease import encode_lease, encode_propose
from mnht_controller.journal.keep import load_latch, save_latch
from mnht_controller.journal.ledger import Ledger
from mnht_controller.journal.records import Header
from mnht_controller.journal.sink import MemoryJournal
from tests.system.guard_bench import ENVELOPE, config, make_lease


class FakeLine:
    """Keeps what it is fed; `blocked` and `fault` are switched by the tests."""

    def __init__(self) -> None:
        self.fed: list[bytes] = []
        self.blocked = False
        self.fault = ""
        self.aborts = 0
        self.closed = False

    def open(self) -> None:
        if self.fault:
            raise LineError(self.fault)

    def feed(self, payload: bytes) -> bool:
        if not self.blocked:
            self.fed.append(payload)
        return not self.blocked

    def abort(self) -> None:
        self.aborts += 1

    def close(self) -> None:
        self.closed = True


class Rig:
    """A GuardProcess in this process, with a clock that moves one tick a step.

    Each step sends a lease; `heard` is what the last one brought back.
    """

    def __init__(self, folder: Path, own: OwnThermometer | None = None) -> None:
        self.now = 1000.0
        self.folder = folder
        (folder / "state").mkdir()
        self.config = from_plain(GuardConfig, config(folder, "") | {"parent_fd": None})
        self.line = FakeLine()
        self.journal = MemoryJournal(Header("guard", "test", ""), self.clock)
        self.ledger = Ledger(folder / "state" / "guard.spent")
        self.process = GuardProcess(
            Parts(self.config, Latch(), self.line, self.journal, self.ledger, self.clock, own)
        )
        self.peer = self.join("lease")
        self.peer.setblocking(False)
        self.heard = b""
        self.seq = 0
        self._sampled_at = self.now
        self.permit = 0.0

    def clock(self) -> float:
        return self.now

    def join(self, name: str) -> socket.socket:
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(1.0)
        client.connect(str(self.folder / name))
        return client

    def step(self, count: int = 1) -> None:
        for _ in range(count):
            self.now += TICK_S
            self.seq += 1
            self.peer.sendall(encode_lease(self.lease()))
            for _ in range(3):  # accept, read, tick
                self.process._next_tick = min(self.process._next_tick, self.now)
                self.process.turn()
            with contextlib.suppress(OSError):  # a controller that does not read is cut off
                self.heard = self.peer.recv(65_536)

    def lease(self) -> Lease:
        """Give the next lease; a new sample comes with every second, as the probe declares."""
        if self.seq % 2:
            self._sampled_at = self.now
        made = make_lease((self.seq + 1) // 2, self._sampled_at, self.permit)
        return replace(made, seq=self.seq, sent_at=self.now)

    def ask(self, kind: str, **more: str) -> dict[str, object]:
        with self.join("control") as client:
            client.sendall(json.dumps({"kind": kind, **more}).encode() + b"\n")
            self.step()
            return dict(json.loads(client.recv(65_536)))

    def confirm(self) -> dict[str, object]:
        self.peer.sendall(encode_propose(ENVELOPE))
        self.step(3)
        shown = self.ask("pending")
        names = ("envelope_sha256", "nonce")
        return self.ask("confirm", actor="a", **{name: str(shown[name]) for name in names})

    def run(self) -> None:
        reply = self.confirm()
        assert reply["ok"], reply
        self.permit = 5.0
        self.step(30)
        assert self.process.guard.state is GuardState.RUN
        assert self.line.fed[-1] == b"\x55"

    def close(self) -> None:
        self.peer.close()
        self.process.ending = "test"
        self.process.run()


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path)
    yield rig
    rig.close()


def first_out(rig: Rig) -> str:
    first = rig.process.guard.latch.first_out
    return first.code if first else ""


def test_a_blocked_line_latches_and_is_aborted(rig: Rig) -> None:
    """H30: a byte that waits in a queue could leave after the guard's death."""
    rig.run()
    rig.line.blocked = True
    aborts = rig.line.aborts
    rig.step()
    assert rig.process.guard.state is GuardState.LATCHED
    assert first_out(rig) == "line_blocked"
    assert rig.line.aborts == aborts + 1
    rig.line.blocked = False
    count = len(rig.line.fed)
    rig.step(10)
    assert len(rig.line.fed) == count


def test_stop_silences_before_the_next_byte(rig: Rig) -> None:
    rig.run()
    with rig.join("control") as client:
        client.sendall(b'{"kind":"stop","actor":"a"}\n')
        count = len(rig.line.fed)
        for _ in range(3):
            rig.process.turn()
        assert json.loads(client.recv(1000))["state"] == "latched"
    assert rig.line.aborts > 0
    rig.step(5)
    assert len(rig.line.fed) <= count + 1, "at most the byte that was due before STOP arrived"


def test_the_latch_is_on_disk_at_once_and_never_written_while_armed(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved: list[GuardState] = []

    def noting(path: Path, latch: Latch) -> None:
        saved.append(rig.process.guard.state)
        save_latch(path, latch)

    monkeypatch.setattr(module, "save_latch", noting)
    rig.run()
    assert saved == []
    rig.ask("stop", actor="a")
    assert load_latch(latch_path(rig.config)) == rig.process.guard.latch
    rig.permit = 0.0
    rig.step(20)
    assert rig.ask("reset", actor="a")["ok"]
    assert not load_latch(latch_path(rig.config)).is_latched
    assert saved == [GuardState.LATCHED, GuardState.DISABLED]


def test_a_latch_that_cannot_be_kept_refuses_arming(rig: Rig) -> None:
    rig.step(3)
    rig.ask("stop", actor="a")
    (rig.folder / "state" / "guard.latch").unlink()
    (rig.folder / "state").rmdir()
    assert rig.ask("reset", actor="a")["ok"]
    reply = rig.confirm()
    assert not reply["ok"]
    assert "cannot be kept" in str(reply["reasons"])
    assert rig.line.fed == []


def test_a_missing_line_or_a_sick_journal_refuses_arming(rig: Rig) -> None:
    rig.line.fault = "enable line: gone"
    assert rig.confirm()["reasons"] == ["enable line: gone"]
    rig.line.fault = ""
    rig.journal.why = "disk full"
    assert rig.confirm()["reasons"] == ["disk full"]
    rig.journal.why = ""
    assert rig.confirm()["ok"]


def test_a_host_that_slept_is_not_trusted(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Monotonic time stands still while the host is suspended: no gap would show."""
    rig.run()
    slept_s = module._slept_s()
    monkeypatch.setattr(module, "_slept_s", lambda: slept_s + 60.0)
    rig.step()
    assert first_out(rig) == "peer_lost"
    assert rig.process.guard.latch.trips[0].where == "host was suspended"


def test_a_bug_ends_in_silence_and_a_kept_latch(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.run()
    count, aborts = len(rig.line.fed), rig.line.aborts

    def broken(guard: object, now: float) -> None:
        raise InvariantError("planted")

    rig.now += TICK_S
    monkeypatch.setattr(machine, "tick", broken)
    with pytest.raises(InvariantError):
        rig.process.run()
    assert len(rig.line.fed) == count
    assert rig.line.aborts > aborts
    assert rig.line.closed
    kept = load_latch(latch_path(rig.config)).first_out
    assert kept is not None
    assert kept.where == "guard failed"


def test_an_orderly_end_while_disabled_leaves_no_latch(rig: Rig) -> None:
    rig.step(5)
    rig.process.ending = "SIGTERM"
    rig.process.run()
    assert load_latch(latch_path(rig.config)) == Latch()


def test_missed_ticks_are_not_made_up(rig: Rig) -> None:
    """After a pause inside the allowed gap one byte goes out, not a burst."""
    rig.run()
    count = len(rig.line.fed)
    rig.now += 3.4 * TICK_S
    rig.process.turn()
    rig.process.turn()
    assert len(rig.line.fed) == count + 1
    assert rig.process.guard.state is GuardState.RUN


def test_a_message_just_before_a_tick_waits_for_it(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """H28: to judge a lease takes longer than the tick may come late."""
    rig.step(3)
    process, slept = rig.process, []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        rig.now += seconds

    monkeypatch.setattr(time, "sleep", sleep)
    for before_s, waits in ((0.002, True), (0.004, False)):
        slept.clear()
        ticks, process._next_tick = process.guard.ticks, rig.now + before_s
        rig.seq += 1
        rig.peer.sendall(encode_lease(make_lease(rig.seq, rig.now, 0.0)))
        process.turn()
        lease = process.guard.lease
        assert lease is not None
        assert lease.seq == rig.seq
        assert bool(slept) is waits
        assert (process.guard.ticks > ticks) is waits


def test_garbage_on_the_lease_socket_ends_the_controller(rig: Rig) -> None:
    """H31: what follows it is not read, and an armed guard latches."""
    rig.run()
    rig.peer.sendall(b"{}\n" + encode_lease(make_lease(rig.seq + 9, rig.now, 5.0)))
    seq = rig.process.guard.lease
    rig.process.turn()
    assert rig.process.guard.lease is None
    assert seq is not None
    assert first_out(rig) == "peer_lost"
    assert rig.process._lease_door.peers == []
    assert any(b'"lease socket"' in line for line in rig.journal.lines)


def test_a_second_controller_finds_no_room(rig: Rig) -> None:
    """The first one stays, and goes on."""
    rig.run()
    with rig.join("lease") as second:
        rig.step(2)
        assert second.recv(1) == b""
    rig.step(3)
    assert rig.process.guard.state is GuardState.RUN


@pytest.mark.parametrize("word", [b"", b"x"])
def test_only_the_end_of_the_pipe_is_the_parents_end(rig: Rig, word: bytes) -> None:
    """H26."""
    reader, writer = os.pipe()
    rig.process._parts = replace(rig.process._parts, config=replace(rig.config, parent_fd=reader))
    if word:
        os.write(writer, word)
    else:
        os.close(writer)
    rig.process._hear_parent()
    assert rig.process.ending == ("" if word else "parent")
    os.close(reader)
    if word:
        os.close(writer)


def test_without_a_parent_nobody_is_missed(rig: Rig) -> None:
    rig.process._hear_parent()
    assert rig.process.ending == ""


@pytest.mark.parametrize(("slept_s", "is_trusted"), [(0.5, True), (0.5001, False), (-9.0, True)])
def test_half_a_second_of_sleep_is_a_suspend(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, slept_s: float, is_trusted: bool
) -> None:
    rig.run()
    rig.process._slept_s = 7.0
    monkeypatch.setattr(module, "_slept_s", lambda: 7.0 + slept_s)
    rig.step()
    assert (rig.process.guard.state is GuardState.RUN) is is_trusted


def test_idle_clients_do_not_keep_a_stop_out(rig: Rig) -> None:
    """H60: the seventeenth pushes the oldest out."""
    clients = []
    for _ in range(16):
        clients.append(rig.join("control"))
        rig.step()
    assert len(rig.process._control_door.peers) == 16
    assert rig.ask("stop", actor="a")["state"] == "latched"
    assert clients[0].recv(1) == b""
    assert len(rig.process._control_door.peers) <= 16
    for client in clients:
        client.close()


def test_deadlines_are_absolute(rig: Rig) -> None:
    """A tick that comes late does not move the next one."""
    rig.run()
    due = rig.process._next_tick = rig.now + TICK_S
    rig.now = due + 0.4 * TICK_S
    rig.process.turn()
    assert rig.process._next_tick == pytest.approx(due + TICK_S)
    rig.now = due + 3.4 * TICK_S
    rig.process.turn()
    assert rig.process._next_tick == pytest.approx(rig.now + TICK_S)


def test_a_tick_is_due_at_its_time_and_not_before(rig: Rig) -> None:
    ticks = rig.process.guard.ticks
    rig.process._next_tick = rig.now + 1e-6
    rig.process._tick_if_due()
    assert rig.process.guard.ticks == ticks
    rig.process._next_tick = rig.now
    rig.process._tick_if_due()
    assert rig.process.guard.ticks == ticks + 1


@pytest.mark.parametrize(("late_ticks", "next_s"), [(0.5, 0.125), (1.0, 0.25), (1.5, 0.25)])
def test_a_deadline_that_is_past_or_now_is_skipped(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, late_ticks: float, next_s: float
) -> None:
    monkeypatch.setattr(module, "TICK_S", 0.25)
    rig.now = 1024.0
    rig.process._next_tick = rig.now - late_ticks * 0.25
    rig.process._tick_if_due()
    assert rig.process._next_tick == rig.now + next_s
