# SPDX-License-Identifier: Apache-2.0
"""H62: the guard's own thermometer latches on its own, with every reading of the lease in order."""

import ast
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mnht_controller.domain.lease import GuardState
from mnht_controller.domain.probe import Role
from mnht_controller.guard import machine, own_skin
from mnht_controller.guard.state import Own
from tests.plans import ENVELOPE, PROBES
from tests.unit.guard.desk import Desk
from tests.unit.interlock.scene import CELSIUS, NOW, lease

PATH = Path(own_skin.__file__)
SILENT = float("nan")
"""Stands for no line; NaN itself is no number either."""


class OwnDesk(Desk):
    """A desk whose guard hears its own thermometer four times a second: `own_c`, with noise."""

    def __init__(self, own_c: float = 42.0, skin_c: float = 42.0) -> None:
        super().__init__(skin_c=skin_c)
        self.own_c = own_c
        self.noise_c = 0.01
        self.guard = replace(self.guard, own=Own(self.now))
        self._ticks = 0

    def tick(self) -> bytes:
        self._ticks += 1
        celsius = None
        if self._ticks % 5 == 0 and not math.isnan(self.own_c):
            celsius = self.own_c + self.noise_c * (self._ticks // 5 % 3 - 1)
        self.guard = machine.hear(self.guard, celsius, self.now)
        return super().tick()


def test_a_quiet_session_is_left_alone() -> None:
    desk = OwnDesk(skin_c=43.0).heat()
    desk.own_c = 43.9
    desk.run(30.0, permit_ka_per_m=5.0)
    desk.own_c = 41.6
    desk.run(30.0, permit_ka_per_m=5.0)
    assert (desk.state, desk.trips) == (GuardState.RUN, [])
    assert machine.status(desk.guard, desk.now).own_skin_c == pytest.approx(41.6, abs=0.01)


def test_h13_a_hot_skin_latches_whatever_the_lease_says() -> None:
    """H62: the controller lies; 1 °C is no disagreement."""
    desk = OwnDesk(skin_c=43.0).heat()
    desk.own_c = 44.02
    desk.run(1.0, permit_ka_per_m=5.0)
    assert desk.trips == ["own_skin"]
    assert desk.state is GuardState.LATCHED
    assert desk.tick() == b""


def test_h10_silence_latches_after_1_3_s() -> None:
    desk = OwnDesk().heat()
    desk.own_c = SILENT
    desk.run(1.2, permit_ka_per_m=5.0)
    assert desk.trips == []
    desk.run(0.3, permit_ka_per_m=5.0)
    assert desk.trips == ["own_silent"]


@pytest.mark.parametrize("celsius", [14.9, 60.1, 0.0, -273.0, 1e308, math.inf])
def test_h03_what_no_skin_can_have_is_silence(celsius: float) -> None:
    desk = OwnDesk().heat()
    desk.own_c, desk.noise_c = celsius, 0.0
    desk.run(2.0, permit_ka_per_m=5.0)
    assert desk.trips == ["own_silent"]


def test_h04_a_stuck_number_is_silence() -> None:
    desk = OwnDesk().heat()
    desk.noise_c = 0.0
    desk.run(4.0, permit_ka_per_m=5.0)
    assert desk.trips == []
    desk.run(0.55, permit_ka_per_m=5.0)
    assert desk.trips == ["own_silent"]


@pytest.mark.parametrize("apart_c", [1.6, -1.6])
def test_h05_disagreement_latches_after_5_s(apart_c: float) -> None:
    """Above: the lease says cooler than it is. Below: the guard's own probe has come off."""
    desk = OwnDesk().heat()
    desk.own_c = 42.0 + apart_c
    desk.run(4.5, permit_ka_per_m=5.0)
    assert desk.trips == []
    desk.run(1.0, permit_ka_per_m=5.0)
    assert desk.trips == ["own_disagrees"]


def test_a_disagreement_that_passes_is_forgotten() -> None:
    desk = OwnDesk().heat()
    for own_c in (44.0 - 0.3, 42.0) * 4:
        desk.own_c = own_c
        desk.run(3.0, permit_ka_per_m=5.0)
    assert desk.trips == []


def test_with_several_skin_probes_it_may_lie_between_them() -> None:
    second = replace(PROBES[0], id="skin2", channel=4)
    envelope = replace(ENVELOPE, probes=(*PROBES, second))
    message = lease(1, NOW)
    four = (*message.probes, replace(message.probes[0], value=38.0))
    for celsius, is_apart in ((43.4, False), (40.0, False), (36.6, False), (36.4, True)):
        own = own_skin.compared(Own(NOW, celsius), envelope, replace(message, probes=four), NOW)
        assert (own.apart_since is not None) is is_apart, celsius


@pytest.mark.parametrize("noise_c", [-50.0, 14.9, 60.1, 850.0])
def test_a_loose_channel_that_reads_no_skin_hides_no_disagreement(noise_c: float) -> None:
    """H05, H62: both real probes read 2 °C too little; the third is not plugged in."""
    second = replace(PROBES[0], id="skin2", channel=4, required=False)
    envelope = replace(ENVELOPE, probes=(*PROBES, second))
    message = lease(1, NOW)
    four = (*message.probes, replace(message.probes[0], value=noise_c))
    for celsius in (43.9, 40.0):
        own = own_skin.compared(Own(NOW, celsius), envelope, replace(message, probes=four), NOW)
        assert own.apart_since is not None


def test_a_trip_says_who_read_what() -> None:
    desk = OwnDesk(skin_c=43.0).heat()
    desk.own_c, desk.noise_c = 44.2, 0.0
    desk.run(1.0, permit_ka_per_m=5.0)
    assert [(one.where, one.value) for one in desk.guard.latch.trips] == [("guard", 44.2)]


def test_what_cannot_be_compared_is_not_apart() -> None:
    """No number, no lease, or no skin reading: other rules see to those."""
    own, message = Own(NOW, 30.0, apart_since=NOW - 9.0), lease(1, NOW)
    blind = tuple(replace(reading, value=None) for reading in message.probes)
    for case in (
        own_skin.compared(replace(own, celsius=None), ENVELOPE, message, NOW),
        own_skin.compared(own, ENVELOPE, replace(message, probes=blind), NOW),
        own_skin.compared(own, ENVELOPE, None, NOW),
        own_skin.compared(own, None, message, NOW),
    ):
        assert case.apart_since is None


Spoil = Callable[[OwnDesk], None]


def _hot(desk: OwnDesk) -> None:
    desk.own_c = 44.1


def _silent(desk: OwnDesk) -> None:
    desk.own_c = SILENT


def _apart(desk: OwnDesk) -> None:
    desk.own_c = 38.0


@pytest.mark.parametrize(
    ("spoil", "code"),
    [(_hot, "own_skin"), (_silent, "own_silent"), (_apart, "own_disagrees")],
)
def test_neither_arming_nor_reset_with_its_cause_present(spoil: Spoil, code: str) -> None:
    desk = OwnDesk(skin_c=43.2)
    spoil(desk)
    desk.run(1.0)
    desk.propose()
    desk.run(6.0)
    assert desk.confirm() == {code}
    assert desk.state is GuardState.DISABLED
    desk.guard = machine.stop(desk.guard, "desk", desk.now)
    assert desk.reset() == {code}
    desk.own_c = 43.0
    desk.run(2.0)
    assert desk.reset() == set()


def test_a_guard_that_has_lost_its_controller_can_be_reset() -> None:
    """Nothing is left to compare with."""
    desk = OwnDesk().heat()
    desk.own_c = 38.0
    desk.run(6.0, permit_ka_per_m=5.0)
    assert desk.trips == ["own_disagrees"]
    desk.guard = machine.lost(desk.guard, "controller", desk.now)
    desk.run(0.5, lambda _seq, _now: None)
    assert desk.reset() == set()


def test_real_devices_need_it_or_somebody_who_answers_for_it() -> None:
    real = replace(ENVELOPE, simulated=False)

    def refused(desk: Desk) -> set[str]:
        desk.run(1.2)
        desk.propose(real)
        return desk.confirm(sha=desk.guard.envelope_sha256) - {"lease_envelope"}

    assert refused(Desk()) == {"own_missing"}
    assert refused(OwnDesk()) == set()
    waived = Desk()
    waived.guard = replace(waived.guard, waived=True)
    assert refused(waived) == set()


def test_it_is_asked_before_each_byte_and_not_only_at_a_lease() -> None:
    desk = OwnDesk().heat()
    own = Own(desk.now, 44.5, hot_since=desk.now - 0.31)
    desk.guard = replace(desk.guard, own=own)
    assert machine.tick(desk.guard, desk.now)[1] == b""


def test_only_skin_is_compared() -> None:
    """Tumor and healthy tissue have other temperatures."""
    message = lease(1, NOW, c={**CELSIUS, Role.SKIN: 30.0})
    own = own_skin.compared(Own(NOW, CELSIUS[Role.TUMOR]), ENVELOPE, message, NOW)
    assert own.apart_since == NOW


def test_it_is_short_and_shares_no_rule_code() -> None:
    text = PATH.read_text()
    assert len(text.splitlines()) <= 40
    imported = {
        node.module or "" for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)
    }
    assert imported == {
        "mnht_controller.domain.compiled",
        "mnht_controller.domain.lease",
        "mnht_controller.domain.prescription",
        "mnht_controller.domain.probe",
        "mnht_controller.guard.state",
    }


@pytest.mark.parametrize(("celsius", "known_c"), [(43.0, 43.0), (None, None), (99.0, None)])
def test_its_first_word_begins_its_silence(celsius: float | None, known_c: float | None) -> None:
    """H10: a guard that was not told of a thermometer takes the one that speaks."""
    desk = Desk()
    desk.guard = machine.hear(desk.guard, celsius, desk.now)
    assert desk.guard.own == Own(desk.now, known_c)


@pytest.mark.parametrize(
    ("own", "now", "why"),
    [
        (Own(0.0, 44.5, hot_since=0.0), 0.29, ""),
        (Own(0.0, 44.5, hot_since=0.0), 0.3, "own_skin"),
        (Own(0.0, 42.0), 1.3, ""),
        (Own(0.0, 42.0), 1.31, "own_silent"),
        (Own(0.0, 42.0), math.nan, "own_silent"),
        (Own(0.0, 42.0, repeats=16), 0.0, ""),
        (Own(0.0, 42.0, repeats=17), 0.0, "own_silent"),
        (Own(5.0, 42.0, apart_since=0.0), 4.99, ""),
        (Own(5.0, 42.0, apart_since=0.0), 5.0, "own_disagrees"),
    ],
)
def test_each_of_its_limits_from_both_sides(own: Own, now: float, why: str) -> None:
    """H04, H05, H10, H13: one sample is no trip, and no trip is late."""
    assert own_skin.why_stop(own, now) == why
