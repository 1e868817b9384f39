# SPDX-License-Identifier: Apache-2.0
"""When the field counts as on, and when the guard refuses a session. H16, H19, H29, H43."""

import math

import pytest

from mnht_controller.domain.lease import GuardState
from mnht_controller.domain.phase import Phase
from mnht_controller.interlock.witness import field_is_on, guard_refuses
from tests.unit.interlock.scene import source, status

TINY = math.nextafter(0.0, 1.0)
HOLDS = {GuardState.ARMED, GuardState.RUN}
NEEDS = {Phase.RAMP, Phase.PLATEAU, Phase.PAUSED}


@pytest.mark.parametrize(
    ("permit", "measured", "uncertain_s", "is_on"),
    [
        (None, 0.0, 0.0, False),
        (0.0, 0.0, 0.0, False),
        (-1.0, 0.0, 0.0, False),
        (TINY, 0.0, 0.0, True),
        (0.5, 0.0, 0.0, True),
        (math.nan, 0.0, 0.0, True),
        (0.0, math.nextafter(0.18, 0.0), 0.0, False),
        (0.0, 0.18, 0.0, True),
        (None, math.nan, 0.0, True),
        (0.0, 0.0, TINY, True),
        (0.0, 0.0, math.nan, True),
        (0.0, None, 0.0, False),
    ],
)
def test_what_is_not_known_to_be_off_is_on(
    permit: float | None, measured: float | None, uncertain_s: float, is_on: bool
) -> None:
    assert field_is_on(permit, source(measured_ka_per_m=measured), uncertain_s) is is_on


@pytest.mark.parametrize(("permit", "is_on"), [(None, False), (0.0, False), (3.0, True)])
def test_without_a_source_the_permit_decides(permit: float | None, is_on: bool) -> None:
    assert field_is_on(permit, None, 0.0) is is_on


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("state", GuardState)
def test_all_states_of_the_guard_in_all_phases(state: GuardState, phase: Phase) -> None:
    """H29: latched always refuses; not holding the line refuses what needs it."""
    expected = state is GuardState.LATCHED or (phase in NEEDS and state not in HOLDS)
    assert guard_refuses(status(state=state), phase) is expected


@pytest.mark.parametrize("phase", Phase)
def test_a_guard_never_heard_is_the_lease_rules_business(phase: Phase) -> None:
    assert not guard_refuses(None, phase)
