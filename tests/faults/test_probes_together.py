# SPDX-License-Identifier: Apache-2.0
"""What only several probes, or their course, can show; over the wire in virtual time."""

from dataclasses import replace

import pytest

from mnht_controller.app.shipped import config_dir
from mnht_controller.domain.intent import Verb
from mnht_controller.domain.phase import Phase
from mnht_controller.settings.load import load_site
from mnht_controller.settings.settings import Settings
from sim_hardware.bench.scenario import Scenario, Wish
from sim_hardware.bench.simulate import Simulation
from sim_hardware.faults import Fault

SITE = config_dir() / "sites" / "bench.toml"


def played(scenario: Scenario, seed: int = 1, settings: Settings | None = None) -> Simulation:
    simulation = Simulation(settings or load_site(SITE), seed, scenario)
    simulation.run()
    return simulation


def thermometer(verb: str, argument: str, at_s: float = 0.0) -> Fault:
    return Fault(at_s, "thermometer", verb, argument)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("channels", ["1:2", "1:3", "2:3"])
def test_exchanged_channels_never_get_beyond_the_pulse(channels: str, seed: int) -> None:
    """H06: skin is cooler than what lies inside, so the start is refused; else the pulse trips."""
    simulation = played(
        Scenario((thermometer("probe_swapped", channels),), since=Phase.STANDBY), seed
    )
    result = simulation.judge("")
    if "1" in channels:
        assert simulation.seen.course.first(Phase.ARMED) is None
        assert simulation.seen.course.last is not None
        unmet = {reason.code for reason in simulation.seen.course.last.unmet}
        # The guard's own thermometer may have found it too, once a person had confirmed.
        assert unmet - {"guard_state", "guard_refuses"} == {"baseline"}
    else:
        assert result["first_out"] == "pulse_map"
        assert result["time_to_target_s"] is None
    assert max(row.coil_ka_per_m for row in simulation.seen.truth) <= 18.0 * 0.08**0.5 + 0.1


def test_a_drift_against_the_other_probe_of_its_place_trips() -> None:
    """H02, H05: both are named; the field is backed off after 5 s, and trips after 10 s."""
    settings = load_site(SITE)
    zoned = [replace(row, zone="node" if row.id != "skin" else None) for row in settings.probes]
    scenario = Scenario((thermometer("probe_drift", "3:-360", 0.0),), since=Phase.RAMP)
    simulation = played(scenario, settings=replace(settings, probes=tuple(zoned)))
    trip = simulation.seen.course.trips[0]
    assert (trip.code, trip.where) == ("zone_disagrees", "tumor, healthy")
    zero = [edge.at for edge in simulation.seen.edges if not edge.energized and edge.at < trip.at]
    assert 4.0 <= trip.at - zero[-1] <= 5.5


def test_an_offset_that_cannot_be_at_rest_refuses_the_start() -> None:
    """H05: the probe inside cannot be cooler than bare skin."""
    scenario = Scenario((thermometer("probe_offset", "3:-3.5"),), since=Phase.STANDBY)
    simulation = played(scenario)
    assert simulation.judge("")["outcome"] == "refused"
    assert simulation.seen.course.last is not None
    found = [(reason.code, reason.where) for reason in simulation.seen.course.last.unmet]
    assert set(found) == {("baseline", "skin, healthy")}


@pytest.mark.timeout(300)  # a whole ramp: long where the machine is busy
def test_a_field_that_stays_on_a_steady_plateau_is_found_by_what_does_not_cool() -> None:
    """H18: nothing rises there, and nothing falls."""
    faults = (Fault(540.0, "source", "amp_lies_off"),)
    scenario = Scenario(faults, (Wish(550.0, Verb.PAUSE),), since=Phase.PLATEAU)
    result = played(scenario).judge("")
    assert (result["first_out"], result["oracle_violations"]) == ("heat_when_off", [])


@pytest.mark.timeout(300)  # a whole ramp: long where the machine is busy
def test_a_pause_that_is_one_trips_nothing() -> None:
    """H18: in the ramp, and on a steady plateau."""
    wishes = ((60.0, Verb.PAUSE), (120.0, Verb.RESUME), (900.0, Verb.PAUSE), (960.0, Verb.RESUME))
    asked = tuple(Wish(at_s, verb) for at_s, verb in wishes)
    scenario = Scenario(wishes=asked, since=Phase.RAMP, until_s=1100.0)
    result = played(scenario).judge("")
    assert (result["trips"], result["oracle_violations"]) == ([], [])
