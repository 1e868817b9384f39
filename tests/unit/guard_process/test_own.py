# SPDX-License-Identifier: Apache-2.0
"""The process reads its own thermometer from a port, and is nothing without it. H10, H62."""

import os
import pty
from collections.abc import Iterator
from pathlib import Path

import pytest

from mnht_controller.domain.lease import GuardState
from mnht_controller.guard.thermometer import OwnThermometer
from tests.unit.guard_process.test_process import Rig, first_out


class OwnRig(Rig):
    """A rig whose guard has a thermometer on a pty: it says 36 °C until it is told otherwise."""

    def __init__(self, folder: Path) -> None:
        self.master, self._slave = pty.openpty()
        self.own_c: float | None = 36.0
        self._steps = 0
        super().__init__(folder, OwnThermometer(os.ttyname(self._slave), 9600, 1))

    def step(self, count: int = 1) -> None:
        for _ in range(count):
            self._steps += 1
            if self._steps % 5 == 0 and self.own_c is not None:
                celsius = self.own_c + 0.01 * (self._steps // 5 % 3)
                os.write(self.master, f"1: {celsius:6.2f} C\r\n".encode())
            super().step()

    def close(self) -> None:
        super().close()
        os.close(self.master)
        os.close(self._slave)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[OwnRig]:
    rig = OwnRig(tmp_path)
    yield rig
    rig.close()


def test_a_session_with_a_living_thermometer_goes_on(rig: OwnRig) -> None:
    rig.step(20)
    rig.run()
    rig.step(60)
    assert rig.process.guard.state is GuardState.RUN
    own = rig.process.guard.own
    assert own is not None
    assert own.celsius == pytest.approx(36.0, abs=0.03)


def test_it_is_not_armed_before_it_hears_something(rig: OwnRig) -> None:
    rig.own_c = None
    rig.step(40)
    assert rig.confirm()["reasons"] == ["own_silent"]
    rig.own_c = 36.0
    rig.step(10)
    rig.run()


def test_a_pulled_plug_latches(rig: OwnRig) -> None:
    rig.step(20)
    rig.run()
    rig.own_c = None
    rig.step(40)
    assert rig.process.guard.state is GuardState.LATCHED
    assert first_out(rig) == "own_silent"
    count = len(rig.line.fed)
    rig.step(5)
    assert len(rig.line.fed) == count


def test_a_hot_skin_latches(rig: OwnRig) -> None:
    rig.step(20)
    rig.run()
    rig.own_c = 44.0
    rig.step(15)
    assert first_out(rig) == "own_skin"
