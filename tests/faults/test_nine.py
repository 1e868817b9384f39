# SPDX-License-Identifier: Apache-2.0
"""Each fault of the first list, over the wire in virtual time: right trip, first-out, field gone.

The class times are those of sim_hardware/bench/class_times.py; the oracles judge every run.
"""

from pathlib import Path

import pytest

from mnht_controller.app.shipped import config_dir
from mnht_controller.settings.load import load_site
from sim_hardware.bench.class_times import CLASS_TIMES
from sim_hardware.bench.scenario import load_scenario
from sim_hardware.bench.simulate import Simulation
from sim_hardware.faults import FAULTS

SITE = config_dir() / "sites" / "bench.toml"
SCENARIOS = config_dir() / "scenarios"

EXPECTED = (
    ("probe_off", {"probe_implausible"}),
    ("probe_stuck", {"probe_flat"}),
    ("probe_contact", {"probe_implausible", "skin_falls"}),
    ("probe_lag", {"pulse_lag"}),
    ("probe_swapped", {"pulse_map"}),
    ("probe_dropped", {"probe_stale"}),
    ("no_probe_token", {"probe_bad"}),
    ("stream_stall", {"probe_stale"}),
    ("amp_ignores_off", {"off_not_obeyed"}),
    ("amp_lies_off", {"heat_when_off"}),
    ("amp_stuck_full", {"field_cap", "readback_high"}),
    ("coolant_stop", {"source_fault", "source_interlock"}),
    ("coolant_warm", {"source_fault", "source_interlock"}),
    ("link_drop_source", {"source_lost", "uncertain"}),
    ("link_drop_thermometer", {"probe_stale"}),
    ("controller_killed", {"peer_lost"}),
    ("controller_stopped", {"lease_expired"}),
    ("guard_killed", {"lease_lost"}),
    ("guard_stopped", {"lease_lost"}),
    ("host_stopped", {"probe_stale", "source_lost", "lease_lost"}),
    ("half_open_source", {"source_lost", "uncertain"}),
    ("half_open_thermometer", {"probe_stale"}),
    ("frozen_thermometer", {"probe_flat"}),
    ("nan_thermometer", {"probe_bad"}),
    ("other_source", {"source_lost", "uncertain"}),
    ("other_thermometer", {"probe_bad", "probe_stale"}),
    ("panel_change", {"source_limit"}),
    ("reboot_source", {"source_reboot", "source_lost", "uncertain", "output_off_unasked"}),
    ("deaf_source", {"source_lost", "uncertain"}),
    ("mute_source", {"source_lost", "uncertain"}),
)
SURVIVED = ("late_replies", "noisy_line")
"""What a link gets over: the session goes on, and no oracle finds anything."""


def simulated(scenario: str, seed: int = 1) -> tuple[Simulation, dict[str, object]]:
    simulation = Simulation(load_site(SITE), seed, load_scenario(SCENARIOS / f"{scenario}.toml"))
    simulation.run()
    return simulation, simulation.judge("")


@pytest.mark.parametrize(("scenario", "codes"), EXPECTED)
def test_a_fault_ends_the_field_in_its_class_time(scenario: str, codes: set[str]):
    """H01, H03, H04, H10, H16, H17, H20, H21, H24, H26, H27, H28, H29."""
    simulation, result = simulated(scenario)
    assert simulation.seen.fault_at is not None
    assert simulation.seen.course.first(simulation.scenario.since) is not None
    assert result["outcome"] == "tripped"
    assert result["first_out"] in codes
    assert result["oracle_violations"] == []
    assert result["field_off_latency_s_max"] is not None
    assert not simulation.seen.edges[-1].energized


@pytest.mark.parametrize("scenario", SURVIVED)
def test_a_bad_line_is_borne(scenario: str):
    """H11, H12: no trip, and current still flows at the end."""
    simulation, result = simulated(scenario)
    assert simulation.seen.fault_at is not None
    assert any(wire.log for wire in simulation.world.wires.values())
    assert (result["trips"], result["oracle_violations"]) == ([], [])
    assert simulation.seen.edges[-1].energized


def test_every_fault_that_ends_the_field_has_a_scenario_and_a_class_time():
    """H62: no fault of the list goes unjudged."""
    shipped = {path.stem for path in SCENARIOS.glob("*.toml")}
    answered = [scenario for scenario, _ in EXPECTED]
    assert shipped == set(answered) | set(SURVIVED)
    verbs = {fault.verb for name in answered for fault in _faults(SCENARIOS / f"{name}.toml")}
    assert verbs == {row.verb for row in CLASS_TIMES if row.time_s is not None}
    others = {verb.name for verb in FAULTS} - verbs
    assert not others & {"stream_stall", "amp_ignores_off", "amp_stuck_full", "coolant_stop"}


def _faults(path: Path):
    return load_scenario(path).faults
