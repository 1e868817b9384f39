# SPDX-License-Identifier: Apache-2.0
"""The document of `simulate` and `demo --headless`: keys are a contract, numbers are defined."""

import json
from dataclasses import replace
from typing import Any

import pytest

from mnht_controller.domain.command import FieldDemand, Inhibit, Reason
from mnht_controller.domain.phase import Phase
from mnht_controller.domain.tick import Decision, Estimate, Health, TickInput
from mnht_controller.domain.trip import Trip
from sim_hardware.bench.course import Course, first_of_each
from sim_hardware.bench.summary import Run, summary
from sim_hardware.bench.truth import Edge, Truth
from tests.plans import plan
from tests.unit.bench.evidence import truth

PLAN = plan()
STOPPED = Trip("operator_stop", "H60", "operator", None, None, 15.0, 15.0)
HOT = Trip("skin_trip", "H13", "skin", 44.1, 44.0, 15.0, 15.0)

KEYS = {
    "outcome", "reasons", "seed", "ticks", "simulated_s", "wall_s", "speed_x", "true", "measured",
    "time_to_target_s", "plateau_s", "plateau_in_band_fraction", "plateau_rms_c",
    "field_ka_per_m_max", "dose", "trips", "first_out", "field_off_latency_s_max",
    "oracle_violations", "journal", "trace_sha256",
}  # fmt: skip
INNER = {
    "true": {
        "skin_c_max", "skin_surface_c_max", "skin_overshoot_c", "skin_over_cap_c", "tumor_c_max",
        "tumor_t90_c", "tumor_t50_c", "tumor_t10_c", "healthy_c_max",
        "healthy_tissue_c_max", "core_c_max",
    },
    "measured": {"skin_c_max", "tumor_c_max"},
    "dose": {"skin_cem43_min", "tumor_cem43_t90_min"},
}  # fmt: skip


def decision(
    phase: Phase, trips: tuple[Trip, ...] = (), unmet: tuple[Reason, ...] = ()
) -> Decision:
    believed = Estimate(42.0, 0.0, 42.0, 50.0, 40.0, 1.5, 30.0)
    return Decision(
        phase, FieldDemand(None), Inhibit((), bool(trips)), believed, 43.0, 7.0, 9.0, unmet, (),
        trips,
    )  # fmt: skip


def course(*found: tuple[float, Decision], ahead_s: float = 0.0) -> Course:
    """Ticks at these times; `ahead_s`: how much later the controller's treatment clock began."""
    made = Course()
    for number, (at, decided) in enumerate(found):
        given = TickInput(number, at, at - ahead_s, (), None, 0.0, None, (), Health())
        made.add(given, decided, ())
    return made


TREATED = (
    (0.0, decision(Phase.STANDBY)),
    (5.0, decision(Phase.RAMP)),
    (8.0, decision(Phase.PLATEAU)),
    (15.0, decision(Phase.COOLDOWN)),
    (20.0, decision(Phase.COMPLETE)),
)


def run(**changes: Any) -> Run:
    made = Run(
        plan=PLAN,
        course=course(*TREATED),
        truth=[truth(float(at)) for at in range(21)],
        edges=[Edge(5.0, True, 0.0), Edge(15.2, False, 0.0)],
        violations=[],
        seed=3,
        wall_s=0.5,
        journal="controller.jsonl",
        trace_sha256="ab",
        trips=(),
    )
    return replace(made, **changes)


def said(**changes: Any) -> dict[str, Any]:
    document: dict[str, Any] = summary(run(**changes))
    json.dumps(document, allow_nan=False)
    return document


def skin(*temperatures: float) -> list[Truth]:
    """Rows a second apart from 5.0 s on, the ramp's begin."""
    return [truth(5.0 + n, skin_c=c) for n, c in enumerate(temperatures)]


def exactly(document: dict[str, Any]) -> None:
    assert set(document) == KEYS
    for name, keys in INNER.items():
        assert set(document[name]) == keys, name


def test_the_keys_are_those_of_the_contract() -> None:
    exactly(said())
    trips = said(trips=(HOT,))["trips"]
    assert [set(row) for row in trips] == [{"code", "hazard", "at_s"}]


@pytest.mark.parametrize(
    "changes", [{"truth": []}, {"course": Course()}, {"truth": [], "course": Course(), "edges": []}]
)
def test_the_keys_are_there_even_when_nothing_was_seen(changes: dict[str, Any]) -> None:
    exactly(said(**changes))
    exactly(said(**changes, trips=(HOT,)))


def test_the_numbers_of_a_run() -> None:
    document = said()
    assert document["simulated_s"] == 20.0
    assert document["speed_x"] == 40.0
    assert document["field_ka_per_m_max"] == 5.0
    assert document["true"]["tumor_t90_c"] == 45.0
    assert (document["plateau_s"], document["dose"]["skin_cem43_min"]) == (7.0, 1.5)


@pytest.mark.parametrize(
    ("highest", "overshoot", "over_cap"),
    [(42.0, 0.0, 0.0), (43.0, 0.0, 0.0), (43.2, 0.2, 0.0), (43.75, 0.75, 0.25)],
)
def test_overshoot_and_over_cap_are_never_negative(
    highest: float, overshoot: float, over_cap: float
) -> None:
    true = said(truth=skin(40.0, highest, 41.0))["true"]
    assert true["skin_overshoot_c"] == pytest.approx(overshoot)
    assert true["skin_over_cap_c"] == pytest.approx(over_cap)


def test_in_band_is_true_skin_within_300_mk_after_it_was_first_reached() -> None:
    document = said(truth=skin(40.0, 42.6, 42.75, 43.25, 43.35, 42.65))
    assert document["time_to_target_s"] == 2.0
    assert document["plateau_in_band_fraction"] == 0.5
    assert document["plateau_rms_c"] == pytest.approx(0.3041, abs=1e-3)


def test_what_comes_after_the_treatment_is_not_in_the_band() -> None:
    after = [truth(15.0 + n, skin_c=38.0) for n in range(5)]
    assert said(truth=[*skin(43.0, 43.0), *after])["plateau_in_band_fraction"] == 1.0
    abandoned = (*TREATED[:3], (9.0, decision(Phase.PAUSED)), (12.0, decision(Phase.STANDBY)))
    document = said(course=course(*abandoned), truth=[*skin(43.0, 43.0), truth(12.0, skin_c=38.0)])
    assert document["plateau_in_band_fraction"] == 1.0
    assert document["outcome"] == "stopped"


def test_a_pause_belongs_to_the_plateau() -> None:
    paused = (*TREATED[:3], (9.0, decision(Phase.PAUSED)), *TREATED[3:])
    document = said(course=course(*paused), truth=[*skin(43.0), truth(10.0, skin_c=42.0)])
    assert document["plateau_in_band_fraction"] == 0.5


def test_what_is_never_reached_has_no_time() -> None:
    for document in (said(truth=skin(40.0, 41.0)), said(course=course(TREATED[0]))):
        assert document["time_to_target_s"] is None
        assert document["plateau_in_band_fraction"] is None
        assert document["plateau_rms_c"] is None


def test_times_do_not_depend_on_when_the_bench_was_started() -> None:
    """The bench's treatment clock runs 100 s ahead of the controller's in real processes."""
    early = [replace(row, treatment_s=row.treatment_s + 100.0) for row in skin(40.0, 42.8)]
    assert said(truth=early)["time_to_target_s"] == 1.0
    late = course(*TREATED, ahead_s=3.0)
    (trip,) = said(course=late, trips=(replace(HOT, treatment_s=0.2),))["trips"]
    assert trip["at_s"] == 12.0


@pytest.mark.parametrize(
    ("edges", "latency"),
    [
        ([Edge(5.0, True, 0.0), Edge(15.3, False, 0.0)], 0.3),
        ([Edge(5.0, True, 0.0), Edge(14.0, False, 0.0)], 0.0),
        ([], 0.0),
        ([Edge(5.0, True, 0.0)], 5.0),
    ],
    ids=["goes", "was gone", "never came", "stays: as long as it was watched"],
)
def test_off_latency(edges: list[Edge], latency: float) -> None:
    assert said(edges=edges, trips=(HOT,))["field_off_latency_s_max"] == pytest.approx(latency)


def test_the_longest_off_latency_of_several_trips_counts() -> None:
    edges = [
        Edge(4.0, True, 0.0),
        Edge(5.1, False, 0.0),
        Edge(8.0, True, 0.0),
        Edge(9.9, False, 0.0),
    ]
    trips = (replace(HOT, at=5.0), replace(STOPPED, at=9.0))
    assert said(edges=edges, trips=trips)["field_off_latency_s_max"] == pytest.approx(0.9)
    assert said()["field_off_latency_s_max"] is None


def test_tumor_dose_is_that_of_true_t90() -> None:
    """One minute at 43 °C is one minute; at 42 °C a quarter of it; below 39 °C none."""
    for t90_c, dose in ((43.0, 1.0), (44.0, 2.0), (42.0, 0.25), (38.9, 0.0)):
        rows = [truth(at, treatment_s=at, tumor_t90_c=t90_c) for at in (0.0, 30.0, 60.0)]
        assert said(truth=rows)["dose"]["tumor_cem43_t90_min"] == pytest.approx(dose)


OUTCOMES: tuple[tuple[str, tuple[Any, ...], tuple[Trip, ...]], ...] = (
    ("completed", TREATED, ()),
    ("stopped", TREATED[:3], ()),
    ("refused", TREATED[:1], ()),
    ("stopped", TREATED[:3], (STOPPED, HOT)),
    ("tripped", TREATED[:3], (HOT, STOPPED)),
    ("tripped", TREATED[:1], (HOT,)),
)


@pytest.mark.parametrize(("outcome", "ticks", "trips"), OUTCOMES)
def test_outcomes(outcome: str, ticks: tuple[Any, ...], trips: tuple[Trip, ...]) -> None:
    document = said(course=course(*ticks), trips=trips)
    assert document["outcome"] == outcome
    assert document["first_out"] == (trips[0].code if trips else None)


def test_reasons_are_the_trips_or_all_that_is_unmet() -> None:
    assert said(trips=(HOT, STOPPED))["reasons"] == ["skin_trip skin", "operator_stop operator"]
    unmet = (Reason("probe_bad", "skin"), Reason("journal"))
    refused = course((0.0, decision(Phase.CHECK, (), unmet)))
    assert said(course=refused)["reasons"] == ["probe_bad skin", "journal"]
    assert said()["reasons"] == []


def test_a_trip_that_was_reset_is_still_told() -> None:
    made = course(
        (0.0, decision(Phase.RAMP)),
        (1.0, decision(Phase.TRIPPED, (HOT,))),
        (2.0, decision(Phase.TRIPPED, (HOT, STOPPED))),
        (3.0, decision(Phase.STANDBY)),
    )
    assert made.trips == [HOT, STOPPED]
    assert made.reset_at == 3.0


def test_of_two_processes_the_first_to_see_a_trip_counts() -> None:
    early = replace(HOT, at=14.9)
    assert first_of_each((HOT, STOPPED, early)) == (early, STOPPED)
