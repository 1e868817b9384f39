# SPDX-License-Identifier: Apache-2.0
"""The guard's shell: one thread, one selector, 20 steps a second. machine.py decides, this moves.

While armed it touches no disk and waits for nobody. Whatever goes wrong in here ends the process,
and its end is silence on the enable line.
"""

import os
import selectors
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from mnht_controller.domain.codec import CodecError
from mnht_controller.domain.compiled import replace
from mnht_controller.domain.lease import Lease
from mnht_controller.domain.prescription import Envelope
from mnht_controller.domain.spent import NOTHING
from mnht_controller.domain.trip import Latch
from mnht_controller.guard import machine, realtime
from mnht_controller.guard.answers import Desk, Refusal
from mnht_controller.guard.config import GuardConfig
from mnht_controller.guard.doors import Door, Peer
from mnht_controller.guard.line import Line
from mnht_controller.guard.state import LIVE, Guard
from mnht_controller.guard.thermometer import OwnThermometer
from mnht_controller.interlock.lease import decode_from_controller, encode_status
from mnht_controller.journal.errors import JournalError
from mnht_controller.journal.keep import save_latch
from mnht_controller.journal.ledger import Ledger
from mnht_controller.journal.sink import Journal

TICK_S = 0.05
KEEP_TICKS = 20
"""Ticks between two looks at what the session has used; the ledger's own thread writes."""
CONTROL_PEERS_MAX = 16
ALIVE_TICKS = 10
TICK_FIRST_S = 0.003
"""A message this long before a tick waits for it: to judge a lease takes about half of that."""
SUSPEND_S_MAX = 0.5
"""Growth of boot time against monotonic time that means that the host has slept."""


@dataclass(frozen=True, slots=True)
class Fed:
    """Kind "fed": bytes handed to the enable line, as hex, on the strength of this lease."""

    at: float
    payload: str
    lease_seq: int


@dataclass(frozen=True, slots=True)
class Parts:
    """What the process is made of; tests replace the line, the journal and the clock."""

    config: GuardConfig
    kept: Latch
    line: Line
    journal: Journal
    ledger: Ledger
    clock: Callable[[], float] = time.monotonic
    own: OwnThermometer | None = None
    realtime: str = ""


class GuardProcess:
    """Owns the sockets, the line and the present Guard."""

    def __init__(self, parts: Parts) -> None:
        """Listen at once. Raises DoorError."""
        self._parts, self._clock = parts, parts.clock
        self._line, self._journal = parts.line, parts.journal
        self._ledger = parts.ledger
        self.guard = replace(
            machine.start(self._clock(), parts.kept, self._ledger.kept or NOTHING),
            own=machine.Own(self._clock()) if parts.own else None,
            waived=parts.config.waived,
            realtime=parts.realtime,
        )
        self._desk = Desk(self._line, self._journal, self._ledger)
        self._lease_door = Door(parts.config.lease_socket, 1)
        self._control_door = Door(parts.config.control_socket, CONTROL_PEERS_MAX, evicts=True)
        self._selector = selectors.SelectSelector()  # epoll counts in whole milliseconds
        self._watch(self._lease_door, self._hear_controller)
        self._watch(self._control_door, self._hear_request)
        if parts.config.parent_fd is not None:
            self._register(parts.config.parent_fd, self._hear_parent)
        self._kept = parts.kept
        self._slept_s = _slept_s()
        self._next_tick = self._clock()
        self.ending = ""

    def run(self) -> None:
        """Serve until `ending` says why not; an armed guard latches first."""
        why = "guard failed"
        try:
            while not self.ending:
                self.turn()
            why = self.ending
        finally:
            self._line.abort()
            self._become(machine.lost(self.guard, why, self._clock()))
            self._keep()
            self._close()

    def turn(self) -> None:
        """Wait for the next tick or message and handle all that is there; ticks go first."""
        for key, _ in self._selector.select(max(0.0, self._next_tick - self._clock())):
            wait_s = self._next_tick - self._clock()
            if 0.0 < wait_s < TICK_FIRST_S:
                time.sleep(wait_s)
            self._tick_if_due()
            key.data()
        self._tick_if_due()
        self._keep()

    # ---- the tick --------------------------------------------------------------------------

    def _tick_if_due(self) -> None:
        now = self._clock()
        if now < self._next_tick:
            return
        # Absolute deadlines; a missed one is skipped, because a burst of bytes is no heartbeat.
        self._next_tick = TICK_S + (self._next_tick if now - self._next_tick < TICK_S else now)
        if _slept_s() - self._slept_s > SUSPEND_S_MAX:
            self._slept_s = _slept_s()
            self._become(machine.lost(self.guard, "host was suspended", now))
        if own := self._parts.own:
            celsius = own.read(now, may_open=self.guard.state not in LIVE)
            self.guard = machine.hear(self.guard, celsius, now)
        guard, payload = machine.tick(self.guard, now)
        self._become(guard)
        if payload:
            self._feed(payload, now)
        if self.guard.ticks % KEEP_TICKS == 0:
            self._ledger.keep(machine.spent(self.guard))
        told = replace(machine.status(self.guard, now), fault=self._desk.why)
        for peer in self._lease_door.peers:
            peer.send(encode_status(told))
        self._sweep()
        if self.guard.ticks % ALIVE_TICKS == 0:  # here, at the end of a whole tick, and only here
            realtime.tell(b"WATCHDOG=1")

    def _feed(self, payload: bytes, now: float) -> None:
        if self._line.feed(payload):
            self._journal.write(
                "fed", Fed(now, payload.hex(), self.guard.lease.seq if self.guard.lease else 0)
            )
        else:
            self._become(machine.line_blocked(self.guard, now))

    def _become(self, guard: Guard) -> None:
        """Take the next state: silence first, then the record."""
        before, self.guard = self.guard, guard
        if before.state in LIVE and guard.state not in LIVE:
            self._line.abort()
        for event in machine.changes(before, guard, self._clock()):
            self._journal.write("guard", event)

    def _keep(self) -> None:
        """Bring the latch to disk: changes, and what was refused, at a turn's end, never armed."""
        is_due = self._desk.fault and self.guard.ticks % KEEP_TICKS == 0
        if (self.guard.latch == self._kept and not is_due) or self.guard.state in LIVE:
            return
        self._kept = self.guard.latch
        try:
            save_latch(latch_path(self._parts.config), self._kept)
            self._desk.fault = ""
        except JournalError as error:
            if not self._desk.fault:
                self._journal.write("refused", Refusal("latch", (str(error),)))
            self._desk.fault = str(error)

    # ---- clients ---------------------------------------------------------------------------

    def _watch(self, door: Door, hear: Callable[[Peer], None]) -> None:
        def admit() -> None:
            peer = door.accept()
            self._sweep()
            if peer is not None:
                self._register(peer.socket, partial(hear, peer))

        self._register(door.socket, admit)

    def _register(self, source: int | socket.socket, react: Callable[[], None]) -> None:
        self._selector.register(source, selectors.EVENT_READ, react)

    def _hear_controller(self, peer: Peer) -> None:
        for line in peer.lines():
            try:
                self._take(decode_from_controller(line))
            except CodecError as error:
                self._journal.write("refused", Refusal("lease socket", (str(error),)))
                peer.gone = True
                break
        self._sweep()

    def _take(self, message: Lease | Envelope) -> None:
        before, now = self.guard, self._clock()
        if isinstance(message, Envelope):
            self._become(self._desk.propose(before, message, now))
        else:
            self._become(machine.renew(before, message, now)[0])
            if before.state in LIVE:
                self._journal.write("lease", message)

    def _hear_request(self, peer: Peer) -> None:
        for line in peer.lines():
            guard, reply = self._desk.answer(self.guard, line, self._clock)
            self._become(guard)
            peer.send(reply)
        self._sweep()

    def _sweep(self) -> None:
        """Let go of clients that are gone; without its controller an armed guard latches."""
        for door in (self._lease_door, self._control_door):
            for peer in [peer for peer in door.peers if peer.gone]:
                self._selector.unregister(peer.socket)
                door.forget(peer)
                if door is self._lease_door:
                    self._become(machine.lost(self.guard, "controller", self._clock()))

    def _hear_parent(self) -> None:
        fd = self._parts.config.parent_fd
        if fd is not None and os.read(fd, 4096) == b"":
            self.ending = "parent"
            self._become(machine.lost(self.guard, "parent", self._clock()))

    def _close(self) -> None:
        self._lease_door.close()
        self._control_door.close()
        self._selector.close()
        self._line.close()
        self._ledger.keep(machine.spent(self.guard))
        self._ledger.close()
        self._journal.close()


def latch_path(config: GuardConfig) -> Path:
    """Where the guard's latch outlives it."""
    return Path(config.state_dir) / "guard.latch"


def ledger_path(config: GuardConfig) -> Path:
    """Where what a session has used outlives the guard."""
    return Path(config.state_dir) / "guard.spent"


def _slept_s() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME) - time.monotonic()
