# SPDX-License-Identifier: Apache-2.0
"""Every numeric limit of the table, one float below, at, and one above it; and what is no number.

H40.

An inverted comparison, `<` for `<=`, or a limit that moved, turns this red.
"""

import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from mnht_controller.domain.probe import Role
from mnht_controller.domain.reading import Quality
from mnht_controller.interlock.memory import Memory, Since
from mnht_controller.interlock.source_findings import field_tolerance_ka_per_m
from mnht_controller.interlock.witness import Witness
from mnht_controller.thermometry.observe import Why
from tests.plans import ENVELOPE
from tests.unit.interlock.scene import NOW, codes, judged, observed, seen, source, witness

Build = Callable[[float], Witness]


def at_probe(role: Role, field: str) -> Build:
    def build(value: float) -> Witness:
        item = seen(role)
        reading = replace(item.reading, value=value)
        changed = {"reading": reading} if field == "value" else {field: value}
        return witness(observations=observed(replace(item, **changed)))

    return build


# Code, what it looks at, limit: out of bounds strictly above it.
ABOVE: tuple[tuple[str, Build, float], ...] = (
    ("skin_trip", at_probe(Role.SKIN, "raw_c"), 44.0),
    ("skin_cap", at_probe(Role.SKIN, "value"), 43.5),
    ("skin_predicted", at_probe(Role.SKIN, "predicted_c"), 43.5),
    ("tumor_cap", at_probe(Role.TUMOR, "value"), 60.0),
    ("healthy_cap", at_probe(Role.HEALTHY, "value"), 45.0),
    ("skin_dose", at_probe(Role.SKIN, "cem43_min"), 40.0),
    ("uncertain", lambda value: witness(uncertain_s=value), 0.3),
    ("unverified", lambda value: witness(uncertain_s=value), 0.15),
    ("lease_lost", lambda value: witness(peer_age_s=value), 0.2),
    ("field_cap", lambda value: witness(permit_ka_per_m=value), 7.5),
    ("field_cap", lambda value: witness(source=source(measured_ka_per_m=value)), 7.5 * 1.05),
)
IDS = [f"{row[0]}-{row[2]}" for row in ABOVE]


@pytest.mark.parametrize(("code", "build", "limit"), ABOVE, ids=IDS)
def test_at_the_limit_is_allowed_and_above_is_not(code: str, build: Build, limit: float) -> None:
    for allowed in (math.nextafter(limit, -math.inf), limit, limit - 1e-6, limit - 0.01):
        assert code not in codes([build(allowed)]), allowed
    for refused in (math.nextafter(limit, math.inf), limit + 1e-6, limit + 0.01, limit * 10):
        assert code in codes([build(refused)]), refused


@pytest.mark.parametrize(("code", "build", "limit"), ABOVE, ids=IDS)
@pytest.mark.parametrize("value", [math.nan, math.inf, 1e308])
def test_what_is_no_number_is_out_of_bounds(
    code: str, build: Build, limit: float, value: float
) -> None:
    """H40: NaN fails safe."""
    assert code in codes([build(value)])


@pytest.mark.parametrize(("code", "build", "limit"), ABOVE, ids=IDS)
def test_a_hit_can_be_recorded(code: str, build: Build, limit: float) -> None:
    for value in (math.nan, math.inf, limit + 1.0):
        _, hits = judged([build(value)])
        hit = next(hit for hit in hits if hit.code == code)
        assert hit.limit is not None
        assert math.isfinite(hit.limit)
        assert hit.value is None or math.isfinite(hit.value)


@pytest.mark.parametrize(("permit", "allowed"), [(5.0, 5.25), (0.5, 0.59), (0.0, 0.09)])
def test_readback_tolerance(permit: float, allowed: float) -> None:
    """H17: 5 %, twice the resolution or 0.5 % of full scale, whichever is most."""

    def held(measured: float) -> set[str]:
        return codes(
            witness(now, permit_ka_per_m=permit, source=source(now, measured_ka_per_m=measured))
            for now in (NOW, NOW + 0.1, NOW + 0.2)
        )

    assert "readback_high" not in held(allowed - 1e-9)
    assert "readback_high" in held(allowed + 1e-9)
    assert "readback_high" in held(math.nan)


@pytest.mark.parametrize("permit", [0.0, None])
def test_off_means_below_one_percent_of_full_scale(permit: float | None) -> None:
    """H16."""

    def held(measured: float) -> set[str]:
        return codes(
            witness(now, permit_ka_per_m=permit, source=source(now, measured_ka_per_m=measured))
            for now in (NOW, NOW + 0.1, NOW + 0.2, NOW + 0.3)
        )

    assert "off_not_obeyed" not in held(math.nextafter(0.18, 0.0))
    assert "off_not_obeyed" in held(0.18)
    assert "off_not_obeyed" in held(math.nan)


def test_source_age() -> None:
    """H19, H20: with a tick and 300 ms of the enable line a lost link stays within 0.75 s."""
    for age_s, is_lost in ((0.34, False), (0.351, True), (-0.04, False), (-0.06, True)):
        found = codes([witness(source=source(NOW - age_s))])
        assert ("source_lost" in found) is is_lost, age_s


def test_source_limit_register() -> None:
    """H24: equal within the declared resolution, on both sides."""
    for limit, is_wrong in ((7.5, False), (7.509, False), (7.491, False), (7.52, True)):
        assert ("source_limit" in codes([witness(source=source(limit_ka_per_m=limit))])) is is_wrong
    for limit in (7.48, 0.0, 18.0, math.nan, math.inf):
        assert "source_limit" in codes([witness(source=source(limit_ka_per_m=limit))])


@pytest.mark.parametrize("frequency", [None, 0.0, -1.0, math.nan, math.inf])
def test_a_frequency_that_is_none(frequency: float | None) -> None:
    assert "frequency_unknown" in codes([witness(source=source(frequency_hz=frequency))])


def test_session_time() -> None:
    """H43."""
    for field_s, is_over in ((5999.9, False), (6000.0, False), (6000.001, True), (math.nan, True)):
        memory = Memory(treatment_s=NOW - 900.0, field_s=field_s)
        assert ("session_time" in codes([witness()], memory)) is is_over


@pytest.mark.parametrize("period_s", [0.5, 1.0])
def test_a_slow_thermometer_widens_the_cut_back(period_s: float) -> None:
    item = seen(Role.SKIN)
    slow = replace(item, probe=replace(item.probe, period_s=period_s))
    limit = 43.5 - 0.5 * period_s
    for code, field in (("skin_cap", "value"), ("skin_predicted", "predicted_c")):
        for value, is_over in ((limit - 0.001, False), (limit + 0.001, True)):
            reading = replace(item.reading, value=value)
            changed = {"reading": reading} if field == "value" else {field: value}
            found = codes([witness(observations=observed(replace(slow, **changed)))])
            assert (code in found) is is_over


def test_a_tighter_envelope_is_what_counts() -> None:
    tight = replace(ENVELOPE, limits=replace(ENVELOPE.limits, skin_c_trip=43.8, tumor_c_cap=49.9))
    assert {"skin_trip", "tumor_cap"} <= codes(
        [witness(envelope=tight, observations=observed(seen(Role.SKIN, c=43.9)))]
    )


def test_the_tolerance_is_twice_what_the_source_can_resolve() -> None:
    """H17: where that is most."""
    for resolution, amplitude, expected in ((0.1, 0.0, 0.2), (0.1, 3.9, 0.2), (0.1, 5.0, 0.25)):
        assert field_tolerance_ka_per_m(amplitude, resolution) == pytest.approx(expected)
    assert field_tolerance_ka_per_m(0.0, 0.0) == pytest.approx(0.09)


def test_source_age_to_the_last_float() -> None:
    """H20: at 350 ms, or three of a slow source's periods, it is not lost yet."""
    for period_s, limit_s in ((0.1, 0.35), (0.5, 1.5)):
        spec = replace(ENVELOPE.source, period_s=period_s)
        envelope = replace(ENVELOPE, source=spec)
        for age_s, is_lost in (
            (limit_s, False),
            (math.nextafter(limit_s, 9.0), True),
            (-0.05, False),
            (math.nextafter(-0.05, -1.0), True),
            (math.nan, True),
        ):
            moment = witness(0.0, source=source(0.0, at=-age_s), envelope=envelope)
            assert ("source_lost" in codes([moment])) is is_lost, age_s


def test_the_limit_register_to_the_last_float() -> None:
    """H24: the declared resolution and a nanometer of rounding, no more."""
    spec = replace(ENVELOPE.source, resolution_ka_per_m=0.25 - 1e-9)
    envelope = replace(ENVELOPE, source=spec)

    def is_wrong(limit: float | None) -> bool:
        moment = witness(envelope=envelope, source=source(limit_ka_per_m=limit))
        return "source_limit" in codes([moment])

    for limit in (7.25, 7.75, 7.5):
        assert not is_wrong(limit)
    assert all(map(is_wrong, (7.25 - 1e-10, 7.75 + 1e-10, None)))


def test_a_register_or_watchdog_that_is_not_there_is_not_missed() -> None:
    bare = replace(ENVELOPE, source=replace(ENVELOPE.source, has_limit=False, watchdog_s=0.0))
    lacking = source(limit_ka_per_m=None, watchdog_on=None)
    assert codes([witness(envelope=bare, source=lacking)]) == set()
    assert codes([witness(source=lacking)]) == {"source_limit", "watchdog_off"}
    tiny = replace(bare, source=replace(bare.source, watchdog_s=math.nextafter(0.0, 1.0)))
    assert codes([witness(envelope=tiny, source=lacking)]) == {"watchdog_off"}


def test_a_thermometer_of_four_hertz_is_not_slow() -> None:
    item = seen(Role.SKIN)
    for period_s, limit in ((0.25, 43.5), (0.26, 43.5 - 0.13)):
        probe = replace(item.probe, period_s=period_s)
        for value, is_over in ((limit - 1e-9, False), (limit + 1e-9, True)):
            reading = replace(item.reading, value=value)
            found = codes(
                [witness(observations=observed(replace(item, probe=probe, reading=reading)))]
            )
            assert ("skin_cap" in found) is is_over, (period_s, value)


@pytest.mark.parametrize("code", ["skin_cap", "skin_predicted"])
def test_only_its_own_cut_back_at_its_own_probe_is_held(code: str) -> None:
    """H15: another finding, or another probe's, does not lower the limit here."""
    item = seen(Role.SKIN, c=43.4)
    for since, is_held in (
        (Since(code, "skin", NOW - 0.1), True),
        (Since(code, "other", NOW - 0.1), False),
        (Since("unverified", "source", NOW - 0.1), False),
    ):
        found = codes([witness(observations=observed(item))], Memory(since=(since,)))
        assert (code in found) is is_held, since


def test_a_reading_that_says_stale_is_silent_whatever_else_it_says() -> None:
    """H10."""
    quiet = seen(Role.SKIN, quality=Quality.STALE)
    assert "probe_stale" in codes([witness(observations=observed(quiet))])


@pytest.mark.parametrize("value", [None, math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("quality", [Quality.GOOD, Quality.SUSPECT])
def test_a_usable_reading_has_a_number(value: float | None, quality: Quality) -> None:
    """H03, H40."""
    item = seen(Role.TUMOR, quality=quality)
    item = replace(item, reading=replace(item.reading, value=value))
    held = [witness(NOW + 0.1 * n, observations=observed(item)) for n in range(4)]
    assert "probe_bad" in codes(held)


@pytest.mark.parametrize("quality", [Quality.BAD, Quality.STALE])
def test_a_number_of_bad_quality_is_no_reading(quality: Quality) -> None:
    """H03."""
    item = seen(Role.TUMOR, quality=quality)
    held = [witness(NOW + 0.1 * n, observations=observed(item)) for n in range(4)]
    assert "probe_bad" in codes(held)


@pytest.mark.parametrize("role", Role)
def test_a_cap_is_for_its_own_tissue(role: Role) -> None:
    caps = {Role.SKIN: "skin_trip", Role.TUMOR: "tumor_cap", Role.HEALTHY: "healthy_cap"}
    others = {*caps.values()} - {caps[role]}
    assert not others & codes([witness(observations=observed(seen(role, c=61.0)))])
    assert caps[role] in codes([witness(observations=observed(seen(role, c=61.0)))])


def test_what_is_missing_is_said_once_and_not_as_too_much() -> None:
    """H18, H03: a missing number is missing, it is not above a limit as well."""
    blind = source(measured_ka_per_m=None)
    held = [witness(NOW + 0.1 * n, source=replace(blind, at=NOW)) for n in range(3)]
    assert not {"field_cap", "readback_high"} & codes(held)
    for role in (Role.TUMOR, Role.HEALTHY):
        lost = seen(role, codes=(Why.NO_VALUE,), raw_c=None)
        assert codes([witness(observations=observed(lost))]) == set()


@pytest.mark.parametrize("why", Why)
def test_an_optional_probe_may_be_lost_for_any_reason(why: Why) -> None:
    for quality in (Quality.BAD, Quality.STALE):
        lost = seen(Role.HEALTHY, codes=(why,), quality=quality)
        lost = replace(lost, probe=replace(lost.probe, required=False))
        held = [witness(NOW + 0.1 * n, observations=observed(lost)) for n in range(5)]
        assert codes(held) == set()


def test_a_source_lost_after_a_reboot_is_lost() -> None:
    """H24, H19."""
    _, hits = judged([witness(), witness(NOW + 0.1, source=source(NOW + 0.1, boot=4))])
    assert "source_reboot" in {hit.code for hit in hits}
    memory, _ = judged([witness(), witness(NOW + 0.1, source=source(NOW + 0.1, boot=4))])
    assert codes([witness(NOW + 0.2, source=None)], memory) == {"source_lost"}
