# SPDX-License-Identifier: Apache-2.0
"""Findings in the course of temperatures, at the last float of each limit. H01, H02, H05, H06, H18.

Memory is written by hand, so that a finding is asked and nothing else.
"""

import math
from dataclasses import replace
from typing import Any

import pytest

from mnht_controller.domain.probe import Probe, Role
from mnht_controller.interlock import thermal_findings as thermal
from mnht_controller.interlock.findings import Finding
from mnht_controller.interlock.heat import Heat, Warmth, noise_c
from mnht_controller.interlock.memory import Memory
from mnht_controller.thermometry import rate
from mnht_controller.thermometry.observe import Observation, Why
from mnht_controller.thermometry.plausibility import sigma_c
from mnht_controller.thermometry.prediction import prediction_s
from tests.plans import ENVELOPE, PROBES
from tests.unit.interlock.scene import observed, seen, witness

SKIN, TUMOR, HEALTHY = PROBES
NONE_SEEN = Warmth(0.0)


def down(value: float) -> float:
    return math.nextafter(value, -math.inf)


def up(value: float) -> float:
    return math.nextafter(value, math.inf)


def exact(probe: Probe) -> Probe:
    """Without noise, so that a limit is the number it says."""
    return replace(probe, noise_c=0.0, resolution_c=0.0)


def off_with(*warmths: tuple[Probe, Warmth], **changes: Any) -> list[Finding]:
    """What `heat_when_off` finds with these probes' memory; the field is off for 20 s."""
    items = tuple(replace(seen(probe.role), probe=probe) for probe, _ in warmths)
    memory = Memory(heat=replace(Heat(0.0, tuple(w for _, w in warmths), off_s=20.0), **changes))
    return list(thermal.heat_when_off(witness(observations=items), memory))


# ---- heat when off -----------------------------------------------------------------------------


def test_nothing_is_asked_without_memory_or_with_the_field_on() -> None:
    warm = (exact(TUMOR), Warmth(0.0, mean_c=60.0, low_c=50.0))
    assert off_with(warm)
    assert off_with(warm, off_s=5e-324)
    assert off_with(warm, off_s=0.0) == []
    assert list(thermal.heat_when_off(witness(), Memory())) == []


@pytest.mark.parametrize(
    ("probe", "low_c", "rise_c"),
    [
        (TUMOR, 38.5, 0.5),
        (TUMOR, 40.0, 0.15),
        (TUMOR, 38.6, 0.15),
        (SKIN, 38.5, 0.5),
        (SKIN, 40.0, 0.3),
    ],
)
def test_a_rise_over_the_lowest_mean(probe: Probe, low_c: float, rise_c: float) -> None:
    """H18: heated tissue, and tissue at or below 38.5 °C that may warm by itself."""
    limit_c = low_c + rise_c
    for mean_c, is_found in ((limit_c, False), (up(limit_c), True), (math.nan, True)):
        found = off_with((exact(probe), Warmth(0.0, mean_c=mean_c, low_c=low_c)))
        assert bool(found) is is_found, mean_c
    (found_one,) = off_with((exact(probe), Warmth(0.0, mean_c=limit_c + 1.0, low_c=low_c)))
    assert found_one == (probe.id, limit_c + 1.0, limit_c)


def test_healthy_tissue_has_no_limit_of_its_own() -> None:
    """The largest limit: it is heated by what flows to it."""
    assert off_with((exact(HEALTHY), Warmth(0.0, mean_c=1e9, low_c=40.0))) == []


def test_noise_widens_the_rise() -> None:
    noisy = replace(TUMOR, noise_c=0.5)
    limit_c = 40.0 + noise_c(noisy, 1.0, 6.0)
    assert limit_c > 40.5
    assert off_with((noisy, Warmth(0.0, mean_c=limit_c, low_c=40.0))) == []
    assert off_with((noisy, Warmth(0.0, mean_c=up(limit_c), low_c=40.0)))


def test_a_probe_without_a_mean_or_a_lowest_one_says_nothing() -> None:
    assert off_with((exact(TUMOR), Warmth(0.0, low_c=40.0))) == []
    assert off_with((exact(TUMOR), Warmth(0.0, mean_c=60.0))) == []


def test_a_tumor_probe_beside_the_deposit_is_not_judged() -> None:
    """It has warmed by less than half of the hottest one, and waits for heat to come."""
    hot = Warmth(0.0, mean_c=46.0, low_c=46.0, rest_c=36.0, high_c=46.0)
    first, second = exact(TUMOR), replace(exact(TUMOR), id="beside")
    for high_c, is_judged in ((41.0, True), (down(41.0), False)):
        beside = Warmth(0.0, mean_c=41.0, low_c=39.0, rest_c=36.0, high_c=high_c)
        found = off_with((first, hot), (second, beside))
        assert [where for where, _, _ in found] == (["beside"] if is_judged else [])


def test_skin_is_judged_however_little_it_has_warmed() -> None:
    hot = Warmth(0.0, mean_c=46.0, low_c=46.0, rest_c=36.0, high_c=46.0)
    cool = Warmth(0.0, mean_c=41.0, low_c=40.0, rest_c=40.0, high_c=40.0)
    found = off_with((exact(TUMOR), hot), (exact(SKIN), cool))
    assert [where for where, _, _ in found] == ["skin"]


STEADY = Warmth(0.0, mean_c=50.0, gain=1.0, off_c=50.0, rest_c=36.0, high_c=50.0)
"""Loses 1 °C/s per unit u when the field goes off."""


@pytest.mark.parametrize("off_u", [0.5, 1.0])
def test_a_steady_tumor_must_lose_a_quarter_of_its_first_rise(off_u: float) -> None:
    """H18: from its lag and two bins after the field went off."""
    limit_c = 50.0 - 0.25 * off_u * 10.0
    for mean_c, is_found in ((limit_c, False), (up(limit_c), True)):
        found = off_with((exact(TUMOR), replace(STEADY, mean_c=mean_c)), off_u=off_u, off_s=13.0)
        assert bool(found) is is_found
    found = off_with((exact(TUMOR), STEADY), off_u=off_u, off_s=13.0)
    assert found == [("tumor", 50.0, limit_c)]
    late = replace(exact(TUMOR), lag_s=3.0)
    assert off_with((late, STEADY), off_u=1.0, off_s=13.0) == [("tumor", 50.0, 48.0)]


@pytest.mark.parametrize(
    "changes", [{"gain": None}, {"off_c": None}, {"mean_c": None}], ids=lambda c: next(iter(c))
)
def test_what_is_not_known_of_a_steady_tumor_accuses_nobody(changes: dict[str, Any]) -> None:
    assert off_with((exact(TUMOR), replace(STEADY, **changes)), off_u=1.0) == []


def test_only_a_tumor_that_was_steady_must_cool() -> None:
    assert off_with((exact(TUMOR), STEADY), off_u=1.0)
    assert off_with((exact(TUMOR), STEADY), off_u=None) == []
    for other in (SKIN, HEALTHY):
        assert off_with((exact(other), STEADY), off_u=1.0) == []


def test_after_thirty_seconds_its_course_is_bent() -> None:
    for off_s, is_judged in ((33.0, True), (up(33.0), False), (60.0, False)):
        assert bool(off_with((exact(TUMOR), STEADY), off_u=1.0, off_s=off_s)) is is_judged, off_s


def test_noise_may_hide_that_it_does_not_cool() -> None:
    limit_c = noise_c(TUMOR, 1.0, 5.0)
    for factor, is_judged in ((1.0 + 1e-9, True), (1.0 - 1e-9, False)):
        gain = factor * limit_c / (0.25 * 10.0)
        steady = replace(STEADY, gain=gain)
        assert bool(off_with((TUMOR, steady), off_u=1.0, off_s=13.0)) is is_judged


def test_without_noise_it_is_judged_from_its_lag_on() -> None:
    for off_s, limit_c in ((3.0, 50.0), (4.0, 49.75)):
        hot = replace(STEADY, mean_c=51.0)
        assert off_with((exact(TUMOR), hot), off_u=1.0, off_s=off_s) == [("tumor", 51.0, limit_c)]


def test_memory_of_fewer_probes_is_judged_as_far_as_it_goes() -> None:
    warm = Warmth(0.0, mean_c=60.0, low_c=40.0)
    memory = Memory(heat=Heat(0.0, (warm,), off_s=20.0))
    assert [where for where, _, _ in thermal.heat_when_off(witness(), memory)] == ["skin"]
    items = (replace(seen(Role.TUMOR), probe=TUMOR), seen(Role.SKIN))
    memory = Memory(heat=Heat(0.0, (UNMOVED,), energy=1e6))
    found = thermal.no_heat(witness(observations=items), memory)
    assert [where for where, _, _ in found] == ["tumor"]


def test_the_lower_of_both_limits_counts() -> None:
    both = replace(STEADY, low_c=44.0, mean_c=47.0)
    assert off_with((exact(TUMOR), both), off_u=1.0, off_s=13.0) == [("tumor", 47.0, 44.15)]
    both = replace(STEADY, low_c=49.9, mean_c=49.9)
    assert off_with((exact(TUMOR), both), off_u=1.0, off_s=13.0) == [("tumor", 49.9, 47.5)]


def test_treatment_time_that_runs_fast_leaves_fewer_samples() -> None:
    """The same noise counts for more."""
    items = (replace(seen(Role.TUMOR), probe=TUMOR),)
    fast = witness(observations=items, envelope=replace(ENVELOPE, speed=10.0))
    limit_c = 40.0 + noise_c(TUMOR, 10.0, 6.0)
    assert noise_c(TUMOR, 10.0, 6.0) > 0.4 > 0.15 > noise_c(TUMOR, 1.0, 6.0)
    for mean_c, is_found in ((limit_c, False), (up(limit_c), True)):
        warmth = Warmth(0.0, mean_c=mean_c, low_c=40.0)
        memory = Memory(heat=Heat(0.0, (warmth,), off_s=20.0))
        assert bool(list(thermal.heat_when_off(fast, memory))) is is_found


# ---- no heat -----------------------------------------------------------------------------------


def cold(*warmths: tuple[Probe, Warmth], energy: float = 1e6) -> list[Finding]:
    items = tuple(replace(seen(probe.role), probe=probe) for probe, _ in warmths)
    memory = Memory(heat=Heat(0.0, tuple(w for _, w in warmths), energy=energy))
    return list(thermal.no_heat(witness(observations=items), memory))


LIMIT_C = noise_c(TUMOR, 1.0, 5.0)
UNMOVED = Warmth(0.0, rest_c=36.0, high_c=36.0)


def test_a_tumor_that_has_not_warmed_beyond_its_noise() -> None:
    """H06."""
    zero = replace(UNMOVED, rest_c=0.0)
    for high_c, is_found in ((0.0, True), (LIMIT_C, True), (up(LIMIT_C), False), (-1.0, True)):
        assert bool(cold((TUMOR, replace(zero, high_c=high_c)))) is is_found, high_c
    assert cold((TUMOR, UNMOVED)) == [("tumor", 0.0, LIMIT_C)]


def test_it_is_due_when_the_least_gain_would_have_shown() -> None:
    """At 0.003 °C/s per unit u."""
    due = LIMIT_C / 0.003
    for energy, is_due in ((due * (1.0 - 1e-9), False), (due * (1.0 + 1e-9), True)):
        assert bool(cold((TUMOR, UNMOVED), energy=energy)) is is_due
    assert cold((exact(TUMOR), UNMOVED), energy=5e-324)
    assert cold((exact(TUMOR), UNMOVED), energy=0.0) == []
    assert cold((TUMOR, UNMOVED), energy=math.nan) == []


@pytest.mark.parametrize(
    ("rest_c", "is_judged"), [(38.5, True), (up(38.5), False), (None, False), (math.nan, False)]
)
def test_only_cool_tissue_must_warm(rest_c: float | None, is_judged: bool) -> None:
    assert bool(cold((TUMOR, Warmth(0.0, rest_c=rest_c, high_c=rest_c)))) is is_judged


def test_one_tumor_probe_that_has_warmed_ends_it() -> None:
    other = replace(TUMOR, id="other")
    warm = replace(UNMOVED, high_c=37.0)
    assert [where for where, _, _ in cold((TUMOR, UNMOVED), (other, UNMOVED))] == ["tumor", "other"]
    assert cold((TUMOR, UNMOVED), (other, warm)) == []
    assert cold((TUMOR, warm), (other, UNMOVED)) == []


def test_a_tumor_probe_that_never_read_excuses_no_other() -> None:
    other = replace(TUMOR, id="other")
    assert [where for where, _, _ in cold((TUMOR, Warmth(0.0)), (other, UNMOVED))] == ["other"]
    assert cold((TUMOR, Warmth(0.0))) == []


def test_skin_and_healthy_tissue_need_not_warm() -> None:
    assert cold((SKIN, UNMOVED), (HEALTHY, UNMOVED)) == []
    assert list(thermal.no_heat(witness(), Memory())) == []


# ---- falling skin ------------------------------------------------------------------------------


def slope_limit(probe: Probe, speed: float = 1.0) -> float:
    sigma, spacing_s = sigma_c(probe), probe.period_s * speed
    window_s = rate.window_s(sigma, spacing_s, prediction_s(probe))
    return 0.12 + 5.0 * rate.sigma_c_per_s(sigma, spacing_s, window_s)


@pytest.mark.parametrize("speed", [1.0, 10.0])
def test_skin_may_sink_as_fast_as_skin_does(speed: float) -> None:
    """H01: beyond its limit it comes off."""
    limit = slope_limit(SKIN, speed)
    envelope = replace(ENVELOPE, speed=speed)

    def found(slope: float | None, role: Role = Role.SKIN) -> list[Finding]:
        moment = witness(envelope=envelope, observations=observed(seen(role, rate_c_per_s=slope)))
        return list(thermal.skin_falls(moment, Memory()))

    for slope in (-limit, down(limit), 0.0, 9.0, None):
        assert found(slope) == [], slope
    assert found(down(-limit)) == [("skin", down(-limit), -limit)]
    assert [where for where, _, _ in found(math.nan)] == ["skin"]
    assert found(-9.0, Role.TUMOR) == found(-9.0, Role.HEALTHY) == []


def test_exact_skin_may_sink_by_twelve_hundredths() -> None:
    item = seen(Role.SKIN, rate_c_per_s=-0.12)
    item = replace(item, probe=exact(item.probe))
    assert list(thermal.skin_falls(witness(observations=observed(item)), Memory())) == []
    item = replace(item, rate_c_per_s=down(-0.12))
    assert list(thermal.skin_falls(witness(observations=observed(item)), Memory()))


# ---- probes together ---------------------------------------------------------------------------


def placed(name: str, role: Role, celsius: float | None, zone: str | None = None) -> Observation:
    """A probe at rest that reads so much."""
    item = seen(role, c=celsius) if celsius is not None else seen(role, codes=(Why.STALE,))
    return replace(item, probe=replace(item.probe, id=name, zone=zone))


def test_probes_of_one_place_may_differ_by_one_degree() -> None:
    """H02, H05."""

    def found(*items: Observation) -> list[Finding]:
        return list(thermal.zone_disagrees(witness(observations=items), Memory()))

    one = placed("one", Role.SKIN, 40.0, "rim")
    for other_c, is_apart in ((41.0, False), (39.0, False), (up(41.0), True), (down(39.0), True)):
        other = placed("other", Role.HEALTHY, other_c, "rim")
        expected = [("one, other", abs(40.0 - other_c), 1.0)] if is_apart else []
        assert found(one, other) == expected
    far = placed("other", Role.SKIN, 45.0, "elsewhere")
    assert found(one, far) == []
    assert found(placed("one", Role.SKIN, 40.0), placed("other", Role.SKIN, 45.0)) == []
    assert found(one, placed("other", Role.SKIN, None, "rim")) == []


def test_every_pair_of_every_place_is_named() -> None:
    items = [
        placed("d", Role.SKIN, 40.0, "b"), placed("a", Role.SKIN, 42.0, "a"),
        placed("b", Role.SKIN, 40.0, "a"), placed("c", Role.SKIN, 45.0, "a"),
        placed("e", Role.SKIN, 42.0, "b"),
    ]  # fmt: skip
    found = thermal.zone_disagrees(witness(observations=tuple(items)), Memory())
    assert list(found) == [
        ("a, b", 2.0, 1.0), ("a, c", 3.0, 1.0), ("b, c", 5.0, 1.0), ("d, e", 2.0, 1.0),
    ]  # fmt: skip


def faults(*items: Observation) -> tuple[Finding, ...]:
    return thermal.baseline_faults(items)


@pytest.mark.parametrize("role", [Role.TUMOR, Role.HEALTHY])
def test_at_rest_inner_probes_of_a_role_agree_within_a_degree(role: Role) -> None:
    """H06: exchanged channels, an offset."""
    one = placed("one", role, 36.0)
    for other_c, is_apart in ((37.0, False), (up(37.0), True), (35.0, False), (down(35.0), True)):
        other = placed("other", role, other_c)
        expected = (("one, other", abs(36.0 - other_c), 1.0),) if is_apart else ()
        assert faults(one, other) == expected


def test_at_rest_other_roles_may_differ() -> None:
    assert faults(placed("t", Role.TUMOR, 37.5), placed("h", Role.HEALTHY, 35.0)) == ()
    assert faults(placed("a", Role.SKIN, 30.0), placed("b", Role.SKIN, 34.0)) == ()


def test_at_rest_probes_of_a_place_agree_within_half_a_degree() -> None:
    one = placed("one", Role.SKIN, 34.0, "rim")
    for other_c, is_apart in ((34.5, False), (up(34.5), True), (33.5, False), (down(33.5), True)):
        other = placed("other", Role.HEALTHY, other_c, "rim")
        expected = (("one, other", abs(34.0 - other_c), 0.5),) if is_apart else ()
        assert faults(one, other) == expected


@pytest.mark.parametrize("role", [Role.TUMOR, Role.HEALTHY])
def test_at_rest_skin_is_not_a_degree_warmer_than_inside(role: Role) -> None:
    """Heat flows outwards."""
    inner = placed("inner", role, 35.0)
    for skin_c, is_wrong in ((36.0, False), (up(36.0), True), (20.0, False)):
        expected = (("skin, inner", skin_c - 35.0, 1.0),) if is_wrong else ()
        assert faults(placed("skin", Role.SKIN, skin_c), inner) == expected
    assert faults(placed("skin", Role.SKIN, None), inner) == ()
    assert faults(placed("skin", Role.SKIN, 37.0), placed("inner", role, None)) == ()


@pytest.mark.parametrize(
    ("celsius", "slope", "is_judged"),
    [
        (37.8, 0.0, True),
        (up(37.8), 0.0, False),
        (36.0, 0.02, True),
        (36.0, -0.02, True),
        (36.0, up(0.02), False),
        (36.0, down(-0.02), False),
        (36.0, math.nan, False),
        (36.0, None, True),
    ],
)
def test_it_is_judged_at_rest_only(celsius: float, slope: float | None, is_judged: bool) -> None:
    """A slope that is not known yet excuses nothing."""
    third = replace(placed("third", Role.SKIN, 30.0), rate_c_per_s=slope)
    one, other = placed("one", Role.TUMOR, celsius), placed("other", Role.TUMOR, 34.0)
    assert bool(faults(one, other, third)) is is_judged


def test_a_silent_probe_is_neither_warm_nor_moving() -> None:
    silent = replace(placed("third", Role.SKIN, None), rate_c_per_s=9.0)
    assert faults(placed("a", Role.TUMOR, 36.0), placed("b", Role.TUMOR, 34.0), silent)
