# SPDX-License-Identifier: Apache-2.0
"""Each fault of the first list once on real processes: the right trip, field gone, no return.

States and their order only; `./run perf loop` and the virtual-time runs judge times.
"""

import os
import signal
import time
from pathlib import Path

import pytest

from mnht_controller.app.build import plan_for
from mnht_controller.app.shipped import config_dir
from mnht_controller.domain.intent import Verb
from mnht_controller.settings.load import load_site
from sim_hardware.bench.scenario import Scenario, load_scenario
from sim_hardware.bench.verdict import judge
from sim_hardware.bench.warm import WAIT_S, Warm, until
from tests.system.live_demo import HEATING, SPEED

pytestmark = pytest.mark.real
SCENARIOS = config_dir() / "scenarios"
QUIET_S = 0.5
"""How long it is watched that no current returns."""

EXPECTED = (
    ("probe_off", {"probe_implausible"}),
    ("probe_stuck", {"probe_flat"}),
    ("probe_dropped", {"probe_stale"}),
    ("no_probe_token", {"probe_bad"}),
    ("stream_stall", {"probe_stale"}),
    ("amp_ignores_off", {"off_not_obeyed", "readback_high"}),  # whichever debounce ends first
    ("amp_stuck_full", {"field_cap", "readback_high"}),
    ("link_drop_source", {"source_lost", "uncertain"}),
    ("link_drop_thermometer", {"probe_stale"}),
    ("controller_killed", {"peer_lost"}),
)


def begin(stack: Warm, scenario: Scenario) -> float:
    """Start the scenario's fault, and what the operator does meanwhile; gives when."""
    (fault,) = scenario.faults
    if fault.verb == "controller_killed":
        at = time.monotonic()
        os.kill(stack.live.pid("controller"), signal.SIGKILL)
        return at
    at = stack.live.fault(fault.device, fault.verb, fault.argument)
    for wish in scenario.wishes:
        stack.operator.call("POST", f"session/{Verb(wish.verb).value}")
    return at


@pytest.mark.parametrize(("name", "codes"), EXPECTED)
def test_a_fault_ends_the_field_and_it_stays_away(
    name: str, codes: set[str], tmp_path: Path
) -> None:
    """H01, H03, H04, H10, H16, H17, H20, H26 on ptys and sockets."""
    scenario = load_scenario(SCENARIOS / f"{name}.toml")
    began = time.monotonic()
    with Warm(tmp_path, SPEED) as stack:
        stack.treat(*HEATING)
        at = begin(stack, scenario)
        assert stack.seen.wait(lambda: stack.seen.off_after(at), WAIT_S), "current flows on"
        if name == "controller_killed":
            assert stack.seen.wait(lambda: not stack.live.is_up(), WAIT_S), "serve stays up"
        else:
            assert stack.operator.wait_for({"tripped"}, WAIT_S) == "tripped"
            until(lambda: stack.guard_state() == "latched", WAIT_S, "guard latched")
            alarms = [item["code"] for item in stack.operator.call("GET", "alarms")["items"]]
            assert codes & {*alarms}, alarms
        time.sleep(QUIET_S)
        ended = time.monotonic()
        code = stack.close()
        verdict = judge(
            stack.live, plan_for(load_site(stack.site, speed=SPEED)), 1, ended - began, ended
        )
    assert verdict["outcome"] == "tripped"
    assert verdict["first_out"] in codes
    assert verdict["oracle_violations"] == []
    assert not stack.seen.is_energized
    assert stack.seen.truth[-1].coil_ka_per_m == 0.0
    assert code == (1 if name == "controller_killed" else 0)
