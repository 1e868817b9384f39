# SPDX-License-Identifier: Apache-2.0
"""A plan, observations and a small plant to close the loop over `tick`; no wire, no interlock.

GAINS are for 60 to 120 °C per unit u, dead time 65 s, time constant 550 s, and keep clear of the
cut-back by themselves up to 156 °C per unit u.
"""

import math
import operator
import random
from dataclasses import dataclass, field, replace

from mnht_controller.core.tick import CoreInput, start, tick
from mnht_controller.domain.command import Reason
from mnht_controller.domain.intent import Intent, Verb
from mnht_controller.domain.lease import GuardState, GuardStatus
from mnht_controller.domain.limits import Limits, Region
from mnht_controller.domain.phase import Phase
from mnht_controller.domain.prescription import Envelope, Gains, Plan, Prescription, SourceSpec
from mnht_controller.domain.probe import Probe, Role
from mnht_controller.domain.reading import Quality, Reading
from mnht_controller.thermometry import observe

GAINS = Gains(
    gain_per_c=0.045,
    integral_s=340.0,
    derivative_s=45.0,
    filter_s=8.0,
    tracking_s=100.0,
    slew_per_s=0.02,
)
SKIN = Probe("skin", "t", 1, Role.SKIN, True, 0.05, 0.01, 2.0, 0.1, 5.0)
TUMOR = Probe("tumor", "t", 2, Role.TUMOR, True, 0.05, 0.01, 2.0, 0.1)
HEALTHY = Probe("healthy", "t", 3, Role.HEALTHY, True, 0.05, 0.01, 2.0, 0.1)
HASH = "e" * 64


def make_plan(gains=GAINS, probes=(SKIN,), **changes):
    prescription = Prescription(
        protocol="imai_mcl",
        region=Region.NECK,
        control_role=Role.SKIN,
        setpoint_c=43.0,
        plateau_s=1800.0,
        ramp_c_per_min=None,
        ramp_s_max=1800.0,
        tumor_setpoint_c=None,
    )
    limits = Limits(43.0, 43.5, 44.0, 60.0, 45.0, 40.0, 7.5, 6000.0)
    source = SourceSpec("amp", 0.1, 0.01, 0.1, 0.5)
    envelope = Envelope(limits, Region.NECK, probes, source, 1.0, True, "p", "s")
    return Plan(replace(prescription, **changes), gains, envelope, HASH, 0.1)


def observation(probe=SKIN, value=40.0, rate=0.0, **changes):
    quality = Quality.GOOD if value is not None else Quality.BAD
    seen = observe.Observation(
        probe=probe,
        reading=Reading(value, quality, 0.0, 1),
        raw_c=value,
        rate_c_per_s=rate,
        fast_rate_c_per_s=0.0,
        rising_too_fast=False,
        predicted_c=value,
        cem43_min=0.0,
        age_s=0.0,
        codes=(),
        control_c=value,
    )
    return replace(seen, **changes)


def guard(state=GuardState.ARMED, sha=HASH):
    return GuardStatus(1, 0.0, state, sha, 1)


def given(now=0.0, verbs=(), **changes):
    quiet = CoreInput(
        now=now,
        treatment_s=now,
        observations=(observation(),),
        guard=guard(),
        intents=tuple(
            verb if isinstance(verb, Intent) else Intent(verb, "tester") for verb in verbs
        ),
        unmet=(),
        is_latched=False,
        permitted_ka_per_m=0.0,
        operator_seen_s=0.0,
    )
    return replace(quiet, **changes)


@dataclass
class FirstOrder:
    """Gain in °C per unit u, a dead time, one lag."""

    gain_c: float = 90.0
    base_c: float = 34.0
    dead_s: float = 65.0
    lag_s: float = 550.0
    rise_c: float = 0.0
    queue: list[float] = field(default_factory=list)

    @property
    def skin_c(self):
        return self.base_c + self.rise_c

    def step(self, power, dt):
        self.queue.append(power)
        if len(self.queue) > self.dead_s / dt:
            delayed = self.queue.pop(0)
            self.rise_c += (self.gain_c * delayed - self.rise_c) * -math.expm1(-dt / self.lag_s)


class Sphere:
    """Skin 5 mm above the rim of a heated, perfused sphere: its kernel, sampled, convolved.

    Heated-sphere solution with an image source (radius 10 mm, center 15 mm deep, adiabatic skin),
    normalized to `gain_c` at rest.
    """

    def __init__(self, gain_c=90.0, base_c=34.0, dt=2.0):
        self.base_c, self.dt = base_c, dt
        kernel = [self._kernel((n + 0.5) * dt) for n in range(int(4000 / dt))]
        total = sum(kernel)
        self.kernel = [value / total * gain_c for value in kernel]
        self.powers: list[float] = []
        self.skin_c = base_c

    @staticmethod
    def _kernel(s, radius=0.010, depth=0.015, alpha=1.3228e-7, perfusion=3013 / 3.78e6):
        root = math.sqrt(4 * alpha * s)
        near, far = (radius - depth) / root, (radius + depth) / root
        bell = math.exp(-near * near) - math.exp(-far * far)
        inside = 0.5 * (math.erf(near) + math.erf(far))
        inside -= math.sqrt(alpha * s / math.pi) / depth * bell
        return inside * math.exp(-perfusion * s)

    def step(self, power, dt):
        self.powers.append(power)
        recent = reversed(self.powers)
        self.skin_c = self.base_c + sum(map(operator.mul, recent, self.kernel))


@dataclass
class Run:
    """What came out: true skin over time, phases, seconds of cut-back, events."""

    skin_c: list[float] = field(default_factory=list)
    phase: list[Phase] = field(default_factory=list)
    field_ka_per_m: list[float] = field(default_factory=list)
    inhibited_s: float = 0.0
    events: list[Reason] = field(default_factory=list)

    def plateau_c(self):
        return [c for c, p in zip(self.skin_c, self.phase, strict=True) if p is Phase.PLATEAU]

    def overshoot_c(self, setpoint_c=43.0):
        return max(0.0, max(self.skin_c) - setpoint_c)


class Loop:
    """Closes the loop: plant → noisy readings → observe → tick → cut-back → plant."""

    def __init__(self, plan, plant, dt, seed=1):
        self.plan, self.plant, self.dt = plan, plant, dt
        self.speed = dt / 0.1
        self.probes = plan.envelope.probes
        self.tracks = observe.start(self.probes)
        self.state = start(plan)
        self.rng = random.Random(seed)
        self.ticks, self.permitted, self.cut_back = 0, 0.0, False
        self.run = Run()

    def tick(self, verbs=(), *, inhibit=False):
        self.ticks += 1
        now, treatment = 100.0 + 0.1 * self.ticks, self.dt * self.ticks
        raw = tuple(
            Reading(
                round(self.plant.skin_c + self.rng.gauss(0.0, 0.05), 2),
                Quality.GOOD,
                now,
                self.ticks,
            )
            for _ in self.probes
        )
        clock = observe.Clock(now, treatment, self.speed, self.permitted > 0.0)
        self.tracks, seen = observe.observe(self.probes, self.tracks, raw, clock)
        self.state, out = tick(
            self.plan,
            self.state,
            given(
                now,
                verbs,
                treatment_s=treatment,
                observations=seen,
                permitted_ka_per_m=self.permitted,
            ),
        )
        self._permit(out, seen, inhibit)
        self.plant.step((self.permitted / 18.0) ** 2, self.dt)
        self.run.skin_c.append(self.plant.skin_c)
        self.run.phase.append(out.phase)
        self.run.field_ka_per_m.append(self.permitted)
        self.run.events.extend(out.events)
        return out

    def _permit(self, out, seen, inhibit):
        wish = out.demand.field_ka_per_m
        limit = 43.3 if self.cut_back else 43.5
        hottest = max(
            seen[0].predicted_c if seen[0].predicted_c is not None else 0.0, seen[0].raw_c or 0.0
        )
        self.cut_back = out.phase in {Phase.RAMP, Phase.PLATEAU} and hottest >= limit
        refused = wish is None or inhibit or self.cut_back
        self.permitted = 0.0 if refused else wish
        self.run.inhibited_s += self.dt if self.cut_back else 0.0

    def to_ramp(self):
        for _ in range(60):
            self.tick()
        self.tick((Verb.PREPARE,))
        self.tick()
        self.tick((Verb.START,))

    def treat(self, seconds):
        while self.state.phase in {Phase.RAMP, Phase.PLATEAU} and self.ticks * self.dt < seconds:
            self.tick()
        return self.run
