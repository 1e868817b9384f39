# SPDX-License-Identifier: Apache-2.0
"""What the guard knows, and how it latches. The steps stand in machine.py."""

from dataclasses import dataclass

from mnht_controller.domain.compiled import replace
from mnht_controller.domain.lease import GuardState, Lease
from mnht_controller.domain.prescription import Envelope
from mnht_controller.domain.spent import NOTHING, Spent
from mnht_controller.domain.trip import Effect, Latch, Trip
from mnht_controller.interlock.evaluate import Hit
from mnht_controller.interlock.guard_trips import hazard_of
from mnht_controller.interlock.latch import latched
from mnht_controller.interlock.memory import Memory
from mnht_controller.interlock.spending import spending
from mnht_controller.thermometry.observe import ProbeTrack

ACTOR_CHARS_MAX = 64
LIVE = frozenset({GuardState.ARMED, GuardState.RUN})
"""States in which the enable line is fed."""


@dataclass(frozen=True, slots=True)
class Own:
    """What the guard's own thermometer says. `celsius` came at `at`; None: nothing yet.

    `repeats`: so often the same number again. Times since when it has been hot, and apart from the
    lease's skin probes; None: it is not.
    """

    at: float
    celsius: float | None = None
    repeats: int = 0
    hot_since: float | None = None
    apart_since: float | None = None


@dataclass(frozen=True, slots=True)
class Guard:
    """All that the guard knows. `nonce` is empty unless an envelope waits for a human.

    Dose and field-on time begin at zero with another prescription, or in a new process after a
    session that came to its own end, and never else. `kept`: what a process before this one used.
    `present`: what the rules found in the last lease. `origin`: zero of its own treatment clock.
    `own` None: no thermometer of its own; `waived`: somebody answers for that. `realtime`: what
    the host granted. `test_since`: begin of the self-test that the leases ask for; None: none;
    `tests`: how many there have been.
    """

    state: GuardState
    latch: Latch
    ticked_at: float
    fed_at: float
    origin: float
    memory: Memory
    ticks: int = 0
    envelope: Envelope | None = None
    envelope_sha256: str = ""
    nonce: str = ""
    actor: str = ""
    tracks: tuple[ProbeTrack, ...] = ()
    lease: Lease | None = None
    present: tuple[Hit, ...] = ()
    defied_since: float | None = None
    field_s: float = 0.0
    hot_since: float | None = None
    armed_at: float = 0.0
    reclose_due: bool = False
    own: Own | None = None
    waived: bool = False
    realtime: str = ""
    kept: Spent = NOTHING
    born_at: float = 0.0
    test_since: float | None = None
    tests: int = 0


@dataclass(frozen=True, slots=True)
class Pending:
    """What a human is asked to confirm."""

    envelope: Envelope
    envelope_sha256: str
    nonce: str


@dataclass(frozen=True, slots=True)
class GuardEvent:
    """A change worth a record: the new state, who or what caused it, and new trips."""

    at: float
    state: GuardState
    envelope_sha256: str
    actor: str
    trips: tuple[Trip, ...]


def changes(before: Guard, after: Guard, now: float) -> tuple[GuardEvent, ...]:
    """What to write into the journal about one step; empty for a step that changed nothing."""
    trips = after.latch.trips[len(before.latch.trips) :]
    same = (before.state, before.envelope_sha256, before.actor, before.nonce) == (
        after.state, after.envelope_sha256, after.actor, after.nonce,
    )  # fmt: skip
    if same and not trips:
        return ()
    return (GuardEvent(now, after.state, after.envelope_sha256, after.actor, trips),)


def treatment_s(guard: Guard, now: float) -> float:
    """The guard's own treatment time: since the envelope came, times its speed."""
    return (now - guard.origin) * guard.envelope.speed if guard.envelope else 0.0


def spent(guard: Guard) -> Spent:
    """What is to be kept of the session, by the guard's own count."""
    envelope, lease = guard.envelope, guard.lease
    is_over = lease.complete if lease else guard.kept.over  # `lost` has settled that
    field_s = max(guard.field_s, guard.memory.field_s)
    if envelope is None or not (field_s > 0.0):
        return replace(guard.kept, over=guard.kept.over or is_over)
    return spending(envelope, field_s, guard.tracks, over=is_over)


def latch(guard: Guard, code: str, now: float, where: str = "") -> Guard:
    """Latch by a code of GUARD_TRIPS."""
    hit = Hit(code, hazard_of(code), Effect.TRIP, where[:ACTOR_CHARS_MAX], None, None)
    return with_hits(guard, (hit,), now)


def with_hits(guard: Guard, hits: tuple[Hit, ...], now: float) -> Guard:
    """Latch if any of the hits trips; inhibits are not the guard's to act on."""
    trips = latched(guard.latch, hits, now, treatment_s(guard, now))
    if trips is guard.latch:
        return guard
    return replace(guard, state=GuardState.LATCHED, latch=trips, nonce="", reclose_due=False)
