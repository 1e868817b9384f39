# SPDX-License-Identifier: Apache-2.0
"""Which faults bring which hazard about, as a table; a seed draws from it. Pure data and chance.

In an argument `{c}` is a probe's channel and `{low..high}` a number between the two.
"""

import random
import re
from dataclasses import dataclass

from mnht_controller.domain.intent import Verb
from mnht_controller.domain.phase import Phase
from sim_hardware.bench.class_times import class_s
from sim_hardware.bench.scenario import Scenario, Wish
from sim_hardware.faults import Fault

CHANNELS = 3
AFTER_S = 12.0
"""How long a run goes on after the fault where nothing says more."""
SLOW_S = 60.0
"""The same for what acts slowly."""
BEYOND_S = 1.0
"""And how long after a class time: current that goes on must be seen to go on."""
_RANGE = re.compile(r"\{(-?[\d.]+)\.\.(-?[\d.]+)\}")


@dataclass(frozen=True, slots=True)
class Cause:
    """One way to bring a hazard about. One of `arguments` is drawn.

    `wish` is asked soon afterwards, `ends_s` draws when the fault ends, `for_s` how long to watch.
    """

    hazard: str
    device: str
    verb: str
    arguments: tuple[str, ...] = ("",)
    wish: Verb | None = None
    ends_s: tuple[float, float] | None = None
    for_s: float = AFTER_S


def _thermometer(hazard: str, verb: str, *arguments: str, for_s: float = AFTER_S) -> Cause:
    return Cause(hazard, "thermometer", verb, arguments or ("",), for_s=for_s)


def _source(hazard: str, verb: str, *arguments: str) -> Cause:
    return Cause(hazard, "source", verb, arguments or ("",))


def _patient(hazard: str, verb: str, *arguments: str) -> Cause:
    return Cause(hazard, "patient", verb, arguments, for_s=SLOW_S)


def _host(hazard: str, verb: str, *arguments: str) -> Cause:
    return Cause(hazard, "host", verb, arguments or ("",))


CAUSES: tuple[Cause, ...] = (
    _thermometer("H01", "probe_off", "{c}"),
    Cause("H01", "guard_thermometer", "probe_off", ("1",)),
    _thermometer("H02", "probe_contact", "{c}:{0.5..0.95}:{5..60}", for_s=75.0),
    _thermometer("H03", "no_probe_token", "{c}:", "{c}:-273.0", "{c}:9999", "{c}:-OL-"),
    _thermometer("H03", "probe_dropped", "{c}"),
    _thermometer("H03", "token", "nan", "inf", "9.91E37", "-273.15"),
    _thermometer("H03", "link_drop"),
    _thermometer("H04", "probe_stuck", "{c}", "1:36.0", "1:42.9", "1:43.1"),
    _thermometer("H04", "freeze"),
    Cause("H04", "guard_thermometer", "probe_stuck", ("1", "1:36.0", "1:42.9")),
    _thermometer("H05", "probe_drift", "{c}:{-0.5..0.5}", for_s=SLOW_S),
    _thermometer("H05", "probe_offset", "{c}:-1.0", "{c}:1.0", "1:{-1..1}", for_s=SLOW_S),
    _thermometer("H06", "probe_swapped", "1:2", "1:3", "2:3"),
    _thermometer("H07", "probe_lag", "{c}:{0.3..5}", for_s=SLOW_S),
    _thermometer("H08", "probe_spikes", "{c}:20:{0.001..0.05}", for_s=SLOW_S),
    _thermometer("H09", "probe_unit", "{c}:fahrenheit", "{c}:kelvin", "{c}:tenths"),
    _thermometer("H09", "fmt", "comma", "exponent", "plus"),
    _thermometer("H10", "stream_stall"),
    _thermometer("H10", "blackhole"),
    Cause("H10", "guard_thermometer", "link_drop"),
    _thermometer("H10", "drop_after", "{0..9}:rst", "{0..9}:fin"),
    _thermometer("H10", "cut_after", "{0..9}"),
    _thermometer("H11", "shift", "", "@0.1"),
    _thermometer("H11", "reorder", "", "@0.2"),
    _thermometer("H11", "delay", "{0.05..2}"),
    _thermometer("H11", "latency", "{0.02..0.3}:{0.01..0.2}"),
    _thermometer("H11", "inject_line", r"41.7\r\n", r"41.7\r\n@0.1"),
    _thermometer("H11", "unasked", r"{0.1..2}:41.7\r\n"),
    _thermometer("H12", "flip_bits", "1e-4", "1e-3", "1e-2", "1e-1"),
    _thermometer("H12", "garbage", "@0.02", "@0.2", ""),
    _thermometer("H12", "echo", "", "@0.1"),
    _thermometer("H12", "term", "cr", "lf", "none", "eot"),
    _source("H12", "flip_bits", "1e-4", "1e-3", "1e-2", "1e-1"),
    _source("H12", "garbage", "@0.02", "@0.2", ""),
    _source("H12", "fifo", "{1..8}"),
    _patient("H13", "hot_spot", "{2..10}"),
    _patient("H14", "patient_moves", "{0.7..1.3}", "1.3"),
    Cause("H15", "patient", "perfusion", ("{0.2..0.6}", "0.2"), for_s=120.0),
    Cause("H16", "source", "amp_ignores_off", wish=Verb.PAUSE),
    Cause("H16", "source", "amp_ignores_off", wish=Verb.STOP),
    _source("H17", "amp_stuck_full"),
    Cause("H18", "source", "amp_lies_off", wish=Verb.PAUSE, for_s=25.0),
    Cause("H18", "source", "amp_lies_off", wish=Verb.STOP, for_s=25.0),
    _source("H19", "ignore_cmd", "", "@0.01", "@0.1", "@0.5"),
    _source("H19", "eat_reply", "", "@0.01", "@0.1", "@0.5"),
    _source("H19", "duplicate", "", "@0.1"),
    _source("H19", "shift", "", "@0.1"),
    _source("H20", "link_drop"),
    _source("H20", "other_device"),
    _thermometer("H20", "other_device"),
    _source("H20", "blackhole"),
    _source("H21", "panel_change", "off", "watchdog:off", "limit:{1..18}", "level:{0..7.5}"),
    Cause("H22", "applicator", "detune", ("{-0.1..-0.01}", "{0.01..0.1}", "-0.1", "0.1")),
    Cause("H23", "applicator", "coolant_stop"),
    Cause("H23", "applicator", "coolant_warm", ("{50..60}",), for_s=40.0),
    _source("H24", "reboot"),
    Cause("H25", "patient", "cooling_fails", ("{28..37}", "37"), for_s=120.0),
    _host("H26", "controller_killed"),
    _host("H27", "controller_stopped", "{0.1..0.4}", "{0.4..3}", "{3..10}"),
    _host("H28", "controller_stopped"),
    _host("H28", "guard_stopped", "", "{0.05..3}"),
    _host("H28", "host_stopped", "{0.1..9}"),
    _host("H29", "guard_killed"),
    _host("H29", "guard_stopped"),
    _host("H30", "host_stopped"),
    _host("H31", "leases_late", "{0.01..0.3}", "{0.3..5}"),
    _host("H32", "wall_clock", "{1.1..7200}", "{-7200..-1.1}", "315576000", "-315576000"),
    _host("H33", "guard_clock", "offset:{0.1..9}", "offset:{-9..-0.1}", "freeze"),
    _host("H33", "guard_clock", "rate:0.5", "rate:2"),
    _host("H34", "disk_full", "", "{0..20}"),
    _host("H35", "sync_fails", "", "{0..20}"),
    _host("H35", "disk_hangs", "{0.3..3}", "{3..10}", ""),
    Cause("H39", "patient", "perfusion", ("{3..5}",), ends_s=(20.0, 60.0), for_s=200.0),
    _thermometer("H40", "token", "nan", "-nan", "1e999", "inf"),
    Cause("H60", "source", "ignore_cmd", ("@0.2",), wish=Verb.STOP),
)


def hazards() -> tuple[str, ...]:
    """The hazards that have a cause, in order."""
    return tuple(dict.fromkeys(cause.hazard for cause in CAUSES))


def draw(hazard: str, seed: int, at_s: float) -> tuple[Cause, Scenario]:
    """What a seed makes of a hazard; the fault begins within 2 s of `at_s` of the scenario."""
    chance = random.Random(f"{hazard}/{seed}")
    causes = [cause for cause in CAUSES if cause.hazard == hazard]
    return plotted(causes[seed % len(causes)], chance, at_s)


def plotted(cause: Cause, chance: random.Random, at_s: float) -> tuple[Cause, Scenario]:
    """One cause with everything that chance decides."""
    onset_s = at_s + chance.uniform(0.1, 2.0)
    argument = _argument(cause, chance)
    until_s = None if cause.ends_s is None else onset_s + chance.uniform(*cause.ends_s)
    fault = Fault(onset_s, cause.device, cause.verb, argument, until_s)
    wishes: tuple[Wish, ...] = ()
    if cause.wish is not None:
        wishes = (Wish(onset_s + chance.uniform(0.1, 3.0), cause.wish),)
    watched_s = max(cause.for_s, (class_s(fault) or 0.0) + BEYOND_S)
    return cause, Scenario((fault,), wishes, Phase.PLATEAU, until_s=onset_s + watched_s)


def _argument(cause: Cause, chance: random.Random) -> str:
    text = chance.choice(cause.arguments).replace("{c}", str(chance.randint(1, CHANNELS)))

    def number(found: re.Match[str]) -> str:
        low, high = found[1], found[2]
        if cause.verb in WHOLE:
            return str(chance.randint(int(low), int(high)))
        return f"{chance.uniform(float(low), float(high)):.3f}"

    return _RANGE.sub(number, text)


WHOLE = frozenset({"fifo", "cut_after", "drop_after", "disk_full", "sync_fails"})
"""Verbs that count."""
