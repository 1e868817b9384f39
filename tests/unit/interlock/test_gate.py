# SPDX-License-Identifier: Apache-2.0
"""The gate permits only if everything holds; each missing piece alone refuses, off always works.

H40, H52.
"""

import math
from dataclasses import replace
from typing import Any

import pytest

from mnht_controller.domain.command import FieldDemand, Inhibit, Permit, Reason
from mnht_controller.domain.lease import GuardState
from mnht_controller.domain.phase import ENERGIZING, Phase
from mnht_controller.domain.trip import Effect, Latch
from mnht_controller.interlock.evaluate import Hit
from mnht_controller.interlock.gate import GateRequest, demand_hits, gate
from mnht_controller.interlock.latch import latched
from tests.unit.interlock.scene import NOW, PLAN, status

TRIP = Hit("skin_trip", "H13", Effect.TRIP, "skin", 44.1, 44.0)
CUT = Hit("skin_cap", "H15", Effect.INHIBIT, "skin", 43.6, 43.5)


def request(**changes: Any) -> GateRequest:
    good = GateRequest(
        NOW, 7, PLAN, Phase.PLATEAU, FieldDemand(5.0), Latch(), (), status(), 100_000.0
    )
    return replace(good, **changes)


def refused(**changes: Any) -> tuple[set[str], bool]:
    verdict = gate(request(**changes))
    assert isinstance(verdict, Inhibit)
    return {reason.code for reason in verdict.reasons}, verdict.tripped


def test_everything_holds() -> None:
    assert gate(request()) == Permit(5.0, 7, NOW + 0.3)


def test_a_permit_lasts_a_second_at_most() -> None:
    slow = replace(PLAN, period_s=2.0)
    verdict = gate(request(plan=slow))
    assert isinstance(verdict, Permit)
    assert verdict.expires_at == NOW + 1.0


@pytest.mark.parametrize(
    ("changes", "code", "tripped"),
    [
        ({"demand": FieldDemand(None)}, "no_demand", False),
        ({"demand": FieldDemand(None, (Reason("phase.check"),))}, "phase.check", False),
        ({"demand": FieldDemand(math.nan)}, "demand_invalid", True),
        ({"demand": FieldDemand(math.inf)}, "demand_invalid", True),
        ({"demand": FieldDemand(-0.1)}, "demand_invalid", True),
        ({"demand": FieldDemand(math.nextafter(7.5, 8.0))}, "demand_invalid", True),
        ({"latch": latched(Latch(), (TRIP,), 1.0, 1.0)}, "skin_trip", True),
        ({"hits": (TRIP,)}, "skin_trip", True),
        ({"hits": (CUT,)}, "skin_cap", False),
        ({"guard": None}, "guard_silent", False),
        ({"guard": status(NOW - 0.21)}, "guard_silent", False),
        ({"guard": status(NOW + 1.0)}, "guard_silent", False),
        ({"guard": status(math.nan)}, "guard_silent", False),
        ({"guard": status(state=GuardState.DISABLED)}, "guard_state", False),
        ({"guard": status(state=GuardState.LATCHED)}, "guard_state", False),
        ({"guard": status(envelope_sha256="0" * 64)}, "guard_envelope", False),
        ({"frequency_hz": None}, "frequency_unknown", False),
        ({"frequency_hz": math.nan}, "frequency_unknown", False),
        ({"phase": Phase.PAUSED}, "phase", False),
    ],
)
def test_each_missing_piece_refuses(changes: dict[str, Any], code: str, tripped: bool) -> None:
    found, is_tripped = refused(**changes)
    assert found == {code}
    assert is_tripped is tripped


@pytest.mark.parametrize("phase", Phase)
def test_only_energizing_phases_permit(phase: Phase) -> None:
    verdict = gate(request(phase=phase))
    assert isinstance(verdict, Permit) is (phase in ENERGIZING)
    zero = gate(request(phase=phase, demand=FieldDemand(0.0)))
    assert isinstance(zero, Permit) is (phase in {*ENERGIZING, Phase.PAUSED})


def test_all_reasons_are_named_at_once() -> None:
    found, tripped = refused(hits=(TRIP, CUT), guard=None, frequency_hz=None, phase=Phase.CHECK)
    assert found == {"skin_trip", "skin_cap", "guard_silent", "frequency_unknown", "phase"}
    assert tripped


@pytest.mark.parametrize(
    ("frequency", "allowed"), [(100_000.0, 7.5), (110_000.0, 7.5 / 1.1), (90_000.0, 7.5)]
)
def test_the_amplitude_is_held_to_the_cap_at_the_measured_frequency(
    frequency: float, allowed: float
) -> None:
    """H22: H·f, and never above the cap at 100 kHz."""
    verdict = gate(request(demand=FieldDemand(7.5), frequency_hz=frequency))
    assert isinstance(verdict, Permit)
    assert verdict.field_ka_per_m == pytest.approx(allowed)


@pytest.mark.parametrize("amplitude", [math.nan, math.inf, -math.inf, -1e-300, 7.6, 1e308])
def test_an_impossible_demand_is_a_hit_that_latches(amplitude: float) -> None:
    """H40: the caller latches what control must never ask for."""
    (hit,) = demand_hits(FieldDemand(amplitude), PLAN)
    assert hit.effect is Effect.TRIP
    assert hit.value is None or math.isfinite(hit.value)
    assert latched(Latch(), (hit,), 1.0, 1.0).is_latched


@pytest.mark.parametrize("amplitude", [None, 0.0, -0.0, 5e-324, 7.5])
def test_a_possible_demand_is_none(amplitude: float | None) -> None:
    assert demand_hits(FieldDemand(amplitude), PLAN) == ()


@pytest.mark.parametrize(
    ("amplitude", "value"),
    [(8.0, 8.0), (-0.5, -0.5), (math.nan, None), (math.inf, None), (-math.inf, None)],
)
def test_a_hit_keeps_the_number_where_there_is_one(amplitude: float, value: float | None) -> None:
    (hit,) = demand_hits(FieldDemand(amplitude), PLAN)
    assert (hit.code, hit.hazard, hit.where, hit.value) == (
        "demand_invalid",
        "H40",
        "control",
        value,
    )
    assert hit.limit == 7.5


def test_a_status_counts_for_just_200_ms() -> None:
    """H29."""
    early = replace(request(), now=0.2)
    assert isinstance(gate(replace(early, guard=status(0.0))), Permit)
    silent = gate(replace(early, now=math.nextafter(0.2, 1.0), guard=status(0.0)))
    assert isinstance(silent, Inhibit)
    assert silent.reasons == (Reason("guard_silent", "guard", None, 0.2),)


@pytest.mark.parametrize(("period_s", "lasts_s"), [(0.1, 0.3), (0.3, 0.9), (0.4, 1.0), (9.0, 1.0)])
def test_a_permit_ends_by_itself(period_s: float, lasts_s: float) -> None:
    """H26: three periods, a second at most."""
    verdict = gate(
        replace(request(), now=0.0, guard=status(0.0), plan=replace(PLAN, period_s=period_s))
    )
    assert isinstance(verdict, Permit)
    assert verdict.expires_at == pytest.approx(lasts_s)


def test_a_refusal_says_where_and_how_much() -> None:
    latch = latched(Latch(), (TRIP,), 1.0, 1.0)
    verdict = gate(request(latch=latch))
    assert verdict == Inhibit((Reason("skin_trip", "skin", 44.1, 44.0),), tripped=True)
    verdict = gate(request(hits=(CUT,)))
    assert verdict == Inhibit((Reason("skin_cap", "skin", 43.6, 43.5),), tripped=False)
    verdict = gate(request(guard=status(state=GuardState.DISABLED), phase=Phase.CHECK))
    assert verdict == Inhibit((Reason("phase", "check"), Reason("guard_state", "disabled")), False)
