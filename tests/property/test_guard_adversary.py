# SPDX-License-Identifier: Apache-2.0
"""A guard among adversaries: whatever is sent to it, no byte leaves it that it may not feed.

Limits are what a human confirmed by their hash, held word for word and named by every lease; there
is no way back to RUN but through a reset and a confirmation, both by a human. H62, I5, I11.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from mnht_controller.domain.codec import digest
from mnht_controller.domain.lease import GuardState, Lease
from mnht_controller.domain.prescription import Envelope
from mnht_controller.domain.probe import Role
from mnht_controller.domain.trip import Latch
from mnht_controller.guard import machine
from tests.plans import ENVELOPE
from tests.unit.interlock.scene import CELSIUS, SHA, lease

LIVE = {GuardState.ARMED, GuardState.RUN}
TIGHT = replace(ENVELOPE, limits=replace(ENVELOPE.limits, field_ka_per_m_cap=5.0))
WIDE = replace(ENVELOPE, limits=replace(ENVELOPE.limits, skin_c_trip=45.0))
SHAS = (SHA, digest(TIGHT), digest(WIDE), "")
"""Of limits that may be confirmed, of tighter ones, of some that nobody may, of none."""
NUMBER = st.floats(allow_nan=True, allow_infinity=True)
PERMIT = st.none() | NUMBER | st.sampled_from((0.0, 3.0, 7.5))
STEP = st.sampled_from((0.0, 0.01, 0.05, 0.05, 0.05, 0.1, 0.19, 0.3, 1.1, 61.0, -0.5))


SPOILED: Mapping[str, Callable[[Lease], Lease]] = MappingProxyType(
    {
        "other limits": lambda good: replace(
            good,
            envelope_sha256=digest(TIGHT) if good.envelope_sha256 == SHA else SHA,
        ),
        "no limits": lambda good: replace(good, envelope_sha256=""),
        "replayed": lambda good: replace(good, seq=good.seq - 1),
        "old": lambda good: replace(good, sent_at=good.sent_at - 0.41),
        "future": lambda good: replace(good, sent_at=good.sent_at + 0.06),
        "above the cap": lambda good: replace(good, permit_ka_per_m=7.51),
        "negative": lambda good: replace(good, permit_ka_per_m=-0.01),
        "no number": lambda good: replace(good, permit_ka_per_m=math.nan),
        "tripped": lambda good: replace(good, permit_ka_per_m=None),
        "fewer probes": lambda good: replace(good, probes=good.probes[:-1]),
        "no source": lambda good: replace(good, source=None),
    }
)
"""One thing wrong in a lease that is good otherwise."""


class Adversary(RuleBasedStateMachine):
    """Random proposals, confirmations, leases, resets, losses and clocks."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.seq = 0
        self.guard = machine.start(self.now, Latch())
        self.nonces = 0
        self.confirmed = 0
        self.confirmed_sha = ""
        self.acts: list[str] = []
        """What humans did since the last latch."""
        self.reclosed = 0
        self.reset_since_latch = True
        self.has_latched = False
        self.last_byte = self.tested_at = -math.inf

    @initialize()
    def armed(self) -> None:
        """Start where most can go wrong: armed, with a closed coil loop."""
        for _ in range(24):
            self.good_lease(0.05, 0.0)
            self.tick()
        self.propose(ENVELOPE)
        self.good_lease(0.05, 0.0)
        self.confirm(SHA, 0)
        self.tick()
        assert self.guard.state is GuardState.ARMED

    @rule(step=STEP)
    def time(self, step: float) -> None:
        self.now += step

    @rule(envelope=st.sampled_from((ENVELOPE, ENVELOPE, TIGHT, WIDE)))
    def propose(self, envelope: Envelope) -> None:
        """Also while armed: other limits, wider ones."""
        self.nonces += 1
        guard, refused = machine.propose(self.guard, envelope, f"n{self.nonces}", self.now)
        assert refused or (envelope is not WIDE and self.guard.state not in LIVE)
        self._take(guard)

    @rule(sha=st.sampled_from(SHAS), back=st.integers(0, 2))
    def confirm(self, sha: str, back: int) -> None:
        waiting = machine.pending(self.guard)
        nonce = waiting.nonce if waiting and back == 0 else f"n{self.nonces - back}"
        was = self.guard.state
        guard, refused = machine.confirm(self.guard, sha, nonce, "dr", self.now)
        if not refused:
            assert waiting is not None
            assert (was, nonce) == (GuardState.DISABLED, waiting.nonce)
            assert sha == digest(waiting.envelope) != digest(WIDE)
            self.confirmed += 1
            self.confirmed_sha = sha
            self.acts.append("confirm")
        self._take(guard, by_confirm=not refused)

    @rule(step=st.sampled_from((0.05, 0.1)), permit=st.sampled_from((0.0, 3.0)))
    def good_lease(self, step: float, permit: float) -> None:
        self.now += step
        self.seq += 1
        sha = self.guard.envelope_sha256 or SHA
        self._renew(lease(self.seq, self.now, permit_ka_per_m=permit, envelope_sha256=sha))

    @rule(
        seq=st.integers(-3, 3),
        age=NUMBER | st.floats(-0.1, 0.5),
        permit=PERMIT,
        celsius=NUMBER | st.floats(40.0, 46.0),
        uncertain=NUMBER,
        over=st.booleans(),
        sha=st.sampled_from(SHAS),
        count=st.integers(0, 4),
        asks=st.booleans(),
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
                test_line=drawn["asks"],
            )
        )

    @rule(asks=st.booleans(), for_s=st.sampled_from((0.05, 0.3, 1.3)), on=st.booleans())
    def self_test(self, asks: bool, for_s: float, on: bool) -> None:
        """A controller that asks for the self-test, or goes on asking, with a field or without."""
        for _ in range(round(for_s / 0.05)):
            self.now += 0.05
            self.seq += 1
            sha = self.guard.envelope_sha256 or SHA
            good = lease(self.seq, self.now, envelope_sha256=sha, test_line=asks)
            assert good.source is not None
            shown = replace(good.source, output_on=on, measured_ka_per_m=3.0 * on)
            self._renew(replace(good, source=shown))
            self.tick()

    @precondition(lambda self: self.guard.state in LIVE)
    @rule(
        how=st.sampled_from(("other limits", "no limits", "tripped")),
        permit=st.sampled_from((0.0, 3.0)),
    )
    def lease_that_ends_it(self, how: str, permit: float) -> None:
        self.spoiled_lease(how, permit)

    @precondition(lambda self: self.guard.state in LIVE)
    @rule(how=st.sampled_from(sorted(SPOILED)), permit=st.sampled_from((0.0, 3.0)))
    def spoiled_lease(self, how: str, permit: float) -> None:
        """Good in everything but one thing: that alone must end it."""
        self.now += 0.05
        self.seq += 1
        sha = self.guard.envelope_sha256 or SHA
        good = lease(self.seq, self.now, permit_ka_per_m=permit, envelope_sha256=sha)
        self._renew(SPOILED[how](good))
        assert self.guard.state is GuardState.LATCHED, how

    @rule(
        wrong=st.sampled_from(
            ("sha", "other", "nonce", "actor", "lease", "hot", "nothing", "nothing")
        )
    )
    def nearly_confirmed(self, wrong: str) -> None:
        """All is as it should be for arming but one thing: that alone must refuse it."""
        if not self._brought_to_disabled():
            return
        self.propose(TIGHT)
        skin_c = {"hot": 44.2}.get(wrong, 42.0)
        for _ in range(3):
            self.now += 0.05
            self.seq += 1
            celsius = {**CELSIUS, Role.SKIN: skin_c}
            self._renew(lease(self.seq, self.now, c=celsius, envelope_sha256=digest(TIGHT)))
        waiting = machine.pending(self.guard)
        assert waiting is not None
        self.now += 0.5 if wrong == "lease" else 0.0
        sha = {"sha": "0" * 64, "other": SHA}.get(wrong, digest(TIGHT))
        nonce = f"n{self.nonces + 1}" if wrong == "nonce" else waiting.nonce
        actor = "" if wrong == "actor" else "dr"
        guard, refused = machine.confirm(self.guard, sha, nonce, actor, self.now)
        if wrong == "nothing" and not refused:
            self.confirmed += 1
            self.confirmed_sha = sha
            self.acts.append("confirm")
            self._take(guard, by_confirm=True)
            return
        assert refused, wrong
        assert guard is self.guard

    def _brought_to_disabled(self) -> bool:
        """End the session, or wait until the cause is gone and reset; whether that worked."""
        for _ in range(24):
            self.good_lease(0.05, 0.0)
            self.tick()
        if self.guard.state is GuardState.LATCHED:
            self.act("reset")
        elif self.guard.state in LIVE:
            self.seq += 1
            sha = self.guard.envelope_sha256
            self._renew(lease(self.seq, self.now, envelope_sha256=sha, over=True))
        return self.guard.state is GuardState.DISABLED

    @rule(what=st.sampled_from(("stop", "lost", "blocked", "reset")))
    def act(self, what: str) -> None:
        if what == "reset":
            guard, refused = machine.reset(self.guard, "dr", self.now)
            self.reset_since_latch = self.reset_since_latch or not refused
            self.acts += [] if refused else ["reset"]
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
        if guard.state not in LIVE:
            self._judge_test(guard, data)
            return
        assert data in {machine.FEED, machine.RECLOSE}
        held = guard.lease
        assert held is not None
        assert self.now - held.sent_at <= 0.4
        assert held.envelope_sha256 == self.confirmed_sha
        assert held.permit_ka_per_m is not None
        assert guard.envelope is not None
        assert 0.0 <= held.permit_ka_per_m <= guard.envelope.limits.field_ka_per_m_cap
        if data == machine.RECLOSE:
            self.reclosed += 1
            assert self.now - self.last_byte >= 1.0
        self.last_byte = self.now

    def _judge_test(self, guard: machine.Guard, data: bytes) -> None:
        """A self-test: disabled, asked for, dark, after silence, and a second at most."""
        assert guard.state is GuardState.DISABLED
        held = guard.lease
        assert held is not None
        assert held.test_line
        assert self.now - held.sent_at <= 0.4
        assert held.permit_ka_per_m == 0.0
        assert held.source is not None
        assert not held.source.output_on
        assert (held.source.measured_ka_per_m or 0.0) < 0.18
        if data == machine.RECLOSE:
            assert self.now - self.last_byte >= 1.0
            self.tested_at = self.now
        assert 0.0 <= self.now - self.tested_at < 1.0
        self.last_byte = self.now

    def _renew(self, message: Lease) -> None:
        live, held = self.guard.state in LIVE, self.guard.lease
        guard, _ = machine.renew(self.guard, message, self.now)
        if live and held is not None and message.seq <= held.seq:
            assert guard.state is GuardState.LATCHED
        if live and message.permit_ka_per_m is None:
            assert guard.state is GuardState.LATCHED
        if live and message.envelope_sha256 != self.confirmed_sha:
            assert guard.state is GuardState.LATCHED
        self._take(guard)

    def _take(self, guard: machine.Guard, by_confirm: bool = False) -> None:
        before, after = self.guard.state, guard.state
        if after in LIVE and before not in LIVE:
            assert by_confirm
            assert after is GuardState.ARMED
            assert self.acts[-1:] == ["confirm"]
            assert self.confirmed == 1 or not self.has_latched or "reset" in self.acts
        if before is GuardState.LATCHED and after is not before:
            assert self.reset_since_latch
            assert after is GuardState.DISABLED
        if after is GuardState.LATCHED:
            self.reset_since_latch = False
            self.has_latched, self.acts = True, []
        self.guard = guard

    @invariant()
    def the_sequence_is_fed_once_for_each_confirmation(self) -> None:
        assert self.reclosed <= self.confirmed

    @invariant()
    def live_limits_are_what_a_human_confirmed(self) -> None:
        """Copied at ARM: nothing changes a word of them while the line is fed."""
        if self.guard.state in LIVE:
            assert self.guard.envelope is not None
            assert digest(self.guard.envelope) == self.confirmed_sha == self.guard.envelope_sha256

    @invariant()
    def latched_means_a_trip_is_kept(self) -> None:
        assert (self.guard.state is GuardState.LATCHED) is self.guard.latch.is_latched
        assert len(self.guard.latch.trips) <= 64


TestAdversary = Adversary.TestCase
TestAdversary.settings = settings(
    max_examples=100,
    stateful_step_count=40,
    deadline=None,
    phases=(Phase.reuse, Phase.generate, Phase.shrink),  # explaining a failure takes minutes
)
