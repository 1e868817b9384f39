# SPDX-License-Identifier: Apache-2.0
"""The guard's own times and counts, each at its bound. H26, H28, H31, H41, H43, H56.

The clock begins at zero, so that a span is the number it says.
"""

import math
from dataclasses import replace
from typing import Any

import pytest

from mnht_controller.domain.lease import GuardState, Lease
from mnht_controller.domain.probe import Role
from mnht_controller.domain.spent import NOTHING, Spent
from mnht_controller.domain.trip import Latch, Trip
from mnht_controller.guard import judge, machine, state
from mnht_controller.guard.machine import FEED, RECLOSE
from mnht_controller.guard.state import Guard, GuardEvent, Own
from mnht_controller.interlock.memory import Memory
from mnht_controller.thermometry.observe import start
from mnht_controller.thermometry.track import Dose, ProbeTrack
from tests.plans import ENVELOPE, PROBES
from tests.unit.guard.desk import Desk
from tests.unit.interlock.scene import CELSIUS, SHA, lease

TRIP = Trip("skin_trip", "H13", "skin", 44.1, 44.0, 1.0, 1.0)


def up(value: float) -> float:
    return math.nextafter(value, math.inf)


def down(value: float) -> float:
    return math.nextafter(value, -math.inf)


def live(lease_at: float = 0.0, **changes: Any) -> Guard:
    """An armed guard at time zero that has taken in a lease of `lease_at`."""
    armed = fresh(lease_at, Desk().arm().guard)
    return replace(armed, **changes)


def fresh(lease_at: float, guard: Guard) -> Guard:
    """The same guard with a memory that begins with a first lease of `lease_at`."""
    idle = replace(guard, state=GuardState.DISABLED, memory=Memory(), tracks=start(PROBES),
                   lease=None, origin=0.0, ticked_at=0.0, fed_at=0.0, armed_at=0.0)  # fmt: skip
    following, refused = machine.renew(idle, lease(1, lease_at), lease_at)
    if refused:
        raise AssertionError(refused)
    return replace(following, state=guard.state)


def trips(guard: Guard) -> list[str]:
    return [trip.code for trip in guard.latch.trips]


# ---- the tick ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "latches"),
    [(0.0, False), (0.2, False), (up(0.2), True), (-5e-324, True), (math.nan, True)],
)
def test_ticks_are_two_tenths_apart_at_most(now: float, latches: bool) -> None:
    """H28."""
    after, _ = machine.tick(live(), now)
    assert ("guard_tick_gap" in trips(after)) is latches


@pytest.mark.parametrize(("now", "latches"), [(0.4, False), (up(0.4), True), (math.nan, True)])
def test_a_lease_is_four_tenths_old_at_most(now: float, latches: bool) -> None:
    """H26."""
    after, data = machine.tick(live(ticked_at=now), now)
    assert ("lease_expired" in trips(after)) is latches
    assert (data == b"") is latches


@pytest.mark.parametrize(
    ("state_of", "now", "goes_on"),
    [
        (GuardState.ARMED, 60.0, True),
        (GuardState.ARMED, up(60.0), False),
        (GuardState.ARMED, math.inf, False),
        (GuardState.RUN, up(60.0), True),
    ],
)
def test_armed_without_a_field_ends_after_sixty_seconds(
    state_of: GuardState, now: float, goes_on: bool
) -> None:
    guard = live(lease_at=min(now, 1e9), state=state_of, ticked_at=now)
    after, data = machine.tick(guard, now)
    if math.isinf(now):
        assert after.state is GuardState.LATCHED  # and its lease is out of all time
    else:
        assert after.state is (state_of if goes_on else GuardState.DISABLED)
        assert trips(after) == []
    assert (data == FEED) is goes_on


@pytest.mark.parametrize(("now", "data"), [(1.2, RECLOSE), (down(1.2), b""), (9.0, RECLOSE)])
def test_the_line_is_silent_for_one_and_two_tenths(now: float, data: bytes) -> None:
    guard = live(lease_at=now, ticked_at=now, reclose_due=True, ticks=7)
    after, given = machine.tick(guard, now)
    assert given == data
    assert after.reclose_due is (data == b"")
    assert after.fed_at == (now if data else 0.0)
    assert (after.ticked_at, after.ticks) == (now, 8)


def test_an_idle_tick_counts_and_feeds_nothing() -> None:
    idle = replace(machine.start(5.0, Latch()), ticks=3)
    after, data = machine.tick(idle, 9.0)
    assert (data, after.ticks, after.ticked_at, after.fed_at) == (b"", 4, 9.0, 5.0)


# ---- status and start --------------------------------------------------------------------------


def test_status_counts_and_names_its_last_lease() -> None:
    begun = machine.start(5.0, Latch())
    told = machine.status(begun, 6.0)
    assert (told.seq, told.at, told.lease_seq, told.armed_at) == (0, 6.0, 0, 0.0)
    assert (told.line_fed, told.own_skin_c, told.first_out) == (False, None, None)
    told = machine.status(live(ticks=9, lease=lease(4, 0.0), armed_at=3.0, own=Own(0.0, 41.0)), 6.0)
    assert (told.seq, told.lease_seq, told.armed_at, told.own_skin_c) == (9, 4, 3.0, 41.0)
    assert told.line_fed


@pytest.mark.parametrize("kept", [Latch(), Latch((TRIP,))])
def test_it_starts_with_nothing(kept: Latch) -> None:
    guard = machine.start(5.0, kept)
    assert guard.state is (GuardState.LATCHED if kept.trips else GuardState.DISABLED)
    assert (guard.ticked_at, guard.fed_at, guard.origin) == (5.0, 5.0, 5.0)
    assert (guard.field_s, guard.armed_at, guard.ticks, guard.reclose_due) == (0.0, 0.0, 0, False)
    assert guard.kept == NOTHING


# ---- confirming --------------------------------------------------------------------------------


def waiting(lease_at: float = 0.0, **changes: Any) -> Guard:
    """A guard that may be confirmed at time zero."""
    desk = Desk()
    desk.run(0.2)
    desk.propose()
    desk.run(0.2)
    return replace(fresh(lease_at, desk.guard), **changes)


def refusals(guard: Guard, now: float = 0.0) -> list[str]:
    return [reason.code for reason in machine.confirm(guard, SHA, "n1", "dr", now)[1]]


@pytest.mark.parametrize(
    ("now", "is_led"), [(0.0, True), (0.4, True), (up(0.4), False), (-0.05, True),
                        (down(-0.05), False)]
)  # fmt: skip
def test_a_controller_that_leads_is_of_now(now: float, is_led: bool) -> None:
    """H56."""
    assert ("no_lease" not in refusals(waiting(), now)) is is_led


def test_a_confirmation_arms_with_its_time_and_name() -> None:
    guard = waiting(lease_at=7.0, defied_since=3.0)
    armed, refused = machine.confirm(guard, SHA, "n1", "d" * 999, 7.0)
    assert refused == ()
    assert (armed.state, armed.armed_at, armed.nonce) == (GuardState.ARMED, 7.0, "")
    assert armed.actor == "d" * 64
    assert armed.reclose_due
    assert armed.defied_since is None


def test_only_zero_is_permitted_while_it_is_armed_by_a_human() -> None:
    for permit, refused in ((0.0, []), (-0.0, []), (5e-324, ["controller_trip"])):
        message = replace(lease(1, 0.0), permit_ka_per_m=permit)
        assert refusals(waiting(lease=message)) == refused


def test_what_is_real_needs_a_thermometer_of_its_own_or_a_waiver() -> None:
    real = replace(ENVELOPE, simulated=False)
    cases: tuple[tuple[dict[str, Any], bool], ...] = (
        ({}, True), ({"waived": True}, False), ({"own": Own(0.0, 42.0)}, False),
        ({"envelope": ENVELOPE}, False),
    )  # fmt: skip
    for changes, is_missing in cases:
        guard = waiting(**{"envelope": real, **changes})
        assert ("own_missing" in refusals(guard)) is is_missing


def test_its_own_thermometer_refuses_what_it_would_latch_for() -> None:
    hot = waiting(own=Own(0.0, 45.0, hot_since=-1.0))
    (reason,) = machine.confirm(hot, SHA, "n1", "dr", 0.0)[1]
    assert (reason.code, reason.where, reason.value) == ("own_skin", "", 45.0)


# ---- the lease ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("permit", "code"),
    [
        (7.5, None),
        (up(7.5), "permit_invalid"),
        (0.0, None),
        (-5e-324, "permit_invalid"),
        (math.nan, "permit_invalid"),
        (math.inf, "permit_invalid"),
    ],
)
def test_which_permit_is_one(permit: float, code: str | None) -> None:
    """H40."""
    after, refused = machine.renew(live(), replace(lease(2, 0.1), permit_ka_per_m=permit), 0.1)
    assert [reason.code for reason in refused] == ([] if code is None else [code])
    assert trips(after) == ([] if code is None else [code])
    runs = code is None and permit > 0.0
    assert (after.state is GuardState.RUN) is runs


@pytest.mark.parametrize(("seq", "is_newer"), [(2, True), (1, False), (0, False)])
def test_which_lease_is_newer(seq: int, is_newer: bool) -> None:
    """H31."""
    after, _ = machine.renew(live(), lease(seq, 0.1), 0.1)
    assert (trips(after) == []) is is_newer


def defying(since: float, permit: float = 5.0, skin_c: float = 43.6) -> Guard:
    """After a lease at 8 s that permits a field with the skin at the cut-back."""
    guard = live(lease_at=7.9, state=GuardState.RUN, defied_since=since)
    told: Lease = lease(2, 8.0, permit_ka_per_m=permit, c={**CELSIUS, Role.SKIN: skin_c})
    return judge.judge(guard, ENVELOPE, told, 8.0)


@pytest.mark.parametrize(("since", "latches"), [(3.0, False), (2.9999, True), (math.nan, True)])
def test_an_inhibit_may_be_defied_for_five_seconds(since: float, latches: bool) -> None:
    """H41."""
    after = defying(since)
    assert ("inhibit_defied" in trips(after)) is latches
    assert after.defied_since is since
    assert defying(since, permit=0.0).defied_since is None
    assert defying(since, skin_c=40.0).defied_since is None


def test_hot_skin_keeps_its_beginning_and_forgets_it() -> None:
    for before, skin_c, since in ((None, 44.2, 8.0), (7.0, 44.2, 7.0), (7.0, 43.0, None)):
        guard = live(lease_at=7.9, hot_since=before)
        told = lease(2, 8.0, c={**CELSIUS, Role.SKIN: skin_c})
        assert judge.judge(guard, ENVELOPE, told, 8.0).hot_since == since


def test_field_time_adds_up() -> None:
    before = replace(lease(1, 7.5), permit_ka_per_m=5.0)
    after = judge.judge(live(lease=before, field_s=3.0), ENVELOPE, lease(2, 8.0), 8.0)
    assert after.field_s == 3.5


@pytest.mark.parametrize(
    ("hot_since", "code"), [(None, []), (7.5, ["backstop_skin"]), (7.75, []), (8.0, [])]
)
def test_the_backstop_is_asked_with_the_time_that_skin_is_hot(
    hot_since: float | None, code: list[str]
) -> None:
    guard = live(lease_at=8.0, hot_since=hot_since)
    assert trips(judge.check_backstop(guard, ENVELOPE, 8.0)) == code
    idle = replace(guard, state=GuardState.DISABLED)
    assert judge.check_backstop(idle, ENVELOPE, 8.0) is idle


# ---- what is kept and told ---------------------------------------------------------------------


def test_treatment_time_counts_from_the_envelope_at_its_speed() -> None:
    guard = live(origin=2.0)
    assert state.treatment_s(guard, 5.0) == 3.0
    fast = replace(guard, envelope=replace(ENVELOPE, speed=4.0))
    assert state.treatment_s(fast, 5.0) == 12.0
    assert state.treatment_s(replace(guard, envelope=None), 5.0) == 0.0


@pytest.mark.parametrize(
    ("ours", "rules", "kept_s"), [(3.0, 2.0, 3.0), (2.0, 3.0, 3.0), (5e-324, 0.0, 5e-324)]
)
def test_the_longer_count_of_field_time_is_kept(ours: float, rules: float, kept_s: float) -> None:
    """H43."""
    tracks = (ProbeTrack(dose=Dose(4.0, 37.0, 0.0)), ProbeTrack(), ProbeTrack())
    guard = live(field_s=ours, memory=Memory(field_s=rules), tracks=tracks)
    spent = state.spent(guard)
    assert (spent.field_s, spent.prescription_sha256) == (kept_s, ENVELOPE.prescription_sha256)
    assert [(dose.id, dose.cem43_min) for dose in spent.doses] == [("skin", 4.0)]
    assert not spent.over
    done = replace(lease(2, 0.0), complete=True)
    assert state.spent(replace(guard, lease=done)).over


@pytest.mark.parametrize(
    "changes",
    [{"memory": Memory()}, {"field_s": 9.0, "envelope": None},
     {"field_s": math.nan, "memory": Memory()}],
)  # fmt: skip
@pytest.mark.parametrize("over", [True, False])
def test_without_a_field_what_was_kept_stays(changes: dict[str, Any], over: bool) -> None:
    """But for its end, which the last lease may have told."""
    kept = Spent("p", 7.0, over=over)
    guard = live(kept=kept, **changes)
    assert state.spent(guard) == kept
    assert state.spent(replace(guard, lease=None)) == kept
    done = replace(guard, lease=replace(lease(1, 0.0), complete=True))
    assert state.spent(done) == replace(kept, over=True)


@pytest.mark.parametrize("name", ["state", "envelope_sha256", "actor", "nonce"])
def test_a_change_of_any_of_these_is_told(name: str) -> None:
    before = live()
    value: Any = GuardState.RUN if name == "state" else "other"
    after = replace(before, **{name: value})
    expected = GuardEvent(5.0, after.state, after.envelope_sha256, after.actor, ())
    assert state.changes(before, after, 5.0) == (expected,)
    assert state.changes(before, replace(before, ticks=9), 5.0) == ()


def test_only_new_trips_are_told() -> None:
    first = live(latch=Latch((TRIP,)))
    second = replace(TRIP, code="probe_bad")
    (event,) = state.changes(first, replace(first, latch=Latch((TRIP, second))), 5.0)
    assert event.trips == (second,)


def test_a_latch_says_where_in_so_many_letters() -> None:
    latched = state.latch(live(origin=2.0), "peer_lost", 5.0, "w" * 999)
    (trip,) = latched.latch.trips
    assert (trip.code, trip.hazard, trip.where) == ("peer_lost", "H26", "w" * 64)
    assert (trip.at, trip.treatment_s, trip.value, trip.limit) == (5.0, 3.0, None, None)
    assert (latched.state, latched.nonce, latched.reclose_due) == (GuardState.LATCHED, "", False)


def test_the_end_of_a_session_owes_no_closing_sequence() -> None:
    """Neither when the controller says so nor after a minute without a field."""
    owing = live(reclose_due=True, nonce="n9")
    after, _ = machine.renew(owing, replace(lease(2, 0.1), over=True), 0.1)
    assert (after.state, after.reclose_due, after.nonce) == (GuardState.DISABLED, False, "")
    late = up(60.0)
    after, data = machine.tick(live(lease_at=late, ticked_at=late, reclose_due=True), late)
    assert (after.state, after.reclose_due, data) == (GuardState.DISABLED, False, b"")


def test_its_own_thermometers_trip_has_its_number_and_place() -> None:
    hot = live(own=Own(0.0, 45.0, hot_since=-1.0))
    (trip,) = machine.tick(hot, 0.0)[0].latch.trips
    assert (trip.code, trip.hazard, trip.where) == ("own_skin", "H13", "guard")
    assert (trip.value, trip.limit) == (45.0, None)
