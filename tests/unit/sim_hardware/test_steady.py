# SPDX-License-Identifier: Apache-2.0
"""Steady states: the accelerated relaxation, and the patients that are settled by it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from sim_hardware.plant.models.voxel_patient import VoxelPatient
from sim_hardware.plant.solver import steady
from sim_hardware.plant.solver.kernel import F32
from tests.unit.sim_hardware.small_patient import built, small

SLOWEST = 1e-3
SIZE = 500


class Decay:
    """A linear map with a known fixed point: each number closes `rate` of its distance to it.

    Rates run from the slowest up to what is just stable. `fresh` gives a new array, `turn` one of
    two in turns, as the solver does that owns a pair of them.
    """

    def __init__(self) -> None:
        self.rate = np.geomspace(SLOWEST, 1.9, SIZE).astype(np.float32)
        self.goal = np.linspace(-8.0, 20.0, SIZE, dtype=np.float32)
        self.state, self._spare = np.zeros(SIZE, np.float32), np.zeros(SIZE, np.float32)
        self.calls = 0

    def fresh(self, now: F32) -> F32:
        self.calls += 1
        return now + self.rate * (self.goal - now)

    def turn(self, now: F32) -> F32:
        self.calls += 1
        self.state[:] = now
        self._spare[:] = now + self.rate * (self.goal - now)
        self.state, self._spare = self._spare, self.state
        return self.state


MAPS: dict[str, Callable[[Decay], Callable[[F32], F32]]] = {
    "a new array each time": lambda decay: decay.fresh,
    "two arrays in turns": lambda decay: decay.turn,
}


@pytest.mark.parametrize("kind", MAPS)
def test_relaxing_reaches_the_fixed_point_far_sooner_than_stepping(kind: str) -> None:
    """Chebyshev's bound: after n steps 2·exp(−n √(2·slowest)) of the distance is left, 3e-5."""
    decay = Decay()
    found = steady.relax(MAPS[kind](decay), np.zeros(SIZE, np.float32), SLOWEST, 250)
    assert decay.calls == 250
    assert np.abs(found - decay.goal).max() < 0.005
    stepped = np.zeros(SIZE, np.float32)
    for _ in range(250):
        stepped = decay.fresh(stepped)
    assert np.abs(stepped - decay.goal).max() > 5.0


def test_the_fixed_point_stays() -> None:
    decay = Decay()
    found = steady.relax(decay.fresh, decay.goal.copy(), SLOWEST, 50)
    assert np.abs(found - decay.goal).max() < 1e-4


@pytest.mark.parametrize("factor", [20.0, 100.0])
def test_the_number_of_steps_shrinks_the_slowest_mode_about_as_asked(factor: float) -> None:
    goal, rate = np.ones(1, np.float32), np.float32(SLOWEST)
    count = steady.steps_for(SLOWEST, factor)
    start = np.zeros(1, np.float32)
    found = steady.relax(lambda now: now + rate * (goal - now), start, SLOWEST, count)
    assert 0.5 / factor <= abs(float(found[0]) - 1.0) <= 2.0 / factor


def test_a_wrong_guess_costs_accuracy_but_never_runs_away() -> None:
    decay = Decay()
    found = steady.relax(decay.fresh, np.zeros(SIZE, np.float32), 0.05, 100)
    assert np.abs(found - decay.goal).max() <= 20.0
    assert np.abs(found - decay.goal)[SIZE // 2 :].max() < 0.01


# ---- patients ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def patient() -> VoxelPatient:
    return VoxelPatient(built(small()))


@pytest.mark.parametrize("field_ka_per_m", [0.0, 3.0, 5.3, 7.5])
def test_settling_goes_where_long_stepping_leads(
    patient: VoxelPatient, field_ka_per_m: float
) -> None:
    body = patient.model.geometry.body
    patient.settle(field_ka_per_m**2)
    settled, skin = patient.heat.celsius()[body].copy(), patient.skin.celsius.copy()
    for _ in range(120):
        patient.advance(30.0, field_ka_per_m**2)
        patient.heat.core_c = 37.0
    assert np.abs(patient.heat.celsius()[body] - settled).max() < 0.02
    assert np.abs(patient.skin.celsius - skin).max() < 0.02


def test_settling_is_accelerated(patient: VoxelPatient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unaccelerated, twice as many rounds would end no nearer: the solver owns two arrays."""
    rounds: list[int] = []
    relax = steady.relax

    def counted(step: Any, start: F32, slowest: float, steps: int) -> F32:
        rounds.append(steps)
        return relax(step, start, slowest, steps)

    patient.settle(0.0)
    monkeypatch.setattr(steady, "relax", counted)
    patient.settle(28.0)
    assert 2 <= len(rounds) <= 11
    assert max(rounds) < 200


def test_settling_forgets_where_it_came_from(patient: VoxelPatient) -> None:
    patient.settle(0.0)
    patient.settle(25.0)
    from_below = patient.heat.celsius().copy()
    patient.settle(56.0)
    patient.settle(25.0)
    body = patient.model.geometry.body
    assert np.abs(patient.heat.celsius() - from_below)[body].max() < 0.02
    assert patient.site_c("skin_center") == pytest.approx(float(patient._look()["skin_center"]))


def test_without_field_nothing_moves(patient: VoxelPatient) -> None:
    patient.heat.core_c = 37.0
    patient.settle(0.0)
    body, before = patient.model.geometry.body, patient.heat.celsius().copy()
    skin = patient.skin.celsius.copy()
    patient.advance(120.0, 0.0)
    assert np.abs(patient.heat.celsius() - before)[body].max() < 0.02
    assert np.abs(patient.skin.celsius - skin).max() < 0.02
    assert patient.heat.core_c == 37.0


def test_a_warm_core_warms_the_tissue(patient: VoxelPatient) -> None:
    patient.heat.core_c = 37.0
    patient.settle(0.0)
    body = patient.model.geometry.body
    before = patient.heat.celsius()[body].astype(float)
    patient.heat.core_c = 38.0
    patient.settle(0.0)
    warmer = patient.heat.celsius()[body] - before
    assert warmer.min() > 0.2
    assert 0.9 < warmer.max() < 1.001
