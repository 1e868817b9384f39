# SPDX-License-Identifier: Apache-2.0
"""H37, H43: the first tick of a process says what it takes up, and what it does not."""

from dataclasses import replace

import pytest

from mnht_controller.domain.spent import Spent
from mnht_controller.domain.trip import Latch
from mnht_controller.runtime.decide import initial
from tests.unit.runtime.moments import PLAN, Desk

OURS = PLAN.envelope.prescription_sha256
USED = Spent(OURS, 900.0, (), over=False)


@pytest.mark.parametrize(
    ("spent", "told"),
    [
        (USED, [("session.interrupted", 900.0)]),
        (replace(USED, prescription_sha256="f" * 64), [("session.discarded", 900.0)]),
        (replace(USED, over=True), []),
        (replace(USED, prescription_sha256="f" * 64, over=True), []),
        (replace(USED, field_s=0.3), []),
        (replace(USED, prescription_sha256="f" * 64, field_s=0.3), []),
        (Spent(), []),
    ],
)
def test_it_is_told_once(spent: Spent, told: list[tuple[str, float]]) -> None:
    """Commands of a PREPARE that were not verified at once are no session: 0.3 s count silently."""
    desk = Desk()
    desk.state = initial(PLAN, Latch(), spent)
    first, second = desk.tick(), desk.tick()
    assert [(event.code, event.value) for event in first.events] == told
    assert second.events == ()
    is_ours = spent.prescription_sha256 == OURS and not spent.over
    assert first.field_s == (spent.field_s if is_ours else 0.0)
