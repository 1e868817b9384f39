# SPDX-License-Identifier: Apache-2.0
"""A session that halts and forks decides what a session without a halt decides."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from mnht_controller.app.shipped import config_dir
from mnht_controller.domain.phase import Phase
from mnht_controller.settings.load import load_site
from sim_hardware.bench.forks import branch
from sim_hardware.bench.scenario import Scenario, load_scenario
from sim_hardware.bench.simulate import Simulation

SETTINGS = load_site(config_dir() / "sites" / "bench.toml")
PLOTS = [
    load_scenario(config_dir() / "scenarios" / f"{name}.toml")
    for name in ("probe_off", "link_drop_source", "noisy_line")
]


@pytest.fixture
def trunk() -> Iterator[Simulation]:
    run = Simulation(SETTINGS, 1, Scenario(skin_c=42.8))
    assert run.run_to(lambda: at_least(run, 8.0))
    yield run
    run.discard()


def at_least(run: Simulation, seconds: float) -> bool:
    since = run.seen.course.first(Phase.PLATEAU)
    return since is not None and run.scenario_s(since[1]) >= seconds


@pytest.mark.parametrize("plot", PLOTS, ids=lambda plot: plot.file.rpartition("/")[2])
def test_a_branch_is_the_run_without_a_halt(trunk: Simulation, plot: Scenario):
    """T16: the same seed gives the same trace, whichever way it was come by."""

    def followed() -> object:
        trunk.follow(plot)
        trunk.run()
        return trunk.judge("")

    straight = Simulation(SETTINGS, 1, plot)
    straight.run()
    expected = straight.judge("")
    first, second = branch(followed), branch(followed)
    for key in ("trace_sha256", "trips", "true", "ticks", "oracle_violations"):
        assert first[key] == second[key] == expected[key]
    assert straight.seen.fault_at is not None
    assert trunk.seen.fault_at is None


def test_what_is_past_cannot_be_followed(trunk: Simulation):
    with pytest.raises(ValueError, match="begins before"):
        trunk.follow(replace(PLOTS[0], since=Phase.STANDBY))


def test_a_session_that_ends_never_halts():
    run = Simulation(SETTINGS, 1, Scenario(skin_c=42.8, until_s=15.0))
    assert not run.run_to(lambda: False)
    run.run()
    assert run.judge("")["outcome"] == "stopped"
