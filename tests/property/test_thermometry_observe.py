# SPDX-License-Identifier: Apache-2.0
"""Whatever the wire says (H40): no exception, no NaN, no value that is not good."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from mnht_controller.domain import codec
from mnht_controller.domain.probe import Probe, Role
from mnht_controller.domain.reading import Quality, Reading
from mnht_controller.thermometry.cem43 import cem43_min
from mnht_controller.thermometry.observe import Clock, observe, start

any_float = st.floats(allow_nan=True, allow_infinity=True)
celsius = st.one_of(st.none(), st.floats(30.0, 50.0), any_float)
probes = st.builds(
    Probe,
    st.just("p"),
    st.just("t"),
    st.just(1),
    st.sampled_from(Role),
    st.booleans(),
    *[st.one_of(st.floats(0.0, 1.0), any_float)] * 2,
    *[st.floats(0.0, 10.0)] * 2,
    st.one_of(st.none(), any_float),
)
frames = st.tuples(celsius, st.sampled_from(Quality), st.floats(-1.0, 1.0), st.integers(-1, 2))


@settings(max_examples=60, deadline=None)
@given(probes, st.lists(frames, max_size=60), st.booleans())
def test_any_frames(probe, sequence, field_on):
    tracks, seq, dose, now = start((probe,)), 0, 0.0, 0.0
    for value, quality, offset, step in sequence:
        now += 0.1
        seq += step
        raw = Reading(value, quality, now + offset, seq)
        clock = Clock(now, now * 2.0, 2.0, field_on)
        tracks, (seen,) = observe((probe,), tracks, (raw,), clock)
        trusted = seen.reading.quality in {Quality.GOOD, Quality.SUSPECT}
        assert (seen.reading.value is not None) == trusted == (seen.codes == ())
        for number in (seen.reading.value, seen.raw_c, seen.rate_c_per_s, seen.predicted_c):
            assert number is None or math.isfinite(number)
        assert seen.raw_c is None or 15.0 <= seen.raw_c <= 90.0
        assert seen.cem43_min >= dose
        dose = seen.cem43_min
        codec.digest(tracks[0])


@given(st.floats(30.0, 60.0), st.floats(30.0, 60.0), st.floats(0.0, 1.0), st.floats(0.1, 1e4))
def test_dose_of_a_segment_is_the_sum_of_its_parts(first, last, share, seconds):
    middle = first + (last - first) * share
    whole = cem43_min(first, last, seconds)
    parts = cem43_min(first, middle, seconds * share)
    parts += cem43_min(middle, last, seconds * (1.0 - share))
    assert math.isclose(whole, parts, rel_tol=1e-6, abs_tol=1e-9)
