# SPDX-License-Identifier: Apache-2.0
"""Everything that latches the guard, and how it is reset (H26, H62)."""

from dataclasses import replace

import pytest

from mnht_controller.domain.codec import digest
from mnht_controller.domain.lease import GuardState, Lease
from mnht_controller.domain.probe import Role
from mnht_controller.domain.reading import Quality
from mnht_controller.domain.spent import Spent
from mnht_controller.domain.trip import Latch, Trip
from mnht_controller.guard import machine
from tests.plans import ENVELOPE
from tests.unit.guard.desk import STEP_S, Desk
from tests.unit.interlock.scene import CELSIUS, SHA, lease, source

KEPT = Latch((Trip("skin_trip", "H13", "skin", 44.1, 44.0, 1.0, 1.0),))


# ---- what latches --------------------------------------------------------------------------


def test_stop_latches_in_every_state() -> None:
    """H60, I10."""
    for desk in (Desk(), Desk().arm(), Desk().heat(), Desk(KEPT)):
        desk.guard = machine.stop(desk.guard, "desk", desk.now)
        assert desk.state is GuardState.LATCHED
        assert "operator_stop" in desk.trips
        assert desk.run(1.0) == b""
        assert desk.guard.actor == "desk"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"permit_ka_per_m": None}, "controller_trip"),
        ({"permit_ka_per_m": float("nan")}, "permit_invalid"),
        ({"permit_ka_per_m": -1.0}, "permit_invalid"),
        ({"permit_ka_per_m": 7.51}, "permit_invalid"),
        ({"envelope_sha256": "0" * 64}, "lease_envelope"),
        ({"probes": ()}, "lease_shape"),
        ({"source": None}, "source_lost"),
        ({"uncertain_s": 0.31}, "uncertain"),
        ({"c": {**CELSIUS, Role.SKIN: 44.2}}, "skin_trip"),
    ],
)
def test_one_bad_lease_latches(changes: dict[str, object], code: str) -> None:
    for desk in (Desk(skin_c=43.2).arm(), Desk(skin_c=43.2).heat()):
        desk.now += STEP_S
        desk.renew(**changes)
        assert desk.trips[0] == code
        assert desk.state is GuardState.LATCHED
        assert desk.tick() == b""


def test_a_lease_must_be_newer_than_the_last() -> None:
    """H31, H56: a repeated or older lease is an attack or a fault, never a renewal."""
    for step_back in (0, 1, 50):
        desk = Desk().heat()
        desk.send(lease(desk.seq - step_back, desk.now, permit_ka_per_m=5.0))
        assert desk.trips == ["lease_replayed"]


@pytest.mark.parametrize(("age_s", "code"), [(0.41, "lease_expired"), (-0.06, "lease_future")])
def test_a_lease_must_be_of_now(age_s: float, code: str) -> None:
    desk = Desk().heat()
    desk.send(lease(desk.seq + 1, desk.now - age_s, permit_ka_per_m=5.0))
    assert desk.trips == [code]
    assert desk.tick() == b""


def test_a_silent_controller_latches_after_the_lease() -> None:
    """H26, H27: the last byte goes out while the last lease is valid."""
    desk = Desk().heat()
    last = desk.guard.lease
    assert last is not None
    desk.run(2.0, lambda _seq, _now: None)
    assert desk.trips == ["lease_expired"]
    assert 0.3 < desk.fed[-1][0] - last.sent_at <= 0.4


@pytest.mark.parametrize(("gap_s", "latches"), [(0.19, False), (0.21, True), (-1.0, True)])
def test_its_own_tick_gap_latches(gap_s: float, latches: bool) -> None:
    """H28, H33: held up, or its clock went back."""
    desk = Desk().heat()
    desk.now = desk.guard.ticked_at + gap_s
    desk.tick()
    assert ("guard_tick_gap" in desk.trips) is latches


def test_a_controller_that_ends_latches_a_live_guard_only() -> None:
    desk = Desk()
    desk.run(0.2)
    desk.guard = machine.lost(desk.guard, "controller", desk.now)
    assert desk.state is GuardState.DISABLED
    desk.seq = 0
    assert desk.renew() == set()  # its successor counts from one again
    desk = Desk().heat()
    desk.guard = machine.lost(desk.guard, "parent", desk.now)
    assert desk.state is GuardState.LATCHED
    assert desk.guard.latch.trips[0].where == "parent"


def test_a_blocked_line_latches() -> None:
    """Bytes that wait could outlive the guard."""
    desk = Desk().heat()
    desk.guard = machine.line_blocked(desk.guard, desk.now)
    assert desk.trips == ["line_blocked"]
    idle = Desk()
    assert machine.line_blocked(idle.guard, idle.now) is idle.guard


def test_off_that_is_not_obeyed_latches() -> None:
    """H16: zero permit, and a read-back of 1 % of full scale for 300 ms."""
    desk = Desk().heat()
    desk.run(
        0.7,
        lambda seq, now: lease(seq, now, source=source(now, seq=seq, measured_ka_per_m=5.0)),
    )
    assert desk.trips[0] == "off_not_obeyed"


def test_a_field_that_nobody_permits_latches_a_disabled_guard() -> None:
    """H18: the line is open, and yet there is a field."""
    desk = Desk()
    desk.propose()
    desk.run(
        1.0,
        lambda seq, now: lease(seq, now, source=source(now, seq=seq, measured_ka_per_m=9.0)),
    )
    assert desk.state is GuardState.LATCHED
    assert "off_not_obeyed" in desk.trips
    assert "off_not_obeyed" in desk.reset()


def test_a_stalled_probe_latches() -> None:
    """H10: fresh leases with an old reading in them."""
    desk = Desk().heat()
    frozen = desk.guard.lease
    assert frozen is not None
    desk.run(2.0, lambda seq, now: lease(seq, now, permit_ka_per_m=5.0, probes=frozen.probes))
    assert "probe_stale" in desk.trips
    assert desk.fed[-1][0] - frozen.probes[0].at <= 0.9


def test_an_inhibit_alone_does_not_latch_but_defiance_does() -> None:
    """H41: an adversarial controller keeps heating above the cut-back."""
    desk = Desk(skin_c=43.4).heat()
    desk.c = {**desk.c, Role.SKIN: 43.7}
    desk.run(6.0)
    desk.run(4.5, permit_ka_per_m=5.0)
    assert desk.trips == []
    desk.run(2.0, permit_ka_per_m=5.0)
    assert desk.trips == ["inhibit_defied"]


def test_a_prediction_alone_is_no_defiance() -> None:
    """Two memories may differ near the limit; the measured cut-back and the trips stay."""
    desk = Desk(skin_c=41.7).heat()

    def rising(seq: int, now: float) -> Lease:
        skin_c = 41.7 + 0.02 * (now - desk.guard.armed_at)
        return lease(seq, now, c={**CELSIUS, Role.SKIN: skin_c}, permit_ka_per_m=5.0)

    desk.run(50.0, rising)
    for _ in range(60):
        desk.run(0.1, rising)
        assert "skin_predicted" in {hit.code for hit in desk.guard.present}
    assert desk.trips == []
    assert desk.state is GuardState.RUN


def test_field_time_is_counted_by_its_own_clock() -> None:
    """H43: the controller's treatment time is not believed."""
    tight = replace(ENVELOPE, limits=replace(ENVELOPE.limits, field_s_max=20.0), speed=20.0)
    sha = digest(tight)
    desk = Desk()
    desk.propose(tight)
    desk.run(1.2, envelope_sha256=sha)
    assert desk.confirm(sha=sha) == set()

    def heating(seq: int, now: float) -> Lease:
        return lease(seq, now, envelope_sha256=sha, permit_ka_per_m=5.0, treatment_s=0.0)

    desk.run(0.9, heating)
    assert desk.trips == []
    desk.run(0.6, heating)
    assert desk.trips[0] == "session_time"


def test_dose_and_time_go_on_over_a_new_arm_of_the_same_session() -> None:
    desk = Desk().heat()
    desk.run(5.0, permit_ka_per_m=5.0)
    spent = desk.guard.memory.field_s
    assert spent > 4.0
    desk.guard = machine.stop(desk.guard, "desk", desk.now)
    desk.run(1.2)
    assert desk.reset() == set()
    desk.propose(nonce="n2")
    assert desk.guard.memory.field_s >= spent
    began, counted_s = desk.guard.origin, desk.guard.field_s
    desk.run(0.1, over=True)
    desk.propose(nonce="n3")
    assert desk.guard.memory.field_s >= spent, "a session that is over does not end its envelope"
    assert desk.guard.field_s == counted_s > 4.0
    assert desk.guard.origin == began
    skin = desk.guard.tracks[0].dose
    assert skin is not None
    assert skin.cem43_min > 0.0
    other = replace(ENVELOPE, limits=replace(ENVELOPE.limits, field_s_max=5999.0))
    desk.propose(other, nonce="n4")
    assert desk.guard.memory.field_s >= spent, "other limits are no new session"
    other = replace(ENVELOPE, prescription_sha256="1" * 64)
    desk.propose(other, nonce="n5")
    assert (desk.guard.memory.field_s, desk.guard.field_s) == (0.0, 0.0)
    assert desk.guard.tracks[0].dose is None


def test_h43_what_is_used_up_stays_used_up_over_reset_over_and_proposal() -> None:
    tight = replace(ENVELOPE, limits=replace(ENVELOPE.limits, field_s_max=2.0))
    sha = digest(tight)
    desk = Desk()
    desk.propose(tight)
    desk.run(1.2, envelope_sha256=sha)
    assert desk.confirm(sha=sha) == set()
    desk.run(2.4, envelope_sha256=sha, permit_ka_per_m=5.0)
    assert desk.trips[0] == "session_time"
    desk.run(0.6, envelope_sha256=sha)
    assert desk.reset() == set(), "time never goes back, so it keeps no latch"
    desk.run(0.2, envelope_sha256=sha, over=True)
    desk.propose(tight, nonce="n2")
    desk.run(0.2, envelope_sha256=sha)
    assert desk.confirm(sha=sha, nonce="n2") == {"session_time"}


def test_over_voids_what_waits_for_a_human() -> None:
    desk = Desk()
    desk.propose()
    desk.run(0.1, over=True)
    assert machine.pending(desk.guard) is None
    desk.propose(nonce="n2")
    waiting = machine.pending(desk.guard)
    assert waiting is not None
    assert waiting.nonce == "n2"


# ---- reset and report ----------------------------------------------------------------------


def test_reset_needs_a_human_a_latch_and_the_cause_gone() -> None:
    desk = Desk()
    assert desk.reset() == {"guard_state"}
    desk = Desk(skin_c=43.2).heat()
    desk.renew(c={**CELSIUS, Role.SKIN: 44.2})
    assert desk.reset() == {"skin_trip"}
    desk.run(0.2)
    assert desk.reset(actor="") == {"actor"}
    assert desk.reset() == set()
    assert desk.state is GuardState.DISABLED
    assert desk.run(2.0, permit_ka_per_m=5.0) == b""


def test_h13_a_latched_guard_is_not_reset_while_the_skin_is_as_hot() -> None:
    desk = Desk(skin_c=43.2).heat()
    desk.run(2.0, c={**CELSIUS, Role.SKIN: 44.2})
    assert desk.reset() == {"skin_trip"}
    assert desk.state is GuardState.LATCHED
    assert desk.trips[0] == "skin_trip"


def test_a_probe_that_says_nothing_keeps_the_latch_at_once() -> None:
    """H03: debounce is for tripping, not for letting go."""
    desk = Desk().heat()
    desk.guard = machine.stop(desk.guard, "desk", desk.now)
    desk.run(0.5)
    good = lease(desk.seq + 1, desk.now)
    bad = replace(good.probes[0], value=None, quality=Quality.BAD)
    desk.send(replace(good, probes=(bad, *good.probes[1:])))
    assert "probe_bad" in desk.reset()
    desk.seq += 1
    desk.run(0.2)
    assert desk.reset() == set()


def test_status_says_when_a_human_confirmed() -> None:
    """The controller believes no confirmation from before its PREPARE."""
    desk = Desk()
    assert machine.status(desk.guard, desk.now).armed_at == 0.0
    desk.arm()
    assert machine.status(desk.guard, desk.now).armed_at == pytest.approx(desk.now - 0.2)


def test_status_says_what_it_holds() -> None:
    desk = Desk().heat()
    told = machine.status(desk.guard, desk.now)
    assert (told.state, told.envelope_sha256, told.lease_seq) == (GuardState.RUN, SHA, desk.seq)
    assert told.first_out is None
    desk.tick()
    assert machine.status(desk.guard, desk.now).seq == told.seq + 1
    desk.guard = machine.stop(desk.guard, "desk", desk.now)
    first = machine.status(desk.guard, desk.now).first_out
    assert first is not None
    assert first.code == "operator_stop"


def test_changes_are_what_the_journal_gets() -> None:
    desk = Desk()
    before = desk.guard
    desk.run(0.2)
    assert machine.changes(before, desk.guard, desk.now) == ()
    before = desk.guard
    desk.arm()
    (event,) = machine.changes(before, desk.guard, desk.now)
    assert (event.state, event.actor, event.trips) == (GuardState.ARMED, "dr", ())
    before = desk.guard
    desk.renew(permit_ka_per_m=None)
    (event,) = machine.changes(before, desk.guard, desk.now)
    assert [trip.code for trip in event.trips] == ["controller_trip"]


def test_an_idle_guard_refuses_bad_leases_without_latching() -> None:
    desk = Desk()
    desk.propose()
    desk.run(0.2)
    assert desk.send(lease(1, desk.now)) == {"lease_replayed"}
    assert desk.send(lease(99, desk.now - 1.0)) == {"lease_expired"}
    assert desk.send(lease(99, desk.now + 1.0)) == {"lease_future"}
    assert desk.send(lease(99, desk.now, permit_ka_per_m=99.0)) == {"permit_invalid"}
    assert desk.state is GuardState.DISABLED


def test_bad_for_300_ms_latches_as_the_rules_say() -> None:
    """H03: no value, fresh stamps."""
    desk = Desk().heat()

    def silent(seq: int, now: float) -> Lease:
        good = lease(seq, now, permit_ka_per_m=5.0)
        bad = replace(good.probes[0], value=None, quality=Quality.BAD)
        return replace(good, probes=(bad, *good.probes[1:]))

    desk.run(0.3, silent)
    assert desk.trips == []
    desk.run(0.2, silent)
    assert desk.trips == ["probe_bad"]


def test_a_field_that_is_permitted_and_not_measured_latches_the_guard_too() -> None:
    """H18, H22: on the raw read-back of each lease, by the guard's own memory."""
    desk = Desk().heat()
    for _ in range(40):
        desk.now += STEP_S
        dark = source(desk.now, seq=desk.seq, measured_ka_per_m=0.0, output_on=True)
        desk.renew(permit_ka_per_m=5.0, source=dark)
    assert desk.trips[0] == "field_missing"
    assert desk.state is GuardState.LATCHED


@pytest.mark.parametrize("is_complete", [True, False])
def test_the_end_of_the_controller_changes_nothing_of_how_a_session_ended(
    is_complete: bool,
) -> None:
    """H37, H43: the controller goes first at every shutdown, and the guard keeps once more."""
    desk = Desk().heat()
    desk.run(1.0, over=True, complete=is_complete)
    before = machine.spent(desk.guard)
    assert (before.over, before.field_s > 0.0) == (is_complete, True)
    for what in ("controller", "parent"):
        desk.guard = machine.lost(desk.guard, what, desk.now)
        assert machine.spent(desk.guard) == before


def test_a_session_of_an_earlier_process_is_closed_by_a_persons_word() -> None:
    """H37, H43: nothing is proposed yet, and the controller says that what was kept is over."""
    used = Spent(ENVELOPE.prescription_sha256, 100.0, (), over=False)
    desk = Desk()
    desk.guard = machine.start(desk.now, Latch(), used)
    desk.run(1.0, over=True)
    assert machine.spent(desk.guard) == used
    desk.run(0.2, over=True, complete=True)
    gone = machine.lost(desk.guard, "controller", desk.now)
    assert machine.spent(desk.guard) == machine.spent(gone) == replace(used, over=True)
    desk.run(0.2, over=True)
    assert machine.spent(desk.guard) == used, "somebody has prepared again: it goes on"
