# SPDX-License-Identifier: Apache-2.0
"""Class times: from the onset of a fault to field zero, as a table with the reason of each row.

Times of design.md sections 7 and 9, and sums where the design has none. Without one a fault need
not end the field: the other oracles judge what it does.
"""

import math
from dataclasses import dataclass

from sim_hardware.faults import VERBS, Fault, Layer
from sim_hardware.wire.verbs import parsed


@dataclass(frozen=True, slots=True)
class ClassTime:
    """One row; of those that fit a fault the first holds. "" fits any device.

    `first`: what the argument begins with, up to a colon. `per_s`: a contact that is lost, at least
    this share of it in a second. `at_s_max`: begun by then, on the scenario's clock. `time_s` None:
    the field need not end.
    """

    verb: str
    device: str
    time_s: float | None
    why: str
    first: str = ""
    per_s: float = 0.0
    at_s_max: float = math.inf


THERMOMETER, SOURCE, OWN = "thermometer", "source", "guard_thermometer"
SKIN = "1"
"""Channel of the skin probe at every bench site."""
LINE_S = 0.35
"""Of the time of a guard that latches: its tick, and 0.3 s of silence on the enable line."""
_DESIGN = "design, sections 7 and 9"
_PULSE = "a ramp begins with the pulse, of 60 s at most; a fault that comes later it cannot tell"
_KNOB = "read back with every exchange; as long as any state of the source that is not ours"
STOPS = frozenset({"controller_stopped", "guard_stopped", "host_stopped"})
"""They may go on before anything has to be noticed."""

CLASS_TIMES: tuple[ClassTime, ...] = (
    ClassTime("probe_off", OWN, 6.0 + LINE_S,
              "a tip in air is 1.5 °C apart within 1 s, and own_disagrees waits for 5 s"),
    ClassTime("probe_off", "", 3.0, _DESIGN),
    ClassTime("probe_stuck", "", 5.0,
              "design, section 9; the guard's own takes a line and 17 repeats of it, 0.25 s each, "
              "and what the line of the guard takes: 4.85 s"),
    ClassTime("probe_contact", THERMOMETER, 10.0,
              "skin stands 15 °C above the air: it falls by 0.25 °C/s, twice what skin_falls asks",
              first=SKIN, per_s=1.0 / 60.0),
    ClassTime("probe_contact", THERMOMETER, 10.0,
              "a tip inside stands 12 °C above the air: it falls by 0.6 °C/s, and no tissue does",
              per_s=1.0 / 20.0),
    ClassTime("probe_contact", "", None,
              "skin that sinks more slowly may be skin: the guard's own thermometer and the cap on "
              "the field bound the harm, I2 judges it",
              first=SKIN),
    ClassTime("probe_contact", "", None,
              "control follows the skin: a tumor or healthy probe that reads low asks for no more "
              "field, and heats nothing"),
    ClassTime("probe_lag", "", 61.0, _PULSE, at_s_max=0.0),
    ClassTime("probe_swapped", "", 61.0, _PULSE, at_s_max=0.0),
    ClassTime("probe_dropped", "", 1.3, _DESIGN),
    ClassTime("no_probe_token", "", 1.0, _DESIGN),
    ClassTime("stream_stall", "", 1.3, _DESIGN),
    ClassTime("amp_ignores_off", "", 0.75, _DESIGN),
    ClassTime("amp_lies_off", "", 10.0,
              "the proposal for H18; late in a ramp, or in a deposit that hardly warms, it is not "
              "kept"),
    ClassTime("amp_stuck_full", "", 0.75, _DESIGN),
    ClassTime("coolant_stop", "", 1.0, _DESIGN),
    ClassTime("coolant_warm", "", 30.0,
              "answered when the outlet has become too warm, which takes up to 22 s"),
    ClassTime("panel_change", SOURCE, None,
              "the next command is absolute, comes within a tick and sets the level anew",
              first="level"),
    ClassTime("panel_change", SOURCE, 0.75, _KNOB),
    ClassTime("link_drop", THERMOMETER, 1.3, _DESIGN),
    ClassTime("link_drop", SOURCE, 0.75, _DESIGN),
    ClassTime("link_drop", OWN, 1.3 + LINE_S, "own_silent waits for 1.3 s"),
    ClassTime("link_drop", "", 1.3, _DESIGN),
    ClassTime("blackhole", THERMOMETER, 1.3, _DESIGN),
    ClassTime("blackhole", SOURCE, 0.75, _DESIGN),
    ClassTime("freeze", THERMOMETER, 5.0, _DESIGN),
    ClassTime("token", THERMOMETER, 1.0, _DESIGN),
    ClassTime("other_device", SOURCE, 0.75, _DESIGN),
    ClassTime("other_device", THERMOMETER, 1.3, _DESIGN),
    ClassTime("reboot", SOURCE, 0.75, _DESIGN),
    ClassTime("ignore_cmd", SOURCE, 0.75, _DESIGN),
    ClassTime("eat_reply", SOURCE, 0.75, _DESIGN),
    ClassTime("controller_killed", "", 0.4, _DESIGN),
    ClassTime("controller_stopped", "", 0.75, _DESIGN),
    ClassTime("guard_killed", "", 0.35, _DESIGN),
    ClassTime("guard_stopped", "", 0.35, _DESIGN),
    ClassTime("host_stopped", "", 0.35, _DESIGN),
)  # fmt: skip


def class_s(fault: Fault) -> float | None:
    """Class time of one fault, s; None: it need not end the field, or acts only now and then."""
    if VERBS[fault.verb].layer is Layer.WIRE and parsed(fault.verb, fault.argument)[1] < 1.0:
        return None
    time_s = next((row.time_s for row in CLASS_TIMES if _fits(row, fault)), None)
    is_short = fault.verb in STOPS and fault.argument and time_s is not None
    return None if is_short and float(fault.argument) < float(time_s or 0.0) else time_s


def _fits(row: ClassTime, fault: Fault) -> bool:
    first = fault.argument.partition(":")[0]
    return (
        row.verb == fault.verb
        and row.device in {"", fault.device}
        and row.first in {"", first}
        and fault.at_s <= row.at_s_max
        and (row.per_s <= 0.0 or _lost_per_s(fault.argument) >= row.per_s)
    )


def _lost_per_s(argument: str) -> float:
    """Share of a probe's contact that is lost in a second (channel:contact[:s until then])."""
    _, contact, over_s = (*argument.split(":"), "0", "0")[:3]
    lost = 1.0 - float(contact)
    return lost / float(over_s) if float(over_s) > 0.0 else math.inf
