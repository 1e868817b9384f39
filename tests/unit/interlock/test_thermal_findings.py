# SPDX-License-Identifier: Apache-2.0
"""H05, H06, H18: courses of temperature that leave one answer, each from both sides."""

import math
from dataclasses import replace
from typing import Any

import pytest

from mnht_controller.domain.probe import Role
from mnht_controller.interlock import thermal_findings as thermal
from mnht_controller.interlock.heat import Heat, Warmth
from mnht_controller.interlock.memory import Memory
from mnht_controller.thermometry.observe import Observation, Why
from tests.unit.interlock.scene import observed, seen, witness

ROLES = (Role.SKIN, Role.TUMOR, Role.HEALTHY)
QUIET = Warmth(0.0, mean_c=40.0)


def off(role: Role, warmth: Warmth, **changes: Any) -> Memory:
    """The field has been off for 10 s; this is what is remembered of one probe."""
    probes = tuple(warmth if one is role else QUIET for one in ROLES)
    return Memory(heat=replace(Heat(0.0, probes, energy=9.0, off_s=10.0), **changes))


def warm_when_off(memory: Memory) -> list[str]:
    return [place for place, _, _ in thermal.heat_when_off(witness(), memory)]


# ---- heat without a field ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "low_c", "rise_c"),
    [
        (Role.TUMOR, 50.0, 0.151),
        (Role.SKIN, 42.0, 0.301),
        (Role.TUMOR, 38.0, 0.501),
        (Role.SKIN, 38.5, 0.501),
    ],
)
def test_what_nothing_heats_does_not_warm(role: Role, low_c: float, rise_c: float) -> None:
    """Cool tissue may warm by itself, heated tissue by its noise and its neighbors only."""
    for celsius, found in ((low_c + rise_c, [role.value]), (low_c + rise_c - 0.01, [])):
        warmth = Warmth(0.0, mean_c=celsius, low_c=low_c)
        assert warm_when_off(off(role, warmth)) == found
        assert warm_when_off(off(role, warmth, off_s=0.0)) == []
        assert warm_when_off(off(role, replace(warmth, low_c=None))) == []
        assert warm_when_off(off(role, replace(warmth, mean_c=None))) == []


def test_healthy_tissue_has_no_limit_of_its_own() -> None:
    assert warm_when_off(off(Role.HEALTHY, Warmth(0.0, mean_c=44.0, low_c=39.0))) == []


def test_without_memory_nothing_is_known() -> None:
    assert warm_when_off(Memory()) == []
    assert [*thermal.no_heat(witness(), Memory())] == []


STEADY = Warmth(0.0, mean_c=50.0, rest_c=40.0, high_c=50.0, gain=0.5, off_c=50.0)
"""A tumor that was steady at 50 °C when the field went off, and is still there."""


def test_a_steady_tumor_must_cool() -> None:
    assert warm_when_off(off(Role.TUMOR, STEADY, off_u=0.2)) == ["tumor"]
    cooled = replace(STEADY, mean_c=49.82)  # 0.25 · 0.5 · 0.2 · 7 s
    assert warm_when_off(off(Role.TUMOR, cooled, off_u=0.2)) == []


@pytest.mark.parametrize(
    ("warmth", "heat"),
    [
        ({"off_c": None}, {}),
        ({"gain": None}, {}),
        ({}, {"off_u": None}),
        ({}, {"off_s": 33.1}),
        ({}, {"off_u": 0.01}),
    ],
    ids=["not steady", "no gain", "no steady power", "too long ago", "too little to see"],
)
def test_a_tumor_of_which_too_little_is_known(warmth: dict[str, Any], heat: dict[str, Any]) -> None:
    memory = off(Role.TUMOR, replace(STEADY, **warmth), **{"off_u": 0.2, **heat})
    assert warm_when_off(memory) == []


def test_only_a_tumor_must_cool() -> None:
    """Perfused tissue around it is warmed by it for long."""
    assert warm_when_off(off(Role.SKIN, STEADY, off_u=0.2)) == []


def test_a_tumor_probe_outside_the_deposit_may_warm_by_conduction() -> None:
    other = replace(seen(Role.TUMOR), probe=replace(seen(Role.TUMOR).probe, id="edge"))
    warm = Warmth(0.0, mean_c=45.0, rest_c=40.0, high_c=45.0, low_c=44.0)
    for high_c, found in ((50.0, ["edge"]), (50.1, [])):
        deposit = Warmth(0.0, mean_c=40.0, rest_c=40.0, high_c=high_c)
        heat = Heat(0.0, (QUIET, deposit, QUIET, warm), energy=9.0, off_s=10.0)
        moment = witness(observations=(*observed(), other))
        names = [place for place, _, _ in thermal.heat_when_off(moment, Memory(heat=heat))]
        assert names == found


def test_skin_is_judged_however_little_it_has_risen_beside_a_deposit() -> None:
    warm = Warmth(0.0, mean_c=42.4, low_c=42.0)
    deposit = Warmth(0.0, mean_c=40.0, rest_c=40.0, high_c=50.0)
    memory = Memory(heat=Heat(0.0, (warm, deposit, QUIET), energy=9.0, off_s=10.0))
    assert warm_when_off(memory) == ["skin"]


# ---- a field without heat ----------------------------------------------------------------------


COLD = Warmth(0.0, mean_c=37.0, rest_c=37.0, high_c=37.1)


def test_a_tumor_that_does_not_warm_is_found_once_it_is_due() -> None:
    def found(warmth: Warmth, energy: float = 60.0) -> bool:
        heat = off(Role.TUMOR, warmth, energy=energy)
        return bool([*thermal.no_heat(witness(), heat)])

    assert found(COLD)
    assert not found(COLD, energy=0.0)
    assert not found(COLD, energy=20.0)
    assert not found(replace(COLD, high_c=37.5))
    assert not found(replace(COLD, rest_c=None, high_c=None))
    assert not found(replace(COLD, rest_c=38.6, high_c=38.6))
    assert found(replace(COLD, rest_c=38.5, high_c=38.5))


# ---- several probes ----------------------------------------------------------------------------


def rested(skin: float = 34.0, tumor: float = 36.4, healthy: float = 36.2) -> list[Observation]:
    """Nothing is heated yet."""
    named = zip(ROLES, (skin, tumor, healthy), strict=True)
    return [seen(role, c=celsius) for role, celsius in named]


def baseline(items: list[Observation]) -> set[str]:
    return {place for place, _, _ in thermal.baseline_faults(tuple(items))}


def test_no_skin_is_warmer_than_what_lies_inside() -> None:
    assert baseline(rested()) == set()
    assert baseline(rested(skin=37.3)) == {"skin, healthy"}
    assert baseline(rested(skin=37.5)) == {"skin, tumor", "skin, healthy"}
    blind = [seen(Role.SKIN, codes=(Why.STALE,)), *rested()[1:]]
    assert baseline(blind) == set()


@pytest.mark.parametrize("role", [Role.TUMOR, Role.HEALTHY])
def test_probes_inside_agree_before_anything_is_heated(role: Role) -> None:
    for celsius, names in ((37.3, set()), (37.5, {f"{role.value}, other"})):
        first = seen(role, c=36.4)
        other = replace(seen(role, c=celsius), probe=replace(first.probe, id="other"))
        assert baseline([first, other]) == names


@pytest.mark.parametrize("slope", [0.021, -0.021, math.nan])
def test_while_a_probe_changes_nothing_is_compared(slope: float) -> None:
    changing = [replace(item, rate_c_per_s=slope) for item in rested(skin=37.5)]
    assert baseline(changing) == set()
    unknown = [replace(item, rate_c_per_s=None) for item in rested(skin=37.5)]
    assert len(baseline(unknown)) == 2
    steady = [replace(item, rate_c_per_s=0.02) for item in rested(skin=37.5)]
    assert len(baseline(steady)) == 2


def test_warm_tissue_has_been_heated_and_excuses_the_rest() -> None:
    assert baseline(rested(skin=37.5, tumor=37.9)) == set()
    assert baseline(rested(skin=37.5, tumor=37.8)) == {"skin, healthy"}


def placed(celsius: float, zone: str | None, **changes: Any) -> Observation:
    item = seen(Role.SKIN, c=celsius, **changes)
    return replace(item, probe=replace(item.probe, id=f"{zone} {celsius}", zone=zone))


@pytest.mark.parametrize(
    ("items", "count"),
    [
        ([placed(42.0, "rim"), placed(43.01, "rim")], 1),
        ([placed(42.0, "rim"), placed(42.99, "rim")], 0),
        ([placed(42.0, "rim"), placed(44.0, "core")], 0),
        ([placed(42.0, None), placed(44.0, None)], 0),
        ([placed(42.0, "rim"), placed(44.0, "rim", codes=(Why.STALE,))], 0),
        ([placed(42.0, "rim"), placed(44.0, "rim"), placed(40.0, "rim")], 3),
    ],
)
def test_probes_of_one_place_agree(items: list[Observation], count: int) -> None:
    moment = witness(observations=tuple(items))
    assert len([*thermal.zone_disagrees(moment, Memory())]) == count


@pytest.mark.parametrize(
    ("role", "slope", "is_found"),
    [
        (Role.SKIN, -0.2, True),
        (Role.SKIN, -0.1, False),
        (Role.SKIN, math.nan, True),
        (Role.SKIN, None, False),
        (Role.TUMOR, -0.2, False),
    ],
)
def test_only_skin_that_sinks_is_losing_its_contact(
    role: Role, slope: float | None, is_found: bool
) -> None:
    moment = witness(observations=observed(seen(role, rate_c_per_s=slope)))
    assert bool([*thermal.skin_falls(moment, Memory())]) is is_found
