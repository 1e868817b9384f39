# SPDX-License-Identifier: Apache-2.0
"""The guard's judgement of one lease: the same rules on the raw readings, then the backstop."""

from mnht_controller.domain.compiled import replace
from mnht_controller.domain.lease import Lease
from mnht_controller.domain.prescription import Envelope
from mnht_controller.domain.trip import Effect
from mnht_controller.guard import backstop
from mnht_controller.guard.state import LIVE, Guard, latch, treatment_s, with_hits
from mnht_controller.interlock.evaluate import Hit, evaluate, present
from mnht_controller.interlock.lease import LEASE_AGE_S_MAX, age_s
from mnht_controller.interlock.rules import RULES
from mnht_controller.interlock.witness import Witness, field_is_on
from mnht_controller.thermometry.observe import Clock, ProbeTrack, observe

DEFIED_S_MAX = 5.0
"""How long a field may be permitted that an inhibit of our own refuses."""

_NOT_DEFIABLE = frozenset({"skin_predicted"})
"""A prediction hangs on when its memory began, so two processes may differ near the limit."""


def judge(guard: Guard, envelope: Envelope, lease: Lease, now: float) -> Guard:
    """Run thermometry, rules and backstop on the raw readings, with the guard's own memory."""
    witness, tracks = _witness(guard, envelope, lease, now)
    memory, hits = evaluate(RULES, guard.memory, witness)
    defied_since = _defied_since(guard, lease, hits, now)
    added_s = backstop.on_s(guard.lease, lease, envelope.speed)
    hot_since = now if guard.hot_since is None else guard.hot_since
    guard = replace(
        guard,
        lease=lease,
        tracks=tracks,
        memory=memory,
        present=hits,
        defied_since=defied_since,
        field_s=guard.field_s + added_s,
        hot_since=hot_since if backstop.is_hot(envelope, lease) else None,
    )
    guard = with_hits(guard, hits, now)
    if defied_since is not None and not (now - defied_since <= DEFIED_S_MAX):
        guard = latch(guard, "inhibit_defied", now)
    return check_backstop(guard, envelope, now)


def would_trip(guard: Guard, now: float) -> tuple[Hit, ...]:
    """What in the last lease would trip an armed guard; nothing without one that can be judged."""
    lease, envelope = guard.lease, guard.envelope
    if lease is None or envelope is None or not is_ours(guard, lease):
        return ()
    witness, _ = _witness(guard, envelope, lease, now)
    hits = present(RULES, guard.memory, witness)
    return tuple([hit for hit in hits if hit.effect is Effect.TRIP])


def is_ours(guard: Guard, lease: Lease) -> bool:
    """Whether the lease is for the envelope that the guard holds."""
    envelope = guard.envelope
    is_named = envelope is not None and lease.envelope_sha256 == guard.envelope_sha256
    return is_named and envelope is not None and len(lease.probes) == len(envelope.probes)


def _witness(
    guard: Guard, envelope: Envelope, lease: Lease, now: float
) -> tuple[Witness, tuple[ProbeTrack, ...]]:
    own_s = treatment_s(guard, now)
    field_on = field_is_on(lease.permit_ka_per_m, lease.source, lease.uncertain_s)
    clock = Clock(now, own_s, envelope.speed, field_on)
    tracks, observations = observe(envelope.probes, guard.tracks, lease.probes, clock)
    witness = Witness(
        now=now,
        treatment_s=own_s,
        envelope=envelope,
        observations=observations,
        source=lease.source,
        permit_ka_per_m=lease.permit_ka_per_m,
        uncertain_s=lease.uncertain_s,
        peer_age_s=age_s(lease.sent_at, now),
        peer_age_s_max=LEASE_AGE_S_MAX,
        peer_refuses=False,
        armed=guard.state in LIVE,
        stop=False,
    )
    return witness, tracks


def _defied_since(guard: Guard, lease: Lease, hits: tuple[Hit, ...], now: float) -> float | None:
    """Since when the controller has permitted a field that our own rules refuse."""
    if lease.permit_ka_per_m == 0.0:
        return None
    is_defied = any(hit.effect is Effect.INHIBIT and hit.code not in _NOT_DEFIABLE for hit in hits)
    known = now if guard.defied_since is None else guard.defied_since
    return known if is_defied else None


def check_backstop(guard: Guard, envelope: Envelope, now: float) -> Guard:
    """Ask the backstop about the last lease; asked at each lease and at each tick."""
    if guard.state not in LIVE or guard.lease is None:
        return guard
    hot_s = 0.0 if guard.hot_since is None else now - guard.hot_since
    why = backstop.why_stop(envelope, guard.lease, now, hot_s, guard.field_s)
    return latch(guard, why, now) if why else guard
