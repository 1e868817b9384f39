# SPDX-License-Identifier: Apache-2.0
"""What one probe is taken to say, at every limit of time, count and step. H03, H04, H08, H10."""

import math
from dataclasses import replace

import pytest

from mnht_controller.domain.reading import Quality, Reading
from mnht_controller.thermometry.observe import Why, start
from mnht_controller.thermometry.plausibility import (
    flat_samples,
)
from mnht_controller.thermometry.track import take
from tests.boundary.walk import EXACT, PROBE, Walk, down, up


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


def test_a_probe_never_heard_is_not_fresh_at_the_beginning_of_time() -> None:
    """H10: the clock of a fresh host is near zero."""
    seen = Walk().look(0.1, Reading(None, Quality.BAD, 0.1, 1))
    assert seen.codes == (Why.STALE, Why.NO_VALUE)


def test_a_mailbox_that_says_stale_is_believed_while_its_sample_is_young() -> None:
    """H10."""
    walk = Walk()
    walk.sample(1.0, 40.0, 1)
    seen = walk.look(1.1, Reading(None, Quality.STALE, 1.0, 1))
    assert (seen.codes, seen.reading.value) == ((Why.STALE,), None)
    assert seen.reading.quality is Quality.STALE


def test_a_counter_counts_as_stopped_only_once_it_is_stale() -> None:
    """H11: until then there is another fault to name."""
    walk = Walk()
    walk.sample(1.0, 99.0, 1)
    assert walk.look(1.1, Reading(99.0, Quality.GOOD, 1.1, 1)).codes == (Why.RANGE,)


def test_without_noise_nothing_is_flat() -> None:
    """H04: such a channel may repeat itself for ever."""
    walk = Walk(EXACT)
    assert {walk.sample(0.1 * n, 40.0).codes for n in range(1, 60)} == {()}


def test_nothing_is_predicted_from_a_reading_that_is_missing() -> None:
    """H42: the slope goes on, the place to start from is gone."""
    walk = Walk()
    for number in range(130):
        seen = walk.sample(0.1 * number, 36.0 + 0.001 * number)
    assert seen.predicted_c is not None
    lost = walk.look(13.0, Reading(None, Quality.BAD, 13.0, 999))
    assert lost.rate_c_per_s is not None
    assert (lost.predicted_c, lost.control_c) == (None, None)


def test_no_rate_is_made_of_time_that_went_back() -> None:
    """H33: neither too fast nor falling, but unknown."""
    track = start((EXACT,))[0]
    for number, at_s in enumerate((0.0, 1.0, 1.1), start=1):
        raw = Reading(40.0, Quality.GOOD, float(number), number)
        track = take(EXACT, track, raw, at_s, 1.0)
    assert track.fast_c_per_s == 0.0
    back = take(EXACT, track, Reading(41.9, Quality.GOOD, 4.0, 4), -1.0, 1.0)
    assert (back.fast_c_per_s, back.rising_too_fast, back.why) == (None, False, None)


def test_a_rate_is_degrees_over_the_seconds_they_took() -> None:
    """H15, H41."""
    walk = Walk()
    for at, celsius in ((0.0, 36.0), (2.0, 36.0), (4.0, 36.8)):
        seen = walk.sample(at, celsius)
    assert seen.fast_rate_c_per_s == pytest.approx(0.4)
    assert seen.raw_c == 36.8


def test_a_probe_never_heard_has_no_dose() -> None:
    """H43."""
    assert Walk().look(1.0, Reading(None, Quality.BAD, 1.0, 1)).cem43_min == 0.0
