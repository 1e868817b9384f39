# SPDX-License-Identifier: Apache-2.0
"""Arming the guard: what waits, who may confirm it, and what is fed then (H38, H56)."""

from dataclasses import replace

import pytest

from mnht_controller.domain.lease import GuardState
from mnht_controller.domain.trip import Latch, Trip
from mnht_controller.guard import machine
from mnht_controller.guard.machine import FEED, RECLOSE, SILENCE_S_MIN
from sim_hardware.devices.enable_line import SILENCE_S
from tests.plans import ENVELOPE
from tests.unit.guard.desk import Desk
from tests.unit.interlock.scene import SHA

KEPT = Latch((Trip("skin_trip", "H13", "skin", 44.1, 44.0, 1.0, 1.0),))


@pytest.mark.shows("starts_off")
def test_it_starts_disabled_and_feeds_nothing() -> None:
    desk = Desk()
    assert desk.run(5.0, permit_ka_per_m=5.0) == b""
    assert desk.state is GuardState.DISABLED


def test_a_kept_latch_survives_a_restart() -> None:
    """H37: boot is safe, and a latch is not forgotten."""
    desk = Desk(KEPT)
    booted = desk.state
    assert booted is GuardState.LATCHED
    desk.run(1.2)
    desk.propose()
    desk.run(0.2)
    assert {"guard_state", "latched"} <= desk.confirm()
    assert desk.reset() == set()
    assert desk.state is GuardState.DISABLED
    assert desk.confirm() == {"nothing_pending", "nonce"}


def test_the_closing_sequence_is_fed_once_and_then_the_feed_byte() -> None:
    desk = Desk().arm()
    assert [data for _, data in desk.fed[:4]] == [RECLOSE, FEED, FEED, FEED]
    desk.run(2.0)
    assert [data for _, data in desk.fed].count(RECLOSE) == 1
    assert desk.state is GuardState.ARMED


def test_the_closing_sequence_follows_a_second_of_silence() -> None:
    desk = Desk().arm()
    desk.run(0.1, over=True)
    over = desk.state
    assert over is GuardState.DISABLED
    last = desk.fed[-1][0]
    desk.propose(nonce="n2")
    desk.run(0.1)
    assert desk.confirm(nonce="n2") == set()
    assert not machine.status(desk.guard, 0.0).line_fed, "START would find the coil loop open"
    desk.run(1.2)
    assert machine.status(desk.guard, 0.0).line_fed
    after = [(at, data) for at, data in desk.fed if at > last]
    assert after[0][1] == RECLOSE
    assert after[0][0] - last >= 1.0
    assert desk.state is GuardState.ARMED


@pytest.mark.shows("envelope_confirmed")
def test_only_exactly_what_waits_can_be_confirmed() -> None:
    desk = Desk()
    desk.run(0.2)
    assert desk.confirm() >= {"nothing_pending", "nonce", "envelope_sha256"}
    desk.propose()
    desk.run(0.2)
    waiting = machine.pending(desk.guard)
    assert waiting is not None
    assert (waiting.envelope, waiting.envelope_sha256, waiting.nonce) == (ENVELOPE, SHA, "n1")
    assert desk.confirm(sha="0" * 64) == {"envelope_sha256"}
    assert desk.confirm(nonce="") == {"nonce"}
    assert desk.confirm(nonce="n2") == {"nonce"}
    assert desk.confirm(actor="") == {"actor"}
    assert desk.confirm() == set()
    assert machine.pending(desk.guard) is None


def test_what_waits_is_gone_after_a_stop() -> None:
    desk = Desk()
    desk.propose()
    desk.guard = machine.stop(desk.guard, "desk", desk.now)
    assert machine.pending(desk.guard) is None


def test_a_nonce_works_once() -> None:
    """H56: a replayed confirmation arms nothing."""
    desk = Desk().arm()
    assert desk.confirm() >= {"guard_state", "nothing_pending", "nonce"}
    desk.run(0.1, over=True)
    assert desk.confirm() >= {"nothing_pending", "nonce"}


def test_arming_needs_a_live_controller_at_zero() -> None:
    desk = Desk()
    desk.propose()
    assert desk.confirm() == {"no_lease"}
    desk.run(0.2)
    desk.now += 0.5
    assert desk.confirm() == {"no_lease"}
    desk.run(0.2, permit_ka_per_m=None)
    assert desk.confirm() == {"controller_trip"}
    desk.run(0.1, envelope_sha256="0" * 64)
    assert desk.confirm() == {"lease_envelope"}


def test_arming_is_refused_with_a_rule_already_broken() -> None:
    desk = Desk(skin_c=44.2)
    desk.propose()
    desk.run(0.2, source=None)
    assert desk.confirm() >= {"source_lost"}
    desk.run(0.2)
    assert "skin_trip" in desk.confirm()
    assert desk.state is GuardState.DISABLED


@pytest.mark.shows("tighter_only")
@pytest.mark.parametrize(
    ("envelope", "code"),
    [
        (replace(ENVELOPE, limits=replace(ENVELOPE.limits, skin_c_trip=44.1)), "limit_wider"),
        (replace(ENVELOPE, limits=replace(ENVELOPE.limits, field_ka_per_m_cap=8.0)), "limit_wider"),
        (replace(ENVELOPE, speed=20.0, simulated=False), "speed_refused"),
        (replace(ENVELOPE, probes=()), "probe_required"),
    ],
)
def test_limits_can_only_be_tighter(envelope: object, code: str) -> None:
    desk = Desk()
    assert code in desk.propose(envelope)  # type: ignore[arg-type]
    assert machine.pending(desk.guard) is None


def test_a_proposal_is_refused_while_the_line_is_fed_and_without_a_nonce() -> None:
    desk = Desk()
    assert desk.propose(nonce="") == {"nonce"}
    desk.arm()
    assert desk.propose(nonce="n2") == {"guard_state"}
    assert desk.state is GuardState.ARMED


def test_the_same_proposal_again_keeps_what_the_human_sees() -> None:
    desk = Desk()
    desk.propose()
    desk.propose(nonce="n2")
    waiting = machine.pending(desk.guard)
    assert waiting is not None
    assert waiting.nonce == "n1"


def test_armed_without_a_field_ends_after_a_minute() -> None:
    desk = Desk().arm()
    desk.run(60.5)
    assert desk.state is GuardState.DISABLED
    assert desk.run(1.0) == b""
    assert desk.trips == []


def test_the_first_permit_above_zero_makes_it_run_and_a_pause_keeps_it() -> None:
    desk = Desk().heat()
    assert desk.state is GuardState.RUN
    desk.run(0.3, permit_ka_per_m=0.0)
    assert desk.run(70.0) == FEED * 1400
    assert desk.state is GuardState.RUN


def test_the_end_of_a_session_disarms() -> None:
    desk = Desk().heat()
    assert desk.run(1.0, over=True) == b""
    assert desk.state is GuardState.DISABLED
    assert desk.trips == []


def test_the_receiver_has_had_its_second_of_silence_whatever_the_line_delays():
    """The two clocks and the line may differ by a tick; a re-close that comes early is ignored."""
    assert SILENCE_S_MIN >= SILENCE_S + 0.1
