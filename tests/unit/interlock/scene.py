# SPDX-License-Identifier: Apache-2.0
"""A quiet moment of a session, to be disturbed by tests: readings, source, witness, lease."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from mnht_controller.domain.lease import GuardState, GuardStatus, Lease
from mnht_controller.domain.prescription import Envelope
from mnht_controller.domain.probe import Role
from mnht_controller.domain.reading import Quality, Reading, SourceReading
from mnht_controller.domain.self_test import Outcome, Proof, SelfTest
from mnht_controller.interlock.evaluate import Hit, evaluate
from mnht_controller.interlock.memory import Memory
from mnht_controller.interlock.rules import RULES, Rule
from mnht_controller.interlock.witness import Witness
from mnht_controller.thermometry.observe import Observation, Why
from tests.plans import ENVELOPE, PROBES, plan

PLAN = plan()
SHA = PLAN.envelope_sha256
NOW = 1000.0
SHOWN = SelfTest(Proof(Outcome.PROVEN), Proof(Outcome.PROVEN))
"""A self-test that has seen both parts act."""
CELSIUS = {Role.SKIN: 42.0, Role.TUMOR: 50.0, Role.HEALTHY: 38.0}


def source(now: float = NOW, **changes: Any) -> SourceReading:
    """A snapshot at 5 kA/m with counters that follow the time."""
    tick = round(now * 10)
    quiet = SourceReading(
        at=now,
        seq=tick,
        clock_s=now,
        boot=3,
        heartbeat=tick,
        setpoint_ka_per_m=5.0,
        measured_ka_per_m=5.0,
        output_on=True,
        watchdog_on=True,
        limit_ka_per_m=7.5,
        frequency_hz=100_000.0,
        coil_c=30.0,
        coolant_l_per_min=8.0,
    )
    return replace(quiet, **changes)


def seen(role: Role, now: float = NOW, **changes: Any) -> Observation:
    """One observation; `c` sets value, raw sample and prediction together."""
    probe = next(probe for probe in PROBES if probe.role is role)
    celsius = changes.pop("c", CELSIUS[role])
    codes: tuple[Why, ...] = changes.pop("codes", ())
    quality = changes.pop("quality", Quality.BAD if codes else Quality.GOOD)
    value = None if codes else celsius
    quiet = Observation(
        probe=probe,
        reading=Reading(value, quality, now, round(now * 10)),
        raw_c=celsius,
        rate_c_per_s=0.0,
        fast_rate_c_per_s=0.0,
        rising_too_fast=False,
        predicted_c=celsius,
        cem43_min=1.0,
        age_s=0.05,
        codes=codes,
        control_c=value,
    )
    return replace(quiet, **changes)


def observed(*disturbed: Observation) -> tuple[Observation, ...]:
    """All three probes, with the disturbed ones in their places."""
    others = {item.probe.role: item for item in disturbed}
    return tuple(others.get(role) or seen(role) for role in (Role.SKIN, Role.TUMOR, Role.HEALTHY))


def witness(now: float = NOW, **changes: Any) -> Witness:
    """A quiet armed moment; nothing hits."""
    quiet = Witness(
        now=now,
        treatment_s=now - 900.0,
        envelope=ENVELOPE,
        observations=observed(),
        source=source(now),
        permit_ka_per_m=5.0,
        uncertain_s=0.0,
        peer_age_s=0.05,
        peer_age_s_max=0.2,
        peer_refuses=False,
        armed=True,
        stop=False,
        self_test=SHOWN,
    )
    return replace(quiet, **changes)


def judged(
    witnesses: Iterable[Witness], memory: Memory | None = None, rules: tuple[Rule, ...] = RULES
) -> tuple[Memory, tuple[Hit, ...]]:
    """Memory and hits after the last of several moments."""
    after = memory or Memory()
    hits: tuple[Hit, ...] = ()
    for item in witnesses:
        after, hits = evaluate(rules, after, item)
    return after, hits


def codes(witnesses: Iterable[Witness], memory: Memory | None = None) -> set[str]:
    """The codes that hit at the last moment."""
    return {hit.code for hit in judged(witnesses, memory)[1]}


def status(now: float = NOW, **changes: Any) -> GuardStatus:
    """A guard that runs with our envelope."""
    return replace(GuardStatus(1, now, GuardState.RUN, SHA, 1), **changes)


def lease(seq: int, now: float = NOW, **changes: Any) -> Lease:
    """A lease with quiet raw readings (a little noise, so that nothing is flat) and zero permit."""
    envelope: Envelope = changes.pop("envelope", ENVELOPE)
    celsius = changes.pop("c", CELSIUS)
    noise_c = 0.01 * (seq * 7 % 11 - 5)
    probes = tuple(
        Reading(celsius[probe.role] + noise_c, Quality.GOOD, now, seq) for probe in envelope.probes
    )
    permit = changes.get("permit_ka_per_m", 0.0)
    measured = permit or 0.0
    quiet = Lease(
        seq=seq,
        sent_at=now,
        treatment_s=now - 900.0,
        envelope_sha256=SHA,
        permit_ka_per_m=0.0,
        probes=probes,
        source=source(now, seq=seq, measured_ka_per_m=measured, setpoint_ka_per_m=measured),
        uncertain_s=0.0,
    )
    return replace(quiet, **changes)
