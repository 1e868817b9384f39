# SPDX-License-Identifier: Apache-2.0
"""Random strings of conditions, acts and time through the alarm engine, each step judged. H48."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mnht_controller.domain.alarm import AlarmAct, AlarmVerb
from tests.unit.alarms.invariants import ROWS, Ward, test_rows

__all__ = ("test_rows",)

ACTS = st.builds(
    AlarmAct, st.sampled_from(AlarmVerb), st.sampled_from(["nurse", "doctor", ""]),
    st.integers(-1, 12),
)  # fmt: skip
SWITCHES = st.tuples(
    st.sampled_from([*ROWS]), st.booleans(), st.sampled_from(["skin", "tumor"])
)  # fmt: skip
TICKS = st.tuples(
    st.lists(SWITCHES, max_size=3), st.lists(ACTS, max_size=3),
    st.sampled_from([0.1, 0.1, 0.5, 1.0, 30.0, 59.9, 110.0]),
)  # fmt: skip


@pytest.mark.usefixtures("test_rows")
@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(TICKS, max_size=25))
def test_no_string_of_events_breaks_an_invariant(ticks) -> None:
    ward = Ward()
    for switches, acts, dt_s in ticks:
        for code, is_on, where in switches:
            ward.switch(code, is_on, where)
        ward.tick(*acts, dt_s=dt_s)
