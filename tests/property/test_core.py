# SPDX-License-Identifier: Apache-2.0
"""Whatever core is given (H40, H41): a finite wish within its ceiling, or none."""

import math

from hypothesis import given as hypothesis_given
from hypothesis import settings
from hypothesis import strategies as st

from mnht_controller.core.pid import PidInput, PidState, step
from mnht_controller.core.tick import start, tick
from mnht_controller.domain import codec
from mnht_controller.domain.command import Reason
from mnht_controller.domain.intent import Intent, Verb
from mnht_controller.domain.lease import GuardState
from mnht_controller.domain.phase import ENERGIZING, Phase
from mnht_controller.domain.prescription import Gains
from tests.unit.core.core_bench import GAINS, given, guard, make_plan, observation

any_float = st.floats(allow_nan=True, allow_infinity=True)
maybe = st.one_of(st.none(), any_float)
near = st.one_of(st.none(), st.floats(30.0, 50.0))
gains = st.one_of(st.just(GAINS), st.builds(Gains, *[any_float] * 6))
pid_states = st.builds(PidState, st.floats(-1e3, 1e3), maybe, maybe, maybe, maybe)
pid_inputs = st.builds(PidInput, any_float, maybe, *[any_float] * 4)


@settings(max_examples=400)
@hypothesis_given(gains, pid_states, pid_inputs)
def test_pid_is_bounded_and_finite_for_any_floats(some_gains, state, given_):
    following, power = step(some_gains, state, given_)
    assert math.isfinite(following.integral)
    if given_.measured_c is None:
        assert power is None
        assert following.integral == state.integral
    if power is not None:
        assert 0.0 <= power <= max(0.0, given_.ceiling)
        assert math.isfinite(given_.measured_c)


ticks = st.tuples(
    near,
    st.lists(st.builds(Intent, st.sampled_from(Verb), st.just("x"), maybe), max_size=2),
    st.one_of(st.none(), st.builds(guard, st.sampled_from(GuardState))),
    st.booleans(),
    st.integers(0, 9).map(lambda n: n == 0),
    st.floats(0.0, 100.0),
    st.floats(0.0, 7.5),
    st.floats(0.01, 700.0),
)


@settings(max_examples=60, deadline=None)
@hypothesis_given(st.lists(ticks, max_size=40), st.sampled_from(Phase))
def test_any_session_wishes_only_what_its_phase_may(steps, phase):
    from dataclasses import replace

    plan = make_plan()
    state, now = replace(start(plan), phase=phase), 0.0
    for celsius, intents, status, is_unmet, is_latched, seen_s, permitted, dt in steps:
        now += dt
        state, out = tick(
            plan,
            state,
            given(
                now,
                tuple(intents),
                observations=(observation(value=celsius),),
                guard=status,
                unmet=(Reason("x"),) if is_unmet else (),
                is_latched=is_latched,
                operator_seen_s=seen_s,
                permitted_ka_per_m=permitted,
            ),
        )
        wish = out.demand.field_ka_per_m
        assert wish is None or 0.0 <= wish <= 7.5
        assert out.phase in ENERGIZING or not wish
        assert not is_latched or (out.phase is Phase.TRIPPED and wish is None)
        assert celsius is not None or not wish
        assert out.setpoint_c <= 43.0
        codec.digest(state)
