# SPDX-License-Identifier: Apache-2.0
"""H62, H52, H43: the backstop's numbers, each at its last float, and what it must not raise on."""

import math
from dataclasses import replace

import pytest

from mnht_controller.domain.lease import Lease
from mnht_controller.domain.prescription import Envelope
from mnht_controller.guard import backstop
from tests.plans import ENVELOPE
from tests.unit.interlock.scene import NOW, lease, source


def up(value: float) -> float:
    return math.nextafter(value, math.inf)


def limited(cap: float = 7.5, field_s_max: float = 6000.0) -> Envelope:
    limits = replace(ENVELOPE.limits, field_ka_per_m_cap=cap, field_s_max=field_s_max)
    return replace(ENVELOPE, limits=limits)


def is_field(message: Lease, envelope: Envelope = ENVELOPE) -> bool:
    return backstop.why_stop(envelope, message, NOW, 0.0, 0.0) == "backstop_field"


def driven(permit: float | None, measured: float | None, frequency: float | None = 1e5) -> Lease:
    seen = source(NOW, measured_ka_per_m=measured, frequency_hz=frequency)
    return replace(lease(1, NOW), permit_ka_per_m=permit, source=seen)


@pytest.mark.parametrize("cap", [7.5, 6.0, 0.5, 18.0, 30.0, math.inf])
def test_permit_and_read_back_end_at_the_cap_and_its_tolerance(cap: float) -> None:
    """5 % and 0.1 kA/m, and never more than full scale whatever the envelope says."""
    limit = 1.05 * min(18.0, cap) + 0.1
    for amplitude, stops in ((limit, False), (up(limit), True)):
        assert is_field(driven(amplitude, 0.0), limited(cap)) is stops
        assert is_field(driven(0.0, amplitude), limited(cap)) is stops
        without = replace(driven(amplitude, 0.0), source=None)
        assert is_field(without, limited(cap)) is stops


@pytest.mark.parametrize(
    ("frequency", "share"),
    [(None, 1.0), (1e5, 1.0), (9e4, 1.0), (0.0, 1.0), (125_000.0, 0.8), (2e5, 0.5)],
)
def test_a_higher_frequency_lowers_the_cap_and_a_lower_one_does_not_raise_it(
    frequency: float | None, share: float
) -> None:
    limit = 1.05 * (7.5 * share) + 0.1
    assert not is_field(driven(0.0, limit - 1e-9, frequency))
    assert is_field(driven(0.0, limit + 1e-9, frequency))


def test_no_permit_and_no_read_back_are_no_field() -> None:
    assert not is_field(driven(None, None), limited(0.0))
    assert not is_field(replace(driven(None, None), source=None), limited(0.0))


@pytest.mark.parametrize(
    ("field_s_max", "limit_s"), [(6000.0, 6000.0), (9000.0, 6000.0), (60.0, 60.0)]
)
def test_field_time_ends_at_the_tighter_of_both_limits(field_s_max: float, limit_s: float) -> None:
    envelope = limited(field_s_max=field_s_max)
    assert backstop.why_stop(envelope, lease(1, NOW), NOW, 0.0, limit_s) == ""
    assert backstop.why_stop(envelope, lease(1, NOW), NOW, 0.0, up(limit_s)) == "backstop_time"


def test_a_lease_of_another_shape_is_not_its_business() -> None:
    """The lease's own check refuses it; here nothing is raised, and what is there is judged."""
    empty = replace(lease(1, NOW), probes=())
    assert not backstop.is_hot(ENVELOPE, empty)
    assert backstop.why_stop(ENVELOPE, empty, NOW, 0.0, 0.0) == ""
    longer = replace(lease(1, NOW), probes=lease(1, NOW).probes * 2)
    assert not backstop.is_hot(ENVELOPE, longer)
    assert backstop.why_stop(ENVELOPE, longer, NOW, 0.0, 0.0) == ""


def test_an_optional_probe_may_be_silent() -> None:
    optional = tuple([replace(probe, required=False) for probe in ENVELOPE.probes])
    envelope = replace(ENVELOPE, probes=optional)
    assert backstop.why_stop(envelope, lease(1, NOW), NOW + 9.0, 0.0, 0.0) == ""
    assert backstop.why_stop(ENVELOPE, lease(1, NOW), NOW + 9.0, 0.0, 0.0) == "backstop_stale"


def test_a_probe_is_silent_a_tenth_of_a_second_after_the_rules_say_so() -> None:
    fresh = lease(1, 0.0)
    for age_s, stops in ((0.9, True), (math.nextafter(0.9, 0.0), False)):
        probes = tuple([replace(row, at=-age_s) for row in fresh.probes])
        found = backstop.why_stop(ENVELOPE, replace(fresh, probes=probes), 0.0, 0.0, 0.0)
        assert (found == "backstop_stale") is stops


@pytest.mark.parametrize(
    ("passed_s", "speed", "added_s"),
    [(0.5, 1.0, 0.5), (0.5, 4.0, 2.0), (0.0, 1.0, 0.0), (-0.5, 4.0, 0.0)],
)
def test_time_on_is_what_has_passed_since_the_lease_that_permitted(
    passed_s: float, speed: float, added_s: float
) -> None:
    before = replace(lease(1, 100.0), permit_ka_per_m=5e-324, sent_at=100.0)
    assert backstop.on_s(before, replace(before, sent_at=100.0 + passed_s), speed) == added_s
