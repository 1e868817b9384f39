# SPDX-License-Identifier: Apache-2.0
"""The backstop holds on its own: with the rule table emptied the guard still latches (H62)."""

import ast
import math
from dataclasses import replace
from pathlib import Path

import pytest

from mnht_controller.domain.lease import GuardState, Lease
from mnht_controller.domain.probe import Role
from mnht_controller.guard import backstop, judge
from mnht_controller.interlock.rules import RULES
from tests.plans import ENVELOPE, PROBES
from tests.unit.guard.desk import Desk
from tests.unit.interlock.scene import CELSIUS, NOW, lease, source

PATH = Path(backstop.__file__)


def why(message: Lease, hot_s: float = 0.0, field_s: float = 0.0) -> str:
    return backstop.why_stop(ENVELOPE, message, NOW, hot_s, field_s)


def skin(celsius: float | None, **changes: float) -> Lease:
    quiet = lease(1, NOW, **changes)
    return replace(quiet, probes=(replace(quiet.probes[0], value=celsius), *quiet.probes[1:]))


@pytest.mark.parametrize("broken", ["all", *[row.code for row in RULES if "H13" in row.hazards]])
def test_a_bug_in_the_rules_does_not_save_a_hot_skin(
    broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """H62: a row is gone, or all of them are."""
    left = () if broken == "all" else tuple(row for row in RULES if row.code != broken)
    monkeypatch.setattr(judge, "RULES", left)
    desk = Desk(skin_c=43.44).heat()
    desk.run(0.5, c={**CELSIUS, Role.SKIN: 44.08}, permit_ka_per_m=5.0)
    first = "backstop_skin" if broken in {"all", "skin_trip"} else "skin_trip"
    assert desk.trips[0] == first
    assert desk.state is GuardState.LATCHED
    assert desk.tick() == b""


@pytest.mark.shows("two_processes")
def test_without_rules_the_other_three_hold_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge, "RULES", ())
    desk = Desk().heat()
    frozen = desk.guard.lease
    assert frozen is not None
    desk.run(2.0, lambda seq, now: lease(seq, now, permit_ka_per_m=5.0, probes=frozen.probes))
    assert desk.trips == ["backstop_stale"]
    desk = Desk().heat()
    strong = source(desk.now, measured_ka_per_m=18.0)
    desk.run(0.1, lambda seq, now: lease(seq, now, permit_ka_per_m=5.0, source=strong))
    assert desk.trips == ["backstop_field"]
    desk = Desk().heat()
    desk.guard = replace(desk.guard, field_s=6000.0)
    desk.run(0.2, permit_ka_per_m=5.0)
    assert desk.trips == ["backstop_time"]


def test_it_is_asked_at_each_lease_and_before_each_byte() -> None:
    """Either alone is enough."""
    desk = Desk().heat()
    desk.guard = replace(desk.guard, field_s=6001.0)
    assert desk.tick() == b""
    assert desk.trips == ["backstop_time"]
    desk = Desk().heat()
    desk.guard = replace(desk.guard, field_s=6001.0)
    desk.renew(permit_ka_per_m=5.0)
    assert desk.trips == ["backstop_time"]


@pytest.mark.parametrize(
    ("celsius", "stops"),
    [
        (math.nextafter(44.0, 0.0), False),
        (44.0, True),
        (60.0, True),
        (60.1, False),
        (math.nan, True),
        (None, False),
    ],
)
def test_skin(celsius: float | None, stops: bool) -> None:
    assert backstop.is_hot(ENVELOPE, skin(celsius)) is stops


@pytest.mark.parametrize(
    ("hot_s", "stops"), [(0.0, False), (0.299, False), (0.3, True), (9.0, True), (math.nan, True)]
)
def test_hot_for_a_while(hot_s: float, stops: bool) -> None:
    assert (why(lease(1, NOW), hot_s=hot_s) == "backstop_skin") is stops


def test_a_spike_is_left_to_the_rules() -> None:
    """H08: one impossible sample is no burn."""
    desk = Desk().heat()
    desk.run(0.1, c={**CELSIUS, Role.SKIN: 55.0}, permit_ka_per_m=5.0)
    desk.run(1.0, permit_ka_per_m=5.0)
    assert desk.trips == []


@pytest.mark.parametrize(
    ("period_s", "limit_s"), [(0.1, 0.8), (0.32, 0.8), (0.5, 1.25), (1.0, 2.5), (5.0, 2.5)]
)
def test_stale(period_s: float, limit_s: float) -> None:
    probes = tuple(replace(probe, period_s=period_s) for probe in PROBES)
    envelope = replace(ENVELOPE, probes=probes)
    limit_s += 0.1  # so that the rules, which name the cause better, come first
    for age_s, stops in ((limit_s - 0.001, False), (limit_s + 0.001, True), (math.nan, True)):
        found = backstop.why_stop(envelope, lease(1, NOW), NOW + age_s, 0.0, 0.0)
        assert (found == "backstop_stale") is stops, age_s


@pytest.mark.parametrize(
    ("permit", "measured", "frequency", "stops"),
    [
        (7.5, 7.9, 1e5, False),
        (7.5, 8.0, 1e5, True),
        (8.0, 0.0, 1e5, True),
        (7.0, 7.0, 115_000.0, True),
        (5.0, None, None, False),
        (math.nan, 0.0, 1e5, True),
        (5.0, math.nan, 1e5, True),
    ],
)
def test_field(permit: float, measured: float | None, frequency: float | None, stops: bool) -> None:
    message = replace(
        lease(1, NOW),
        permit_ka_per_m=permit,
        source=source(NOW, measured_ka_per_m=measured, frequency_hz=frequency),
    )
    assert (why(message) == "backstop_field") is stops


@pytest.mark.parametrize(("field_s", "stops"), [(6000.0, False), (6000.1, True), (math.nan, True)])
def test_time(field_s: float, stops: bool) -> None:
    assert (why(lease(1, NOW), field_s=field_s) == "backstop_time") is stops


def test_time_counts_leases_with_a_permit() -> None:
    first, second = lease(1, NOW, permit_ka_per_m=5.0), lease(2, NOW + 0.1)
    assert backstop.on_s(None, first, 1.0) == 0.0
    assert backstop.on_s(first, second, 20.0) == pytest.approx(2.0)
    assert backstop.on_s(second, first, 1.0) == 0.0
    assert backstop.on_s(replace(second, permit_ka_per_m=None), first, 1.0) == 0.0


def test_it_is_short_and_shares_no_rule_code() -> None:
    source_text = PATH.read_text()
    assert len(source_text.splitlines()) <= 40
    imported = {
        node.module or ""
        for node in ast.walk(ast.parse(source_text))
        if isinstance(node, ast.ImportFrom)
    }
    assert imported == {
        "mnht_controller.domain.lease",
        "mnht_controller.domain.prescription",
        "mnht_controller.domain.probe",
    }
