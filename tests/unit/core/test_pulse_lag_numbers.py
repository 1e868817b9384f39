# SPDX-License-Identifier: Apache-2.0
"""H06, H07: the lag, and what stays known after the pulse, every number at its bound."""

from dataclasses import replace
from typing import Any

import pytest

from mnht_controller.core import pulse
from mnht_controller.core.pulse import Moment, judged, settled
from mnht_controller.domain.command import Reason
from mnht_controller.thermometry.plausibility import sigma_c
from mnht_controller.thermometry.response import solved
from tests.unit.core.core_bench import HEALTHY, SKIN, TUMOR, make_plan, observation
from tests.unit.core.pulse_sums import (
    CLEAR,
    FAST,
    GOOD,
    LATE,
    PLAN,
    PROBES,
    answer,
    down,
    gain_for,
    running,
    up,
    verdict,
)

# ---- lag ---------------------------------------------------------------------------------------

LAG_S_MAX = TUMOR.lag_s + 1.0 + PLAN.envelope.source.settling_s
"""Declared, a second more, and the source's settling."""


def lag_sigma_s(gain: float, lag_s: float, clear: float) -> float:
    found = solved(answer(gain, lag_s, clear), sigma_c(TUMOR))
    assert found is not None
    return found.lag_sigma_s


@pytest.mark.parametrize("clear", [CLEAR, 1e4, 100.0])
def test_a_lag_is_late_when_it_surely_is(clear: float) -> None:
    """H07: by three sigmas; and it is on time when it surely is."""
    gain = 10.0
    for sign, margin_s, found in (
        (1.0, 1e-6, ("pulse_lag", "tumor")), (1.0, -1e-6, None), (-1.0, 1e-6, None),
        (-1.0, -1e-6, ("", "")),
    ):  # fmt: skip
        lag_s = LAG_S_MAX
        for _ in range(50):
            lag_s = LAG_S_MAX + sign * 3.0 * lag_sigma_s(gain, lag_s, clear)
        answered = answer(gain, lag_s + margin_s, clear)
        if clear == CLEAR and found is None:
            continue  # without doubt there is nothing between late and on time
        assert verdict(running(tumor=answered)) == found, (sign, margin_s)


def test_a_lag_at_its_limit_is_on_time() -> None:
    """A gain so clear that three sigmas are less than a float."""
    gain = 2.0**40
    for lag_s, found in ((LAG_S_MAX, ("", "")), (up(LAG_S_MAX), ("pulse_lag", "tumor"))):
        assert 3.0 * lag_sigma_s(gain, lag_s, CLEAR) + lag_s == lag_s
        assert verdict(running(tumor=answer(gain, lag_s))) == found


@pytest.mark.parametrize(("seconds", "is_told"), [(down(30.0), False), (30.0, True)])
def test_a_lag_in_doubt_is_left_after_thirty_seconds(seconds: float, is_told: bool) -> None:
    doubtful = answer(10.0, LAG_S_MAX, 100.0)
    found = verdict(running(tumor=doubtful, seconds=seconds))
    assert found == (("", "") if is_told else None)


def test_lag_is_judged_in_real_time_only() -> None:
    for sums in (LATE, answer(10.0, LAG_S_MAX, 100.0)):
        assert verdict(running(tumor=sums), FAST) == ("", "")
    assert verdict(running(tumor=LATE)) == ("pulse_lag", "tumor")
    assert judged(PLAN, running(tumor=LATE))[1] == Reason("pulse_lag", "tumor", 9.0, LAG_S_MAX)


TWO = make_plan(probes=(replace(TUMOR, id="first"), TUMOR, HEALTHY))


@pytest.mark.parametrize(("gain", "is_in_deposit"), [(0.5, True), (down(0.5), False)])
def test_a_tumor_probe_beside_the_deposit_may_be_late(gain: float, is_in_deposit: bool) -> None:
    """It waits for heat to come to it; half of the hottest one's gain is in the deposit."""
    found = verdict(running(skin=GOOD, tumor=answer(gain, 9.0)), TWO)
    assert found == (("pulse_lag", "tumor") if is_in_deposit else ("", ""))


def test_a_tumor_probe_without_a_clear_answer_may_be_late() -> None:
    strong = answer(2.0 * gain_for(7.9))
    for snr, found in ((8.0, ("pulse_lag", "tumor")), (8.0 - 1e-9, ("", ""))):
        assert verdict(running(skin=strong, tumor=answer(gain_for(snr), 9.0)), TWO) == found


def test_every_tumor_probe_that_falls_or_is_weak_is_named() -> None:
    down_both = running(skin=answer(-1.0), tumor=answer(-2.0))
    assert judged(TWO, down_both)[1] == Reason("pulse_sign", "first, tumor", -1.0, 0.0)
    assert verdict(running(seconds=60.0), TWO) == ("pulse_weak", "first, tumor")


@pytest.mark.parametrize(
    ("lag_s", "known_s"), [(1.25, 1.25), (0.0, 0.0), (-0.5, 2.0), (-5e-324, 2.0)]
)
def test_a_measured_lag_replaces_the_declared_one(lag_s: float, known_s: float) -> None:
    """None is shorter than nothing."""
    after, _ = judged(PLAN, running(tumor=answer(1.0, lag_s)))
    assert after.identified[1].lag_s == known_s


@pytest.mark.parametrize(("factor", "is_known"), [(1.0 + 1e-6, True), (1.0 - 1e-6, False)])
def test_a_lag_less_certain_than_half_a_second_stays_the_declared_one(
    factor: float, is_known: bool
) -> None:
    sigma_s = lag_sigma_s(1.0, 0.0, 1.0)
    clear = factor * (sigma_s / 0.5) ** 2
    after, failure = judged(FAST, running(tumor=answer(1.0, 0.0, clear, CLEAR)))
    assert failure is None
    assert after.identified[1].lag_s == (0.0 if is_known else 2.0)


def test_half_a_second_itself_is_certain_enough() -> None:
    """Gain twice the noise of one sample, u of one unit: a sigma of 0.5 s, to the last float."""
    sums = answer(2.0 * sigma_c(TUMOR), 0.0, 1.0, CLEAR)
    found = solved(sums, sigma_c(TUMOR))
    assert found is not None
    assert found.lag_sigma_s == 0.5
    assert judged(FAST, running(tumor=sums))[0].identified[1].lag_s == 0.0


# ---- afterwards --------------------------------------------------------------------------------


def test_a_stopped_pulse_takes_no_more_samples() -> None:
    ended = pulse.stopped(running(tumor=GOOD))
    assert (ended.is_over, ended.seconds) == (True, 180.0)
    assert settled(PLAN, ended) is ended


def test_the_ramp_goes_on_telling_of_skin_and_the_pulse_of_the_tumor() -> None:
    ended, _ = judged(PLAN, running(tumor=GOOD))
    more = replace(ended, heard=running(skin=answer(0.2), tumor=answer(0.8)).heard, seconds=99.0,
                   energy=99.0)  # fmt: skip
    after = settled(PLAN, more)
    assert [item.gain_c_per_s for item in after.identified] == [0.2, 1.0, None]
    again = settled(PLAN, replace(after, heard=running(skin=answer(0.3)).heard))
    assert [item.gain_c_per_s for item in again.identified] == [0.3, 1.0, None]


@pytest.mark.parametrize(
    ("changes", "is_settled"),
    [
        ({"seconds": down(180.0)}, True),
        ({"seconds": 180.0}, False),
        ({"is_over": False}, False),
        ({"heard": ()}, False),
    ],
)
def test_what_is_settled(changes: dict[str, Any], is_settled: bool) -> None:
    ended = replace(running(skin=answer(0.2), tumor=GOOD, is_over=True), **changes)
    after = settled(PLAN, ended)
    assert (after.identified[0].gain_c_per_s == 0.2) is is_settled
    assert (after is ended) is not is_settled


def test_each_blind_probe_that_is_required_is_named() -> None:
    blind = [observation(probe, None) for probe in PROBES]
    optional = observation(replace(TUMOR, required=False), None)
    assert pulse.unseen((blind[0], observation(TUMOR), blind[2])) == (
        Reason("control.no_reading", "skin"),
        Reason("control.no_reading", "healthy"),
    )
    assert pulse.unseen((observation(SKIN), optional)) == ()


@pytest.mark.parametrize(
    ("ceiling", "permitted", "power"),
    [(18.0, 0.5, 0.08), (3.6, 0.5, 0.04), (18.0, 0.02, 0.03), (18.0, 0.0, 0.01), (0.0, 0.5, 0.0)],
)
def test_the_u_of_the_pulse(ceiling: float, permitted: float, power: float) -> None:
    """The plan's, below the ceiling, and no faster than the slew."""
    found = pulse.power(PLAN, ceiling, 0.1, Moment(0.0, permitted, 0.1))
    assert found == pytest.approx(power)
