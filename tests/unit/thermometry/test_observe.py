# SPDX-License-Identifier: Apache-2.0
"""Judging raw readings: what is believed, what only protects, what is stale (H01, H03, H10)."""

import math
import random
from dataclasses import replace

import pytest

from mnht_controller.domain import codec
from mnht_controller.domain.errors import InvariantError
from mnht_controller.domain.probe import Probe, Role
from mnht_controller.domain.reading import Quality, Reading
from mnht_controller.thermometry.observe import (
    Clock,
    Observation,
    ProbeTrack,
    Why,
    observe,
    start,
)
from mnht_controller.thermometry.plausibility import flat_samples, stale_s
from mnht_controller.thermometry.track import Belief

SKIN = Probe("skin", "t", 1, Role.SKIN, True, 0.05, 0.01, 2.0, 0.1, 5.0)
START_S = 100.0


class Bench:
    """Feeds one probe at 10 Hz (monotonic) and remembers the observation."""

    def __init__(self, probe=SKIN, speed=1.0, field_on=True, seed=1):
        self.probe, self.speed, self.field_on = probe, speed, field_on
        self.tracks = start((probe,))
        self.now, self.seq = START_S, 0
        self.rng = random.Random(seed)
        self.raw = Reading(None, Quality.STALE, 0.0, 0)
        self.last: Observation | None = None

    @property
    def seen(self) -> Observation:
        assert self.last is not None, "nothing was fed yet"
        return self.last

    def believed(self) -> Belief:
        belief = self.tracks[0].belief
        assert belief is not None, "nothing is believed yet"
        return belief

    def tick(self, value=None, *, new=True, raw=None):
        self.now += 0.1
        if raw is not None:
            self.raw = raw
        elif new:
            self.seq += 1
            self.raw = Reading(value, Quality.GOOD, self.now - 0.03, self.seq)
        clock = Clock(self.now, (self.now - START_S) * self.speed, self.speed, self.field_on)
        self.tracks, (self.last,) = observe((self.probe,), self.tracks, (self.raw,), clock)
        return self.seen

    def live(self, celsius, ticks, slope=0.0):
        for n in range(ticks):
            self.tick(round(celsius + slope * 0.1 * n + self.rng.gauss(0.0, 0.05), 2))
        return self.seen


def test_live_probe_is_good_and_complete():
    seen = Bench().live(43.0, 400)
    assert (seen.reading.quality, seen.codes) == (Quality.GOOD, ())
    assert seen.reading.value == seen.raw_c
    assert seen.age_s == pytest.approx(0.03)
    assert abs(seen.rate_c_per_s) < 0.01
    assert seen.predicted_c == pytest.approx(43.0, abs=0.4)
    assert not seen.rising_too_fast
    assert seen.cem43_min == pytest.approx(40.0 / 60.0, rel=0.02)


def test_prediction_follows_a_slope_and_ages():
    bench = Bench(replace(SKIN, noise_c=0.0), field_on=False)
    for n in range(300):
        bench.tick(40.0 + 0.002 * n)
    ready = bench.seen
    assert ready.rate_c_per_s == pytest.approx(0.02)
    assert ready.predicted_c is not None
    assert ready.predicted_c == pytest.approx(40.598 + 0.02 * 66.06, abs=0.03)
    later = [bench.tick(new=False).predicted_c for _ in range(5)]
    assert later[-1] - ready.predicted_c == pytest.approx(0.02 * 0.5)


@pytest.mark.parametrize(
    ("role", "value", "good"),
    [
        (Role.SKIN, 15.0, True),
        (Role.SKIN, math.nextafter(15.0, 0.0), False),
        (Role.SKIN, 60.0, True),
        (Role.SKIN, math.nextafter(60.0, 99.0), False),
        (Role.HEALTHY, 60.5, False),
        (Role.TUMOR, 60.5, True),
        (Role.TUMOR, 90.0, True),
        (Role.TUMOR, math.nextafter(90.0, 99.0), False),
        (Role.SKIN, math.nan, False),
        (Role.SKIN, math.inf, False),
        (Role.SKIN, -math.inf, False),
        (Role.SKIN, -273.0, False),
        (Role.SKIN, 9999.0, False),
    ],
)
def test_range_h03(role, value, good):
    seen = Bench(replace(SKIN, role=role)).tick(value)
    assert (seen.codes == ()) is good
    assert (seen.reading.value is not None) is good
    assert (seen.raw_c is not None) is good
    if not good:
        assert (seen.reading.quality, seen.codes) == (Quality.BAD, (Why.RANGE,))


def test_no_probe_token_is_bad_at_once_and_stale_later_h03():
    bench = Bench()
    bench.live(40.0, 20)
    seen = bench.tick(raw=Reading(None, Quality.BAD, bench.now + 0.05, bench.seq, "OPEN"))
    assert (seen.reading.quality, seen.codes) == (Quality.BAD, (Why.NO_VALUE,))
    assert (seen.reading.value, seen.raw_c, seen.predicted_c) == (None, None, None)
    assert "OPEN" in seen.reading.detail
    for _ in range(9):
        seen = bench.tick(raw=Reading(None, Quality.BAD, bench.now + 0.05, bench.seq, "OPEN"))
    assert seen.reading.quality is Quality.STALE
    assert set(seen.codes) == {Why.STALE, Why.NO_VALUE}
    assert bench.live(40.0, 2).codes == ()


def test_bad_value_is_never_believed_even_with_a_number():
    bench = Bench()
    bench.live(40.0, 20)
    seen = bench.tick(raw=Reading(40.0, Quality.BAD, bench.now + 0.05, bench.seq + 1, "?"))
    assert (seen.reading.value, seen.raw_c) == (None, None)


@pytest.mark.parametrize(("period", "limit"), [(0.1, 0.8), (0.4, 1.0), (1.0, 2.5), (3.0, 2.5)])
def test_staleness_limit(period, limit):
    assert stale_s(period) == limit


def test_silence_is_stale_by_age_h10():
    bench = Bench()
    bench.live(40.0, 20)
    last_c = bench.seen.reading.value
    while bench.now - bench.raw.at + 0.1 < 0.8:
        seen = bench.tick(new=False)
        assert (seen.reading.value, seen.codes) == (last_c, ())
    seen = bench.tick(new=False)
    assert (seen.reading.quality, seen.codes) == (Quality.STALE, (Why.STALE,))
    assert (seen.reading.value, seen.raw_c, seen.predicted_c) == (None, None, None)


@pytest.mark.shows("frame_counters")
def test_stopped_counter_is_no_new_sample_h11():
    bench = Bench()
    bench.live(40.0, 20)
    for _ in range(9):
        seen = bench.tick(raw=Reading(40.0, Quality.GOOD, bench.now + 0.05, bench.seq))
    assert seen.reading.quality is Quality.STALE
    assert set(seen.codes) == {Why.STALE, Why.COUNTER_STOPPED}


def test_lower_counter_counts_only_after_staleness_h11():
    bench = Bench()
    bench.live(40.0, 20)
    replay = Reading(40.0, Quality.GOOD, bench.now + 0.05, 3)
    assert bench.tick(raw=replay).age_s > 0.1
    for n in range(30):
        seen = bench.tick(raw=Reading(40.0 + 0.01 * n, Quality.GOOD, bench.now + 0.05, n))
    assert seen.codes == ()


def test_stamp_from_the_future_is_bad_h33():
    bench = Bench()
    bench.live(40.0, 20)
    seen = bench.tick(raw=Reading(40.0, Quality.GOOD, bench.now + 5.0, bench.seq + 1))
    assert (seen.reading.quality, seen.codes) == (Quality.BAD, (Why.FUTURE,))


def test_never_sampled_is_stale():
    seen = Bench().tick(new=False)
    assert (seen.reading.quality, seen.codes) == (Quality.STALE, (Why.STALE,))


def test_single_spike_is_bad_and_forgotten_h08():
    bench = Bench()
    bench.live(40.0, 50)
    before = bench.seen.cem43_min
    seen = bench.tick(50.0)
    assert (seen.reading.quality, seen.codes) == (Quality.BAD, (Why.JUMP,))
    assert seen.raw_c is None  # one spike over 44 °C is no trip
    seen = bench.live(40.0, 1)
    assert seen.codes == ()
    assert not seen.rising_too_fast
    assert seen.cem43_min - before < 0.01


@pytest.mark.shows("jump_is_no_reading")
def test_level_jumped_to_is_believed_only_after_ten_consistent_seconds_h08():
    bench = Bench()
    bench.live(40.0, 50)
    bench.tick(43.5)
    assert bench.tick(43.5).reading.value is None
    began = bench.now
    while (seen := bench.live(43.5, 1)).codes:
        assert seen.reading.value is None
    assert bench.now - began == pytest.approx(9.8, abs=0.25)
    assert seen.rate_c_per_s is None  # the old slope says nothing about the new level


def test_hot_level_protects_before_it_is_believed():
    bench = Bench()
    bench.live(40.0, 50)
    raws = [bench.live(46.0, 1).raw_c for _ in range(5)]
    assert raws[:3] == [None, None, None]
    assert raws[4] == pytest.approx(46.0, abs=0.3)
    assert bench.seen.reading.value is None


def test_inconsistent_level_is_never_believed():
    bench = Bench()
    bench.live(40.0, 50)
    for n in range(300):
        assert bench.tick(30.0 if n % 2 else 50.0).codes == (Why.JUMP,)


def test_probe_off_falls_and_is_bad_within_a_second_h01():
    bench = Bench()
    bench.live(42.0, 50)
    for n in range(60):
        seen = bench.live(25.0 + 17.0 * math.exp(-0.1 * n / 3.0), 1)
        if seen.codes:
            break
    assert n < 10
    assert seen.reading.quality is Quality.BAD
    assert seen.codes[0] in {Why.FALLING, Why.JUMP}
    bad = 0
    for later in range(n + 1, 100):
        bad += bool(bench.live(25.0 + 17.0 * math.exp(-0.1 * later / 3.0), 1).codes)
    assert bad == 99 - n


@pytest.mark.parametrize(
    ("slope", "rising", "codes"),
    [(0.9, True, ()), (0.4, False, ()), (-0.2, False, ()), (-0.7, False, (Why.FALLING,))],
)
def test_slope_limits_at_five_sigma(slope, rising, codes):
    bench = Bench()
    bench.live(38.0, 50)
    seen = bench.live(38.0, 24, slope=slope)
    assert (seen.rising_too_fast, seen.codes) == (rising, codes)


def test_noise_alone_raises_nothing_for_hours():
    bench = Bench(seed=3)
    for _ in range(20000):
        seen = bench.live(43.0, 1)
        assert not seen.codes
        assert not seen.rising_too_fast


def test_slopes_are_in_treatment_time():
    bench = Bench(speed=20.0)
    seen = bench.live(38.0, 24, slope=0.9)  # per monotonic second, so 0.045 per treatment second
    assert not seen.rising_too_fast
    assert seen.fast_rate_c_per_s == pytest.approx(0.045, abs=0.05)


@pytest.mark.parametrize(
    ("noise", "resolution", "samples"), [(0.05, 0.01, 10), (0.05, 0.1, 38), (0.02, 0.1, None)]
)
def test_flat_line_statistics(noise, resolution, samples):
    assert flat_samples(noise, resolution, 0.1) == samples


def test_flat_undecidable_without_numbers():
    for noise, resolution in ((0.0, 0.1), (0.05, 0.0), (math.nan, 0.1), (0.05, math.inf)):
        assert flat_samples(noise, resolution, 0.1) is None


@pytest.mark.parametrize("level", [36.0, 42.9, 43.1])
def test_stuck_is_stale_with_the_field_on_h04(level):
    bench = Bench()
    bench.live(level, 50)
    codes = [bench.tick(level).codes for _ in range(12)]
    assert codes[8] == ()
    assert codes[-1] == (Why.FLAT,)
    assert bench.seen.reading.quality is Quality.STALE
    assert bench.seen.reading.detail == "flat"
    assert bench.live(level, 2).codes == ()


def test_flat_with_the_field_off_says_nothing():
    bench = Bench(field_on=False)
    bench.live(40.0, 50)
    for _ in range(50):
        assert bench.tick(40.0).codes == ()


@pytest.mark.shows("dose_on_missing")
def test_dose_goes_on_at_the_last_plausible_temperature_h43():
    bench = Bench(field_on=False)
    for n in range(20):
        bench.tick(43.0 if n % 2 else 43.01)
    before = bench.seen.cem43_min
    for _ in range(600):
        seen = bench.tick(new=False)
    assert seen.cem43_min - before == pytest.approx(1.0, rel=0.02)


def test_dose_counts_treatment_time():
    bench = Bench(speed=20.0)
    assert bench.live(43.0, 301).cem43_min == pytest.approx(10.0, rel=0.02)


def test_memory_survives_the_codec():
    bench = Bench()
    bench.live(43.0, 300)
    bench.tick(50.0)
    (track,) = bench.tracks
    assert codec.loads(ProbeTrack, codec.dumps(track)) == track
    assert codec.loads(ProbeTrack, codec.dumps(ProbeTrack())) == ProbeTrack()


def test_samples_are_placed_at_their_own_treatment_time():
    bench = Bench(speed=20.0)
    bench.live(43.0, 10)
    assert bench.believed().s == pytest.approx((bench.now - 0.03 - START_S) * 20.0)


def test_an_older_stamp_is_no_new_sample_h33():
    bench = Bench()
    bench.live(40.0, 20)
    at = bench.raw.at
    seen = bench.tick(raw=Reading(41.0, Quality.GOOD, at - 0.05, bench.seq + 1))
    assert (seen.reading.at, seen.reading.seq) == (at, bench.seq)


def test_stale_begins_exactly_at_the_limit():
    probe = replace(SKIN, period_s=0.4)
    raw = Reading(40.0, Quality.GOOD, 100.0, 1)
    tracks, _ = observe((probe,), start((probe,)), (raw,), Clock(100.0, 0.0, 1.0, False))
    for now, codes in ((math.nextafter(101.0, 0.0), ()), (101.0, (Why.STALE,))):
        _, (seen,) = observe((probe,), tracks, (raw,), Clock(now, 1.0, 1.0, False))
        assert seen.codes == codes


def test_a_level_that_is_believed_again_starts_afresh():
    bench = Bench()
    bench.live(40.0, 50)
    while bench.live(43.5, 1).codes:
        pass
    belief = bench.believed()
    assert belief.smooth_c == belief.c
    assert belief.slope.bins_s == ()


def test_dose_does_not_follow_a_probe_that_falls_off_h01():
    bench = Bench()
    bench.live(43.0, 50)
    before = bench.seen.cem43_min
    for n in range(60):
        bench.live(25.0 + 18.0 * math.exp(-0.1 * n / 3.0), 1)
    dose = bench.tracks[0].dose
    assert dose is not None
    held_c = dose.c
    assert held_c == bench.believed().c > 41.5
    assert bench.seen.cem43_min - before > 0.09 * 4.0 ** (held_c - 43.0)


def test_tuples_that_do_not_match_are_our_bug():
    with pytest.raises(InvariantError):
        observe((SKIN,), (), (), Clock(0.0, 0.0, 1.0, False))


def test_prediction_starts_from_a_second_of_smoothing():
    bench = Bench(replace(SKIN, noise_c=0.0), field_on=False)
    bench.now += 50.0
    bench.tick(40.0)
    bench.tick(41.1)
    assert bench.believed().smooth_c == pytest.approx(40.0 + 0.1 / 1.1 * 1.1)
