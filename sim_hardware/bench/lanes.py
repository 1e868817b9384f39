# SPDX-License-Identifier: Apache-2.0
"""Two ways to run a universe: over the wire (`stack`), or with readings after parsing (`core`)."""

import math
import random
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from mnht_controller.app.shipped import config_dir
from mnht_controller.domain.command import FieldDemand
from mnht_controller.runtime import decide as decide_module
from mnht_controller.settings.load import load_site
from mnht_controller.settings.settings import Settings
from sim_hardware.bench.core_lane import CoreLane
from sim_hardware.bench.oracles import Evidence, energized, violations
from sim_hardware.bench.scenario import Scenario
from sim_hardware.bench.simulate import Simulation
from sim_hardware.bench.watch import Watch

LANES = ("core", "stack")
ADVERSARIES = ("none", "core", "gate")
BEYOND = frozenset({"I4"})
"""What a guard alone does not promise: commands within the cap are the gate's."""
WILD: tuple[float, ...] = (math.nan, math.inf, -math.inf, -1.0, 1e308, 18.0, 7.5, 0.0, 5e-324)


def run(settings: Settings, plot: Scenario, lane: str, adversary: str = "none") -> dict[str, Any]:
    """Run one scenario in a lane and judge it."""
    began, cpu = time.perf_counter(), time.process_time()
    settings = _meant(settings, plot)
    answer = _stack(settings, plot) if lane == "stack" else _core(settings, plot, adversary)
    answer["is_honest"] = adversary == "none"
    answer["wall_s"] = round(time.perf_counter() - began, 4)
    answer["cpu_s"] = round(time.process_time() - cpu, 4)
    return answer


def _meant(settings: Settings, plot: Scenario) -> Settings:
    """The site and the patient that the scenario names, else those of `settings`."""
    if plot.site:
        settings = load_site(config_dir() / "sites" / f"{plot.site}.toml")
    if plot.patient:
        file = config_dir() / "patients" / f"{plot.patient}.toml"
        settings = replace(settings, patient=str(file))
    return settings


def _stack(settings: Settings, plot: Scenario) -> dict[str, Any]:
    made = Simulation(settings, plot.seed or 1, plot)
    made.watch = Watch(made.plan.envelope.limits)
    made.run()
    answer = _answer(made.evidence(), made.watch, frozenset())
    trips = made.trips()
    answer["trips"] = [trip.code for trip in trips]
    answer["outcome"] = _outcome(answer["trips"], made.seen.course.outcome)
    answer["trace_sha256"] = made.trace()
    answer["simulated_s"] = round(made.loop.time(), 3)
    return answer


def _core(settings: Settings, plot: Scenario, adversary: str) -> dict[str, Any]:
    chance = random.Random(f"adversary/{plot.seed}")
    bypass = _wild(chance) if adversary == "gate" else None
    made = CoreLane(settings, plot, bypass)
    if adversary == "core":
        with patch.dict(vars(decide_module), tick=_usurped(chance)):
            made.run()
    else:
        made.run()
    answer = _answer(made.evidence(), made.watch, BEYOND if bypass else frozenset())
    answer["trips"] = [trip.code for trip in made.trips()]
    answer["outcome"] = _outcome(answer["trips"], made.seen.course.outcome)
    answer["trace_sha256"] = made.trace()
    answer["simulated_s"] = round(made.now, 3)
    return answer


def _outcome(trips: list[str], otherwise: str) -> str:
    if not trips:
        return otherwise
    return "stopped" if trips[0] == "operator_stop" else "tripped"


def _answer(evidence: Evidence, watch: Watch, beyond: frozenset[str]) -> dict[str, Any]:
    found = [text for text in violations(evidence) if text.split(":")[0] not in beyond]
    spans = energized(evidence)
    return {
        "violations": found,
        "watch": list(watch.found) if watch.found else None,
        "on_s": round(sum(end - begin for begin, end in spans), 3),
        "field_ka_per_m_max": max((row.coil_ka_per_m_max for row in evidence.truth), default=0.0),
        "skin_c_max": max((row.skin_c for row in evidence.truth), default=0.0),
    }


# ---- adversaries ---------------------------------------------------------------------------------


def _wild(chance: random.Random) -> Callable[[float], float]:
    """Amplitudes of a controller that ignores its gate: steady, swinging or at random."""
    manner = chance.choice(("steady", "swinging", "random"))
    high = chance.choice((5.0, 7.5, 7.5, 12.0, 18.0))

    def amplitude(now: float) -> float:
        if manner == "random":
            return chance.uniform(0.0, high)
        return high if manner == "steady" or now % 20.0 < 10.0 else 0.1 * high

    return amplitude


def _usurped(chance: random.Random) -> Callable[..., Any]:
    """A core that demands anything: at random, all, or what is no number; phases as they are."""
    honest = vars(decide_module)["tick"]
    manner = chance.choice(("random", "maximal", "wild"))
    share = chance.choice((1.0, 0.1, 0.01))

    def tick(*given: Any) -> tuple[Any, Any]:  # noqa: ANN401 - whatever the core is given
        state, wish = honest(*given)
        if wish.demand.field_ka_per_m is None or chance.random() > share:
            return state, wish
        if manner == "wild":
            amount = chance.choice(WILD)
        else:
            amount = 7.5 if manner == "maximal" else chance.uniform(0.0, 7.5)
        demand = FieldDemand(amount, wish.demand.reasons)
        return state, replace(wish, demand=demand)

    return tick
