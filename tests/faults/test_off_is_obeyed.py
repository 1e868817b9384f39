# SPDX-License-Identifier: Apache-2.0
"""H16: every source obeys OFF, or is found out and its enable line dropped, within 750 ms.

Each simulated laboratory runs the real controller, guard, drivers and twins in virtual time, over
its own wires. Class times and oracles as in test_nine.
"""

import pytest

from mnht_controller.app.shipped import config_dir
from mnht_controller.domain.phase import Phase
from mnht_controller.settings.load import load_site
from sim_hardware.bench.scenario import load_scenario
from sim_hardware.bench.simulate import Simulation

SITES = sorted((config_dir() / "sites").glob("bench*.toml"))
SCENARIOS = config_dir() / "scenarios"


def simulated(site, scenario):
    simulation = Simulation(load_site(site), 1, load_scenario(SCENARIOS / f"{scenario}.toml"))
    simulation.run()
    return simulation, simulation.judge("")


@pytest.mark.parametrize("site", SITES, ids=[site.stem for site in SITES])
def test_a_source_that_ignores_off_is_found_out(site):
    """The oracles judge the 0.75 s from the first moment that no field is wanted."""
    simulation, result = simulated(site, "amp_ignores_off")
    assert simulation.seen.course.first(Phase.PLATEAU) is not None
    assert result["outcome"] == "tripped"
    assert result["first_out"] in {"off_not_obeyed", "readback_high"}
    assert result["oracle_violations"] == []
    assert not simulation.seen.edges[-1].energized
    assert not simulation.world.line.closed(simulation.world.start_s + 1e6)


@pytest.mark.parametrize("site", SITES, ids=[site.stem for site in SITES])
def test_a_source_whose_cable_is_pulled_is_lost(site):
    simulation, result = simulated(site, "link_drop_source")
    assert result["outcome"] == "tripped"
    assert result["first_out"] in {"source_lost", "uncertain"}
    assert result["oracle_violations"] == []
    assert not simulation.seen.edges[-1].energized


@pytest.mark.parametrize("site", SITES, ids=[site.stem for site in SITES])
def test_off_is_obeyed_at_the_end_of_a_plateau(site):
    """Nothing is wrong: PAUSE takes the field off by the source's own OFF."""
    simulation, result = simulated(site, "../../tests/faults/pause")
    assert result["oracle_violations"] == []
    assert result["trips"] == []
    off = [edge for edge in simulation.seen.edges if not edge.energized]
    assert off
