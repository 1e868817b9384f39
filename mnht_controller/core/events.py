# SPDX-License-Identifier: Apache-2.0
"""Things worth telling that change nothing: no alarm, no inhibit, no trip."""

from mnht_controller.core.state import CoreState
from mnht_controller.domain.command import Reason
from mnht_controller.domain.compiled import replace
from mnht_controller.domain.tick import Estimate

SKIN_C_NOTICE = 42.5
SKIN_C_NOTICE_HYSTERESIS = 0.2
SKIN_CEM43_MIN_NOTICE = 21.0
"""Often quoted no-damage dose of skin."""


def noticed(state: CoreState, believed: Estimate) -> tuple[CoreState, tuple[Reason, ...]]:
    """Tell once when skin passes 42.5 °C rising (again after 42.3), and once at 21 CEM43."""
    events = []
    skin_c, rate = believed.skin_c, believed.skin_rate_c_per_s
    is_rising_said = state.is_rising_said
    if skin_c is not None:
        if not is_rising_said and skin_c >= SKIN_C_NOTICE and rate is not None and rate > 0.0:
            is_rising_said = True
            events.append(Reason("skin.42_5_rising", "skin", skin_c, SKIN_C_NOTICE))
        elif skin_c < SKIN_C_NOTICE - SKIN_C_NOTICE_HYSTERESIS:
            is_rising_said = False
    dose_min = believed.skin_cem43_min
    is_dose_said = dose_min >= SKIN_CEM43_MIN_NOTICE
    if is_dose_said and not state.is_dose_said:
        events.append(Reason("skin.dose_21", "skin", dose_min, SKIN_CEM43_MIN_NOTICE))
    if (is_rising_said, is_dose_said) == (state.is_rising_said, state.is_dose_said):
        return state, ()
    said = replace(state, is_rising_said=is_rising_said, is_dose_said=is_dose_said)
    return said, tuple(events)
