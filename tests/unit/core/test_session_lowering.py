# SPDX-License-Identifier: Apache-2.0
"""H40, H46: when set-point and ceiling can be lowered, and by what."""

import math
from dataclasses import replace

import pytest

from mnht_controller.core.session import lowered
from mnht_controller.core.tick import start
from mnht_controller.domain.command import Reason
from mnht_controller.domain.intent import Intent, Verb
from mnht_controller.domain.phase import Phase
from tests.unit.core.core_bench import make_plan

FRESH = start(make_plan())
UNDER_WAY = {Phase.CHECK, Phase.ARMED, Phase.RAMP, Phase.PLATEAU, Phase.PAUSED}


@pytest.mark.parametrize("verb", [Verb.LOWER_SETPOINT, Verb.LOWER_CEILING])
@pytest.mark.parametrize("phase", Phase)
def test_only_what_is_under_way_can_be_lowered(phase: Phase, verb: Verb) -> None:
    """What was lowered before or after would be somebody else's session."""
    before = replace(FRESH, phase=phase)
    after, events = lowered(before, (Intent(verb, "dr", 3.0),))
    may = phase in UNDER_WAY
    assert (after != before) is may
    assert events == (Reason("intent.done" if may else "intent.refused", verb, 3.0),)


@pytest.mark.parametrize("verb", [Verb.LOWER_SETPOINT, Verb.LOWER_CEILING])
@pytest.mark.parametrize("value", [None, math.nan, math.inf, -math.inf])
def test_what_is_no_number_lowers_nothing(value: float | None, verb: Verb) -> None:
    before = replace(FRESH, phase=Phase.RAMP)
    after, events = lowered(before, (Intent(verb, "dr", value),))
    assert after == before
    assert events == (Reason("intent.refused", verb, None),)
