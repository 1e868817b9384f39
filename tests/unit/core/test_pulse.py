# SPDX-License-Identifier: Apache-2.0
"""H06, H07, H41: the pulse identifies the planned plant and refuses any other.

Three probes with lags in tissue that warms by its own gain; readings go through `observe`.
"""

import math
import random
from dataclasses import dataclass, field, replace
from itertools import pairwise

import pytest

from mnht_controller.core import pulse
from mnht_controller.core.pulse import FOLLOW_S, PULSE_S_CLEAR, PULSE_S_MIN, SNR_MIN, begin
from mnht_controller.core.state import CoreOutput
from mnht_controller.core.tick import start, tick
from mnht_controller.domain.intent import Verb
from mnht_controller.domain.phase import Phase
from mnht_controller.domain.prescription import Plan
from mnht_controller.domain.reading import Quality, Reading
from mnht_controller.domain.units import power_fraction
from mnht_controller.thermometry import observe
from tests.unit.core.core_bench import HEALTHY, SKIN, TUMOR, given, make_plan

PROBES = (SKIN, TUMOR, HEALTHY)
GAINS = {"skin": 0.01, "tumor": 0.7, "healthy": 0.005}
REST_C = {"skin": 34.0, "tumor": 36.3, "healthy": 36.2}


@dataclass
class Bed:
    """A session that has just been started; `gains` in °C/s per u, `lags` of the tips in s."""

    gains: dict[str, float] = field(default_factory=lambda: dict(GAINS))
    lags: dict[str, float] = field(default_factory=dict)
    trend: float = 0.0
    plan: Plan = field(default_factory=lambda: make_plan(probes=PROBES))
    seed: int = 1
    rest: dict[str, float] = field(default_factory=lambda: dict(REST_C))

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self.tracks = observe.start(self.plan.envelope.probes)
        self.state = start(self.plan)
        self.rise = dict.fromkeys(self.rest, 0.0)
        self.tips = dict.fromkeys(self.rest, 0.0)
        self.ticks, self.permitted = 0, 0.0
        self.silent: set[str] = set()
        self.outs: list[CoreOutput] = []
        for _ in range(250):
            self.tick()
        for verb in (Verb.PREPARE, None, Verb.START):
            self.tick(*([verb] if verb else []))

    def tick(self, *verbs: Verb) -> CoreOutput:
        self.ticks += 1
        now, speed = 100.0 + 0.1 * self.ticks, self.plan.envelope.speed
        seconds = 0.1 * speed
        power = power_fraction(self.permitted)
        raw = []
        for probe in self.plan.envelope.probes:
            name = probe.id
            self.rise[name] += (self.gains[name] * power + self.trend) * seconds
            share = -math.expm1(-seconds / self.lags.get(name, 1.0))
            self.tips[name] += (self.rise[name] - self.tips[name]) * share
            said = round(self.rest[name] + self.tips[name] + self.rng.gauss(0.0, 0.05), 2)
            value = None if name in self.silent else said
            quality = Quality.BAD if value is None else Quality.GOOD
            raw.append(Reading(value, quality, now, self.ticks))
        clock = observe.Clock(now, seconds * self.ticks, speed, self.permitted > 0.0)
        probes = self.plan.envelope.probes
        self.tracks, seen = observe.observe(probes, self.tracks, tuple(raw), clock)
        moment = given(
            now,
            verbs,
            treatment_s=clock.treatment_s,
            observations=seen,
            permitted_ka_per_m=self.permitted,
        )
        self.state, out = tick(self.plan, self.state, moment)
        self.permitted = out.demand.field_ka_per_m or 0.0
        self.outs.append(out)
        return out

    def until_over(self, seconds: float = 70.0) -> CoreOutput:
        """Go on until the loops or a refusal take over; gives that tick's output."""
        for _ in range(round(seconds / 0.1)):
            out = self.tick()
            if out.demand.reasons[0].code != "control.pulse":
                return out
        return out

    @property
    def pulse_s(self) -> float:
        return 0.1 * sum(out.demand.reasons[0].code == "control.pulse" for out in self.outs)


def refusal(bed: Bed) -> tuple[str, str]:
    """Code and place of the refusal; empty where the loops began."""
    out = bed.until_over()
    reason = out.demand.reasons[0]
    return (reason.code, reason.where) if out.demand.field_ka_per_m is None else ("", "")


def test_a_planned_plant_is_identified_and_the_loops_begin() -> None:
    bed = Bed()
    out = bed.until_over()
    assert out.demand.reasons[0].code == "control.skin"
    known = {item.probe: item for item in out.identified}
    assert not known["tumor"].is_prior
    assert known["tumor"].gain_c_per_s == pytest.approx(0.7, rel=0.1)
    assert known["tumor"].lag_s == pytest.approx(1.0, abs=0.8)
    assert known["tumor"].snr > SNR_MIN
    for name in ("skin", "healthy"):
        assert known[name].is_prior
        assert (known[name].gain_c_per_s, known[name].lag_s) == (None, 2.0)
    assert PULSE_S_MIN - 0.2 <= bed.pulse_s <= PULSE_S_CLEAR + 0.2


def test_the_pulse_stays_small_and_goes_over_into_the_loop_without_a_step() -> None:
    """H42: never above the plan's u, and u rises no faster than the slew limit at any moment."""
    bed = Bed()
    bed.until_over()
    for _ in range(50):
        bed.tick()
    powers = [power_fraction(out.demand.field_ka_per_m or 0.0) for out in bed.outs]
    pulsing = [out.demand.reasons[0].code == "control.pulse" for out in bed.outs]
    assert max(u for u, pulses in zip(powers, pulsing, strict=True) if pulses) <= 0.08 + 1e-12
    steps = [after - before for before, after in pairwise(powers)]
    assert max(steps) <= 0.002 + 1e-9


def test_the_ceiling_holds_in_the_pulse() -> None:
    plan = make_plan(probes=PROBES, pulse_power=0.5)
    bed = Bed(plan=plan)
    bed.until_over()
    assert max(out.demand.field_ka_per_m or 0.0 for out in bed.outs) <= 7.5


ROLES = ("skin", "tumor", "healthy")


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    "seen_as", [("tumor", "skin", "healthy"), ("healthy", "skin", "tumor"),
                ("skin", "healthy", "tumor"), ("tumor", "healthy", "skin")]
)  # fmt: skip
def test_every_map_that_moves_the_tumor_is_refused(seen_as: tuple[str, ...], seed: int) -> None:
    """H06: what the channel called skin, tumor, healthy really sees."""
    gains = {name: GAINS[true] for name, true in zip(ROLES, seen_as, strict=True)}
    bed = Bed(gains=gains, seed=seed)
    code, where = refusal(bed)
    assert code == "pulse_map"
    assert ROLES[seen_as.index("tumor")] in where
    assert bed.pulse_s <= PULSE_S_MIN + 0.2


def test_a_tumor_that_falls_when_heated_is_refused() -> None:
    """H41: a channel with the wrong sign."""
    assert refusal(Bed(gains={**GAINS, "tumor": -0.7})) == ("pulse_sign", "tumor")


def test_a_tumor_that_does_not_answer_is_refused_after_the_whole_pulse() -> None:
    """H01, H06: a coil that heats nothing, a probe beside the tumor."""
    bed = Bed(gains={**GAINS, "tumor": 0.0})
    assert refusal(bed) == ("pulse_weak", "tumor")
    assert bed.pulse_s == pytest.approx(60.0, abs=0.3)
    assert all(item.is_prior for item in bed.outs[-1].identified)


@pytest.mark.parametrize("lag_s", [6.0, 8.0])
def test_a_tumor_that_answers_late_is_refused(lag_s: float) -> None:
    """H07: declared are 2 s, and a second more is granted."""
    assert refusal(Bed(lags={"tumor": lag_s})) == ("pulse_lag", "tumor")


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("lag_s", [0.3, 2.0, 2.5])
def test_a_lag_within_the_declared_one_passes(lag_s: float, seed: int) -> None:
    assert refusal(Bed(lags={"tumor": lag_s}, seed=seed)) == ("", "")


def test_a_lag_is_not_judged_when_treatment_time_is_fast() -> None:
    plan = make_plan(probes=PROBES)
    fast = replace(plan, envelope=replace(plan.envelope, speed=5.0))
    assert refusal(Bed(lags={"tumor": 20.0}, plan=fast)) == ("", "")


@pytest.mark.parametrize("trend", [-0.03, 0.01])
def test_tissue_that_drifts_before_the_pulse_is_identified_all_the_same(trend: float) -> None:
    """H08: a re-arm while the deposit cools, skin below the set-point."""
    bed = Bed(trend=trend, rest={"skin": 38.0, "tumor": 45.0, "healthy": 38.0})
    out = bed.until_over()
    known = {item.probe: item for item in out.identified}
    assert out.demand.field_ka_per_m is not None
    assert known["tumor"].gain_c_per_s == pytest.approx(0.7, rel=0.15)


def test_skin_is_identified_later_from_the_ramp_and_then_stands() -> None:
    bed = Bed(gains={**GAINS, "skin": 0.12}, lags={"skin": 1.0})
    first = {item.probe: item for item in bed.until_over().identified}
    for _ in range(round(FOLLOW_S / 0.1)):
        bed.tick()
    later = {item.probe: item for item in bed.outs[-1].identified}
    assert later["tumor"] == first["tumor"]
    assert later["skin"].gain_c_per_s == pytest.approx(0.12, rel=0.05)
    assert not later["skin"].is_prior
    kept = bed.outs[-1].identified
    bed.tick()
    assert bed.outs[-1].identified == kept


def test_a_pause_begins_an_unended_pulse_anew_and_keeps_an_ended_one() -> None:
    bed = Bed()
    for _ in range(50):
        bed.tick()
    bed.tick(Verb.PAUSE)
    assert bed.outs[-1].phase is Phase.PAUSED
    bed.tick(Verb.RESUME)
    assert bed.state.pulse.is_running
    assert bed.state.pulse.seconds < 0.3
    bed.until_over()
    ended = bed.outs[-1].identified
    bed.tick(Verb.PAUSE)
    bed.tick(Verb.RESUME)
    for _ in range(20):
        bed.tick()
    assert bed.outs[-1].demand.reasons[0].code == "control.skin"
    assert bed.outs[-1].identified == ended


@pytest.mark.parametrize("name", ROLES)
def test_blind_there_is_no_field(name: str) -> None:
    """H03: a required probe without a value ends the demand, not the pulse."""
    bed = Bed()
    bed.silent.add(name)
    out = bed.tick()
    assert out.demand.field_ka_per_m is None
    assert (out.demand.reasons[0].code, out.demand.reasons[0].where) == ("control.no_reading", name)


def test_tissue_that_is_warm_already_needs_no_pulse_and_that_is_said() -> None:
    bed = Bed(rest={"skin": 42.9, "tumor": 50.0, "healthy": 38.0})
    out = bed.tick()
    codes = [event.code for seen in bed.outs for event in seen.events]
    assert out.phase is Phase.PLATEAU
    assert "pulse.skipped" in codes
    assert all(item.is_prior for item in out.identified)


@pytest.mark.parametrize(
    "plan", [make_plan(probes=(SKIN, HEALTHY)), make_plan(probes=PROBES, pulse_power=0.0)]
)
def test_without_a_tumor_probe_or_a_wish_there_is_no_pulse(plan: Plan) -> None:
    bed = Bed(plan=plan)
    assert bed.outs[-1].demand.reasons[0].code == "control.skin"
    assert begin(plan, ()).is_over
    assert [item.is_prior for item in bed.outs[-1].identified] == [True] * len(plan.envelope.probes)


def test_what_is_over_is_not_judged_again() -> None:
    """H06: an ended pulse keeps its result."""
    ended = pulse.Pulse(is_over=True)
    assert pulse.judged(make_plan(probes=PROBES), ended) == (ended, None)


def test_skin_that_shows_nothing_yet_is_a_prior_and_accuses_nobody() -> None:
    """H06, H07: what has no answer is said with the declared lag."""
    bed = Bed(gains={"skin": 0.0, "tumor": 0.7, "healthy": 0.0})
    assert refusal(bed) == ("", "")
    known = {item.probe: item for item in bed.outs[-1].identified}
    assert known["skin"].is_prior
    assert known["skin"].lag_s == SKIN.lag_s
    assert not known["tumor"].is_prior


def test_a_probe_that_was_silent_all_along_is_a_prior() -> None:
    """H06: the optional one has no sample to fit."""
    optional = replace(HEALTHY, required=False)
    bed = Bed(plan=make_plan(probes=(SKIN, TUMOR, optional)))
    bed.silent = {"healthy"}
    assert refusal(bed) == ("", "")
    assert {item.probe: item.is_prior for item in bed.outs[-1].identified}["healthy"]


def test_what_warms_clearly_but_less_than_half_as_fast_is_no_deposit() -> None:
    """H06: healthy tissue beside the deposit may warm."""
    assert refusal(Bed(gains={"skin": 0.01, "tumor": 0.7, "healthy": 0.2})) == ("", "")
