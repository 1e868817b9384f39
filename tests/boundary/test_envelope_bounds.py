# SPDX-License-Identifier: Apache-2.0
"""Every bound of what an envelope may say, at it and one float beside it. H38, H52, H61."""

import math
from dataclasses import fields, replace

import pytest

from mnht_controller.domain.limits import (
    FIELD_KA_PER_M_CAPS,
    HARD_LIMITS,
    Limits,
    Region,
    region_cap_ka_per_m,
)
from mnht_controller.domain.prescription import Envelope
from mnht_controller.interlock.bounds import (
    SPEED_MAX,
    cap_at_ka_per_m,
    cap_ka_per_m,
    envelope_faults,
    is_frequency,
)
from tests.plans import ENVELOPE, PROBES

NAMES = [field.name for field in fields(Limits)]
NO_NUMBERS = (math.nan, math.inf, -math.inf)


def up(value: float) -> float:
    return math.nextafter(value, math.inf)


def down(value: float) -> float:
    return math.nextafter(value, -math.inf)


def faults(envelope: Envelope) -> set[tuple[str, str]]:
    return {(fault.code, fault.where) for fault in envelope_faults(envelope)}


def limited(**limits: float) -> Envelope:
    """The widest legal envelope of the head, with these limits changed."""
    widest = replace(HARD_LIMITS, field_ka_per_m_cap=13.5)
    return replace(ENVELOPE, region=Region.HEAD, limits=replace(widest, **limits))


@pytest.mark.parametrize("name", NAMES)
def test_no_limit_above_the_compiled_one(name: str) -> None:
    hard = getattr(HARD_LIMITS, name)
    for wider in (up(hard), hard * 1.01, *NO_NUMBERS, 0.0, -0.0, down(0.0)):
        assert ("limit_wider", name) in faults(limited(**{name: wider})), wider
    for fine in (hard, down(hard), up(0.0)):
        assert ("limit_wider", name) not in faults(limited(**{name: fine})), fine


def test_a_fault_says_both_numbers() -> None:
    (fault,) = envelope_faults(limited(field_s_max=6001.0))
    assert (fault.value, fault.limit) == (6001.0, 6000.0)


@pytest.mark.parametrize(("region", "cap"), FIELD_KA_PER_M_CAPS)
def test_a_region_has_its_cap(region: Region, cap: float) -> None:
    """H52."""
    limits = replace(HARD_LIMITS, field_ka_per_m_cap=cap)
    at_cap = replace(ENVELOPE, region=region, limits=limits)
    assert faults(at_cap) == set()
    assert cap_ka_per_m(at_cap) == cap == region_cap_ka_per_m(region)
    above = replace(at_cap, limits=replace(limits, field_ka_per_m_cap=up(cap)))
    assert faults(above) == {("limit_wider", f"region {region.value}")}
    assert cap_ka_per_m(above) == cap
    below = replace(at_cap, limits=replace(limits, field_ka_per_m_cap=down(cap)))
    assert cap_ka_per_m(below) == down(cap)


def test_the_skin_has_a_set_point_then_a_cut_back_then_a_trip() -> None:
    for changes, is_ordered in (
        ({"skin_c_setpoint": 43.5}, False),
        ({"skin_c_setpoint": 43.0, "skin_c_cap": 43.0}, False),
        ({"skin_c_setpoint": 42.9, "skin_c_cap": up(42.9)}, True),
        ({"skin_c_trip": 43.5}, False),
        ({"skin_c_trip": up(43.5)}, True),
        ({"skin_c_cap": math.nan}, False),
    ):
        assert (("limit_order", "skin") not in faults(limited(**changes))) is is_ordered, changes


@pytest.mark.parametrize(("simulated", "highest"), [(True, SPEED_MAX), (False, 1.0)])
def test_real_devices_run_in_real_time(simulated: bool, highest: float) -> None:
    def refused(speed: float) -> bool:
        found = envelope_faults(replace(ENVELOPE, speed=speed, simulated=simulated))
        return any(fault.code == "speed_refused" and fault.limit == highest for fault in found)

    for speed in (1.0, highest, down(highest)):
        assert refused(speed) is (speed < 1.0)
    for speed in (down(1.0), up(highest), 0.0, -1.0, *NO_NUMBERS):
        assert refused(speed), speed


def test_the_most_speed_there_is() -> None:
    assert SPEED_MAX == 20.0


@pytest.mark.parametrize("field", ["noise_c", "resolution_c", "lag_s"])
def test_what_a_probe_declares_is_finite_and_not_negative(field: str) -> None:
    for value, is_fine in ((0.0, True), (up(0.0), True), (down(0.0), False), *_no_numbers()):
        probe = replace(PROBES[0], **{field: value})  # type: ignore[arg-type]
        found = faults(replace(ENVELOPE, probes=(probe, *PROBES[1:])))
        assert (("probe_declaration", "skin") not in found) is is_fine, value


@pytest.mark.parametrize("field", ["settling_s", "resolution_ka_per_m", "watchdog_s"])
def test_what_a_source_declares_is_finite_and_not_negative(field: str) -> None:
    for value, is_fine in ((0.0, True), (up(0.0), True), (down(0.0), False), *_no_numbers()):
        source = replace(ENVELOPE.source, **{field: value})  # type: ignore[arg-type]
        found = faults(replace(ENVELOPE, source=source))
        assert (("source_declaration", "source") not in found) is is_fine, value


def test_a_period_is_longer_than_nothing_and_ends() -> None:
    for value, is_fine in ((up(0.0), True), (0.0, False), (down(0.0), False), *_no_numbers()):
        probe = replace(PROBES[0], period_s=value)
        found = faults(replace(ENVELOPE, probes=(probe, *PROBES[1:])))
        assert (("probe_declaration", "skin") not in found) is is_fine, value
        found = faults(replace(ENVELOPE, source=replace(ENVELOPE.source, period_s=value)))
        assert (("source_declaration", "source") not in found) is is_fine, value


def _no_numbers() -> list[tuple[float, bool]]:
    return [(value, False) for value in NO_NUMBERS]


def test_only_a_double_name_is_a_double_name() -> None:
    twice = replace(PROBES[1], id="skin")
    found = faults(replace(ENVELOPE, probes=(PROBES[0], twice, PROBES[2])))
    assert found == {("probe_duplicate", "skin")}


def test_an_optional_skin_probe_is_not_enough() -> None:
    optional = replace(PROBES[0], required=False)
    found = faults(replace(ENVELOPE, probes=(optional, *PROBES[1:])))
    assert found == {("probe_required", "skin")}


def test_what_is_a_frequency() -> None:
    """H22, H52."""
    for value in (up(0.0), 0.5, 1.0, 1e5, 1e308):
        assert is_frequency(value)
    assert not any(map(is_frequency, (None, 0.0, -0.0, down(0.0), -1e5, *NO_NUMBERS)))


def test_the_cap_falls_with_the_frequency_and_never_rises() -> None:
    """H52: H·f."""
    assert cap_at_ka_per_m(ENVELOPE, 200_000.0) == 3.75
    for value in (1e5, 99_999.0, 1.0, up(0.0), 0.0, -1e5, *NO_NUMBERS):
        assert cap_at_ka_per_m(ENVELOPE, value) == 7.5
    assert cap_at_ka_per_m(ENVELOPE, None) == 7.5
