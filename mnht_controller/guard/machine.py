# SPDX-License-Identifier: Apache-2.0
"""The guard as a pure state machine: DISABLED → ARMED → RUN → LATCHED. Feeds in ARMED and RUN only.

Every function takes a Guard and gives the next one; asked-for things that are refused come with
all their reasons. The process around it moves bytes, `simulate` runs the same code.
"""

from mnht_controller.domain.codec import digest
from mnht_controller.domain.command import Reason
from mnht_controller.domain.compiled import replace
from mnht_controller.domain.lease import GuardState, GuardStatus, Lease
from mnht_controller.domain.prescription import Envelope
from mnht_controller.domain.spent import NOTHING, Spent
from mnht_controller.domain.trip import Effect, Latch
from mnht_controller.guard import own_skin
from mnht_controller.guard.judge import check_backstop, is_ours, judge, would_trip
from mnht_controller.guard.state import (
    ACTOR_CHARS_MAX,
    LIVE,
    Guard,
    GuardEvent,
    Own,
    Pending,
    changes,
    latch,
    spent,
    with_hits,
)
from mnht_controller.interlock.bounds import envelope_faults
from mnht_controller.interlock.evaluate import Hit
from mnht_controller.interlock.guard_trips import hazard_of
from mnht_controller.interlock.latch import causes
from mnht_controller.interlock.lease import FUTURE_S_MAX, LEASE_AGE_S_MAX, is_fresh
from mnht_controller.interlock.memory import Memory
from mnht_controller.interlock.self_test import TESTS_MAX, line_may_close
from mnht_controller.interlock.spending import carried

__all__ = (
    "Guard", "GuardEvent", "Own", "Pending", "changes", "confirm", "hear", "line_blocked", "lost",
    "pending", "propose", "renew", "reset", "spent", "start", "status", "stop", "tick",
)  # fmt: skip

TICK_GAP_S_MAX = 0.2
ARMED_S_MAX = 60.0
TEST_S_MAX = 1.0
"""The self-test's feeding ends here, whatever the controller says or does not say."""
SILENCE_S_MIN = 1.2
"""The receiver wants a second of silence by its own clock, after what the line delays."""

FEED = b"\x55"
RECLOSE = b"\xa5\x5a"

_UNUSABLE = frozenset({"lease_replayed", "lease_future", "lease_expired"})

Refused = tuple[Reason, ...]
"""Why it was not done; empty when it was."""


def start(now: float, kept: Latch, used: Spent = NOTHING) -> Guard:
    """Begin DISABLED, or LATCHED if a latch was kept. Silence counts from here."""
    state = GuardState.LATCHED if kept.is_latched else GuardState.DISABLED
    return Guard(
        state, kept, ticked_at=now, fed_at=now, origin=now, memory=Memory(), kept=used, born_at=now
    )


def status(guard: Guard, now: float) -> GuardStatus:
    """What the controller is told at 20 Hz."""
    return GuardStatus(
        seq=guard.ticks,
        at=now,
        state=guard.state,
        envelope_sha256=guard.envelope_sha256,
        lease_seq=guard.lease.seq if guard.lease else 0,
        first_out=guard.latch.first_out,
        line_fed=guard.state in LIVE and not guard.reclose_due,
        armed_at=guard.armed_at,
        own_skin_c=guard.own.celsius if guard.own else None,
        realtime=guard.realtime,
        fed_at=guard.fed_at,
        born_at=guard.born_at,
    )


# ---- arming --------------------------------------------------------------------------------


def propose(guard: Guard, envelope: Envelope, nonce: str, now: float) -> tuple[Guard, Refused]:
    """Take limits that a human may confirm with this nonce (never used before, not empty)."""
    refused = envelope_faults(envelope)
    if guard.state in LIVE:
        refused += (Reason("guard_state", guard.state.value),)
    if not nonce:
        refused += (Reason("nonce"),)
    if refused:
        return guard, refused
    sha = digest(envelope)
    if sha == guard.envelope_sha256:
        # The same session again: dose and field-on time go on; an unused nonce stays good.
        return replace(guard, nonce=guard.nonce or nonce), ()
    used = spent(guard)
    memory, tracks = carried(envelope, used)
    return (
        replace(
            guard,
            envelope=envelope,
            envelope_sha256=sha,
            nonce=nonce,
            origin=now,
            tracks=tracks,
            memory=memory,
            field_s=memory.field_s,
            kept=used,
        ),
        (),
    )


def pending(guard: Guard) -> Pending | None:
    """What waits for a human; None when nothing does."""
    if guard.envelope is None or not guard.nonce:
        return None
    return Pending(guard.envelope, guard.envelope_sha256, guard.nonce)


def confirm(guard: Guard, sha: str, nonce: str, actor: str, now: float) -> tuple[Guard, Refused]:
    """Arm, if a human confirms exactly what waits and a live controller holds the same limits."""
    held = (
        (guard.state is GuardState.DISABLED, Reason("guard_state", guard.state.value)),
        (not guard.latch.is_latched, Reason("latched")),
        (pending(guard) is not None, Reason("nothing_pending")),
        (sha == guard.envelope_sha256, Reason("envelope_sha256")),
        (bool(nonce) and nonce == guard.nonce, Reason("nonce")),
        (bool(actor), Reason("actor")),
        (_has_own(guard), Reason("own_missing")),
    )
    refused = tuple([reason for holds, reason in held if not holds])
    refused += _not_led(guard, now) + _own_cause(guard, now)
    if refused:
        return guard, refused
    return (
        replace(
            guard,
            state=GuardState.ARMED,
            nonce="",
            actor=actor[:ACTOR_CHARS_MAX],
            armed_at=now,
            reclose_due=True,
            defied_since=None,
        ),
        (),
    )


def _has_own(guard: Guard) -> bool:
    """Whether it has a thermometer of its own, or needs none: nothing is real, or it is waived."""
    return bool(guard.own or guard.waived or not guard.envelope or guard.envelope.simulated)


def _not_led(guard: Guard, now: float) -> Refused:
    """No fresh lease that says zero for these limits, or one that would trip the armed guard."""
    lease = guard.lease
    if lease is None or not is_fresh(lease.sent_at, now, LEASE_AGE_S_MAX):
        return (Reason("no_lease"),)
    if not is_ours(guard, lease):
        return (Reason("lease_envelope"),)
    if lease.permit_ka_per_m != 0.0:
        return (Reason("controller_trip"),)
    return tuple([hit.reason for hit in would_trip(guard, now)])


def _own_cause(guard: Guard, now: float) -> Refused:
    """What the guard's own thermometer would latch for; nothing without one."""
    if guard.own is None:
        return ()
    why = own_skin.why_stop(guard.own, now)
    return (Reason(why, "", guard.own.celsius),) if why else ()


def reset(guard: Guard, actor: str, now: float) -> tuple[Guard, Refused]:
    """Unlatch to DISABLED, unless the last lease shows a cause as if armed. Arming starts anew."""
    held = (
        (guard.state is GuardState.LATCHED, Reason("guard_state", guard.state.value)),
        (bool(actor), Reason("actor")),
    )
    refused = tuple([reason for holds, reason in held if not holds])
    refused += tuple([hit.reason for hit in causes(would_trip(guard, now))])
    refused += _own_cause(guard, now)
    if refused:
        return guard, refused
    actor = actor[:ACTOR_CHARS_MAX]
    return replace(guard, state=GuardState.DISABLED, latch=Latch(), nonce="", actor=actor), ()


# ---- what latches --------------------------------------------------------------------------


def stop(guard: Guard, actor: str, now: float) -> Guard:
    """STOP: latches in every state."""
    where = actor[:ACTOR_CHARS_MAX]
    hit = Hit("operator_stop", "H60", Effect.TRIP, where, None, None)
    return with_hits(replace(guard, actor=where), (hit,), now)


def lost(guard: Guard, what: str, now: float) -> Guard:
    """The lease client or the parent is gone (`what` names it). Whoever comes next starts anew."""
    if guard.state in LIVE:
        guard = latch(guard, "peer_lost", now, what)
    return replace(guard, lease=None, nonce="", kept=spent(guard))


def line_blocked(guard: Guard, now: float) -> Guard:
    """Bytes wait in the output queue and could outlive the guard: never feed on top of them."""
    return latch(guard, "line_blocked", now) if guard.state in LIVE else guard


# ---- the lease -----------------------------------------------------------------------------


def renew(guard: Guard, lease: Lease, now: float) -> tuple[Guard, Refused]:
    """Take one lease. While ARMED or RUN a fault in it latches; otherwise it is only refused."""
    fault = _lease_fault(guard, lease, now)
    if guard.state not in LIVE:
        return _renew_idle(guard, lease, now, fault)
    if fault or guard.envelope is None:
        fault = fault or "lease_envelope"
        return latch(guard, fault, now), (Reason(fault),)
    guard = judge(guard, guard.envelope, lease, now)
    if lease.permit_ka_per_m is None:
        guard = latch(guard, "controller_trip", now)
    if guard.state is GuardState.LATCHED:
        return guard, ()
    if lease.over:
        return _disarm(guard), ()
    if lease.permit_ka_per_m != 0.0:
        return replace(guard, state=GuardState.RUN), ()
    return guard, ()


def _lease_fault(guard: Guard, lease: Lease, now: float) -> str | None:
    """The first thing that is wrong with the lease itself; None if it can be judged."""
    envelope, permit = guard.envelope, lease.permit_ka_per_m
    if guard.lease is not None and not (lease.seq > guard.lease.seq):
        return "lease_replayed"
    if not (now - lease.sent_at >= -FUTURE_S_MAX):
        return "lease_future"
    if not (now - lease.sent_at <= LEASE_AGE_S_MAX):
        return "lease_expired"
    if envelope is None or lease.envelope_sha256 != guard.envelope_sha256:
        return "lease_envelope"
    if len(lease.probes) != len(envelope.probes):
        return "lease_shape"
    if permit is not None and not (0.0 <= permit <= envelope.limits.field_ka_per_m_cap):
        return "permit_invalid"
    return None


def _renew_idle(guard: Guard, lease: Lease, now: float, fault: str | None) -> tuple[Guard, Refused]:
    """Keep dose and rates going and watch for a field that nobody permits."""
    refused = (Reason(fault),) if fault and fault != "lease_envelope" else ()
    if fault in _UNUSABLE:
        return guard, refused
    if lease.over:
        guard = replace(guard, nonce="")
    if fault or guard.envelope is None:
        return replace(guard, lease=lease), refused
    return judge(guard, guard.envelope, lease, now), ()


def _disarm(guard: Guard) -> Guard:
    return replace(guard, state=GuardState.DISABLED, nonce="", reclose_due=False)


# ---- the guard's own thermometer -----------------------------------------------------------


def hear(guard: Guard, celsius: float | None, now: float) -> Guard:
    """Take a number (°C) of the guard's own thermometer, None: no news; the next tick judges it."""
    return replace(guard, own=own_skin.heard(guard.own or Own(now), celsius, now))


# ---- the tick ------------------------------------------------------------------------------


def tick(guard: Guard, now: float) -> tuple[Guard, bytes]:
    """One of 20 steps a second: check everything again, then give the bytes for the enable line."""
    if guard.own:
        ours = guard.lease if guard.lease and is_ours(guard, guard.lease) else None
        guard = replace(guard, own=own_skin.compared(guard.own, guard.envelope, ours, now))
    if guard.state in LIVE:
        guard = _check(guard, now)
    guard = _asked(guard, now)
    data = _due(guard, now)
    guard = replace(
        guard,
        ticked_at=now,
        ticks=guard.ticks + 1,
        fed_at=now if data else guard.fed_at,
        reclose_due=guard.reclose_due and not data,
    )
    return guard, data


def _asked(guard: Guard, now: float) -> Guard:
    """Begin the self-test once for each asking, after as much silence as arming needs.

    Nobody confirms it, so there are few of them in a guard's life.
    """
    if guard.lease is not None and not guard.lease.test_line:
        return guard if guard.test_since is None else replace(guard, test_since=None)
    begins = (
        guard.test_since is None
        and guard.tests < TESTS_MAX
        and now - guard.fed_at >= SILENCE_S_MIN
        and _may_test(guard, now)
    )
    return replace(guard, test_since=now, tests=guard.tests + 1) if begins else guard


def _may_test(guard: Guard, now: float) -> bool:
    """Asked anew for each byte: nothing armed or latched, and an output that is off and zero."""
    return guard.state is GuardState.DISABLED and line_may_close(guard.lease, now)


def _due(guard: Guard, now: float) -> bytes:
    """Nothing while the line must be silent, once the re-close sequence, then feed."""
    if guard.state in LIVE:
        opening = RECLOSE if now - guard.fed_at >= SILENCE_S_MIN else b""
        return opening if guard.reclose_due else FEED
    if (
        guard.test_since is not None
        and 0.0 <= now - guard.test_since < TEST_S_MAX
        and _may_test(guard, now)
    ):
        return FEED if guard.fed_at >= guard.test_since else RECLOSE
    return b""


def _check(guard: Guard, now: float) -> Guard:
    lease, envelope = guard.lease, guard.envelope
    if not (0.0 <= now - guard.ticked_at <= TICK_GAP_S_MAX):
        guard = latch(guard, "guard_tick_gap", now)
    if lease is None or envelope is None or not is_fresh(lease.sent_at, now, LEASE_AGE_S_MAX):
        return latch(guard, "lease_expired", now)
    guard = check_backstop(guard, envelope, now)
    for cause in _own_cause(guard, now):
        guard = with_hits(
            guard,
            (Hit(cause.code, hazard_of(cause.code), Effect.TRIP, "guard", cause.value, None),),
            now,
        )
    if guard.state is GuardState.ARMED and not (now - guard.armed_at <= ARMED_S_MAX):
        return _disarm(guard)
    return guard
