# SPDX-License-Identifier: Apache-2.0
"""One seed is one universe: patient, physiology, faults, operator's acts, and their timing."""

import random
from dataclasses import dataclass, replace
from types import MappingProxyType

from mnht_controller.domain.intent import Verb
from mnht_controller.domain.phase import Phase
from sim_hardware.bench.causes import CAUSES, CHANNELS, Cause, plotted
from sim_hardware.bench.scenario import Scenario, Wish
from sim_hardware.faults import VERBS, Fault, Layer

UNTIL_S = (120.0, 600.0)
LONG_S = (1200.0, 4000.0)
LONG_SHARE = 0.05
PATIENTS = ("breast_wall", "foot_sole", "neck_node")
"""Shipped patients whom the bench may treat: its probes, its field allowed, and skin for a target
that some field reaches."""
SITES = (
    "bench", "bench_ambrell", "bench_generator", "bench_genesys", "bench_genesys_scpi",
    "bench_keysight", "bench_siglent",
)  # fmt: skip
"""Whose instruments a universe without a fault has, over the wire. Faults are the bench's.

Another site begins cold, with the patient it names: its pulse need not tell a small deposit, or one
that still cools, from its noisier thermometer.
"""
KINDS: tuple[tuple[str, float], ...] = (
    ("none", 0.3), ("single", 0.35), ("pair", 0.2), ("burst", 0.15),
)  # fmt: skip
ACTS: MappingProxyType[str, tuple[tuple[float, Verb], ...]] = MappingProxyType(
    {
        "pause": ((0.0, Verb.PAUSE),),
        "pause and resume": ((0.0, Verb.PAUSE), (20.0, Verb.RESUME)),
        "stop": ((0.0, Verb.STOP),),
        "stop, reset, anew": (
            (0.0, Verb.STOP), (4.0, Verb.RESET), (6.0, Verb.PREPARE), (30.0, Verb.START),
        ),
        "reset without a trip": ((0.0, Verb.RESET),),
        "abandon a pause": ((0.0, Verb.PAUSE), (5.0, Verb.ABANDON)),
        "start again": ((0.0, Verb.START),),
        "lower the set-point": ((0.0, Verb.LOWER_SETPOINT),),
        "lower the ceiling": ((0.0, Verb.LOWER_CEILING),),
    }
)  # fmt: skip
"""What an operator does, each verb so many seconds after the first."""
CALM = frozenset({"pause", "pause and resume", "lower the set-point", "lower the ceiling"})
"""Acts that must not make a healthy session trip."""
STOPPING = frozenset({Verb.STOP, Verb.ABANDON, Verb.RESET})
CORE_BENCH = frozenset(
    {"controller_killed", "controller_stopped", "guard_killed", "guard_stopped", "host_stopped",
     "disk_full", "sync_fails"}
)  # fmt: skip
CORE_TWIN = frozenset(
    {"amp_ignores_off", "amp_lies_off", "amp_stuck_full", "detune", "coolant_stop", "panel_change"}
)
"""Faults of instruments that the core lane has: those of the electronics, not of the protocol."""


@dataclass(frozen=True, slots=True)
class Universe:
    """`is_nominal`: no fault, and nobody asks for an end; a trip would be false."""

    seed: int
    kind: str
    plot: Scenario
    is_nominal: bool


def in_core(cause: Cause) -> bool:
    """Whether the core lane, which has no wires, can carry this cause out."""
    layer = VERBS[cause.verb].layer
    if layer in {Layer.PROBE, Layer.PLANT}:
        return True
    return cause.verb in CORE_BENCH | CORE_TWIN


def universe(seed: int, *, wires: bool) -> Universe:
    """What a seed makes; without `wires` only what both lanes can do."""
    chance = random.Random(f"universe/{seed}")
    causes = [cause for cause in CAUSES if wires or in_core(cause)]
    until_s = chance.uniform(*(LONG_S if chance.random() < LONG_SHARE else UNTIL_S))
    kind = chance.choices([name for name, _ in KINDS], [share for _, share in KINDS])[0]
    faults = _faults(kind, causes, chance, until_s)
    act = chance.choice(sorted(ACTS)) if chance.random() < 0.5 else ""
    wishes = _act(act, chance, until_s) if act else ()
    plot = Scenario(
        faults=(*_physiology(chance), *faults),
        wishes=wishes,
        since=Phase.STANDBY,
        skin_c=round(chance.uniform(36.0, 42.8), 2),
        until_s=round(until_s, 2),
        seed=seed,
        confirm_s=round(chance.choice((0.0, 0.0, chance.uniform(0.0, 20.0))), 2),
        patient=chance.choice(PATIENTS),
    )
    if wires and not faults and (site := chance.choice(SITES)) != "bench":
        plot = replace(plot, site=site, patient="", skin_c=None)
    return Universe(seed, kind, plot, not faults and (not act or act in CALM))


def _physiology(chance: random.Random) -> tuple[Fault, ...]:
    """What this patient and these probes are like, from the beginning."""
    rows = [
        Fault(0.0, "patient", "perfusion", f"{2.0 ** chance.uniform(-1.0, 1.0):.3f}"),
        Fault(0.0, "patient", "patient_moves", f"{chance.uniform(0.85, 1.15):.3f}"),
    ]
    for channel in range(1, CHANNELS + 1):
        lag_s, offset_c = chance.uniform(0.0, 1.0), chance.uniform(-0.1, 0.1)
        rows.append(Fault(0.0, "thermometer", "probe_lag", f"{channel}:{lag_s:.3f}"))
        rows.append(Fault(0.0, "thermometer", "probe_offset", f"{channel}:{offset_c:.3f}"))
    return tuple(rows)


def _faults(
    kind: str, causes: list[Cause], chance: random.Random, until_s: float
) -> tuple[Fault, ...]:
    count = {"none": 0, "single": 1, "pair": 2, "burst": chance.randint(3, 6)}[kind]
    begins_s = chance.uniform(5.0, 0.9 * until_s)
    faults: list[Fault] = []
    for _ in range(count):
        _, plot = plotted(replace(chance.choice(causes), wish=None), chance, begins_s)
        (fault,) = plot.faults
        lasts = chance.random() < 0.3 and VERBS[fault.verb].layer is not Layer.BENCH
        ends_s = round(fault.at_s + chance.uniform(0.5, 30.0), 2) if lasts else None
        faults.append(replace(fault, at_s=round(fault.at_s, 2), until_s=ends_s))
        if kind == "pair":
            begins_s = chance.uniform(5.0, 0.9 * until_s)
    return tuple(faults)


def _act(name: str, chance: random.Random, until_s: float) -> tuple[Wish, ...]:
    at_s = chance.uniform(2.0, 0.9 * until_s)
    values = {
        Verb.LOWER_SETPOINT: round(chance.uniform(41.0, 42.9), 2),
        Verb.LOWER_CEILING: round(chance.uniform(1.0, 7.0), 2),
    }
    rows = []
    for after_s, verb in ACTS[name]:
        rows.append(Wish(round(at_s + after_s, 2), verb, values.get(verb)))
    return tuple(rows)
