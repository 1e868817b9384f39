# SPDX-License-Identifier: Apache-2.0
"""Faults as data: verbs on a timeline, applied to twins, probes and links from outside.

Drivers see nothing but bytes. The verbs the bench has to carry out itself (processes) are handed
to it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol

from sim_hardware.wire.verbs import VERBS as VERBS_OF_WIRES
from sim_hardware.wire.verbs import parsed


class Layer(StrEnum):
    """Where a verb acts, and so which target takes it."""

    PROBE = "probe"
    TWIN = "twin"
    PLANT = "plant"
    WIRE = "wire"
    LINK = "link"
    BENCH = "bench"


@dataclass(frozen=True, slots=True)
class Verb:
    """One kind of fault. `hazards` are ids of the hazard table; `argument` says what it takes."""

    name: str
    layer: Layer
    hazards: tuple[str, ...]
    text: str
    argument: str = ""


FAULTS: tuple[Verb, ...] = (
    Verb("probe_off", Layer.PROBE, ("H01",), "The tip falls off and follows the air.", "channel"),
    Verb("probe_stuck", Layer.PROBE, ("H04",), "The channel repeats one value.", "channel[:°C]"),
    Verb("probe_contact", Layer.PROBE, ("H02",), "The tip lifts: it sees more of the air.",
         "channel:contact 0 to 1[:s until then]"),
    Verb("probe_offset", Layer.PROBE, ("H05",), "The reading is off by so much.", "channel:°C"),
    Verb("probe_drift", Layer.PROBE, ("H05",), "The reading drifts.", "channel:°C/h"),
    Verb("probe_lag", Layer.PROBE, ("H07",), "The tip becomes later.", "channel:s"),
    Verb("probe_spikes", Layer.PROBE, ("H08",), "Some samples jump up or down.",
         "channel:°C:probability"),
    Verb("probe_unit", Layer.PROBE, ("H09",), "The reading comes in another unit.",
         "channel:fahrenheit | kelvin | tenths"),
    Verb("probe_swapped", Layer.TWIN, ("H06",), "Two channels have each other's probe.",
         "channel:channel"),
    Verb("probe_dropped", Layer.TWIN, ("H03",), "One channel no longer answers.", "channel"),
    Verb("no_probe_token", Layer.TWIN, ("H03",), "Text in place of a number.", "channel[:text]"),
    Verb("stream_stall", Layer.TWIN, ("H10",), "The thermometer falls silent."),
    Verb("amp_ignores_off", Layer.TWIN, ("H16",), "OFF is acknowledged and not obeyed."),
    Verb("amp_lies_off", Layer.TWIN, ("H18",), "OFF is reported, and the field stays."),
    Verb("amp_stuck_full", Layer.TWIN, ("H17",), "Full scale while on, deaf to all commands."),
    Verb("coolant_stop", Layer.TWIN, ("H23",), "The coil's water stops.", "[unseen]"),
    Verb("coolant_warm", Layer.TWIN, ("H23",), "The coil's water comes in warm.", "[°C]"),
    Verb("detune", Layer.TWIN, ("H22",), "The coil's resonance moves.", "relative change"),
    Verb("reboot", Layer.TWIN, ("H24",), "The instrument restarts with its defaults."),
    Verb("panel_change", Layer.TWIN, ("H21",), "Somebody turns a knob.", "what[:value]"),
    Verb(
        "input",
        Layer.TWIN,
        ("H60",),
        "An input of a run-permit opens or closes.",
        "name or number:open | closed",
    ),
    Verb("e_stop", Layer.TWIN, ("H60",), "The emergency stop is pressed until cleared."),
    Verb("door", Layer.TWIN, ("H60",), "The door is open until cleared."),
    Verb("line_welded", Layer.TWIN, ("H16",), "The enable line's contact is welded: closed."),
    Verb("line_broken", Layer.TWIN, ("H20",), "The enable line's contact does not close."),
    Verb("watchdog_dead", Layer.TWIN, ("H24",), "The amplifier's watchdog does not act."),
    Verb("overload", Layer.TWIN, ("H16",), "The amplifier reports an overload and goes off."),
    Verb("no_signal", Layer.TWIN, ("H03",), "The sensor's plug is out."),
    *(Verb(row.name, Layer.WIRE, row.hazards, row.text, row.argument) for row in VERBS_OF_WIRES),
    Verb("perfusion", Layer.PLANT, ("H15",), "All blood flow changes.", "factor"),
    Verb("patient_moves", Layer.PLANT, ("H14",), "The field in the body changes.", "factor"),
    Verb("cooling_fails", Layer.PLANT, ("H25",), "Air or water that cools the skin turns warm.",
         "°C"),
    Verb("hot_spot", Layer.PLANT, ("H13",), "Eddy currents crowd in a fold without a probe.",
         "factor"),
    Verb("link_drop", Layer.LINK, ("H03", "H20"), "The cable is pulled."),
    Verb("controller_killed", Layer.BENCH, ("H26",), "SIGKILL to the controller."),
    Verb("controller_stopped", Layer.BENCH, ("H27", "H28"), "SIGSTOP to the controller.",
         "[s until it goes on]"),
    Verb("guard_killed", Layer.BENCH, ("H29",), "SIGKILL to the guard."),
    Verb("guard_stopped", Layer.BENCH, ("H28", "H29"), "SIGSTOP to the guard.",
         "[s until it goes on]"),
    Verb("host_stopped", Layer.BENCH, ("H28", "H30"), "The whole host stands still.",
         "[s until it goes on]"),
    Verb("leases_late", Layer.BENCH, ("H31",), "Leases reach the guard so much later.", "s"),
    Verb("guard_clock", Layer.BENCH, ("H33",), "The guard's monotonic clock goes wrong.",
         "offset:s | rate:factor | freeze"),
    Verb("wall_clock", Layer.BENCH, ("H32",), "The wall clock steps.", "s"),
    Verb("disk_full", Layer.BENCH, ("H34",), "The journal takes so many more records.",
         "[records]"),
    Verb("sync_fails", Layer.BENCH, ("H35",), "After so many more records the disk has an error.",
         "[records]"),
    Verb("disk_hangs", Layer.BENCH, ("H35",), "The disk keeps the journal waiting.",
         "[s until it goes on]"),
)  # fmt: skip
VERBS = MappingProxyType({verb.name: verb for verb in FAULTS})


@dataclass(frozen=True, slots=True)
class Fault:
    """One entry of a scenario: at_s of the scenario's clock, ended at `until_s` if given."""

    at_s: float
    device: str
    verb: str
    argument: str = ""
    until_s: float | None = None

    def __post_init__(self) -> None:
        if self.verb not in VERBS:
            raise ValueError(f"unknown fault {self.verb!r}: use one of {', '.join(VERBS)}")
        if self.until_s is not None and not (self.until_s > self.at_s):
            raise ValueError(f"{self.verb}: until_s {self.until_s} is not after at_s {self.at_s}")
        if VERBS[self.verb].layer is Layer.WIRE:
            parsed(self.verb, self.argument)


class Target(Protocol):
    """What takes faults: a probe, a twin, a wire or a link."""

    def inject(self, verb: str, argument: str, t: float) -> None:
        """Start a fault at loop time t."""

    def clear(self, verb: str) -> None:
        """End it."""


class Wire(Target, Protocol):
    """A wire, which can judge a fault before anything runs."""

    def check(self, verb: str, argument: str) -> None:
        """ValueError, with what would be right."""


@dataclass(frozen=True)
class Targets:
    """Everything faults can act on: by device, probes by device and channel.

    `bench` takes the verbs of layer BENCH; without it they are refused.
    """

    twins: Mapping[str, Target]
    links: Mapping[str, Target]
    probes: Mapping[tuple[str, int], Target]
    bench: Callable[[Fault], None] | None = None
    wires: Mapping[str, Wire] = field(default_factory=dict)

    def find(self, fault: Fault) -> tuple[Target | None, str]:
        """Return who takes the fault and with which argument; ValueError names what is missing."""
        found = self.who(fault.device, fault.verb, fault.argument)
        if VERBS[fault.verb].layer is Layer.WIRE:
            self.wires[fault.device].check(fault.verb, fault.argument)
        return found

    def who(self, device: str, verb: str, argument: str) -> tuple[Target | None, str]:
        """The same, where the argument need not be whole: to end a fault takes but a channel."""
        if verb not in VERBS:
            raise ValueError(f"unknown fault {verb!r}: use one of {', '.join(VERBS)}")
        layer = VERBS[verb].layer
        if layer is Layer.BENCH:
            if self.bench is None:
                raise ValueError(f"{verb}: this bench cannot do that")
            return None, argument
        if layer is Layer.PROBE:
            channel, _, rest = argument.partition(":")
            key = (device, int(channel) if channel.isdigit() else -1)
            if key not in self.probes:
                known = sorted(f"{name}:{number}" for name, number in self.probes)
                raise ValueError(f"{verb}: no probe at {device}:{channel}, but {known}")
            return self.probes[key], rest
        tables = {Layer.LINK: self.links, Layer.WIRE: self.wires}
        table: Mapping[str, Target] = tables.get(layer, self.twins)
        if device not in table:
            raise ValueError(f"{verb}: no {layer} {device!r}, but {sorted(table)}")
        return table[device], argument


class Timeline:
    """Applies faults in order of their time. `log` keeps (loop time, "on" or "off", fault).

    Every fault is checked when the timeline is made, so that a scenario cannot fail half-way.
    """

    def __init__(self, faults: Iterable[Fault], targets: Targets) -> None:
        self._targets = targets
        self.log: list[tuple[float, str, Fault]] = []
        events: list[tuple[float, int, str, Fault]] = []
        for number, fault in enumerate(faults):
            targets.find(fault)
            events.append((fault.at_s, number, "on", fault))
            if fault.until_s is not None:
                events.append((fault.until_s, number, "off", fault))
        self._events = sorted(events, key=lambda event: event[:2])

    @property
    def next_at_s(self) -> float | None:
        """When the next event is due on the scenario's clock; None when all are done."""
        return self._events[0][0] if self._events else None

    def advance(self, scenario_s: float, t: float) -> list[Fault]:
        """Apply what is due on the scenario's clock; t is loop time. Returns the faults started."""
        started: list[Fault] = []
        while self._events and self._events[0][0] <= scenario_s:
            _, _, edge, fault = self._events.pop(0)
            target, argument = self._targets.find(fault)
            if edge == "off" and target is not None:
                target.clear(fault.verb)
            elif target is not None:
                target.inject(fault.verb, argument, t)
            elif edge == "on" and self._targets.bench is not None:
                self._targets.bench(fault)
            if edge == "on":
                started.append(fault)
            self.log.append((t, edge, fault))
        return started
