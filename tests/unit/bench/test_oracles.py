# SPDX-License-Identifier: Apache-2.0
"""Every oracle speaks when it must, is silent when it may, and is not fooled by what is missing."""

import math
from dataclasses import replace
from typing import Any

import pytest

from mnht_controller.domain.alarm import Priority
from mnht_controller.domain.lease import GuardState
from mnht_controller.domain.trip import Trip
from sim_hardware.bench.alarms import Raised
from sim_hardware.bench.oracles import ORACLES, Held, violations
from sim_hardware.bench.truth import Edge
from tests.unit.bench.evidence import GOOD, HELD, OFF, ON, SHA, rows, spoken

RUN, LATCHED = GuardState.RUN, GuardState.LATCHED
AFTER = (Edge(ON + 0.05, True, 0.05), Edge(OFF + 0.05, False, 0.05), Edge(17.0, True, 0.05))
OTHER = "f" * 64


def states(*found: tuple[float, GuardState]) -> tuple[Held, ...]:
    return tuple(Held(at, state, SHA) for at, state in found)


def tripped(code: str, at: float = 10.0, where: str = "skin") -> tuple[Trip, ...]:
    return (Trip(code, "H01", where, 44.1, 44.0, at, at),)


def up(code: str, at: float, priority: Priority, where: str = "skin", **ends: float) -> Raised:
    return Raised(1, code, where, priority, at, **ends)


HIGH, MEDIUM, INFO = Priority.HIGH, Priority.MEDIUM, Priority.INFO
HOT, STALE = tripped("skin_trip"), tripped("probe_stale")

SPEAKS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    # An always-feeding guard: its own record says LATCHED, the coil says otherwise.
    ("I1", "guard latched at 10 s, current flows on", {
        "guard": (*HELD[:3], Held(10.0, LATCHED, SHA))}),
    ("I1", "the guard has no record at all", {"guard": ()}),
    ("I1", "armed is not run", {"guard": HELD[:2]}),
    ("I1", "latched when armed, current flows on", {
        "guard": (*HELD[:2], Held(ON, LATCHED, SHA))}),
    ("I1", "armed again without a latch", {
        "guard": (*HELD[:2], Held(ON, GuardState.DISABLED, SHA)),
        "edges": (Edge(ON + 0.1, True, 0.05), Edge(ON + 0.3, False, 0.05)),
        "truth": rows(0)[:5]}),
    ("I1", "RUN long after the last lease", {
        "leased_at": tuple(at for at in GOOD.leased_at if at < 10.0)}),
    ("I1", "a gap of 1 s between leases", {
        "leased_at": tuple(at for at in GOOD.leased_at if not 8.0 < at < 9.0)}),
    ("I1", "no lease was ever recorded", {"leased_at": ()}),
    ("I1", "a short pulse, seen by its edges only", {
        "edges": (*GOOD.edges, Edge(18.2, True, 0.05), Edge(18.4, False, 0.05))}),
    ("I1", "current in a row, without any edge", {
        "edges": (), "truth": rows(18, coil_ka_per_m=1.0)}),
    ("I1", "current that never went", {"edges": GOOD.edges[:1]}),
    ("I2", "probed skin", {"truth": rows(9, skin_c=44.51)}),
    ("I2", "skin between the probes", {"truth": rows(9, skin_surface_c=44.51)}),
    ("I2", "tumor", {"truth": rows(9, tumor_c_max=60.51)}),
    ("I2", "healthy", {"truth": rows(9, healthy_c=45.51)}),
    ("I2", "NaN among good rows", {"truth": rows(9, skin_c=math.nan)}),
    ("I2", "nothing was observed", {"truth": ()}),
    ("I3", "2 s after the fault, 1.3 s allowed", {"fault_at": 13.0, "class_s": 1.3}),
    ("I3", "current that never went, no edge", {
        "edges": (), "fault_at": 10.0, "class_s": 1.0}),
    ("I4", "above the cap", {"truth": rows(9, setpoint_ka_per_m=7.51)}),
    ("I4", "negative", {"truth": rows(9, setpoint_ka_per_m=-0.1)}),
    ("I4", "not a number", {"truth": rows(9, setpoint_ka_per_m=math.nan)}),
    ("I5", "current comes back", {"latched_at": OFF, "edges": AFTER}),
    ("I5", "current comes back after the reset of another", {
        "latched_at": OFF, "reset_at": 18.0, "edges": AFTER}),
    ("I5", "current flows on, though both say RUN", {"latched_at": 10.0}),
    ("I6", "a chain is broken", {"chains_ok": False}),
    ("I7", "a trip without any alarm", {"trips": HOT}),
    ("I7", "shown after 1.1 s", {"trips": HOT, "alarms": (up("skin_trip", 11.1, HIGH),)}),
    ("I7", "the alarm of another code", {"trips": HOT, "alarms": (up("tumor_cap", 10.0, HIGH),)}),
    ("I7", "the alarm of another place", {
        "trips": HOT, "alarms": (up("skin_trip", 10.0, HIGH, "skin2"),)}),
    ("I7", "too low for what may hurt", {
        "trips": HOT, "alarms": (up("skin_trip", 10.0, MEDIUM),)}),
    ("I7", "information only", {
        "trips": STALE, "alarms": (up("probe_stale", 10.0, INFO),)}),
    ("I7", "over before it tripped again", {
        "trips": STALE, "alarms": (up("probe_stale", 5.0, MEDIUM, until=9.0),)}),
    ("I7", "a trip of the guard that nobody is told", {"guard_trips": tripped("line_blocked")}),
    ("I9", "the guard starts in RUN", {"guard": HELD[2:]}),
    ("I9", "the guard starts armed", {"guard": HELD[1:]}),
    ("I9", "from latched to RUN", {"guard": (*HELD, *states((16.0, LATCHED), (17.0, RUN)))}),
    ("I9", "from disabled to RUN", {"guard": (HELD[0], *HELD[2:])}),
    ("I10", "current flows on after STOP", {"stopped_at": (10.0,)}),
    ("I10", "it flows on after the second STOP", {"stopped_at": (2.0, 13.9)}),
    ("I10", "it comes back without a reset", {"stopped_at": (OFF,), "edges": AFTER}),
    ("I10", "a reset from before is none", {"stopped_at": (10.0,), "reset_at": 9.0}),
    ("I11", "nobody confirmed it", {"confirmed_sha256": ()}),
    ("I11", "something else was confirmed", {"confirmed_sha256": (OTHER,)}),
    ("I11", "the controller's plan is another one", {"leased_sha256": (OTHER,)}),
    ("I11", "the envelope changed under way", {
        "guard": (*HELD[:3], Held(9.0, RUN, OTHER), HELD[3])}),
)  # fmt: skip

SILENT: tuple[tuple[str, dict[str, Any]], ...] = (
    ("the good run", {}),
    ("no current at all, no guard", {
        "truth": rows(0)[:5], "edges": (), "guard": (), "leased_at": ()}),
    ("within the enable line's lapse", {
        "guard": (*HELD[:3], Held(OFF - 0.3, LATCHED, SHA)), "latched_at": OFF - 0.3}),
    ("as late as the observer says of himself", {
        "edges": (GOOD.edges[0], Edge(OFF + 0.9, False, 0.9))}),
    ("at the limits", {"truth": rows(9, skin_c=44.5, tumor_c_max=60.5, healthy_c=45.5)}),
    ("at the cap", {"truth": rows(9, setpoint_ka_per_m=7.5)}),
    ("a fault answered in time", {"fault_at": OFF - 1.0, "class_s": 1.3}),
    ("a command on its way when it tripped", {
        "latched_at": ON, "guard": (*HELD[:3], Held(ON + 0.1, LATCHED, SHA)),
        "truth": rows(0)[:5], "edges": (Edge(ON + 0.1, True, 0.05), Edge(ON + 0.4, False, 0.05))}),
    ("STOP is obeyed within a second", {"stopped_at": (OFF - 0.9,)}),
    ("STOP while nothing flows", {"stopped_at": (1.0,), "reset_at": 2.0}),
    ("after a reset", {"latched_at": 2.0, "reset_at": 2.5}),
    ("latched at the first permit, within the line's lapse", {
        "guard": (*HELD[:2], Held(ON, LATCHED, SHA)), "latched_at": ON, "truth": rows(0)[:5],
        "edges": (Edge(ON + 0.1, True, 0.05), Edge(ON + 0.35, False, 0.05))}),
    ("armed twice", {"guard": (*HELD[:2], *HELD[:4])}),
    ("a trip that is an alarm within a second", {
        "trips": HOT, "alarms": (up("skin_trip", 10.9, HIGH),)}),
    ("an alarm that was up already", {
        "trips": STALE, "alarms": (up("probe_stale", 5.0, MEDIUM),)}),
    ("a trip of the guard that the controller has too", {
        "guard_trips": tripped("skin_trip", 10.0, "skin2"),
        "alarms": (up("skin_trip", 9.9, HIGH),)}),
    ("the guard follows the controller", {
        "guard_trips": tripped("controller_trip"),
        "alarms": (up("controller_trip", 10.1, INFO),)}),
    ("STOP by the guard's name for who pressed it", {
        "trips": tripped("operator_stop", 10.0, "nurse"),
        "alarms": (up("operator_stop", 10.0, MEDIUM, "operator"),)}),
    ("a trip in the controller's last second", {"trips": HOT, "ticked_at": (0.0, 10.5)}),
    ("a latch kept from another run", {"trips": HOT, "ticked_at": (10.1, 90.0)}),
    ("a latch survives a restart", {"guard": (*HELD, *states((16.0, LATCHED)))}),
)  # fmt: skip


@pytest.mark.parametrize(("oracle", "why", "changes"), SPEAKS, ids=[row[1] for row in SPEAKS])
def test_it_speaks(oracle: str, why: str, changes: dict[str, Any]) -> None:
    assert oracle in spoken(**changes)


@pytest.mark.parametrize(("why", "changes"), SILENT, ids=[row[0] for row in SILENT])
def test_it_is_silent(why: str, changes: dict[str, Any]) -> None:
    assert violations(replace(GOOD, **changes)) == []


def test_each_oracle_has_its_name_and_a_case() -> None:
    names = [name for name, _ in ORACLES]
    assert names == ["I1", "I2", "I3", "I4", "I5", "I6", "I7", "I9", "I10", "I11"]
    assert {row[0] for row in SPEAKS} == {*names}


def test_a_violation_says_which_and_how_much() -> None:
    (text,) = violations(replace(GOOD, truth=rows(9, skin_surface_c=45.25)))
    assert text == "I2: true skin surface 45.25 C above 44.0 + 0.5 C"


def test_a_long_list_is_cut() -> None:
    assert len(violations(replace(GOOD, guard=()))) <= 3
