# SPDX-License-Identifier: Apache-2.0
"""The guard machine in virtual time: the same machine and messages, without process and socket."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace

from mnht_controller.domain.codec import from_plain
from mnht_controller.domain.lease import GuardState, GuardStatus, Lease
from mnht_controller.domain.spent import NOTHING, Spent
from mnht_controller.domain.trip import Latch, Trip
from mnht_controller.guard import machine
from mnht_controller.guard.thermometer import Sentences
from mnht_controller.interlock.lease import decode_from_controller, decode_status, encode_status
from mnht_controller.journal.read import Record, parse_records
from mnht_controller.journal.sink import MemoryJournal
from mnht_controller.runtime.pacer import Beats
from sim_hardware.bench.oracles import Held
from sim_hardware.wire.memory import MemoryTransport

PERIOD_S = 0.05
READ_S, REOPEN_S = 10.0, 1.0


class VirtualGuard:
    """Runs the guard machine at 20 Hz on the running loop; also the controller's link to it.

    `feed(data, t)` takes the bytes for the enable line. `alive` False is a killed guard.
    `late_s` is how long a message is under way, `clock` what the guard takes for the time.
    """

    def __init__(
        self,
        feed: Callable[[bytes, float], object],
        journal: MemoryJournal,
        latch: Latch,
        used: Spent = NOTHING,
    ) -> None:
        self._feed = feed
        self.journal = journal
        self._nonces = 0
        self.alive = True
        self.leased_at: list[float] = []
        self.confirmed: list[str] = []
        """Hashes that a human confirmed, whatever the machine made of it."""
        self.status: GuardStatus | None = None
        self.late_s = 0.0
        self.clock: Callable[[float], float] = _honest
        self._loop = asyncio.get_running_loop()
        self._inbox: list[bytes] | None = None
        self.state = machine.start(self._loop.time(), latch, used)

    async def listen(self, wire: MemoryTransport, channel: int) -> None:
        """Read a thermometer of its own for ever, byte by byte, as its port would."""
        self.state = replace(self.state, own=machine.Own(self._now()))
        while True:
            sentences = Sentences(channel)
            with suppress(OSError):  # unplugged: try again in a while
                await wire.open()
                await self._read(wire, sentences)
            await asyncio.sleep(REOPEN_S)

    async def _read(self, wire: MemoryTransport, sentences: Sentences) -> None:
        while True:
            with suppress(TimeoutError):
                data = await wire.read(READ_S)
                celsius = sentences.take(data, self._now())
                if self.alive:
                    self.state = machine.hear(self.state, celsius, self._now())

    async def run(self) -> None:
        """Tick for ever: check, feed, report."""
        async for beat in Beats(PERIOD_S):
            if not self.alive:
                continue
            before, now = self.state, self.clock(beat.now)
            self.state, data = machine.tick(self.state, now)
            self._note(before, now)
            if data:
                self._feed(data, beat.now)
            line = encode_status(machine.status(self.state, now))
            self.status = decode_status(line)

    def send(self, message: bytes) -> None:
        """Take what the controller sends: a lease or a proposal, as bytes."""
        if not self.alive:
            return
        if self._inbox is not None:
            self._inbox.append(message)
        elif self.late_s > 0.0:
            self._loop.call_later(self.late_s, self._take, message)
        else:
            self._take(message)

    def halt(self) -> None:
        """Stopped: what is sent waits in its socket."""
        self._inbox = []

    def go_on(self) -> None:
        """Take everything that waits, in order."""
        waiting, self._inbox = self._inbox or [], None
        for message in waiting:
            self._take(message)

    def _take(self, message: bytes) -> None:
        now, before = self._now(), self.state
        received = decode_from_controller(message)
        if isinstance(received, Lease):
            self.leased_at.append(received.sent_at)
            self.state, _ = machine.renew(self.state, received, now)
        else:
            self._nonces += 1
            nonce = f"nonce-{self._nonces}"
            self.state, _ = machine.propose(self.state, received, nonce, now)
        self._note(before, now)

    def confirm(self, actor: str) -> bool:
        """Confirm exactly what waits, as a human would after reading it."""
        waiting = machine.pending(self.state)
        if waiting is None:
            return False
        self.confirmed.append(waiting.envelope_sha256)
        now, before = self._now(), self.state
        self.state, refused = machine.confirm(
            self.state, waiting.envelope_sha256, waiting.nonce, actor, now
        )
        self._note(before, now)
        return not refused

    def stop(self, actor: str) -> None:
        """STOP, as the listener would deliver it."""
        now, before = self._now(), self.state
        self.state = machine.stop(self.state, actor, now)
        self._note(before, now)

    def reset(self, actor: str) -> bool:
        """Ask for the latch to be let go, as a human would."""
        now, before = self._now(), self.state
        self.state, refused = machine.reset(self.state, actor, now)
        self._note(before, now)
        return not refused

    def lost(self, what: str) -> None:
        """The lease client's socket has ended."""
        now, before = self._now(), self.state
        self.state = machine.lost(self.state, what, now)
        self._note(before, now)

    def history(self) -> tuple[Held, ...]:
        """Its states in order, from its own journal."""
        return held_by(self._events())

    def trips(self) -> tuple[Trip, ...]:
        """Every trip it latched on, those that were reset too."""
        return tuple(trip for event in self._events() for trip in event.trips)

    def _events(self) -> list[machine.GuardEvent]:
        records = parse_records(self.journal.lines, "guard")
        return [event_of(record) for record in records if record.kind == "guard"]

    def _now(self) -> float:
        return self.clock(self._loop.time())

    def _note(self, before: machine.Guard, now: float) -> None:
        if before is not self.state:
            for event in machine.changes(before, self.state, now):
                self.journal.write("guard", event)


def _honest(now: float) -> float:
    return now


def event_of(record: Record) -> machine.GuardEvent:
    """What the guard did, and its trips, dated by its journal: its own clock may be wrong."""
    event = from_plain(machine.GuardEvent, record.data)
    trips = tuple(replace(trip, at=record.at) for trip in event.trips)
    return replace(event, at=record.at, trips=trips)


def held_by(events: Iterable[machine.GuardEvent]) -> tuple[Held, ...]:
    """States and envelopes in order, one entry for each change of either."""
    held: list[Held] = []
    for event in events:
        found = Held(event.at, event.state, event.envelope_sha256)
        if not held or replace(held[-1], at=found.at) != found:
            held.append(found)
    return tuple(held)


def confirmed_by(events: Iterable[machine.GuardEvent]) -> tuple[str, ...]:
    """Envelopes for which the guard names the human who armed it."""
    return tuple(
        event.envelope_sha256 for event in events if event.state is GuardState.ARMED and event.actor
    )
