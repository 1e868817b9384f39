# SPDX-License-Identifier: Apache-2.0
"""Universes and causes: the same seed is the same one, and seeds reach everything."""

import pytest

from mnht_controller.app.shipped import config_dir
from mnht_controller.domain.limits import Region, region_cap_ka_per_m
from mnht_controller.domain.phase import Phase
from sim_hardware.bench.causes import CAUSES, draw, hazards
from sim_hardware.bench.class_times import class_s
from sim_hardware.bench.matrix import pairwise
from sim_hardware.bench.patients import match
from sim_hardware.bench.saved import bench_site
from sim_hardware.bench.universe import ACTS, CALM, PATIENTS, SITES, in_core, universe
from sim_hardware.faults import VERBS, Layer
from sim_hardware.plant.body.patient_file import PatientFile
from sim_hardware.plant.models.load import read


def test_a_seed_is_always_the_same_universe() -> None:
    assert universe(5, wires=True) == universe(5, wires=True)
    assert universe(5, wires=True) != universe(6, wires=True)
    assert draw("H12", 3, 4.0) == draw("H12", 3, 4.0)


def test_universes_are_of_every_kind() -> None:
    made = [universe(seed, wires=True) for seed in range(400)]
    assert {row.kind for row in made} == {"none", "single", "pair", "burst"}
    verbs = {fault.verb for row in made for fault in row.plot.faults}
    assert verbs >= {cause.verb for cause in CAUSES}
    wishes = {wish.verb for row in made for wish in row.plot.wishes}
    assert wishes == {verb for act in ACTS.values() for _, verb in act}
    assert 0.1 < sum(row.is_nominal for row in made) / len(made) < 0.35
    assert any(row.plot.confirm_s for row in made)


def test_a_nominal_universe_has_no_fault_and_no_end() -> None:
    stopping = {verb for name, act in ACTS.items() if name not in CALM for _, verb in act}
    stopping -= {verb for name in CALM for _, verb in ACTS[name]}
    for seed in range(400):
        made = universe(seed, wires=True)
        later = [fault for fault in made.plot.faults if fault.at_s > 0.0]
        ends = [wish for wish in made.plot.wishes if wish.verb in stopping]
        assert not (made.is_nominal and (later or ends))


def test_the_core_lane_gets_what_it_can_do() -> None:
    wire = {Layer.WIRE, Layer.LINK}
    assert not [cause for cause in CAUSES if in_core(cause) and VERBS[cause.verb].layer in wire]
    for seed in range(200):
        layers = {VERBS[fault.verb].layer for fault in universe(seed, wires=False).plot.faults}
        assert not layers & wire


def test_every_patient_whom_the_bench_may_treat_is_drawn() -> None:
    """Its probes are there, the prescription's target is the patient's, the site's cap allowed."""
    site = bench_site()
    cap, legal = site.limits.field_ka_per_m_cap, set()
    for path in (config_dir() / "patients").glob("*.toml"):
        file = read(path, PatientFile)
        match(site, file)
        is_allowed = cap <= region_cap_ka_per_m(Region(file.region))
        is_target = file.reaches.role == site.prescription.control_role.value
        if is_allowed and is_target and not file.reaches.field_limited:
            legal.add(path.stem)
    assert legal == set(PATIENTS)
    assert {universe(seed, wires=False).plot.patient for seed in range(40)} == legal


def test_instruments_vary_only_where_there_is_no_fault() -> None:
    made = [universe(seed, wires=True) for seed in range(200)]
    assert {row.plot.site or "bench" for row in made if row.kind == "none"} == set(SITES)
    assert all(not row.plot.patient and row.plot.skin_c is None for row in made if row.plot.site)
    assert {row.plot.site for row in made if row.kind != "none"} == {""}
    assert {universe(seed, wires=False).plot.site for seed in range(40)} == {""}
    assert {path.stem for path in (config_dir() / "sites").glob("bench*.toml")} == set(SITES)


@pytest.mark.parametrize("hazard", hazards())
def test_every_cause_of_a_hazard_is_drawn(hazard: str) -> None:
    """The seeds go through all causes, and each begins soon after the saved state."""
    wanted = {(cause.device, cause.verb) for cause in CAUSES if cause.hazard == hazard}
    drawn = [draw(hazard, seed, 4.0) for seed in range(24)]
    assert {(cause.device, cause.verb) for cause, _ in drawn} == wanted
    for _, plot in drawn:
        (fault,) = plot.faults
        assert 4.0 < fault.at_s <= 6.0
        assert "{" not in fault.argument
        assert plot.since is Phase.PLATEAU
        assert plot.until_s > fault.at_s + (class_s(fault) or 0.0)


def test_forty_faults_make_780_pairs() -> None:
    pairs = pairwise()
    assert len(pairs) == 780
    assert len({(one.device, one.verb, two.device, two.verb) for one, two in pairs}) == 780
