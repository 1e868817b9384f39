# SPDX-License-Identifier: Apache-2.0
"""What the tick does for the self-test: asks for it, and proposes nothing before it is settled."""

from dataclasses import replace

from mnht_controller.domain.intent import Verb
from mnht_controller.domain.lease import GuardState
from mnht_controller.domain.self_test import Proof
from tests.unit.runtime.moments import PLAN, PROVEN
from tests.unit.runtime.test_controller import furnished


def test_h24_the_watchdog_is_asked_for_first_and_nothing_is_proposed_before() -> None:
    """What nobody has seen to act is offered to nobody for confirmation."""
    room = furnished()
    room.watchdog = Proof()
    room.guard(GuardState.DISABLED)
    room.tick(Verb.PREPARE)
    room.tick()
    assert room.may_prove == [True, True]
    assert room.proposed == []
    room.watchdog = PROVEN
    room.guard(GuardState.DISABLED)
    room.tick()
    assert room.may_prove[-1] is False
    assert room.proposed == [PLAN.envelope]


def test_h16_the_lease_asks_for_the_lines_test_and_stops_when_it_is_seen_closed() -> None:
    room = furnished()
    room.line_closed = False
    room.guard(GuardState.DISABLED)
    room.tick()
    assert room.leases[-1].test_line
    room.line_closed = True
    room.guard(GuardState.DISABLED)
    room.status = replace(room.status, fed_at=room.now + 0.1)  # type: ignore[type-var]
    room.tick()
    assert not room.leases[-1].test_line
