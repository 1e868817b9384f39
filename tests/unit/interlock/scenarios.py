# SPDX-License-Identifier: Apache-2.0
"""For every rule one course of events after which it must hit. A row without one fails a test."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from mnht_controller.domain.probe import Role
from mnht_controller.domain.reading import Quality
from mnht_controller.interlock.witness import Witness
from mnht_controller.thermometry.observe import Observation, Why
from tests.plans import ENVELOPE
from tests.unit.interlock.scene import NOW, observed, seen, source, witness

Course = list[Witness]


def course(ticks: int, make: Callable[[float], Witness]) -> Course:
    """Moments 0.1 s apart, the first one at NOW."""
    return [make(NOW + 0.1 * tick) for tick in range(ticks)]


def probes(ticks: int, *disturbed: Observation) -> Course:
    """The same disturbed probes for some ticks."""
    return course(ticks, lambda now: witness(now, observations=observed(*disturbed)))


def sources(ticks: int, permit: float | None = 5.0, **changes: Any) -> Course:
    """The same disturbed source for some ticks."""
    return course(
        ticks, lambda now: witness(now, permit_ka_per_m=permit, source=source(now, **changes))
    )


def silent_source(ticks: int) -> Course:
    last = source(NOW)
    return course(ticks, lambda now: witness(now, source=last))


def stopped_counter(ticks: int) -> Course:
    return course(ticks, lambda now: witness(now, source=source(now, seq=7)))


def backward_counter(ticks: int) -> Course:
    return course(ticks, lambda now: witness(now, source=source(now, seq=99999 - round(now * 10))))


def stopped_clock(ticks: int) -> Course:
    return course(ticks, lambda now: witness(now, source=source(now, clock_s=5.0)))


def rebooted(**changes: Any) -> Course:
    later = NOW + 0.1
    return [witness(), witness(later, source=source(later, **changes))]


def long_field(ticks: int) -> Course:
    tight = replace(ENVELOPE, limits=replace(ENVELOPE.limits, field_s_max=0.5))
    return course(ticks, lambda now: witness(now, envelope=tight))


def sources_clock(ticks: int, speed: float) -> Course:
    """The source's own clock runs at another speed than ours."""
    return course(
        ticks,
        lambda now: witness(now, source=source(now, clock_s=NOW + speed * (now - NOW))),
    )


def frames(ticks: int, speed: float) -> Course:
    """A thermometer's frames come faster or slower than declared."""

    def at(now: float) -> Witness:
        count = round((NOW + speed * (now - NOW)) * 10)
        items = [
            replace(item, reading=replace(item.reading, at=now, seq=count)) for item in observed()
        ]
        return witness(now, observations=tuple(items))

    return course(ticks, at)


def steps(*gaps_s: float) -> Course:
    """Looks with these times between them."""
    nows = [NOW + sum(gaps_s[:count]) for count in range(len(gaps_s) + 1)]
    return [witness(now, gap_s_max=1.0) for now in nows]


def rising(ticks: int, late_s: float) -> Course:
    """The steepest legal rise, u by 0.02 a second; the source follows so much later."""

    def at(now: float) -> Witness:
        permit, measured = (18.0 * (0.02 * max(0.0, now - NOW - s)) ** 0.5 for s in (0.0, late_s))
        return witness(now, permit_ka_per_m=permit, source=source(now, measured_ka_per_m=measured))

    return course(ticks, at)


def stale(role: Role, why: Why) -> Observation:
    """A probe whose last value no longer counts."""
    return seen(role, codes=(why,), quality=Quality.STALE)


def heated(ticks: int, off_ticks: int, off_c_per_tick: float, hold: int = 0) -> Course:
    """A field that warms the tumor from 40 °C by 0.1 °C/s, holds it, and goes off.

    Then the tumor goes on as it is told.
    """

    def moment(tick: int) -> Witness:
        now = NOW + 0.1 * tick
        is_on = tick < ticks + hold
        celsius = 40.0 + 0.01 * min(tick, ticks) + off_c_per_tick * max(0, tick - ticks - hold)
        permit = 5.0 if is_on else 0.0
        return witness(
            now,
            observations=observed(seen(Role.TUMOR, now, c=celsius)),
            permit_ka_per_m=permit,
            source=source(now, measured_ka_per_m=permit, setpoint_ka_per_m=permit),
        )

    return [moment(tick) for tick in range(ticks + hold + off_ticks)]


def cold_field(ticks: int, rise_c: float = 0.0, start_c: float = 36.0) -> Course:
    """A field for so many ticks, each of 2 s of treatment, and what the tumor makes of it."""
    return [
        witness(
            NOW + 0.1 * tick,
            treatment_s=2.0 * tick,
            observations=observed(seen(Role.TUMOR, c=start_c + rise_c * min(1.0, tick / 50))),
            source=source(NOW + 0.1 * tick),
        )
        for tick in range(ticks)
    ]


def beside_a_dead_probe(moments: Course) -> Course:
    """A second tumor probe, not required, that never says anything."""
    dead = seen(Role.TUMOR, codes=(Why.STALE,), quality=Quality.STALE)
    dead = replace(dead, probe=replace(dead.probe, id="tumor-2", required=False))
    return [replace(one, observations=(*one.observations, dead)) for one in moments]


def zone(ticks: int, apart_c: float, value: float | None = 42.0) -> Course:
    """Skin and healthy tissue as two probes of one place, so far apart."""

    def placed(role: Role, celsius: float | None) -> Observation:
        item = seen(role, c=celsius) if celsius is not None else seen(role, codes=(Why.STALE,))
        return replace(item, probe=replace(item.probe, zone="rim"))

    other = None if value is None else value + apart_c
    return probes(ticks, placed(Role.SKIN, 42.0), placed(Role.HEALTHY, other))


SCENARIOS: dict[str, Course] = {
    "operator_stop": [witness(stop=True)],
    "skin_trip": probes(1, seen(Role.SKIN, c=44.01)),
    "tumor_cap": probes(1, seen(Role.TUMOR, c=60.01)),
    "healthy_cap": probes(1, seen(Role.HEALTHY, c=45.01)),
    "rate_of_rise": probes(1, seen(Role.SKIN, rising_too_fast=True, fast_rate_c_per_s=0.9)),
    "heat_when_off": heated(200, 80, 0.01),
    "skin_falls": probes(1, seen(Role.SKIN, rate_c_per_s=-0.2)),
    "zone_disagrees": zone(101, 1.01),
    "no_heat": cold_field(400),
    "zone_apart": zone(51, 1.01),
    "no_heat_yet": cold_field(300),
    "probe_range": probes(4, seen(Role.TUMOR, codes=(Why.RANGE,), raw_c=None)),
    "probe_implausible": probes(4, seen(Role.SKIN, codes=(Why.FALLING,), raw_c=36.0)),
    "probe_flat": probes(1, stale(Role.HEALTHY, Why.FLAT)),
    "probe_stale": probes(1, stale(Role.HEALTHY, Why.STALE)),
    "probe_bad": probes(4, seen(Role.SKIN, codes=(Why.NO_VALUE,), raw_c=None)),
    "field_cap": sources(1, permit=7.6),
    "readback_high": sources(3, permit=5.0, measured_ka_per_m=5.3),
    "off_not_obeyed": sources(4, permit=0.0, measured_ka_per_m=0.2),
    "source_interlock": sources(1, interlocks_open=("e_stop",)),
    "source_fault": sources(1, faults=("coolant",)),
    "source_reboot": rebooted(boot=4),
    "watchdog_off": sources(1, watchdog_on=False),
    "source_limit": sources(1, limit_ka_per_m=18.0),
    "uncertain": [witness(uncertain_s=0.31)],
    "source_lost": silent_source(5),
    "readback_missing": sources(4, measured_ka_per_m=None),
    "field_missing": sources(18, measured_ka_per_m=0.0),
    "output_off_unasked": sources(7, output_on=False, measured_ka_per_m=0.0),
    "skin_dose": probes(1, seen(Role.SKIN, cem43_min=40.1)),
    "session_time": long_field(8),
    "host_suspended": [witness(slept_s=0.51)],
    "clock_fault": [witness(gap_s_max=1.0), witness(NOW + 1.1, gap_s_max=1.0)],
    "clock_rate": sources_clock(80, 0.5),
    "lease_lost": [witness(peer_age_s=0.21)],
    "guard_refuses": [witness(peer_refuses=True)],
    "skin_cap": probes(1, seen(Role.SKIN, c=43.51)),
    "skin_predicted": probes(1, seen(Role.SKIN, predicted_c=43.51)),
    "unverified": [witness(uncertain_s=0.16)],
    "frequency_unknown": sources(1, frequency_hz=None),
}

ALSO: tuple[tuple[str, str, Course], ...] = (
    ("frame counter of the source stands still", "source_lost", stopped_counter(5)),
    ("frame counter of the source goes back", "source_lost", backward_counter(5)),
    ("clock of the source stands still", "source_lost", stopped_clock(5)),
    ("no source at all", "source_lost", [witness(source=None)]),
    ("snapshot from the future", "source_lost", [witness(source=source(NOW + 1.0))]),
    ("clock of the source went back", "source_reboot", rebooted(clock_s=1.0)),
    ("peer never heard", "lease_lost", [witness(peer_age_s=None)]),
    ("jump", "probe_implausible", probes(4, seen(Role.SKIN, codes=(Why.JUMP,)))),
    ("counter of a probe", "probe_stale", probes(1, seen(Role.SKIN, codes=(Why.COUNTER_STOPPED,)))),
    ("a probe nobody reads", "probe_stale", [witness(observations=observed()[:2])]),
    ("stamp from the future", "probe_bad", probes(4, seen(Role.SKIN, codes=(Why.FUTURE,)))),
    ("read-back above the cap", "field_cap", sources(1, permit=7.5, measured_ka_per_m=7.9)),
    ("H f above the cap", "field_cap", sources(1, measured_ka_per_m=7.4, frequency_hz=115_000.0)),
    ("a steady tumor does not cool", "heat_when_off", heated(200, 120, 0.0, hold=600)),
    ("a tumor that falls in the field", "no_heat", cold_field(400, rise_c=-1.0)),
    ("a cold tumor beside a dead probe", "no_heat", beside_a_dead_probe(cold_field(400))),
    ("a probe of the place reads lower", "zone_disagrees", zone(101, -1.01)),
    ("trip: no permit at all", "off_not_obeyed", sources(4, permit=None, measured_ka_per_m=18.0)),
    ("clock stands still", "clock_fault", steps(0.1, 0.0, 0.0)),
    ("clock goes back", "clock_fault", steps(0.1, -5.0)),
    ("clock leaps", "clock_fault", steps(0.1, 5.0)),
    ("clock of the source is too fast", "clock_rate", sources_clock(80, 2.0)),
    ("too many frames", "clock_rate", frames(80, 2.0)),
    ("less than half", "field_missing", sources(18, measured_ka_per_m=2.2)),
    ("a small field", "field_missing", sources(18, permit=0.5, measured_ka_per_m=0.0)),
    ("field gone after a while", "field_missing", [
        *sources(20), *[replace(item, now=item.now + 2.0, source=source(
            item.now + 2.0, measured_ka_per_m=0.0)) for item in sources(5)]]),
    ("alternating reasons", "probe_bad", [
        *probes(2, seen(Role.SKIN, codes=(Why.RANGE,))),
        *[replace(item, now=item.now + 0.2, source=source(item.now + 0.2))
          for item in probes(2, seen(Role.SKIN, codes=(Why.NO_VALUE,)))],
    ]),
)  # fmt: skip

NEAR_MISSES: tuple[tuple[str, str, Course], ...] = (
    ("bad for 200 ms only", "probe_bad", probes(3, seen(Role.SKIN, codes=(Why.NO_VALUE,)))),
    ("range for 200 ms only", "probe_range", probes(3, seen(Role.SKIN, codes=(Why.RANGE,)))),
    ("read-back for 100 ms only", "readback_high", sources(2, measured_ka_per_m=5.3)),
    ("off for 200 ms only", "off_not_obeyed", sources(3, permit=0.0, measured_ka_per_m=5.0)),
    ("read-back within 5 %", "readback_high", sources(9, measured_ka_per_m=5.24)),
    ("flat is not silent", "probe_stale", probes(1, stale(Role.HEALTHY, Why.FLAT))),
    ("source silent for 300 ms", "source_lost", silent_source(4)),
    ("a cap with its tolerance", "field_cap", sources(1, permit=7.5, measured_ka_per_m=7.6)),
    ("off for 500 ms only", "output_off_unasked", sources(6, output_on=False)),
    ("off and nothing permitted", "output_off_unasked", sources(9, permit=0.0, output_on=False)),
    ("off after a trip", "output_off_unasked", sources(9, permit=None, output_on=False)),
    ("one look without time", "clock_fault", steps(0.1, 0.0, 0.1)),
    ("a late look", "clock_fault", steps(0.1, 0.9)),
    ("messages have no beat", "clock_fault", course(3, lambda now: witness(1.5 * now))),
    ("a clock a third too slow", "clock_rate", sources_clock(200, 0.7)),
    ("half the frames lost", "clock_rate", frames(200, 0.5)),
    ("a source without a clock", "clock_rate", sources(200, clock_s=0.0)),
    ("half is there", "field_missing", sources(40, measured_ka_per_m=2.5)),
    ("just switched on", "field_missing", sources(16, measured_ka_per_m=0.0)),
    ("a rise that is followed late", "field_missing", rising(60, 1.2)),
    (
        "no more than zero is permitted",
        "field_missing",
        sources(40, permit=0.0, measured_ka_per_m=0.0),
    ),
    ("too little to tell", "field_missing", sources(40, permit=0.2, measured_ka_per_m=0.0)),
    ("skin that cools", "skin_falls", probes(9, seen(Role.SKIN, rate_c_per_s=-0.1))),
    ("skin that warms", "skin_falls", probes(9, seen(Role.SKIN, rate_c_per_s=0.2))),
    ("a tumor that sinks", "skin_falls", probes(9, seen(Role.TUMOR, rate_c_per_s=-0.2))),
    ("a tumor that cools", "heat_when_off", heated(200, 200, -0.005)),
    ("a steady tumor that cools", "heat_when_off", heated(200, 300, -0.005, hold=600)),
    ("a tumor that stays for the lag", "heat_when_off", heated(200, 30, 0.01)),
    ("a tumor that stays by noise", "heat_when_off", heated(200, 80, 0.0005)),
    ("a tumor that has warmed", "no_heat", cold_field(400, rise_c=0.3)),
    (
        "a warm tumor beside a dead probe",
        "no_heat",
        beside_a_dead_probe(cold_field(400, rise_c=0.3)),
    ),
    ("a tumor that was warm before", "no_heat", cold_field(400, start_c=38.6)),
    ("little energy yet", "no_heat_yet", cold_field(200)),
    ("probes of a place within 1 °C", "zone_disagrees", zone(101, 0.99)),
    ("probes of a place for less than 5 s", "zone_apart", zone(50, 1.01)),
    ("probes of a place for less than 10 s", "zone_disagrees", zone(100, 1.01)),
    ("a probe of a place that is silent", "zone_apart", zone(101, 0.0, None)),
    ("a lower frequency", "field_cap", sources(1, permit=7.5, frequency_hz=90_000.0)),
    ("off by its own word", "field_missing", sources(40, output_on=False, measured_ka_per_m=0.0)),
    ("a read-back that says nothing", "field_missing", sources(40, measured_ka_per_m=None)),
    ("nobody to ask", "field_missing", course(40, lambda now: witness(now, source=None))),
)
