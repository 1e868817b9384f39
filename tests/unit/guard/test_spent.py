# SPDX-License-Identifier: Apache-2.0
"""What the guard keeps of a session; one that never heated leaves it alone. H37, H43."""

from dataclasses import replace

import pytest

from mnht_controller.domain.spent import ProbeDose, Spent
from mnht_controller.domain.trip import Latch
from mnht_controller.guard import machine
from tests.plans import ENVELOPE
from tests.unit.guard.desk import Desk

USED = Spent(ENVELOPE.prescription_sha256, 100.0, (ProbeDose("skin", 5.0),), over=False)
OTHER = replace(ENVELOPE, prescription_sha256="1" * 64)

pytestmark = pytest.mark.shows("spent_is_kept")


def keeper() -> Desk:
    """A guard that was started anew in the middle of a session."""
    desk = Desk()
    desk.guard = machine.start(desk.now, Latch(), USED)
    return desk


def test_a_proposal_that_never_heats_does_not_make_it_forget() -> None:
    desk = keeper()
    assert machine.spent(desk.guard) == USED
    desk.propose(OTHER)
    desk.run(0.5, envelope_sha256=desk.guard.envelope_sha256)
    assert desk.guard.field_s == 0.0
    assert machine.spent(desk.guard) == USED
    desk.propose(nonce="n2")
    assert desk.guard.field_s == 100.0
    assert desk.guard.tracks[0].dose is not None
    assert desk.guard.tracks[0].dose.cem43_min == 5.0


def test_without_limits_nothing_is_counted_on() -> None:
    guard = replace(keeper().guard, field_s=7.0)
    assert machine.spent(guard) == USED


def test_a_session_that_has_heated_takes_the_place_of_the_last() -> None:
    desk = keeper()
    desk.propose(OTHER)
    desk.guard = replace(desk.guard, field_s=7.0)
    used = machine.spent(desk.guard)
    assert (used.prescription_sha256, used.field_s, used.over) == ("1" * 64, 7.0, False)


def test_a_session_that_came_to_its_end_is_not_begun_anew_by_a_quiet_lease() -> None:
    desk = Desk()
    desk.guard = machine.start(desk.now, Latch(), replace(USED, over=True))
    desk.propose(OTHER)
    desk.run(0.5, envelope_sha256=desk.guard.envelope_sha256)
    assert machine.spent(desk.guard) == replace(USED, over=True)
