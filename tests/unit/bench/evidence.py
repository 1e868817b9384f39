# SPDX-License-Identifier: Apache-2.0
"""A flawless made-up run of 20 s, for tests that spoil one thing of it."""

from dataclasses import replace
from typing import Any

from mnht_controller.domain.lease import GuardState
from sim_hardware.bench.oracles import Evidence, Held, violations
from sim_hardware.bench.truth import Edge, Truth
from tests.plans import plan

PLAN = plan()
SHA = PLAN.envelope_sha256
ON, OFF = 5.0, 15.0
"""When the guard was in RUN and current flowed."""


def truth(at: float, **changes: Any) -> Truth:
    """One row; cool everywhere."""
    field = 5.0 if ON < at < OFF else 0.0
    row = Truth(
        at, at, field, field, ON < at < OFF, 42.0, 42.1, 50.0, 45.0, 47.0, 49.0, 40.0, 46.0, 37.0
    )
    return replace(row, **changes)


TRUTH = tuple(truth(float(at)) for at in range(21))
HELD = (
    Held(1.0, GuardState.DISABLED, SHA),
    Held(3.0, GuardState.ARMED, SHA),
    Held(ON, GuardState.RUN, SHA),
    Held(OFF, GuardState.DISABLED, SHA),
)
GOOD = Evidence(
    plan=PLAN,
    truth=TRUTH,
    edges=(Edge(ON + 0.05, True, 0.05), Edge(OFF + 0.05, False, 0.05)),
    guard=HELD,
    confirmed_sha256=(SHA,),
    leased_sha256=(SHA,),
    leased_at=tuple(0.1 * tick for tick in range(201)),
    chains_ok=True,
    latched_at=None,
)


def spoken(**changes: Any) -> set[str]:
    """The oracles that speak when these things of the good run are otherwise."""
    return {text.split(":")[0] for text in violations(replace(GOOD, **changes))}


def rows(at: int, **changes: Any) -> tuple[Truth, ...]:
    """The truth with one row spoiled."""
    return (*TRUTH[:at], replace(TRUTH[at], **changes), *TRUTH[at + 1 :])
