# SPDX-License-Identifier: Apache-2.0
"""Whatever floats come in: a permit is finite, within the cap, short-lived, and never unearned.

H40, H52.
"""

import math
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from mnht_controller.domain.command import FieldDemand, Inhibit, Permit
from mnht_controller.domain.lease import GuardState
from mnht_controller.domain.phase import ENERGIZING, Phase
from mnht_controller.domain.probe import Role
from mnht_controller.domain.trip import Latch
from mnht_controller.interlock.evaluate import evaluate
from mnht_controller.interlock.gate import GateRequest, gate
from mnht_controller.interlock.memory import Memory
from mnht_controller.interlock.rules import RULES
from tests.unit.interlock.scene import NOW, PLAN, SHA, observed, seen, source, status, witness

ANY = st.floats(allow_nan=True, allow_infinity=True)
MAYBE = st.none() | ANY


@settings(max_examples=300, deadline=None)
@given(
    demand=MAYBE | st.floats(0.0, 8.0),
    frequency=MAYBE | st.floats(9e4, 1.2e5),
    at=ANY | st.floats(NOW - 0.5, NOW + 0.5),
    state=st.sampled_from(GuardState),
    phase=st.sampled_from(Phase),
    sha=st.sampled_from((SHA, "")),
)
def test_a_permit_is_earned(
    demand: float | None,
    frequency: float | None,
    at: float,
    state: GuardState,
    phase: Phase,
    sha: str,
) -> None:
    """H40, I4."""
    guard = status(at, state=state, envelope_sha256=sha)
    verdict = gate(
        GateRequest(NOW, 1, PLAN, phase, FieldDemand(demand), Latch(), (), guard, frequency)
    )
    if isinstance(verdict, Inhibit):
        assert verdict.reasons
        return
    assert isinstance(verdict, Permit)
    assert math.isfinite(verdict.field_ka_per_m)
    assert 0.0 <= verdict.field_ka_per_m <= 7.5
    assert demand is not None
    assert verdict.field_ka_per_m <= demand
    assert NOW < verdict.expires_at <= NOW + 1.0
    assert phase in ENERGIZING or (phase is Phase.PAUSED and verdict.field_ka_per_m == 0.0)
    assert state in {GuardState.ARMED, GuardState.RUN}
    assert sha == SHA
    assert NOW - 0.2 <= at <= NOW + 0.05
    assert frequency is not None
    assert verdict.field_ka_per_m * max(frequency, 1e5) <= 7.5e5 * (1 + 1e-12)


@settings(max_examples=200, deadline=None)
@given(raw=ANY, value=MAYBE, ahead=MAYBE, measured=MAYBE, uncertain=ANY, age=MAYBE, dose=ANY)
def test_a_quiet_verdict_means_that_every_number_is_within_its_bounds(
    raw: float,
    value: float | None,
    ahead: float | None,
    measured: float | None,
    uncertain: float,
    age: float | None,
    dose: float,
) -> None:
    item = seen(Role.SKIN)
    item = replace(
        item,
        raw_c=raw,
        reading=replace(item.reading, value=value),
        predicted_c=ahead,
        cem43_min=dose,
    )
    moment = witness(
        observations=observed(item),
        source=source(measured_ka_per_m=measured),
        uncertain_s=uncertain,
        peer_age_s=age,
    )
    memory, hits = evaluate(RULES, Memory(), moment)
    assert memory.treatment_s == moment.treatment_s
    if hits:
        return
    assert raw <= 44.0
    assert dose <= 40.0
    assert uncertain <= 0.15
    assert age is not None
    assert age <= 0.2
    assert value is None or value <= 43.5  # a missing value is debounced for 300 ms
    assert ahead is None or ahead <= 43.5
    assert measured is None or measured <= 7.5 * 1.05
