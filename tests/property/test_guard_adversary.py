# SPDX-License-Identifier: Apache-2.0
"""A guard among adversaries: whatever is sent to it, no byte leaves it that it may not feed.

H62.
"""

import math
from dataclasses import replace
from typing import Any

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from mnht_controller.domain.lease import GuardState, Lease
from mnht_controller.domain.probe import Role
from mnht_controller.domain.trip import Latch
from mnht_controller.guard import machine
from tests.plans import ENVELOPE
from tests.unit.interlock.scene import CELSIUS, SHA, lease

LIVE = {GuardState.ARMED, GuardState.RUN}
NUMBER = st.floats(allow_nan=True, allow_infinity=True)
PERMIT = st.none() | NUMBER | st.sampled_from((0.0, 3.0, 7.5))
STEP = st.sampled_from((0.0, 0.01, 0.05, 0.05, 0.05, 0.1, 0.19, 0.3, 1.1, 61.0, -0.5))


class Adversary(RuleBasedStateMachine):
    """Random proposals, confirmations, leases, resets, losses and clocks."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.seq = 0
        self.guard = machine.start(self.now, Latch())
        self.nonces = 0
        self.confirmed = 0
        self.reclosed = 0
        self.reset_since_latch = True
        self.last_byte = -math.inf

    @initialize()
    def armed(self) -> None:
        """Start where most can go wrong: armed, with a closed coil loop."""
        for _ in range(24):
            self.good_lease(0.05, 0.0)
            self.tick()
        self.propose()
        self.good_lease(0.05, 0.0)
        self.confirm(SHA, 0)
        self.tick()

    @rule(step=STEP)
    def time(self, step: float) -> None:
        self.now += step

    @rule()
    def propose(self) -> None:
        self.nonces += 1
        self._take(machine.propose(self.guard, ENVELOPE, f"n{self.nonces}", self.now)[0])

    @rule(sha=st.sampled_from((SHA, "")), back=st.integers(0, 2))
    def confirm(self, sha: str, back: int) -> None:
        waiting = machine.pending(self.guard)
        nonce = waiting.nonce if waiting and back == 0 else f"n{self.nonces - back}"
        was = self.guard.state
        guard, refused = machine.confirm(self.guard, sha, nonce, "dr", self.now)
        if not refused:
            assert waiting is not None
            assert (was, sha, nonce) == (GuardState.DISABLED, SHA, waiting.nonce)
            self.confirmed += 1
        self._take(guard, by_confirm=not refused)

    @rule(step=st.sampled_from((0.05, 0.1)), permit=st.sampled_from((0.0, 3.0)))
    def good_lease(self, step: float, permit: float) -> None:
        self.now += step
        self.seq += 1
        self._renew(lease(self.seq, self.now, permit_ka_per_m=permit))

    @rule(
        seq=st.integers(-3, 3),
        age=NUMBER | st.floats(-0.1, 0.5),
        permit=PERMIT,
        celsius=NUMBER | st.floats(40.0, 46.0),
        uncertain=NUMBER,
        over=st.booleans(),
        sha=st.sampled_from((SHA, "")),
        count=st.integers(0, 4),
    )
    def any_lease(self, **drawn: Any) -> None:
        message = lease(
            self.seq + drawn["seq"],
            self.now,
            c={**CELSIUS, Role.SKIN: drawn["celsius"]},
        )
        probes = (message.probes * 2)[: drawn["count"]]
        self._renew(
            replace(
                message,
                sent_at=self.now - drawn["age"],
                permit_ka_per_m=drawn["permit"],
                uncertain_s=drawn["uncertain"],
                over=drawn["over"],
                envelope_sha256=drawn["sha"],
                probes=probes,
            )
        )

    @rule(what=st.sampled_from(("stop", "lost", "blocked", "reset")))
    def act(self, what: str) -> None:
        if what == "reset":
            guard, refused = machine.reset(self.guard, "dr", self.now)
            self.reset_since_latch = self.reset_since_latch or not refused
            assert refused or guard.state is GuardState.DISABLED
        elif what == "stop":
            guard = machine.stop(self.guard, "desk", self.now)
            assert guard.state is GuardState.LATCHED
        elif what == "lost":
            guard = machine.lost(self.guard, "controller", self.now)
        else:
            guard = machine.line_blocked(self.guard, self.now)
        self._take(guard)

    @rule()
    def tick(self) -> None:
        guard, data = machine.tick(self.guard, self.now)
        self._take(guard)
        if not data:
            return
        assert guard.state in LIVE
        assert data in {machine.FEED, machine.RECLOSE}
        held = guard.lease
        assert held is not None
        assert self.now - held.sent_at <= 0.4
        assert held.envelope_sha256 == SHA
        assert held.permit_ka_per_m is not None
        assert 0.0 <= held.permit_ka_per_m <= 7.5
        if data == machine.RECLOSE:
            self.reclosed += 1
            assert self.now - self.last_byte >= 1.0
        self.last_byte = self.now

    def _renew(self, message: Lease) -> None:
        live, held = self.guard.state in LIVE, self.guard.lease
        guard, _ = machine.renew(self.guard, message, self.now)
        if live and held is not None and message.seq <= held.seq:
            assert guard.state is GuardState.LATCHED
        if live and message.permit_ka_per_m is None:
            assert guard.state is GuardState.LATCHED
        self._take(guard)

    def _take(self, guard: machine.Guard, by_confirm: bool = False) -> None:
        before, after = self.guard.state, guard.state
        if after in LIVE and before not in LIVE:
            assert by_confirm
        if before is GuardState.LATCHED and after is not before:
            assert self.reset_since_latch
            assert after is GuardState.DISABLED
        if after is GuardState.LATCHED:
            self.reset_since_latch = False
        self.guard = guard

    @invariant()
    def the_sequence_is_fed_once_for_each_confirmation(self) -> None:
        assert self.reclosed <= self.confirmed

    @invariant()
    def latched_means_a_trip_is_kept(self) -> None:
        assert (self.guard.state is GuardState.LATCHED) is self.guard.latch.is_latched
        assert len(self.guard.latch.trips) <= 64


TestAdversary = Adversary.TestCase
TestAdversary.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    phases=(Phase.reuse, Phase.generate, Phase.shrink),  # explaining a failure takes minutes
)
