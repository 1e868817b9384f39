# SPDX-License-Identifier: Apache-2.0
"""What a temperature can be and how it can change, at every limit and one float beside it.

H01, H03, H04, H08, H10, H14.
"""

import math
from dataclasses import replace

import pytest

from mnht_controller.domain.probe import Probe, Role
from mnht_controller.domain.reading import Quality, Reading
from mnht_controller.thermometry import plausibility
from mnht_controller.thermometry.observe import Clock, Observation, Why, observe, start
from mnht_controller.thermometry.plausibility import (
    RANGE_C,
    falls_too_fast,
    flat_samples,
    in_range,
    rises_too_fast,
    sigma_c,
    stale_s,
)
from mnht_controller.thermometry.prediction import PREDICTION_S_MAX, predicted_c, prediction_s

PROBE = Probe("skin", "t", 1, Role.SKIN, True, 0.05, 0.01, 2.0, 0.1, 5.0)
EXACT = replace(PROBE, noise_c=0.0, resolution_c=0.0)
NO_NUMBERS = (math.nan, math.inf, -math.inf)


def up(value: float) -> float:
    return math.nextafter(value, math.inf)


def down(value: float) -> float:
    return math.nextafter(value, -math.inf)


class Walk:
    """One probe in time: `at` is when the sample was taken, everything else follows."""

    def __init__(self, probe: Probe = EXACT, *, speed: float = 1.0, field_on: bool = True) -> None:
        self.probe, self.speed, self.field_on = probe, speed, field_on
        self.tracks = start((probe,))
        self.seq = 0

    def sample(self, at: float, celsius: float | None, seq: int | None = None) -> Observation:
        self.seq = self.seq + 1 if seq is None else seq
        return self.look(at, Reading(celsius, Quality.GOOD, at, self.seq))

    def look(self, now: float, raw: Reading) -> Observation:
        clock = Clock(now, now * self.speed, self.speed, self.field_on)
        self.tracks, (seen,) = observe((self.probe,), self.tracks, (raw,), clock)
        return seen

    def wait(self, now: float) -> Observation:
        """Nothing new came: the last frame again."""
        at = self.tracks[0].at or 0.0
        return self.look(now, Reading(self.tracks[0].raw_c, Quality.GOOD, at, self.seq))


@pytest.mark.parametrize(("role", "low", "high"), RANGE_C)
def test_a_tissue_has_its_range(role: Role, low: float, high: float) -> None:
    for value in (low, up(low), high, down(high), 37.0):
        assert in_range(role, value), value
    for value in (down(low), up(high), low - 0.01, high + 0.01, -273.15, 9999.0, *NO_NUMBERS):
        assert not in_range(role, value), value


def test_these_are_the_ranges() -> None:
    known = {role: (low, high) for role, low, high in RANGE_C}
    assert known[Role.SKIN] == known[Role.HEALTHY] == (15.0, 60.0)
    assert known[Role.TUMOR] == (15.0, 90.0)
    assert {*known} == {*Role}


def test_a_role_without_a_range_is_never_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plausibility, "RANGE_C", RANGE_C[1:])
    assert not in_range(RANGE_C[0][0], 37.0)


def test_sigma_is_noise_and_rounding() -> None:
    assert sigma_c(replace(PROBE, noise_c=0.05, resolution_c=0.0)) == pytest.approx(0.05)
    assert sigma_c(replace(PROBE, noise_c=0.0, resolution_c=0.12)) == pytest.approx(0.0346410)
    assert sigma_c(replace(PROBE, noise_c=0.3, resolution_c=4.8**0.5)) == pytest.approx(0.7)


def test_when_a_reading_is_stale() -> None:
    for period_s, limit_s in (
        (0.0, 0.8), (0.1, 0.8), (0.32, 0.8), (0.4, 1.0), (0.8, 2.0), (1.0, 2.5), (up(1.0), 2.5),
        (10.0, 2.5), (math.nan, 2.5), (math.inf, 2.5),
    ):  # fmt: skip
        assert stale_s(period_s) == pytest.approx(limit_s), period_s


@pytest.mark.parametrize(
    ("judge", "sign", "per_s"), [(rises_too_fast, 1.0, 0.5), (falls_too_fast, -1.0, 0.3)]
)
def test_how_fast_it_may_change(judge: object, sign: float, per_s: float) -> None:
    assert callable(judge)
    for probe in (EXACT, PROBE):
        limit_c = 5.0 * math.sqrt(2.0) * sigma_c(probe)
        for seconds in (1.0, 1.5, 2.0):
            allowed = per_s * seconds + limit_c
            for difference in (allowed - 1e-9, 0.0, -allowed - 9.0):
                assert not judge(sign * difference, seconds, probe), difference
            for difference in (allowed + 1e-9, allowed + 1.0, math.nan, math.inf):
                assert judge(sign * difference, seconds, probe), difference
    assert not judge(sign * per_s, 1.0, EXACT)
    assert judge(sign * up(per_s), 1.0, EXACT)


def test_a_jump_is_more_than_two_degrees() -> None:
    """H08, H14: on either side."""
    for step, jumps in ((2.0, False), (-2.0, False), (up(2.0) + 1e-12, True), (-2.001, True)):
        walk = Walk()
        walk.sample(1.0, 40.0)
        seen = walk.sample(1.1, 40.0 + step)
        assert (Why.JUMP in seen.codes) is jumps, step
        assert (seen.reading.value is None) is jumps
        assert (seen.raw_c is None) is jumps


def test_a_level_protects_after_300_ms_and_is_believed_after_ten_seconds() -> None:
    """H08, H15."""
    for held_s, protects, is_believed in (
        (down(0.3), False, False), (0.3, True, False), (down(10.0), True, False),
        (10.0, True, True), (up(10.0), True, True),
    ):  # fmt: skip
        walk = Walk(replace(EXACT, period_s=9.0))
        walk.sample(-0.1, 36.0)
        walk.sample(0.0, 44.5)
        seen = walk.sample(held_s, 44.5)
        assert (seen.raw_c == 44.5) is protects, held_s
        assert (seen.reading.value == 44.5) is is_believed, held_s
        assert (seen.codes == ()) is is_believed, held_s


def test_a_level_stays_one_within_two_degrees_of_its_last_sample() -> None:
    for step, stays in ((2.0, True), (-2.0, True), (2.0 + 1e-9, False), (-2.0 - 1e-9, False)):
        walk = Walk()
        walk.sample(-0.1, 34.0)
        walk.sample(0.0, 48.0)
        walk.sample(0.1, 48.0 + step)
        seen = walk.sample(0.3, 48.0 + step)
        assert (seen.raw_c is not None) is stays, step


@pytest.mark.parametrize(("period_s", "limit_s"), [(0.1, 0.8), (0.4, 1.0), (5.0, 2.5)])
def test_it_is_stale_at_its_age_and_not_before(period_s: float, limit_s: float) -> None:
    """H10."""
    for age_s, is_stale in ((down(limit_s), False), (limit_s, True), (limit_s + 9.0, True)):
        walk = Walk(replace(EXACT, period_s=period_s))
        walk.sample(0.0, 40.0)
        seen = walk.wait(age_s)
        assert seen.age_s == age_s
        assert (Why.STALE in seen.codes) is is_stale, age_s
        assert (seen.reading.quality is Quality.STALE) is is_stale
        assert (seen.reading.value is None) is is_stale


@pytest.mark.parametrize(
    ("later_s", "seq", "is_new"),
    [
        (0.1, 6, True),
        (0.1, 5, False),
        (0.1, 4, False),
        (0.0, 6, False),
        (-0.1, 6, False),
        (down(0.8), 4, False),
        (0.8, 4, True),
        (0.8, 5, False),
        (9.0, 1, True),
    ],
)
def test_which_sample_is_new(later_s: float, seq: int, is_new: bool) -> None:
    """H11, H33: by time and counter; a restarted driver counts after staleness."""
    walk = Walk(replace(EXACT, period_s=0.1))
    walk.sample(0.0, 40.0, 5)
    walk.look(max(0.0, later_s), Reading(40.5, Quality.GOOD, later_s, seq))
    track = walk.tracks[0]
    assert (track.raw_c == 40.5) is is_new
    assert (track.at, track.seq) == ((later_s, seq) if is_new else (0.0, 5))


def test_a_stopped_counter_is_named_once_it_is_stale() -> None:
    """H11: the time of the frame moves on, its counter does not."""
    walk = Walk(replace(EXACT, period_s=0.1))
    walk.sample(0.0, 40.0, 5)
    for at, codes in ((0.7, ()), (0.8, (Why.STALE, Why.COUNTER_STOPPED))):
        assert walk.look(at, Reading(40.0, Quality.GOOD, at, 5)).codes == codes
    assert walk.look(0.9, Reading(40.0, Quality.GOOD, 0.0, 5)).codes == (Why.STALE,)


@pytest.mark.parametrize(("noise_c", "resolution_c"), [(0.05, 0.01), (0.02, 0.02), (0.05, 1e-8)])
def test_it_is_flat_at_its_count_and_not_before(noise_c: float, resolution_c: float) -> None:
    """H04."""
    probe = replace(PROBE, noise_c=noise_c, resolution_c=resolution_c)
    count = flat_samples(noise_c, resolution_c, 0.1)
    assert count is not None
    assert count >= 3
    walk, idle = Walk(probe), Walk(probe, field_on=False)
    for number in range(1, count + 3):
        at = 0.1 * number
        seen = walk.sample(at, 40.0)
        assert (Why.FLAT in seen.codes) is (number >= count), number
        assert (seen.reading.quality is Quality.STALE) is (number >= count)
        assert Why.FLAT not in idle.sample(at, 40.0).codes
    assert walk.sample(0.1 * (count + 3), 40.01).codes == ()


def test_two_alike_are_never_flat() -> None:
    """H04: however improbable, it takes a third."""
    probe = replace(PROBE, resolution_c=1e-11)
    assert flat_samples(0.05, 1e-11, 0.1) == 2
    walk = Walk(probe)
    found = [walk.sample(0.1 * n, 40.0).codes for n in range(1, 4)]
    assert found == [(), (), (Why.FLAT,)]


@pytest.mark.parametrize(
    ("noise_c", "resolution_c", "period_s", "count"),
    [
        (0.05, 0.01, 0.1, 10),
        (0.05, 0.01, 0.4, 10),
        (0.05, 0.01, 0.41, 7),
        (0.02, 0.02, 0.1, 23),
        (0.02, 0.02, 0.173, 23),
        (0.02, 0.02, 0.175, 16),
        (0.0, 0.01, 0.1, None),
        (0.05, 0.0, 0.1, None),
        (-0.05, 0.01, 0.1, None),
        (math.nan, 0.01, 0.1, None),
        (0.003, 0.01, 0.1, None),
        (1e300, 1e-300, 0.1, None),
    ],
)
def test_how_many_alike_a_living_channel_cannot_give(
    noise_c: float, resolution_c: float, period_s: float, count: int | None
) -> None:
    assert flat_samples(noise_c, resolution_c, period_s) == count


def test_noise_that_resolution_hides_says_nothing() -> None:
    """The chance of a repeat is 0.9 at this ratio of noise to resolution."""
    ratio = 0.30398
    assert math.erf(1.0 / (2.0 * math.sqrt(2.0) * ratio)) == pytest.approx(0.9, abs=1e-4)
    assert flat_samples(1.001 * ratio, 1.0, 0.01) is not None
    assert flat_samples(0.999 * ratio, 1.0, 0.01) is None


def test_a_rate_is_known_as_long_as_its_bins_are_young() -> None:
    """Three sample spacings of treatment time beyond five seconds."""
    walk = Walk(replace(EXACT, period_s=0.1), speed=20.0, field_on=False)
    for number in range(60):
        walk.sample(0.1 * number, 36.0 + 0.001 * number)
    belief = walk.tracks[0].belief
    assert belief is not None
    newest_s = belief.slope.bins_s[-1]
    for age_s, is_known in ((10.9, True), (11.1, False)):
        assert (walk.wait((newest_s + age_s) / 20.0).rate_c_per_s is not None) is is_known, age_s


def test_a_lost_reading_keeps_the_time_of_its_last_sample() -> None:
    walk = Walk()
    seen = walk.look(5.0, Reading(None, Quality.BAD, 5.0, 1, "no probe"))
    assert (seen.reading.at, seen.reading.seq, seen.age_s) == (0.0, -1, 5.0)
    assert seen.reading.detail == "stale no_value no probe"
    walk.sample(6.0, 40.0, 2)
    seen = walk.look(6.1, Reading(None, Quality.BAD, 6.1, 3))
    assert (seen.reading.at, seen.reading.seq) == (6.0, 2)
    assert (seen.reading.detail, seen.reading.quality) == ("no_value", Quality.BAD)


@pytest.mark.parametrize("quality", Quality)
def test_only_good_and_suspect_values_are_taken(quality: Quality) -> None:
    """H03: a number of bad quality is no number."""
    walk = Walk()
    seen = walk.look(1.0, Reading(40.0, quality, 1.0, 1))
    is_taken = quality in {Quality.GOOD, Quality.SUSPECT}
    assert (seen.reading.value == 40.0) is is_taken
    assert (seen.raw_c == 40.0) is is_taken
    assert seen.reading.quality is (quality if is_taken else Quality.STALE)


@pytest.mark.parametrize(("ahead_s", "counts"), [(0.0, True), (1e-9, False), (math.nan, False)])
def test_a_sample_is_not_from_the_future(ahead_s: float, counts: bool) -> None:
    """H33."""
    seen = Walk().look(1.0, Reading(40.0, Quality.GOOD, 1.0 + ahead_s, 1))
    assert (seen.reading.value is not None) is counts
    assert (Why.FUTURE in seen.codes) is not counts


@pytest.mark.parametrize(
    ("depth_mm", "lag_s", "expected_s"),
    [
        (None, 2.0, 120.0),
        (0.0, 2.0, 7.0),
        (5.0, 2.0, 66.06),
        (6.8, 2.0, 116.23),
        (7.0, 2.0, 120.0),
        (math.nan, 2.0, 120.0),
        (math.inf, 2.0, 120.0),
        (0.0, -6.0, 120.0),
        (0.0, -5.0, 0.0),
    ],
)
def test_how_far_it_looks_ahead(depth_mm: float | None, lag_s: float, expected_s: float) -> None:
    """H15, H42: what cannot be known looks the furthest."""
    probe = replace(PROBE, deposit_depth_mm=depth_mm, lag_s=lag_s)
    assert prediction_s(probe) == pytest.approx(expected_s, abs=0.02)
    assert PREDICTION_S_MAX == 120.0


def test_a_tumor_probe_looks_lag_and_five_seconds_ahead() -> None:
    for lag_s, expected_s in ((0.0, 5.0), (2.0, 7.0), (115.0, 120.0), (116.0, 120.0)):
        assert prediction_s(replace(PROBE, role=Role.TUMOR, lag_s=lag_s)) == expected_s


def test_falling_is_no_relief() -> None:
    assert predicted_c(42.0, 0.01, 60.0) == pytest.approx(42.6)
    assert predicted_c(42.0, -0.01, 60.0) == 42.0


def test_staleness_is_of_the_walls_seconds_at_any_speed() -> None:
    """H10: treatment time may run twenty times as fast, silence may not."""
    walk = Walk(speed=20.0)
    walk.sample(1.0, 40.0)
    assert walk.wait(1.7).codes == ()
    assert walk.wait(1.7).age_s == pytest.approx(0.7)
    assert walk.wait(1.8).codes == (Why.STALE,)


def test_a_sample_from_the_future_leaves_nothing_behind() -> None:
    """H33: what comes next is judged as if it had never been."""
    walk = Walk()
    walk.look(1.0, Reading(40.0, Quality.GOOD, 5.0, 9))
    assert walk.tracks[0].at is None
    assert walk.sample(1.1, 41.0, 1).reading.value == 41.0


@pytest.mark.parametrize("quality", [Quality.GOOD, Quality.SUSPECT])
def test_a_reading_without_a_number_is_no_sample(quality: Quality) -> None:
    """H03: whatever its quality says."""
    walk = Walk()
    walk.sample(1.0, 40.0, 1)
    seen = walk.look(1.1, Reading(None, quality, 1.1, 2))
    assert seen.codes == (Why.NO_VALUE,)
    assert (walk.tracks[0].at, walk.tracks[0].seq) == (1.0, 1)
