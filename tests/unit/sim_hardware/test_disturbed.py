# SPDX-License-Identifier: Apache-2.0
"""What happens to a patient: the flow, the coupling, and a fold that nobody measures."""

import pytest

from sim_hardware.plant.models.disturbed import FOLD_S, Disturbance, eddy_k_per_s


class Body:
    """Remembers what reached it."""

    def __init__(self) -> None:
        self.flow_factor = 1.0
        self.got: list[tuple[float, float]] = []

    def advance(self, dt_s: float, field2: float) -> None:
        self.got.append((dt_s, field2))

    def surround(self, celsius: float | None) -> None:
        self.around = celsius


@pytest.fixture
def body() -> Body:
    return Body()


def disturbance(body: Body) -> Disturbance:
    return Disturbance(body, 0.15, 100.0)  # type: ignore[arg-type]


def test_eddy_heat_is_that_of_the_safety_reference() -> None:
    """safety.md 4.1: 18 kA/m, r = 0.15 m, 100 kHz: 0.054 °C/s; 4.5 kA/m: 0.003."""
    assert eddy_k_per_s(18.0**2, 0.15, 100.0) == pytest.approx(0.054, abs=5e-4)
    assert eddy_k_per_s(4.5**2, 0.15, 100.0) == pytest.approx(0.003, abs=5e-4)


def test_what_cools_the_skin_turns_warm_and_is_put_right(body: Body) -> None:
    """H25."""
    made = disturbance(body)
    made.inject("cooling_fails", "37", 0.0)
    assert body.around == 37.0
    made.clear("cooling_fails")
    assert body.around is None


def test_perfusion_and_coupling(body: Body) -> None:
    """H14, H15."""
    made = disturbance(body)
    made.inject("perfusion", "0.2", 0.0)
    made.inject("patient_moves", "1.3", 0.0)
    made.advance(0.5, 25.0)
    assert body.flow_factor == 0.2
    assert [round(field2, 6) for _, field2 in body.got] == [42.25]
    made.clear("perfusion")
    made.clear("patient_moves")
    made.advance(0.5, 25.0)
    assert (body.flow_factor, body.got[-1]) == (1.0, (0.5, 25.0))


def test_a_fold_heats_and_cools(body: Body) -> None:
    """H13: tenfold eddy heat, to its steady state; gone when the field is."""
    made = disturbance(body)
    made.inject("hot_spot", "10", 0.0)
    made.advance(20.0 * FOLD_S, 25.0)
    steady_c = FOLD_S * 10.0 * eddy_k_per_s(25.0, 0.15, 100.0)
    assert made.fold_c(37.0) == pytest.approx(37.0 + steady_c)
    made.advance(FOLD_S, 0.0)
    assert made.rise_c == pytest.approx(steady_c / 2.71828, rel=1e-3)


def test_another_fault_is_refused(body: Body) -> None:
    with pytest.raises(ValueError, match="no fault"):
        disturbance(body).inject("fever", "1", 0.0)
