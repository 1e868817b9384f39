# SPDX-License-Identifier: Apache-2.0
"""All that a rule may look at, frozen. Built from raw readings, by the controller and the guard."""

from dataclasses import dataclass

from mnht_controller.domain.compiled import quick
from mnht_controller.domain.lease import GuardState, GuardStatus
from mnht_controller.domain.phase import ENERGIZING, Phase
from mnht_controller.domain.prescription import Envelope
from mnht_controller.domain.reading import SourceReading
from mnht_controller.domain.self_test import NOT_BEGUN, SelfTest
from mnht_controller.domain.units import FIELD_FULL_SCALE_KA_PER_M
from mnht_controller.thermometry.observe import Observation

FIELD_ON_KA_PER_M = 0.01 * FIELD_FULL_SCALE_KA_PER_M
"""Read-back from which the field counts as on: 1 % of full scale."""

_HOLDING = frozenset({GuardState.ARMED, GuardState.RUN})


@quick
@dataclass(frozen=True, slots=True)
class Witness:
    """One moment as the rules see it.

    `permit_ka_per_m` is the permit that is in force (None: none). `peer_age_s` is the age of the
    other process's last word (None: never heard), `peer_refuses` that it does not hold the line
    although the session needs it. `armed` makes the armed-scope rules live. `slept_s`: how long the
    host has been suspended and nobody has answered for it. `gap_s_max`: longest time between two
    looks (None: they come as messages do, and are timed elsewhere). `self_test`: what the
    controller's self-test has shown.
    """

    now: float
    treatment_s: float
    envelope: Envelope
    observations: tuple[Observation, ...]
    source: SourceReading | None
    permit_ka_per_m: float | None
    uncertain_s: float
    peer_age_s: float | None
    peer_age_s_max: float
    peer_refuses: bool
    armed: bool
    stop: bool
    slept_s: float = 0.0
    gap_s_max: float | None = None
    self_test: SelfTest = NOT_BEGUN


def field_is_on(
    permit_ka_per_m: float | None, source: SourceReading | None, uncertain_s: float
) -> bool:
    """Whether the field must be taken for on: permitted, read back, or not known to be off."""
    if permit_ka_per_m is not None and not (permit_ka_per_m <= 0.0):
        return True
    if not (uncertain_s <= 0.0):
        return True
    measured = None if source is None else source.measured_ka_per_m
    return measured is not None and not (measured < FIELD_ON_KA_PER_M)


def guard_refuses(guard: GuardStatus | None, phase: Phase) -> bool:
    """Whether the guard is latched, or does not hold the line of a session that is under way."""
    if guard is None:
        return False  # a guard that was never heard is `lease_lost`
    is_under_way = phase in ENERGIZING or phase is Phase.PAUSED
    return guard.state is GuardState.LATCHED or (is_under_way and guard.state not in _HOLDING)
