# SPDX-License-Identifier: Apache-2.0
"""Each condition of the findings at the probes decides on its own. H03, H04, H10, H13, H15, H43."""

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest

from mnht_controller.domain.probe import Role
from mnht_controller.domain.reading import Quality
from mnht_controller.interlock import probe_findings as probe
from mnht_controller.interlock.findings import Finding
from mnht_controller.interlock.memory import Memory, Since
from mnht_controller.interlock.witness import Witness
from mnht_controller.thermometry.observe import Why
from tests.unit.interlock.scene import observed, seen, witness

Find = Callable[[Witness, Memory], Iterable[Finding]]


def found(find: Find, role: Role, memory: Memory | None = None, **changes: Any) -> bool:
    """Whether a disturbed probe is found, and no other."""
    required = changes.pop("required", True)
    item = seen(role, **changes)
    item = replace(item, probe=replace(item.probe, required=required))
    places = [
        place for place, _, _ in find(witness(observations=observed(item)), memory or Memory())
    ]
    assert places in ([], [role.value])
    return bool(places)


@pytest.mark.parametrize(
    ("find", "role", "limit_c"),
    [
        (probe.skin_trip, Role.SKIN, 44.0),
        (probe.skin_cap, Role.SKIN, 43.5),
        (probe.skin_predicted, Role.SKIN, 43.5),
        (probe.tumor_cap, Role.TUMOR, 60.0),
        (probe.healthy_cap, Role.HEALTHY, 45.0),
    ],
)
def test_a_limit_is_for_its_role_and_for_what_is_known(
    find: Find, role: Role, limit_c: float
) -> None:
    """What is missing is another row's to find, and no role has another's limit."""
    assert found(find, role, c=limit_c + 0.01)
    assert not found(find, role, c=limit_c)
    assert not found(find, role, c=limit_c + 0.01, raw_c=None, predicted_c=None, codes=(Why.RANGE,))
    for other in {*Role} - {role}:
        assert not found(find, other, c=limit_c + 0.01)


def test_only_skin_has_a_dose() -> None:
    assert found(probe.skin_dose, Role.SKIN, cem43_min=40.01)
    assert found(probe.skin_dose, Role.SKIN, cem43_min=math.nan)
    assert not found(probe.skin_dose, Role.SKIN, cem43_min=40.0)
    assert not found(probe.skin_dose, Role.TUMOR, cem43_min=400.0)


@pytest.mark.parametrize("find", [probe.skin_cap, probe.skin_predicted])
def test_a_cut_back_ends_0_2_below_it_began_and_not_while_blind(find: Find) -> None:
    held = Memory(since=(Since("skin_cap", "skin", 0.0), Since("skin_predicted", "skin", 0.0)))
    assert found(find, Role.SKIN, held, c=43.31)
    assert not found(find, Role.SKIN, held, c=43.3)
    assert not found(find, Role.SKIN, c=43.31)
    assert found(find, Role.SKIN, held, codes=(Why.NO_VALUE,), predicted_c=None)
    assert not found(find, Role.SKIN, codes=(Why.NO_VALUE,), predicted_c=None)
    other = Memory(since=(Since("skin_cap", "rim", 0.0), Since("skin_trip", "skin", 0.0)))
    assert not found(find, Role.SKIN, other, c=43.31)


def test_a_slow_thermometer_cuts_back_earlier() -> None:
    for period_s, celsius, is_found in (
        (0.25, 43.49, False),
        (0.5, 43.26, True),
        (0.5, 43.25, False),
    ):
        item = seen(Role.SKIN, c=celsius)
        item = replace(item, probe=replace(item.probe, period_s=period_s))
        moment = witness(observations=observed(item))
        assert bool([*probe.skin_cap(moment, Memory())]) is is_found


@pytest.mark.parametrize(
    ("find", "whys"),
    [
        (probe.probe_range, {Why.RANGE}),
        (probe.probe_implausible, {Why.JUMP, Why.FALLING}),
        (probe.probe_flat, {Why.FLAT}),
        (probe.probe_stale, {Why.STALE, Why.COUNTER_STOPPED}),
        (probe.probe_bad, {*Why}),
    ],
)
def test_only_a_required_probe_is_found_and_only_for_its_reasons(
    find: Find, whys: set[Why]
) -> None:
    for why in Why:
        assert found(find, Role.TUMOR, codes=(why,)) is (why in whys), why
        assert not found(find, Role.TUMOR, codes=(why,), required=False), why
    assert not found(find, Role.TUMOR)


@pytest.mark.parametrize(
    ("quality", "celsius", "is_bad"),
    [
        (Quality.GOOD, 50.0, False),
        (Quality.SUSPECT, 50.0, False),
        (Quality.BAD, 50.0, True),
        (Quality.STALE, 50.0, True),
        (Quality.GOOD, None, True),
        (Quality.GOOD, math.nan, True),
        (Quality.GOOD, math.inf, True),
    ],
)
def test_what_a_usable_value_is(quality: Quality, celsius: float | None, is_bad: bool) -> None:
    item = seen(Role.TUMOR)
    item = replace(item, reading=replace(item.reading, value=celsius, quality=quality))
    moment = witness(observations=observed(item))
    assert bool([*probe.probe_bad(moment, Memory())]) is is_bad


def test_silence_is_a_quality_too_but_for_a_flat_line() -> None:
    assert found(probe.probe_stale, Role.TUMOR, quality=Quality.STALE)
    assert not found(probe.probe_stale, Role.TUMOR, quality=Quality.STALE, codes=(Why.FLAT,))
    assert found(probe.probe_stale, Role.TUMOR, codes=(Why.FLAT, Why.STALE))
    short = witness(observations=observed()[:2])
    assert [place for place, _, _ in probe.probe_stale(short, Memory())] == ["probes"]


def test_a_rise_is_found_by_its_mark_alone() -> None:
    assert found(probe.rate_of_rise, Role.HEALTHY, rising_too_fast=True)
    assert not found(probe.rate_of_rise, Role.HEALTHY, fast_rate_c_per_s=9.0)
