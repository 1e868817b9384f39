# SPDX-License-Identifier: Apache-2.0
"""Everything that must hold before arming refuses by its own reason, and all at once (H47)."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from mnht_controller.domain.lease import GuardState
from mnht_controller.domain.limits import Region
from mnht_controller.domain.prescription import Envelope
from mnht_controller.domain.probe import Role
from mnht_controller.domain.reading import Quality
from mnht_controller.domain.tick import Health
from mnht_controller.domain.trip import Effect, Latch
from mnht_controller.interlock.bounds import envelope_faults
from mnht_controller.interlock.evaluate import Hit
from mnht_controller.interlock.latch import latched
from mnht_controller.interlock.permissives import PERMISSIVES, StartRequest, unmet
from mnht_controller.interlock.rules import RULES
from mnht_controller.interlock.witness import Witness
from mnht_controller.thermometry.observe import Why
from tests.plans import ENVELOPE, PROBES
from tests.unit.interlock.scenarios import SCENARIOS
from tests.unit.interlock.scene import NOW, SHA, judged, observed, seen, source, status, witness

OFF = {"setpoint_ka_per_m": 0.0, "measured_ka_per_m": 0.0, "output_on": False}
COOL = observed(seen(Role.SKIN, c=34.0))


def quiet(**changes: Any) -> Witness:
    """Before arming: cool skin, source off and prepared."""
    base = {"observations": COOL, "source": source(**OFF), "armed": False, "permit_ka_per_m": None}
    return witness(**{**base, **changes})


def request(seen_as: Witness | None = None, **changes: Any) -> StartRequest:
    moment = seen_as or quiet()
    guard = status(state=GuardState.DISABLED)
    good = StartRequest(moment, judged([moment])[0], Latch(), guard, SHA, Health())
    return replace(good, **changes)


def codes(seen_as: Witness | None = None, **changes: Any) -> set[str]:
    return {reason.code for reason in unmet(request(seen_as, **changes))}


def wide(**limits: Any) -> Envelope:
    return replace(ENVELOPE, limits=replace(ENVELOPE.limits, **limits))


UNMET: dict[str, Callable[[], set[str]]] = {
    "latched": lambda: codes(
        latch=latched(Latch(), (Hit("x", "H01", Effect.TRIP, "", None, None),), 1.0, 1.0)
    ),
    "guard_state": lambda: codes(guard=status(state=GuardState.LATCHED)),
    "guard_envelope": lambda: codes(guard=status(state=GuardState.ARMED, envelope_sha256="")),
    "journal": lambda: codes(health=Health(journal_ok=False)),
    "operator_absent": lambda: codes(health=Health(operator_seen_s=10.1)),
    "envelope": lambda: codes(quiet(envelope=wide(skin_c_trip=44.1))),
    "probe_suspect": lambda: codes(
        quiet(observations=observed(seen(Role.SKIN, c=34.0, quality=Quality.SUSPECT)))
    ),
    "skin_too_warm": lambda: codes(quiet(observations=observed(seen(Role.SKIN, c=43.0)))),
    "prediction_unknown": lambda: codes(
        quiet(observations=observed(seen(Role.SKIN, c=34.0, predicted_c=None)))
    ),
    "source_not_zero": lambda: codes(quiet(source=source(**{**OFF, "output_on": True}))),
}


def test_a_ready_session_may_be_armed() -> None:
    assert unmet(request()) == ()
    assert unmet(request(guard=status(state=GuardState.ARMED))) == ()


def test_every_row_has_a_case() -> None:
    assert {row.code for row in PERMISSIVES} == set(UNMET)
    assert all(row.title for row in PERMISSIVES)


@pytest.mark.parametrize("code", UNMET)
def test_a_row_refuses_by_its_own_code(code: str) -> None:
    assert UNMET[code]() == {code}


@pytest.mark.parametrize("code", [row.code for row in RULES])
def test_nothing_starts_with_a_rule_already_broken(code: str) -> None:
    """Debounce does not help here: what is out of bounds now is out of bounds."""
    moment = SCENARIOS[code][-1]
    memory = judged(SCENARIOS[code])[0]
    assert code in codes(replace(moment, armed=False), memory=memory)


@pytest.mark.parametrize("why", Why)
def test_a_required_probe_must_read_well(why: Why) -> None:
    """H03, H10: whatever the reason."""
    bad = seen(Role.HEALTHY, codes=(why,))
    found = unmet(request(quiet(observations=observed(seen(Role.SKIN, c=34.0), bad))))
    assert "healthy" in {reason.where for reason in found}


@pytest.mark.parametrize(
    "changes",
    [
        {"setpoint_ka_per_m": 1.0},
        {"measured_ka_per_m": 0.18},
        {"measured_ka_per_m": None},
        {"output_on": True},
    ],
)
def test_the_source_must_be_off_and_at_zero(changes: dict[str, Any]) -> None:
    assert "source_not_zero" in codes(quiet(source=source(**{**OFF, **changes})))


@pytest.mark.parametrize("state", GuardState)
def test_guard_states_that_may_start(state: GuardState) -> None:
    may = state in {GuardState.DISABLED, GuardState.ARMED}
    assert ("guard_state" in codes(guard=status(state=state))) is not may
    assert {"guard_state", "guard_envelope"} <= codes(guard=None)


@pytest.mark.parametrize(("armed_at", "counts"), [(NOW - 0.1, False), (NOW, True)])
def test_only_a_confirmation_after_prepare_counts(armed_at: float, counts: bool) -> None:
    """H56: whatever was lost on the way to the guard, a human has to confirm anew."""
    armed = status(state=GuardState.ARMED, armed_at=armed_at)
    assert ("guard_state" not in codes(guard=armed, prepared_at=NOW)) is counts
    assert codes(guard=armed) == set()
    never = status(state=GuardState.ARMED, armed_at=float("nan"))
    assert codes(guard=never, prepared_at=NOW) == {"guard_state"}


@pytest.mark.parametrize("required", [True, False])
def test_every_skin_probe_that_reads_needs_its_prediction(required: bool) -> None:
    """H15, H42: the predicted cut-back would be blind."""

    def found(**changes: Any) -> set[str]:
        skin = seen(Role.SKIN, c=34.0, predicted_c=None, **changes)
        other = replace(skin, probe=replace(skin.probe, required=required))
        return codes(quiet(observations=observed(other)))

    assert "prediction_unknown" in found()
    assert ("prediction_unknown" in found(codes=(Why.NO_VALUE,))) is required


@pytest.mark.parametrize(
    ("seen_s", "is_absent"), [(0.0, False), (10.0, False), (10.0 + 1e-9, True), (math.nan, True)]
)
def test_an_operator_has_been_seen_just_now(seen_s: float, is_absent: bool) -> None:
    found = unmet(request(health=Health(operator_seen_s=seen_s)))
    assert bool(found) is is_absent
    assert all(reason.limit == 10.0 for reason in found)


def test_skin_starts_below_the_set_point() -> None:
    """H15: at it is too warm already, and so is what is no number."""
    for celsius, is_warm in ((math.nextafter(43.0, 0.0), False), (43.0, True), (math.nan, True)):
        item = seen(Role.SKIN, c=34.0)
        item = replace(item, reading=replace(item.reading, value=celsius))
        assert ("skin_too_warm" in codes(quiet(observations=observed(item)))) is is_warm, celsius
    warm = observed(seen(Role.SKIN, c=34.0), seen(Role.TUMOR, c=43.5))
    assert codes(quiet(observations=warm)) == set()


def test_zero_is_what_the_source_can_resolve() -> None:
    for setpoint, is_zero in ((0.01, True), (math.nextafter(0.01, 1.0), False), (math.nan, False)):
        found = codes(quiet(source=source(**{**OFF, "setpoint_ka_per_m": setpoint})))
        assert ("source_not_zero" not in found) is is_zero, setpoint
    for measured, is_zero in ((math.nextafter(0.18, 0.0), True), (0.18, False), (math.nan, False)):
        found = codes(quiet(source=source(**{**OFF, "measured_ka_per_m": measured})))
        assert ("source_not_zero" not in found) is is_zero, measured


def test_a_tumor_needs_no_prediction_and_an_optional_probe_may_be_suspect() -> None:
    tumor = seen(Role.TUMOR, predicted_c=None)
    assert codes(quiet(observations=observed(seen(Role.SKIN, c=34.0), tumor))) == set()
    suspect = seen(Role.TUMOR, quality=Quality.SUSPECT)
    optional = replace(suspect, probe=replace(suspect.probe, required=False))
    assert codes(quiet(observations=observed(seen(Role.SKIN, c=34.0), optional))) == set()


def test_reasons_say_where_and_how_much() -> None:
    tripped = latched(
        Latch(), (Hit("skin_trip", "H13", Effect.TRIP, "skin", 44.1, 44.0),), 1.0, 1.0
    )
    (reason,) = unmet(request(latch=tripped))
    assert (reason.where, reason.value, reason.limit) == ("skin_trip", 44.1, 44.0)
    (reason,) = unmet(request(guard=status(state=GuardState.RUN)))
    assert reason.where == "run"
    (reason,) = unmet(request(quiet(envelope=wide(skin_c_trip=44.1))))
    assert (reason.where, reason.value, reason.limit) == ("limit_wider skin_c_trip", 44.1, 44.0)


def test_all_that_is_unmet_is_named_at_once() -> None:
    """A refusal that names only its first reason is a guessing game."""
    moment = quiet(source=None, peer_age_s=None, envelope=wide(skin_c_cap=50.0))
    found = codes(moment, guard=None, health=Health(journal_ok=False, operator_seen_s=99.0))
    assert found >= {"source_lost", "lease_lost", "envelope", "guard_state", "journal"}
    assert "operator_absent" in found


@pytest.mark.parametrize(
    ("envelope", "code"),
    [
        (wide(skin_c_trip=44.01), "limit_wider"),
        (wide(skin_c_trip=float("nan")), "limit_wider"),
        (wide(field_ka_per_m_cap=7.6), "limit_wider"),
        (wide(field_s_max=6001.0), "limit_wider"),
        (wide(skin_c_cap=44.0), "limit_wider"),
        (wide(skin_c_cap=42.0), "limit_order"),
        (replace(ENVELOPE, region=Region.PELVIS), "limit_wider"),
        (replace(ENVELOPE, speed=20.5), "speed_refused"),
        (replace(ENVELOPE, speed=0.5), "speed_refused"),
        (replace(ENVELOPE, speed=float("nan")), "speed_refused"),
        (replace(ENVELOPE, speed=2.0, simulated=False), "speed_refused"),
        (replace(ENVELOPE, probes=()), "probe_required"),
        (replace(ENVELOPE, probes=PROBES[1:]), "probe_required"),
        (replace(ENVELOPE, probes=(*PROBES, PROBES[0])), "probe_duplicate"),
        (replace(ENVELOPE, probes=(replace(PROBES[0], period_s=0.0),)), "probe_declaration"),
        (replace(ENVELOPE, probes=(replace(PROBES[0], noise_c=-1.0),)), "probe_declaration"),
        (replace(ENVELOPE, probes=(replace(PROBES[0], lag_s=float("inf")),)), "probe_declaration"),
        (
            replace(ENVELOPE, source=replace(ENVELOPE.source, settling_s=float("nan"))),
            "source_declaration",
        ),
        (replace(ENVELOPE, source=replace(ENVELOPE.source, period_s=0.0)), "source_declaration"),
    ],
)
def test_an_envelope_that_cannot_be_enforced(envelope: Envelope, code: str) -> None:
    assert code in {fault.code for fault in envelope_faults(envelope)}


@pytest.mark.shows("region_cap")
def test_every_region_has_its_cap() -> None:
    """H52: compiled in, not configured."""
    for region, cap in ((Region.PELVIS, 6.0), (Region.HEAD, 13.5), (Region.NECK, 7.5)):
        fitting = replace(wide(field_ka_per_m_cap=cap), region=region)
        assert envelope_faults(fitting) == ()
        assert envelope_faults(replace(wide(field_ka_per_m_cap=cap + 0.01), region=region))


def test_a_guard_that_was_never_armed_may_start() -> None:
    """Only an armed guard has a confirmation that could be too old."""
    never = status(state=GuardState.DISABLED, armed_at=0.0)
    assert codes(guard=never, prepared_at=NOW) == set()
