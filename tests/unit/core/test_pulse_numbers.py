# SPDX-License-Identifier: Apache-2.0
"""H06, H41: beginning, following and judging a pulse, every number at its bound."""

from dataclasses import replace

import pytest

from mnht_controller.core.pulse import Heard, Moment, Pulse, begin, followed, judged
from mnht_controller.domain.command import Reason
from mnht_controller.domain.prescription import Plan
from mnht_controller.thermometry.response import Sums
from tests.unit.core.core_bench import HEALTHY, SKIN, TUMOR, make_plan, observation
from tests.unit.core.pulse_sums import (
    CLEAR,
    GOOD,
    LATE,
    PLAN,
    PROBES,
    SILENT,
    answer,
    down,
    gain_for,
    running,
    trend_sigma,
    up,
    verdict,
)

# ---- beginning and following -------------------------------------------------------------------


def test_a_slope_counts_as_a_trend_beyond_noise_only() -> None:
    """Five sigmas of the slope, and 0.002 °C/s at least."""
    exact = replace(TUMOR, noise_c=0.0, resolution_c=0.0)
    for probe in (TUMOR, exact):
        least = max(0.002, 5.0 * trend_sigma(probe))
        plan = make_plan(probes=(probe,))
        for slope, trend in (
            (least, 0.0), (up(least), up(least)), (-least, 0.0), (down(-least), down(-least)),
            (None, 0.0), (0.0, 0.0),
        ):  # fmt: skip
            begun = begin(plan, (observation(probe, 36.0, slope),))
            assert begun.heard == (Heard(0.0, trend, Sums()),), slope
    assert 5.0 * trend_sigma(TUMOR) > 0.004


def test_at_twice_the_speed_a_slope_has_half_the_samples() -> None:
    twice = replace(PLAN, envelope=replace(PLAN.envelope, speed=2.0))
    least = 5.0 * trend_sigma(TUMOR, twice)
    assert least > 5.0 * trend_sigma(TUMOR) * 1.2
    seen = [observation(SKIN), observation(TUMOR, 36.0, least), observation(HEALTHY)]
    assert begin(twice, tuple(seen)).heard[1].trend_c_per_s == 0.0
    seen[1] = observation(TUMOR, 36.0, up(least))
    assert begin(twice, tuple(seen)).heard[1].trend_c_per_s == up(least)


def test_a_fresh_pulse_knows_the_declared_lags_only() -> None:
    begun = begin(PLAN, tuple([observation(probe) for probe in PROBES]))
    assert (begun.is_over, begun.is_running, begun.seconds, begun.energy) == (False, True, 0.0, 0.0)
    assert begun.identified == running().identified
    assert not Pulse().is_running
    assert not replace(begun, is_over=True).is_running


@pytest.mark.parametrize(("power", "is_over"), [(0.0, True), (5e-324, False), (-0.1, True)])
def test_a_pulse_is_wanted_where_it_has_power(power: float, is_over: bool) -> None:
    plan = make_plan(probes=PROBES, pulse_power=power)
    assert begin(plan, tuple([observation(probe) for probe in PROBES])).is_over is is_over
    alone = make_plan(probes=(SKIN, HEALTHY))
    assert begin(alone, (observation(SKIN), observation(HEALTHY))).is_over


def follow(
    before: Pulse, moment: Moment, value: float | None, at: float, plan: Plan = PLAN
) -> Pulse:
    """One tick in which the tumor alone has something new."""
    old = [observation(probe) for probe in PROBES]
    old[1] = replace(old[1], reading=replace(old[1].reading, value=value, at=at))
    return followed(plan, before, tuple(old), moment)


def test_time_and_energy_go_on_with_every_tick() -> None:
    after = follow(running(seconds=20.0), Moment(10.0, 0.5, 0.25), None, 0.0)
    assert (after.seconds, after.energy) == (20.25, 20.125)
    assert after.heard == running().heard


@pytest.mark.parametrize(("seconds", "goes_on"), [(down(180.0), True), (180.0, False)])
def test_it_is_followed_for_three_minutes(seconds: float, goes_on: bool) -> None:
    before = running(seconds=seconds)
    after = follow(before, Moment(10.0, 0.5, 0.25), 36.0, 9.0)
    assert (after is not before) is goes_on
    assert follow(Pulse(), Moment(10.0, 0.5, 0.25), 36.0, 9.0) == Pulse()


@pytest.mark.parametrize("speed", [1.0, 4.0])
def test_a_sample_is_placed_where_it_was_taken(speed: float) -> None:
    """Age counts in treatment time: against energy, and against the trend."""
    plan = replace(PLAN, envelope=replace(PLAN.envelope, speed=speed))
    before = running(seconds=20.0)
    before = replace(before, heard=tuple([replace(h, trend_c_per_s=0.125) for h in before.heard]))
    after = follow(before, Moment(10.0, 0.5, 0.25), 36.0, 9.5, plan)
    age_s = 0.5 * speed
    energy, trend_c = 20.125 - 0.5 * age_s, 0.125 * (20.25 - age_s)
    expected = Sums(36.0, 1, energy, 0.5, energy**2, energy * 0.5, 0.25, -trend_c,
                    -trend_c * energy, -trend_c * 0.5)  # fmt: skip
    assert after.heard[1] == Heard(9.5, 0.125, expected)
    assert after.heard[0] == before.heard[0]


def test_no_sample_has_less_than_no_energy_or_comes_from_later() -> None:
    early = follow(running(seconds=0.0), Moment(10.0, 0.5, 0.25), 36.0, 1.0)
    assert (early.heard[1].sums.e, early.heard[1].sums.u) == (0.0, 0.5)
    late = follow(running(seconds=20.0), Moment(10.0, 0.5, 0.25), 36.0, 11.0)
    assert late.heard[1].sums.e == 20.125


@pytest.mark.parametrize(
    ("value", "at", "counts"),
    [(36.0, 5e-324, True), (36.0, 0.0, False), (36.0, -1.0, False), (None, 1.0, False)],
)
def test_only_a_new_value_is_a_sample(value: float | None, at: float, counts: bool) -> None:
    after = follow(running(), Moment(10.0, 0.5, 0.25), value, at)
    assert (after.heard[1].sums.count == 1) is counts


# ---- judging -----------------------------------------------------------------------------------


def test_what_is_not_running_is_not_judged() -> None:
    for idle in (Pulse(), running(tumor=GOOD, is_over=True)):
        assert judged(PLAN, idle) == (idle, None)


@pytest.mark.parametrize("sums", [GOOD, LATE])
@pytest.mark.parametrize(
    ("seconds_max", "seconds", "is_due"),
    [(60.0, down(15.0), False), (60.0, 15.0, True), (9.0, down(9.0), False), (9.0, 9.0, True)],
)
def test_nothing_is_said_before_fifteen_seconds(
    seconds_max: float, seconds: float, is_due: bool, sums: Sums
) -> None:
    """Or the whole pulse, where that is shorter."""
    plan = make_plan(probes=PROBES, pulse_s_max=seconds_max)
    assert (verdict(running(tumor=sums, seconds=seconds), plan) is not None) is is_due


@pytest.mark.parametrize(
    ("seconds", "found"), [(down(60.0), None), (60.0, ("pulse_weak", "tumor"))]
)
def test_a_weak_answer_has_the_whole_pulse_to_become_clear(
    seconds: float, found: tuple[str, str] | None
) -> None:
    for tumor in (SILENT, answer(gain_for(7.999))):
        assert verdict(running(tumor=tumor, seconds=seconds)) == found


def test_a_weak_answer_says_how_weak() -> None:
    _, failure = judged(PLAN, running(tumor=answer(gain_for(4.0)), seconds=60.0))
    assert failure is not None
    assert failure.value == pytest.approx(4.0)
    assert failure.limit == 8.0
    assert judged(PLAN, running(seconds=60.0))[1] == Reason("pulse_weak", "tumor", None, 8.0)


@pytest.mark.parametrize(("snr", "is_clear"), [(8.0, True), (8.0 - 1e-9, False)])
@pytest.mark.parametrize("clear", [CLEAR, 1.0])
def test_a_gain_stands_out_by_eight_sigmas_of_noise_and_trend(
    snr: float, is_clear: bool, clear: float
) -> None:
    tumor = answer(gain_for(snr, clear), clear=clear, lag_s=0.0)
    after, failure = judged(PLAN, running(tumor=tumor, seconds=60.0))
    assert (failure is None) is is_clear
    known = after.identified[1]
    assert known.is_prior is not is_clear
    assert known.snr == pytest.approx(snr, abs=1e-10)
    assert (known.gain_c_per_s is not None) is is_clear


def test_the_trend_counts_for_more_the_smaller_the_mean_u() -> None:
    _, failure = judged(PLAN, running(tumor=answer(gain_for(8.1)), seconds=60.0, energy=0.5 * 60.0))
    assert failure is not None
    assert failure.value == pytest.approx(4.05)


def test_without_a_field_nothing_has_answered() -> None:
    assert verdict(running(tumor=GOOD, seconds=60.0, energy=0.0)) == ("pulse_weak", "tumor")
    assert judged(PLAN, running(tumor=GOOD, seconds=60.0, energy=0.0))[1] == Reason(
        "pulse_weak", "tumor", None, 8.0
    )


def test_a_pulse_of_no_time_or_less_than_a_second_is_judged_by_its_mean() -> None:
    """Nothing is the mean of no time."""
    none = make_plan(probes=PROBES, pulse_s_max=0.0)
    assert verdict(running(tumor=GOOD, seconds=0.0), none) == ("pulse_weak", "tumor")
    assert verdict(running(tumor=GOOD, seconds=0.0)) is None
    short = make_plan(probes=PROBES, pulse_s_max=0.5)
    assert verdict(running(tumor=GOOD, seconds=0.5), short) == ("", "")
    assert verdict(running(tumor=GOOD, seconds=20.0, energy=5e-324)) is None


@pytest.mark.parametrize("name", ["skin", "healthy"])
@pytest.mark.parametrize(("gain", "is_wrong"), [(0.5, False), (up(0.5), True)])
def test_no_other_probe_warms_half_as_fast(name: str, gain: float, is_wrong: bool) -> None:
    """H06."""
    of = running(tumor=GOOD, **{name: answer(gain)})
    assert verdict(of) == (("pulse_map", f"{name}, tumor") if is_wrong else ("", ""))
    if is_wrong:
        assert judged(PLAN, of)[1] == Reason("pulse_map", f"{name}, tumor", gain, 0.5)


def test_another_probe_accuses_the_map_when_it_is_clear() -> None:
    for snr, found in ((8.0 - 1e-9, None), (8.0, ("pulse_map", "skin"))):
        of = running(skin=answer(gain_for(snr, probe=SKIN)), seconds=20.0)
        assert verdict(of) == found, snr


def test_the_hottest_other_probe_is_named_and_a_falling_tumor_has_no_gain() -> None:
    both = running(skin=answer(0.6), tumor=GOOD, healthy=answer(0.7))
    assert verdict(both) == ("pulse_map", "healthy, tumor")
    falling = running(skin=answer(0.1), tumor=answer(-1.0))
    assert judged(PLAN, falling)[1] == Reason("pulse_map", "skin, tumor", 0.1, 0.0)


@pytest.mark.parametrize(
    ("depth_mm", "is_judged"), [(None, True), (2.0, True), (down(2.0), False), (0.0, False)]
)
def test_skin_close_to_the_deposit_may_warm_like_it(
    depth_mm: float | None, is_judged: bool
) -> None:
    probes = (replace(SKIN, deposit_depth_mm=depth_mm), TUMOR, HEALTHY)
    found = verdict(running(skin=answer(0.9), tumor=GOOD), make_plan(probes=probes))
    assert found == (("pulse_map", "skin, tumor") if is_judged else ("", ""))


@pytest.mark.parametrize(("snr", "is_sure"), [(-8.0, True), (-8.0 + 1e-9, False)])
def test_a_tumor_that_falls_is_refused_when_it_is_clear(snr: float, is_sure: bool) -> None:
    """H41."""
    gain = gain_for(snr)
    _, failure = judged(PLAN, running(tumor=answer(gain), seconds=60.0))
    assert failure is not None
    assert failure.code == ("pulse_sign" if is_sure else "pulse_weak")
    assert failure.value == pytest.approx(gain if is_sure else snr)
    assert failure.limit == (0.0 if is_sure else 8.0)
