# SPDX-License-Identifier: Apache-2.0
"""H18: the guard alone, on raw readings, finds a field that nobody admits to."""

import pytest

from mnht_controller.domain.lease import GuardState, Lease
from mnht_controller.domain.probe import Role
from tests.unit.guard.desk import Desk
from tests.unit.interlock.scene import CELSIUS, lease

ON_S = 20.0


@pytest.mark.parametrize(("c_per_s", "found"), [(0.1, True), (0.0, False), (-0.05, False)])
def test_a_tumor_that_warms_in_a_pause_latches_the_guard(c_per_s: float, found: bool) -> None:
    """A controller whose read-back says zero, and permits none, does not hide it."""
    desk = Desk()
    desk.arm()
    began = desk.now

    def told(seq: int, now: float) -> Lease:
        passed_s = now - began
        rise_c = 0.1 * min(passed_s, ON_S) + c_per_s * max(0.0, passed_s - ON_S)
        celsius = {**CELSIUS, Role.TUMOR: CELSIUS[Role.TUMOR] + rise_c}
        permit = 5.0 if passed_s < ON_S else 0.0
        return lease(seq, now, c=celsius, permit_ka_per_m=permit)

    desk.run(ON_S, told)
    assert desk.trips == []
    desk.run(9.0, told)
    assert desk.trips == (["heat_when_off"] if found else [])
    assert (desk.state is GuardState.LATCHED) is found
