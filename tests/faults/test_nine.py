# SPDX-License-Identifier: Apache-2.0
"""Each fault of the first list, over the wire in virtual time: right trip, first-out, field gone.

The class times are those of sim_hardware/bench/scenario.py; the oracles judge every run.
"""

from pathlib import Path

import pytest

from mnht_controller.app.shipped import config_dir
from mnht_controller.domain.phase import Phase
from mnht_controller.settings.load import load_site
from sim_hardware.bench.scenario import CLASS_S, load_scenario
from sim_hardware.bench.simulate import Simulation
from sim_hardware.faults import FAULTS

SITE = config_dir() / "sites" / "bench.toml"
SCENARIOS = config_dir() / "scenarios"

EXPECTED = (
    ("probe_off", {"probe_implausible"}),
    ("probe_stuck", {"probe_flat"}),
    ("probe_dropped", {"probe_stale"}),
    ("no_probe_token", {"probe_bad"}),
    ("stream_stall", {"probe_stale"}),
    ("amp_ignores_off", {"off_not_obeyed"}),
    ("amp_stuck_full", {"field_cap", "readback_high"}),
    ("coolant_stop", {"source_fault", "source_interlock"}),
    ("coolant_warm", {"source_fault", "source_interlock"}),
    ("link_drop_source", {"source_lost", "uncertain"}),
    ("link_drop_thermometer", {"probe_stale"}),
    ("controller_killed", {"peer_lost"}),
    ("half_open_source", {"source_lost", "uncertain"}),
    ("half_open_thermometer", {"probe_stale"}),
    ("frozen_thermometer", {"probe_flat"}),
    ("nan_thermometer", {"probe_bad"}),
    ("other_source", {"source_lost", "uncertain"}),
    ("other_thermometer", {"probe_bad", "probe_stale"}),
    ("reboot_source", {"source_reboot", "source_lost", "uncertain", "output_off_unasked"}),
    ("deaf_source", {"source_lost", "uncertain"}),
    ("mute_source", {"source_lost", "uncertain"}),
)
SURVIVED = {"noisy_lines"}


def simulated(scenario: str, seed: int = 1) -> tuple[Simulation, dict[str, object]]:
    simulation = Simulation(load_site(SITE), seed, load_scenario(SCENARIOS / f"{scenario}.toml"))
    simulation.run()
    return simulation, simulation.judge("")


@pytest.mark.parametrize(("scenario", "codes"), EXPECTED)
def test_a_fault_ends_the_field_in_its_class_time(scenario: str, codes: set[str]):
    """H01, H03, H04, H10, H16, H17, H20, H26."""
    simulation, result = simulated(scenario)
    assert simulation.seen.fault_at is not None
    assert simulation.seen.course.first(Phase.PLATEAU) is not None
    assert result["outcome"] == "tripped"
    assert result["first_out"] in codes
    assert result["oracle_violations"] == []
    assert result["field_off_latency_s_max"] is not None
    assert not simulation.seen.edges[-1].energized


def test_every_shipped_scenario_is_expected_and_every_class_time_has_one():
    """Faults of wires are many more: tests/unit/sim_hardware/test_faulty.py plays them all."""
    shipped = {path.stem for path in SCENARIOS.glob("*.toml")} - SURVIVED
    assert shipped == {scenario for scenario, _ in EXPECTED}
    verbs = {fault.verb for name in shipped for fault in _faults(SCENARIOS / f"{name}.toml")}
    assert verbs == {verb for verb, _ in CLASS_S}
    assert verbs <= {verb.name for verb in FAULTS}


def test_h12_merely_annoying_wires_end_no_session():
    _, result = simulated("noisy_lines")
    assert (result["outcome"], result["oracle_violations"]) == ("completed", [])


def _faults(path: Path):
    return load_scenario(path).faults
