# SPDX-License-Identifier: Apache-2.0
"""The latch never clears by itself, whatever hits come and go; only a reset with nothing there.

H62.
"""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from mnht_controller.domain.command import FieldDemand, Inhibit
from mnht_controller.domain.phase import Phase
from mnht_controller.domain.trip import Effect, Latch
from mnht_controller.interlock.evaluate import Hit
from mnht_controller.interlock.gate import GateRequest, gate
from mnht_controller.interlock.latch import KEEPS_NO_LATCH, latched, reset
from mnht_controller.interlock.rules import RULES
from tests.unit.interlock.scene import NOW, PLAN, status

HITS = st.lists(
    st.builds(
        lambda row, where: Hit(row.code, row.hazards[0], row.effect, where, None, None),
        st.sampled_from(RULES),
        st.sampled_from(("skin", "tumor", "source")),
    ),
    max_size=4,
).map(tuple)


class Latching(RuleBasedStateMachine):
    """A model of the latch: the set of trips since the last reset, and the first of them."""

    def __init__(self) -> None:
        super().__init__()
        self.latch = Latch()
        self.hits: tuple[Hit, ...] = ()
        self.trips: list[tuple[str, str]] = []
        self.now = NOW

    @rule(hits=HITS)
    def evaluate(self, hits: tuple[Hit, ...]) -> None:
        self.now += 0.1
        self.hits = hits
        self.latch = latched(self.latch, hits, self.now, 0.0)
        for hit in hits:
            if hit.effect is Effect.TRIP and (hit.code, hit.where) not in self.trips:
                self.trips.append((hit.code, hit.where))

    @rule()
    def time_passes(self) -> None:
        self.now += 3600.0
        self.hits = ()

    @rule()
    def ask_for_reset(self) -> None:
        self.latch = reset(self.latch, self.hits)
        present = {hit.code for hit in self.hits if hit.effect is Effect.TRIP}
        if present <= KEEPS_NO_LATCH:
            self.trips = []

    @invariant()
    def keeps_all_in_order(self) -> None:
        assert [(trip.code, trip.where) for trip in self.latch.trips] == self.trips

    @invariant()
    def gate_refuses_while_latched(self) -> None:
        verdict = gate(
            GateRequest(
                self.now,
                1,
                PLAN,
                Phase.PLATEAU,
                FieldDemand(5.0),
                self.latch,
                (),
                status(self.now),
                100_000.0,
            )
        )
        assert isinstance(verdict, Inhibit) is self.latch.is_latched
        if isinstance(verdict, Inhibit):
            assert verdict.tripped


TestLatching = Latching.TestCase
TestLatching.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
