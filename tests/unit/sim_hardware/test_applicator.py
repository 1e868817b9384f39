# SPDX-License-Identifier: Apache-2.0
"""The applicator's map, tank and cooling against numbers that can be worked out by hand."""

import math
from itertools import pairwise

import numpy as np
import pytest

from sim_hardware.plant.applicator.applicator import (
    MFH300F,
    WATER_J_PER_L_K,
    Applicator,
    Cooling,
    Facts,
    FieldMap,
    FieldTable,
    Tank,
    pickup_v,
)

FULL2 = 18.0**2

# ---- where the field is --------------------------------------------------------------------


def test_the_map_is_one_at_the_center_and_within_15_percent_in_the_central_20_cm() -> None:
    axis = np.linspace(-100.0, 100.0, 41)
    x, y, z = np.meshgrid(axis, axis, axis, indexing="ij")
    m = FieldMap()(x, y, z)[x**2 + y**2 + z**2 <= 100.0**2]
    low, high = m.min(), m.max()
    assert high == FieldMap()(0.0, 0.0, 0.0) == 1.0
    assert 0.10 <= (high - low) / (high + low) <= 0.15


@pytest.mark.parametrize("gap_mm", [300.0, 200.0])
def test_the_map_falls_to_half_at_the_edge_of_either_pole(gap_mm) -> None:
    m = FieldMap(Facts(gap_mm=gap_mm))
    assert m([100.0, 0.0], [0.5 * gap_mm, -0.5 * gap_mm], [0.0, 100.0]) == pytest.approx(0.5)
    along = m(0.0, np.linspace(0.0, 0.5 * gap_mm, 10), 0.0)
    assert all(later < earlier for earlier, later in pairwise(along))


def test_far_outside_there_is_no_field() -> None:
    assert FieldMap()(1000.0, 0.0, 0.0) == FieldMap()(0.0, -1000.0, 0.0) == 0.0
    assert FieldMap()(500.0, 0.0, 0.0) > 0.0


def test_coordinates_broadcast() -> None:
    x, y = np.zeros((4, 1, 1)), np.zeros((1, 3, 1))
    assert FieldMap()(x, y, np.zeros((1, 1, 2))).shape == (4, 3, 2)


TABLE = """
r_mm = [0.0, 100.0, 200.0]
y_mm = [0.0, 150.0]
relative = [[1.0, 1.2], [0.8, 0.6], [0.0, 0.0]]
"""


def table(tmp_path, text=TABLE):
    path = tmp_path / "map.toml"
    path.write_text(text)
    return FieldTable.read(path)


def test_a_table_replaces_the_closed_form(tmp_path) -> None:
    m = FieldMap(table=table(tmp_path))
    assert m(0.0, [0.0, 150.0, -150.0, 75.0], 0.0) == pytest.approx([1.0, 1.2, 1.2, 1.1])
    assert m(30.0, 75.0, 40.0) == pytest.approx(0.9)  # r = 50: the mean of four corners
    assert m([201.0, 0.0], [0.0, 151.0], 0.0).tolist() == [0.0, 0.0]


def test_a_table_across_the_center_may_have_unlike_poles() -> None:
    lopsided = FieldTable([0, 200], [-150, 0, 150], [[0.5, 1, 1.5], [0.5, 1, 1.5]])  # type: ignore[arg-type]
    assert FieldMap(table=lopsided)(0.0, [-75.0, 75.0], 0.0) == pytest.approx([0.75, 1.25])


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[0.0, 100.0, 200.0]", "[0.0, 200.0, 200.0]", r"r_mm: .*increasing"),
        ("[0.0, 100.0, 200.0]", "[1.0, 100.0, 200.0]", r"r_mm: .*begins at 1"),
        ("[0.0, 150.0]", "[0.0]", r"y_mm: .*two or more"),
        ("[0.0, 150.0]", "[10.0, 150.0]", r"y_mm: .*leaves the center out"),
        ("[0.8, 0.6]", "[0.8]", r"relative: not a grid"),
        (", [0.0, 0.0]]", "]", r"relative: has shape \(2, 2\), not \(3, 2\)"),
        ("0.6", "-0.6", r"relative: -0.6 is negative"),
        ("0.6", "nan", r"relative: .*not finite"),
        ("[[1.0", "[[1.1", r"relative: is 1.1 at the center, not 1"),
        ("y_mm", "z_mm", r"y_mm: missing or unknown"),
        ("= [[", "[[", r"Expected '='"),
    ],
)
def test_a_bad_table_is_refused_by_file_and_key(tmp_path, old, new, said) -> None:
    assert TABLE.count(old) == 1
    with pytest.raises(ValueError, match=f"map.toml: {said}.*; give increasing r_mm"):
        table(tmp_path, TABLE.replace(old, new))


# ---- numbers of the coil ---------------------------------------------------------------------


def test_full_field_takes_5400_ampere_turns() -> None:
    current_a = MFH300F.field_ka_per_m_max / MFH300F.field_ka_per_m_per_a
    assert current_a == pytest.approx(450.0)
    assert current_a * MFH300F.turns == pytest.approx(5400.0)
    assert MFH300F.stored_j_max == pytest.approx(1.9, abs=0.05)


def test_the_tank_rings_up_within_a_millisecond() -> None:
    assert MFH300F.quality == pytest.approx(241.0, abs=1.0)
    assert MFH300F.ringing_s < 1e-3


def test_a_pickup_loop_of_1_cm2_at_10_ka_per_m_gives_0_79_v() -> None:
    assert pickup_v(10.0, 100.0, 1.0) == pytest.approx(0.79, abs=0.005)
    assert pickup_v(5.0, 100.0, 1.0, turns=4) == pytest.approx(2 * pickup_v(10.0, 100.0, 1.0))


# ---- tank --------------------------------------------------------------------------------------


def test_warmth_and_particles_lower_the_resonance_and_a_conductor_raises_it() -> None:
    tank = Tank()
    assert tank.resonance_khz(22.0) == 100.0
    assert tank.resonance_khz(42.0) == pytest.approx(99.9)
    assert tank.resonance_khz(22.0, load=0.01) == pytest.approx(100.0 / math.sqrt(1.01))
    assert tank.resonance_khz(22.0, load=-0.01) > 100.0


def test_a_source_that_follows_loses_nothing_until_the_end_of_its_range() -> None:
    tank = Tank()
    assert tank.source_khz(22.0, 0.03) == tank.resonance_khz(22.0, 0.03)
    assert tank.gain(22.0, 0.03) == 1.0
    assert tank.source_khz(22.0, 0.06) == 98.0
    assert tank.gain(22.0, 0.06) < 0.3


def test_a_fixed_source_loses_3_db_at_half_the_bandwidth() -> None:
    facts = Facts(lock_khz=0.0)
    load = 1.0 / facts.quality  # which shifts the resonance by f/(2Q)
    assert Tank(facts).source_khz(22.0, load) == 100.0
    assert Tank(facts).gain(22.0, load) == pytest.approx(1.0 / math.sqrt(2.0), rel=5e-3)


# ---- cooling -----------------------------------------------------------------------------------


def settled(field2: float) -> Cooling:
    cooling = Cooling()
    cooling.advance(1e5, field2)
    return cooling


def time_until(condition, cooling: Cooling, field2: float) -> float:
    for n in range(20_000):
        if condition(cooling):
            return n * 0.1
        cooling.advance(0.1, field2)
    raise AssertionError("never")


@pytest.mark.parametrize("field2", [25.0, FULL2])
def test_at_steady_state_the_water_carries_what_the_coil_loses(field2) -> None:
    cooling = settled(field2)
    carried_w = 8.0 / 60.0 * WATER_J_PER_L_K * (cooling.coolant_out_c - cooling.inlet_c)
    assert carried_w == pytest.approx(cooling.loss_w(field2), rel=1e-3)
    assert cooling.inlet_c < cooling.coolant_out_c < cooling.coil_c < 40.0


def test_half_the_flow_cools_by_the_exchangers_formula() -> None:
    cooling = Cooling()
    cooling.flow_l_per_min = 4.0
    cooling.advance(1e5, 25.0)
    flow_w_per_k = 4.0 / 60.0 * WATER_J_PER_L_K
    grip = 1.0 - math.exp(-500.0 * 0.5**0.8 / flow_w_per_k)  # Dittus and Boelter: flow^0.8
    rise_k = cooling.loss_w(25.0) / (grip * flow_w_per_k)
    assert cooling.coil_c - cooling.inlet_c == pytest.approx(rise_k)


def test_loss_at_full_field_is_that_of_the_current_in_the_coil() -> None:
    cooling = Cooling()
    cooling.coil_c = 20.0
    ohm = 2.0 * MFH300F.loss_w_max / 450.0**2
    assert cooling.loss_w(25.0) == pytest.approx(0.5 * ohm * (5.0 / 0.04) ** 2)
    cooling.coil_c = 30.0
    assert cooling.loss_w(25.0) / (0.5 * ohm * (5.0 / 0.04) ** 2) == pytest.approx(1.039)


@pytest.mark.parametrize("flow", [8.0, 0.0])
def test_one_long_step_is_as_good_as_many_short_ones(flow) -> None:
    once, often = Cooling(), Cooling()
    once.flow_l_per_min = often.flow_l_per_min = flow
    once.advance(30.0, FULL2)
    for _ in range(3000):
        often.advance(0.01, FULL2)
    assert once.coil_c == pytest.approx(often.coil_c, abs=1e-8)


def test_without_flow_and_field_the_temperature_stays() -> None:
    cooling = settled(FULL2)
    before = cooling.coil_c
    cooling.flow_l_per_min = 0.0
    cooling.advance(100.0, 0.0)
    assert cooling.coil_c == before


@pytest.mark.parametrize(
    ("began", "field2", "seconds"),
    [(FULL2, FULL2, 33.7), (0.0, 7.5**2, 302.0), (0.0, 25.0, 680.0)],
)
def test_times_to_overheat_without_flow(began, field2, seconds) -> None:
    cooling = settled(began)
    outlet_c = cooling.coolant_out_c
    cooling.flow_l_per_min = 0.0
    found = time_until(lambda c: c.coil_c > 70.0, cooling, field2)
    assert found == pytest.approx(seconds, rel=0.01)
    assert cooling.coolant_out_c == outlet_c  # standing water tells its sensor nothing


@pytest.mark.parametrize(("field2", "seconds"), [(FULL2, 2.3), (25.0, 19.4), (0.0, 21.9)])
def test_times_to_a_warm_outlet_with_water_of_50(field2, seconds) -> None:
    cooling = settled(field2)
    cooling.inlet_c = 50.0
    found = time_until(lambda c: c.coolant_out_c > 45.0, cooling, field2)
    assert found == pytest.approx(seconds, abs=0.11)


def test_faults_start_end_and_are_refused_by_name() -> None:
    it = Applicator()
    it.inject("coolant_stop", "", 0.0)
    assert (it.cooling.flow_l_per_min, it.flow_shown_l_per_min) == (0.0, 0.0)
    it.clear("coolant_stop")
    it.inject("coolant_stop", "unseen", 0.0)
    assert (it.cooling.flow_l_per_min, it.flow_shown_l_per_min) == (0.0, 8.0)
    it.inject("coolant_warm", "41", 0.0)
    assert it.cooling.inlet_c == 41.0
    it.clear("coolant_warm")
    it.clear("coolant_stop")
    assert (it.cooling.flow_l_per_min, it.cooling.inlet_c) == (8.0, 22.0)
    with pytest.raises(ValueError, match="no fault 'coolant_stop' with 'maybe'"):
        it.inject("coolant_stop", "maybe", 0.0)
    with pytest.raises(ValueError, match="no fault"):
        it.inject("amp_stuck_full", "", 0.0)
