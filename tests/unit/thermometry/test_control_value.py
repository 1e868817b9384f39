# SPDX-License-Identifier: Apache-2.0
"""What control may use: one forged number among true ones never moves the field (H08, H12)."""

import pytest

from mnht_controller.domain.reading import Quality, Reading
from mnht_controller.thermometry.observe import Clock, observe, start
from tests.plans import plan

PROBES = plan().envelope.probes[:1]
TRUE_C = 41.0


def run(values, period_s=0.1):
    """Feed samples of one probe; give what control may use after each."""
    tracks, given = start(PROBES), []
    for number, value in enumerate(values, start=1):
        now = number * period_s
        raw = Reading(value, Quality.GOOD, now, number)
        tracks, (seen,) = observe(PROBES, tracks, (raw,), Clock(now, now, 1.0, field_on=True))
        given.append(seen.control_c)
    return given


@pytest.mark.shows("median_of_three")
@pytest.mark.parametrize("forged_c", [41.9, 42.9, 39.1, 40.2])
def test_a_single_forged_number_is_never_used(forged_c):
    for at in range(20, 30):
        values = [TRUE_C] * 40
        values[at] = forged_c
        assert {c for c in run(values) if c is not None} == {TRUE_C}


@pytest.mark.parametrize("forged_c", [39.7, 39.9])
def test_what_fell_too_fast_is_no_measure_for_what_falls_again(forged_c):
    """Forged alike every second, the second one must not look steady beside the first."""
    values = [TRUE_C] * 60
    for at in range(25, 60, 10):
        values[at] = values[at + 1] = forged_c
    assert {c for c in run(values) if c is not None} == {TRUE_C}


def test_a_real_ramp_is_followed_one_sample_behind():
    values = [round(40.0 + 0.01 * n, 2) for n in range(50)]
    used = run(values)
    assert used[-1] == values[-2]
