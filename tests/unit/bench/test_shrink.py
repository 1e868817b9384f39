# SPDX-License-Identifier: Apache-2.0
"""A failing scenario becomes small: what does not matter goes, what does is left."""

from dataclasses import replace

import pytest

from mnht_controller.domain.intent import Verb
from sim_hardware.bench.scenario import Scenario, Wish, load_scenario, written
from sim_hardware.bench.shrink import shrunk
from sim_hardware.faults import Fault

PLOT = Scenario(
    faults=tuple(
        Fault(float(40 + n), "source", verb, "", 90.0 if n % 2 else None)
        for n, verb in enumerate(("link_drop", "amp_stuck_full", "reboot", "amp_ignores_off"))
    ),
    wishes=(Wish(50.0, Verb.PAUSE), Wish(70.0, Verb.RESUME)),
    until_s=400.0,
    seed=7,
    confirm_s=5.0,
)


def needs_both(plot: Scenario) -> bool:
    verbs = {fault.verb for fault in plot.faults}
    return {"reboot", "amp_ignores_off"} <= verbs and plot.until_s >= 60.0


def test_only_what_matters_is_left() -> None:
    small = shrunk(PLOT, needs_both)
    assert [fault.verb for fault in small.faults] == ["reboot", "amp_ignores_off"]
    assert (small.wishes, small.confirm_s, small.seed) == ((), 0.0, 7)
    assert 60.0 <= small.until_s < 120.0
    assert all(fault.at_s < 2.1 and fault.until_s is None for fault in small.faults)


def test_wishes_come_sooner() -> None:
    small = shrunk(PLOT, lambda plot: any(wish.verb is Verb.RESUME for wish in plot.wishes))
    assert (small.faults, [wish.verb for wish in small.wishes]) == ((), [Verb.RESUME])
    assert small.wishes[0].at_s < 2.2


def test_the_number_of_tries_is_kept() -> None:
    tries = []

    def fails(plot: Scenario) -> bool:
        tries.append(plot)
        return True

    shrunk(PLOT, fails, tries_max=5)
    assert len(tries) == 6


def test_what_does_not_fail_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fail"):
        shrunk(PLOT, lambda plot: False)


def test_a_scenario_survives_being_written(tmp_path) -> None:
    plot = replace(PLOT, wishes=(Wish(3.0, Verb.LOWER_SETPOINT, 42.5),), skin_c=42.0)
    plot = replace(plot, faults=(*plot.faults, Fault(5.0, "thermometer", "token", r"a\"b\r")))
    path = tmp_path / "plot.toml"
    path.write_text(written(plot, 'what "it" shows'))
    assert load_scenario(path) == replace(plot, file=str(path))
