# SPDX-License-Identifier: Apache-2.0
"""The source as the rules see it: silent counts as open, unmeasured as unknown."""

from dataclasses import replace

import pytest

from mnht_controller.devices.contract import Kind
from mnht_controller.domain.reading import AuxiliaryReading, SourceReading
from mnht_controller.runtime.assembly import Beside, assembled
from tests.unit.runtime.moments import SOURCE

NOW = 10.0
ON = replace(SOURCE, at=NOW, output_on=True, measured_ka_per_m=3.0, frequency_hz=1e5)


def beside(kind, reading, period_s=0.1, name="thing"):
    return Beside(name, kind, period_s, reading)


def joined(source, others, now) -> SourceReading:
    """The joined snapshot of a source that has one."""
    found = assembled(source, others, now)
    assert found is not None
    return found


def said(at=NOW, **fields):
    return AuxiliaryReading(at, 1, **fields)


def test_nothing_beside_changes_nothing():
    assert assembled(ON, (), NOW) is ON
    assert assembled(None, [beside(Kind.PICKUP, said(measured_ka_per_m=9.0))], NOW) is None


@pytest.mark.parametrize(
    ("own", "coil", "seen"), [(None, 4.0, 4.0), (3.0, 4.0, 4.0), (5.0, 4.0, 5.0), (5.0, None, None)]
)
def test_the_higher_measurement_counts_and_a_lost_one_makes_the_field_unknown(own, coil, seen):
    """H17, H20: an amplifier's own word never hides what the coil shows."""
    source = replace(ON, measured_ka_per_m=own)
    reading = said(measured_ka_per_m=coil, frequency_hz=99_000.0)
    found = joined(source, [beside(Kind.PICKUP, reading)], NOW)
    assert found.measured_ka_per_m == seen
    assert found.frequency_hz == (1e5 if coil is None else 99_000.0)


@pytest.mark.parametrize("kind", [Kind.PICKUP, Kind.RUN_PERMIT, Kind.CHILLER])
@pytest.mark.parametrize("reading", [None, said(NOW - 0.36)])
def test_a_silent_device_is_an_open_interlock(kind, reading):
    """H10, H23."""
    found = joined(ON, [beside(kind, reading, name="box")], NOW)
    assert found.interlocks_open == ("box_silent",)
    assert (found.measured_ka_per_m is None) is (kind is Kind.PICKUP)


def test_a_slow_device_has_three_of_its_periods():
    slow = beside(Kind.CHILLER, said(NOW - 2.9), period_s=1.0)
    assert joined(ON, [slow], NOW).interlocks_open == ()
    assert joined(ON, [slow], NOW + 0.2).interlocks_open == ("thing_silent",)


def test_whoever_reads_the_enable_line_dates_what_it_has_seen():
    """H16: a module beside the source counts before the source's own word."""
    own = replace(ON, line_closed=True, line_seen_at=NOW)
    assert joined(own, [beside(Kind.CHILLER, said())], NOW).line_closed is True
    module = Beside("io", Kind.RUN_PERMIT, 0.1, said(line_closed=False), looked_at=NOW - 0.1)
    found = joined(own, [module], NOW)
    assert (found.line_closed, found.line_seen_at) == (False, NOW - 0.1)
    assert joined(ON, [beside(Kind.RUN_PERMIT, None)], NOW).line_closed is None


def test_every_word_of_every_device_is_kept():
    door = beside(Kind.RUN_PERMIT, said(interlocks_open=("door",), faults=("hardware",)))
    cold = beside(Kind.CHILLER, said(is_ready=False, interlocks_open=("coolant_flow",)), name="tub")
    found = joined(replace(ON, interlocks_open=("cover",), faults=("mains",)), [door, cold], NOW)
    assert found.interlocks_open == ("cover", "door", "coolant_flow", "tub_not_ready")
    assert found.faults == ("mains", "hardware")
