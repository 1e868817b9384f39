# SPDX-License-Identifier: Apache-2.0
"""What is remembered of heat, number by number, at every bound. H01, H06, H18."""

import math
from dataclasses import replace
from typing import Any

import pytest

from mnht_controller.domain.probe import Role
from mnht_controller.domain.units import power_fraction
from mnht_controller.interlock.heat import Heat, Warmth, noise_c, wait_s, warmed
from mnht_controller.interlock.witness import Witness
from mnht_controller.thermometry.observe import Why
from mnht_controller.thermometry.plausibility import sigma_c
from mnht_controller.thermometry.prediction import prediction_s
from tests.plans import ENVELOPE, PROBES
from tests.unit.interlock.scene import observed, seen, source, witness

SKIN, TUMOR, HEALTHY = PROBES
AT_S = 100.0
FULL: dict[str, Any] = {"permit_ka_per_m": 18.0, "source": source(measured_ka_per_m=18.0)}
"""u is 1."""
OFF: dict[str, Any] = {"permit_ka_per_m": 0.0, "source": source(measured_ka_per_m=0.0)}


def down(value: float) -> float:
    return math.nextafter(value, -math.inf)


def up(value: float) -> float:
    return math.nextafter(value, math.inf)


def moment(at_s: float, tumor_c: float | None = 50.0, **changes: Any) -> Witness:
    """What the tumor shows at a treatment time, with the field off."""
    item = seen(Role.TUMOR, c=tumor_c)
    if tumor_c is None:
        item = seen(Role.TUMOR, codes=(Why.NO_VALUE,))
    return witness(treatment_s=at_s, observations=observed(item), **{**OFF, **changes})


def heat(tumor: Warmth | None = None, **changes: Any) -> Heat:
    """Memory at AT_S; the other two probes have just begun a bin."""
    other = Warmth(AT_S, 42.0, 1)
    quiet = Heat(AT_S, (other, tumor or Warmth(AT_S, 50.0, 1), other))
    return replace(quiet, **changes)


def followed(before: Heat | None, seen_as: Witness) -> Heat:
    after = warmed(before, seen_as)
    assert after is not None
    return after


def closed(tumor: Warmth, passed_s: float = 0.1, **changes: Any) -> Warmth:
    """The tumor's memory after a moment that ends its bin; `changes` are the heat's."""
    on = changes.pop("on", OFF)
    return followed(heat(tumor, **changes), moment(AT_S + passed_s, **on)).probes[1]


def bin_of(*celsius: float, since_s: float = 1.0, **changes: Any) -> Warmth:
    """A tumor's bin that began so long before AT_S."""
    return Warmth(AT_S - since_s, sum(celsius), len(celsius), **changes)


# ---- waiting and noise -------------------------------------------------------------------------


def test_how_long_heat_may_still_arrive() -> None:
    assert wait_s(TUMOR) == 3.0
    assert wait_s(replace(TUMOR, lag_s=4.5)) == 6.5
    for probe in (SKIN, HEALTHY):
        assert wait_s(probe) == 4.0 * prediction_s(probe)


@pytest.mark.parametrize(
    ("period_s", "speed", "samples"),
    [(0.1, 1.0, 10.0), (0.25, 1.0, 4.0), (0.1, 5.0, 2.0), (1.0, 1.0, 1.0), (2.0, 1.0, 1.0),
     (0.25, 20.0, 1.0)],
)  # fmt: skip
def test_noise_of_a_difference_of_two_means(period_s: float, speed: float, samples: float) -> None:
    probe = replace(TUMOR, period_s=period_s)
    expected = 6.0 * math.sqrt(2.0 / samples) * sigma_c(probe)
    assert noise_c(probe, speed, 6.0) == pytest.approx(expected, rel=1e-12)


# ---- beginning ---------------------------------------------------------------------------------


def test_there_is_no_memory_while_not_armed() -> None:
    assert warmed(None, moment(AT_S, armed=False)) is None
    assert warmed(heat(), moment(AT_S, armed=False)) is None


def test_it_begins_empty() -> None:
    begun = Heat(AT_S, (Warmth(AT_S), Warmth(AT_S), Warmth(AT_S)))
    assert warmed(None, moment(AT_S)) == begun
    assert (begun.energy, begun.off_s, begun.power, begun.slow_u, begun.off_u) == (0, 0, 0, 0, None)


@pytest.mark.parametrize("speed", [1.0, 4.0])
def test_a_hole_in_time_begins_anew(speed: float) -> None:
    """H33: five seconds by the wall, and time that goes back."""
    envelope = replace(ENVELOPE, speed=speed)
    old = heat(at_s=0.0, energy=7.0)
    for at_s, goes_on in (
        (0.0, True), (5.0 * speed, True), (up(5.0 * speed), False), (-5e-324, False),
        (math.nan, False),
    ):  # fmt: skip
        after = followed(old, moment(at_s, envelope=envelope))
        assert (after.energy == 7.0) is goes_on, at_s


def test_other_probes_begin_anew() -> None:
    two = heat(energy=7.0)
    assert followed(replace(two, probes=two.probes[:2]), moment(AT_S)).energy == 0.0
    assert followed(two, moment(AT_S)).energy == 7.0


# ---- the field's part --------------------------------------------------------------------------


def test_energy_is_u_over_treatment_time() -> None:
    after = followed(heat(energy=2.0, off_s=3.0, off_u=0.5), moment(AT_S + 0.5, **FULL))
    assert (after.at_s, after.energy, after.off_s, after.power, after.off_u) == (
        AT_S + 0.5,
        2.5,
        0.0,
        1.0,
        None,
    )


def test_the_slow_u_follows_in_ten_seconds() -> None:
    after = followed(heat(slow_u=0.2), moment(AT_S + 2.0, **FULL))
    assert after.slow_u == pytest.approx(0.2 + (1.0 - math.exp(-0.2)) * 0.8, rel=1e-12)


@pytest.mark.parametrize(
    ("permit", "measured", "field"),
    [(5.0, 4.0, 4.0), (4.0, 5.0, 4.0), (5.0, None, 5.0), (0.5, 0.5, 0.5)],
)
def test_the_smaller_of_permit_and_read_back_heats(
    permit: float, measured: float | None, field: float
) -> None:
    given: dict[str, Any] = {
        "permit_ka_per_m": permit,
        "source": source(measured_ka_per_m=measured),
    }
    assert followed(heat(), moment(AT_S + 1.0, **given)).power == power_fraction(field)


def test_without_a_snapshot_the_permit_heats() -> None:
    after = followed(heat(), moment(AT_S + 1.0, permit_ka_per_m=9.0, source=None))
    assert (after.power, after.energy) == (0.25, 0.25)


@pytest.mark.parametrize("permit", [0.0, None])
def test_a_read_back_without_a_permit_is_neither_heat_nor_off(permit: float | None) -> None:
    """What was known of the field stays, the time off begins anew."""
    old = heat(energy=2.0, power=0.5, slow_u=0.4, off_s=3.0, off_u=0.5)
    given: dict[str, Any] = {"permit_ka_per_m": permit, "source": source(measured_ka_per_m=5.0)}
    after = followed(old, moment(AT_S + 1.0, **given))
    assert (after.at_s, after.energy, after.power, after.slow_u) == (AT_S + 1.0, 2.0, 0.5, 0.4)
    assert (after.off_s, after.off_u) == (0.0, None)


@pytest.mark.parametrize("permit", [0.0, None])
def test_time_off_adds_up(permit: float | None) -> None:
    old = heat(off_s=3.0, energy=2.0, power=0.5, slow_u=0.5, off_u=0.25)
    after = followed(old, moment(AT_S + 0.5, permit_ka_per_m=permit))
    assert (after.at_s, after.off_s, after.energy, after.off_u) == (AT_S + 0.5, 3.5, 2.0, 0.25)


@pytest.mark.parametrize(
    ("power", "slow_u", "is_steady"),
    [
        (5.0, 5.0, True),
        (5.0, 4.0, True),
        (5.0, down(4.0), False),
        (5.0, 6.0, True),
        (5.0, up(6.0), False),
        (0.0, 0.0, False),
        (0.0, 0.5, False),
        (math.nan, 0.5, False),
    ],
)
def test_a_steady_u_went_off_or_none_did(power: float, slow_u: float, is_steady: bool) -> None:
    """Within 20 % of its average, and more than nothing."""
    after = followed(heat(power=power, slow_u=slow_u), moment(AT_S + 0.1))
    assert after.off_u == (slow_u if is_steady else None)


def test_the_u_that_went_off_is_taken_once() -> None:
    old = heat(power=0.5, slow_u=0.5, off_s=0.1)
    assert followed(old, moment(AT_S + 0.1)).off_u is None
    assert followed(replace(old, off_s=0.0), moment(AT_S + 0.1)).off_u == 0.5


# ---- bins --------------------------------------------------------------------------------------


def test_samples_are_gathered_for_a_second() -> None:
    for passed_s, is_closed in ((0.0, False), (down(1.0), False), (1.0, True), (1.5, True)):
        before = heat(Warmth(0.0, 100.0, 2), at_s=0.0)
        after = followed(before, moment(passed_s, 53.0)).probes[1]
        if is_closed:
            assert (after.open_s, after.sum_c, after.count, after.mean_c) == (
                passed_s,
                53.0,
                1,
                50.0,
            )
        else:
            assert (after.open_s, after.sum_c, after.count, after.mean_c) == (0.0, 153.0, 3, None)


def test_a_bin_begins_with_its_first_moment_and_counts_values_only() -> None:
    """H03: a missing value is no zero."""
    after = followed(heat(Warmth(90.0)), moment(AT_S + 0.1, None)).probes[1]
    assert after == Warmth(AT_S + 0.1)
    after = followed(heat(Warmth(90.0)), moment(AT_S + 0.1, 51.0)).probes[1]
    assert after == Warmth(AT_S + 0.1, 51.0, 1)
    after = followed(heat(bin_of(50.0, since_s=0.5)), moment(AT_S + 0.1, None)).probes[1]
    assert (after.sum_c, after.count) == (50.0, 1)
    after = followed(heat(bin_of(50.0)), moment(AT_S + 0.1, None)).probes[1]
    assert (after.mean_c, after.sum_c, after.count) == (50.0, 0.0, 0)


def test_a_mean_is_a_mean() -> None:
    assert closed(bin_of(50.0, 51.0, 53.0)).mean_c == pytest.approx(51.333333, abs=1e-6)


def test_rest_is_the_last_mean_before_any_energy() -> None:
    known = bin_of(40.0, rest_c=39.0, high_c=41.0)
    resting = closed(known)
    assert (resting.rest_c, resting.high_c) == (40.0, 40.0)
    heated = closed(known, energy=1.0)
    assert (heated.rest_c, heated.high_c) == (39.0, 41.0)
    unknown = closed(bin_of(40.0), energy=1.0)
    assert (unknown.rest_c, unknown.high_c) == (40.0, 40.0)
    higher = closed(bin_of(42.0, rest_c=39.0, high_c=41.0), energy=1e9)
    assert (higher.rest_c, higher.high_c, higher.risen_c) == (39.0, 42.0, 3.0)
    no_high = closed(bin_of(38.0, rest_c=39.0), energy=1.0)
    assert (no_high.rest_c, no_high.high_c) == (39.0, 38.0)


@pytest.mark.parametrize(
    ("rest_c", "high_c", "risen_c"), [(None, 41.0, 0.0), (39.0, None, 0.0), (39.0, 41.5, 2.5)]
)
def test_how_far_it_has_risen(rest_c: float | None, high_c: float | None, risen_c: float) -> None:
    assert Warmth(0.0, rest_c=rest_c, high_c=high_c).risen_c == risen_c


def test_the_slow_mean_follows_in_ten_seconds() -> None:
    """By the time since its bin began; the first mean is the first slow one."""
    assert closed(bin_of(50.0)).slow_c == 50.0
    slow_c = closed(bin_of(50.0, since_s=1.0, slow_c=40.0), passed_s=1.0).slow_c
    assert slow_c == pytest.approx(40.0 + 10.0 * (1.0 - math.exp(-0.2)), rel=1e-12)


def test_the_first_clear_rise_is_the_gain() -> None:
    """Fifteen sigmas of the difference of two means, and then never again."""
    limit_c = noise_c(TUMOR, 1.0, 15.0)
    for rise_c, is_clear in ((limit_c - 1e-9, False), (limit_c + 1e-9, True)):
        after = closed(bin_of(40.0 + rise_c, rest_c=40.0, high_c=40.0), energy=4.0)
        assert after.gain == (pytest.approx(rise_c / 4.0) if is_clear else None)
    known = bin_of(50.0, rest_c=40.0, high_c=40.0, gain=0.7)
    assert closed(known, energy=4.0).gain == 0.7


def test_a_rise_at_its_limit_is_clear() -> None:
    exact = replace(TUMOR, noise_c=0.0, resolution_c=0.0)
    item = replace(seen(Role.TUMOR), probe=exact)
    before = heat(bin_of(40.0, rest_c=40.0, high_c=40.0), energy=4.0)
    after = followed(before, replace(moment(AT_S + 0.1), observations=observed(item)))
    assert after.probes[1].gain == 0.0


# ---- after the field ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("off_s", "mean_c", "slow_c", "off_c"),
    [
        (0.5, 50.0, 50.0, 50.0),
        (1.0, 50.0, 50.0, 50.0),
        (up(1.0), 50.0, 50.0, None),
        (0.5, 0.1, 0.0, 0.0),
        (0.5, up(0.1), 0.0, None),
        (0.5, -0.1, 0.0, 0.0),
        (0.5, down(-0.1), 0.0, None),
        (0.5, math.nan, 50.0, None),
    ],
)
def test_a_steady_mean_at_which_the_field_went_off(
    off_s: float, mean_c: float, slow_c: float, off_c: float | None
) -> None:
    """Within 0.1 °C of its own average, and in the first second."""
    after = closed(bin_of(mean_c, slow_c=slow_c), passed_s=0.0, energy=1.0, off_s=off_s)
    assert after.off_c == off_c


def test_with_the_field_on_nothing_has_gone_off() -> None:
    after = closed(bin_of(50.0, slow_c=50.0), energy=1.0, on=FULL)
    assert (after.off_c, after.low_c) == (None, None)


def test_the_lowest_mean_counts_when_a_whole_bin_lies_after_the_wait() -> None:
    due_s = wait_s(TUMOR) + 1.0
    for off_s, low_c in ((down(due_s), None), (due_s, 50.0), (due_s + 99.0, 50.0)):
        assert closed(bin_of(50.0), passed_s=0.0, off_s=off_s).low_c == low_c, off_s
    for known_c, low_c in ((49.0, 49.0), (51.0, 50.0)):
        assert closed(bin_of(50.0, low_c=known_c), passed_s=0.0, off_s=due_s).low_c == low_c
    assert closed(bin_of(50.0, low_c=51.0), passed_s=0.0, off_s=2.0).low_c == 51.0


def test_what_is_known_of_an_earlier_pause_ends_with_the_field() -> None:
    for known in ({"off_c": 49.0}, {"low_c": 48.0}, {"off_c": 49.0, "low_c": 48.0}):
        open_bin = Warmth(AT_S, 50.0, 1, **known)
        after = followed(heat(open_bin, off_s=9.0), moment(AT_S + 0.1, **FULL)).probes[1]
        assert (after.off_c, after.low_c) == (None, None)
        after = followed(heat(open_bin, off_s=9.0), moment(AT_S + 0.1)).probes[1]
        assert (after.off_c, after.low_c) == (known.get("off_c"), known.get("low_c"))


def test_a_tumor_probe_does_not_wait_as_long_as_skin() -> None:
    """Each waits by its own role."""
    skin_s = wait_s(SKIN) + 1.0
    bins = (bin_of(42.0), bin_of(50.0), bin_of(38.0))
    after = followed(heat(probes=bins, off_s=down(skin_s)), moment(AT_S))
    assert [item.low_c for item in after.probes] == [None, 50.0, None]
    after = followed(heat(probes=bins, off_s=skin_s), moment(AT_S))
    assert [item.low_c for item in after.probes] == [42.0, 50.0, None]
