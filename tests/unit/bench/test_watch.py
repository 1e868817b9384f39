# SPDX-License-Identifier: Apache-2.0
"""The judge that looks on: silent on a good run, and never later than the oracles by much."""

from dataclasses import replace
from typing import Any

import pytest

from mnht_controller.domain.lease import GuardState
from sim_hardware.bench.truth import Edge
from sim_hardware.bench.watch import Refusal, Sight, Watch, first_due
from sim_hardware.faults import Fault
from tests.unit.bench.evidence import PLAN, truth

LIMITS = PLAN.envelope.limits
GOOD = Sight(True, 5.0, GuardState.RUN, 0.0, latched=False, truth=truth(10.0))


def found(*changes: tuple[float, dict[str, Any]], with_commands: bool = True) -> str:
    """What a watch says of a good run with other sights from a time on."""
    watch = Watch(LIMITS, with_commands=with_commands)
    for step in range(100):
        now = 0.05 * step
        sight = replace(GOOD, leased_at=now)
        for since, change in changes:
            sight = replace(sight, **change) if now >= since else sight
        watch.look(now, sight)
    return watch.found[0] if watch.found else ""


def test_a_good_run_is_passed() -> None:
    assert found() == ""


@pytest.mark.parametrize(
    ("change", "oracle"),
    [
        ({"state": GuardState.LATCHED}, "I1"),
        ({"leased_at": 1.0}, "I1"),
        ({"setpoint_ka_per_m": 99.0}, "I4"),
        ({"setpoint_ka_per_m": float("nan")}, "I4"),
        ({"setpoint_ka_per_m": -0.1}, "I4"),
        ({"latched": True}, "I5"),
        ({"truth": truth(10.0, skin_c=LIMITS.skin_c_trip + 0.51)}, "I2"),
        ({"truth": truth(10.0, tumor_c_max=float("nan"))}, "I2"),
    ],
)
def test_what_is_wrong_is_found(change: dict[str, Any], oracle: str) -> None:
    assert found((1.0, change)) == oracle


def test_what_ends_in_time_is_no_violation() -> None:
    gone = {"energized": False}
    assert found((1.0, {"state": GuardState.LATCHED}), (1.3, gone)) == ""
    assert found((1.0, {"latched": True}), (1.9, gone)) == ""


def test_what_latches_when_armed_has_the_lines_lapse_and_no_more() -> None:
    """H16: the line is closed from ARMED on."""
    gone = {"energized": False}
    armed = (1.0, {"state": GuardState.ARMED, **gone})
    latched = (2.0, {"state": GuardState.LATCHED, "energized": True})
    assert found(armed, latched, (2.4, gone)) == ""
    assert found(armed, latched, (2.6, gone)) == "I1"
    assert found((1.0, {"state": GuardState.ARMED})) == "I1"


def test_commands_are_not_judged_where_nobody_gates_them() -> None:
    assert found((1.0, {"setpoint_ka_per_m": 18.0}), with_commands=False) == ""


EDGES = (Edge(10.0, True, 0.05), Edge(30.0, False, 0.05))


def log(*rows: tuple[float, str, str]) -> list[tuple[float, str, Fault]]:
    return [
        (at, edge, Fault(0.0, "thermometer", verb, "1", None if edge == "on" else 1.0))
        for at, edge, verb in rows
    ]


def test_the_fault_whose_time_ends_first_is_judged() -> None:
    rows = log((20.0, "on", "probe_stuck"), (21.0, "on", "probe_off"))
    assert first_due(rows, None, EDGES) == (21.0, 3.0)
    assert first_due(log((5.0, "on", "probe_off")), None, EDGES) == (None, None)
    assert first_due([], None, EDGES) == (None, None)


def test_a_fault_that_ends_need_not_be_answered() -> None:
    fault = Fault(20.0, "thermometer", "probe_off", "1", 21.0)
    rows = [(20.0, "on", fault), (21.0, "off", fault)]
    assert first_due(rows, None, EDGES) == (None, None)


def test_a_deaf_source_counts_from_when_off_is_wanted() -> None:
    rows = log((15.0, "on", "amp_ignores_off"))
    assert first_due(rows, None, EDGES) == (None, None)
    assert first_due(rows, 22.0, EDGES) == (22.0, 0.75)


def test_a_short_refusal_is_forgotten() -> None:
    rows, refusal = log((15.0, "on", "amp_ignores_off")), Refusal()
    for at, refuses in ((16.0, True), (16.1, False), (17.0, True), (17.1, True)):
        refusal.take(at, rows, refuses=refuses)
    assert refusal.at == 17.0
    refusal.take(18.0, rows, refuses=True)
    refusal.take(18.1, rows, refuses=False)
    assert refusal.at == 17.0
