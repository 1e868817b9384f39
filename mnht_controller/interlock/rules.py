# SPDX-License-Identifier: Apache-2.0
"""The trip and inhibit table. Controller and guard walk the same rows, docs are made from them.

The order decides which of several trips of one tick is the first-out: causes before consequences.
"""

from dataclasses import dataclass
from enum import StrEnum

from mnht_controller.domain.trip import Effect
from mnht_controller.interlock import findings as any_
from mnht_controller.interlock import probe_findings as probe
from mnht_controller.interlock import source_findings as source
from mnht_controller.interlock import thermal_findings as thermal
from mnht_controller.interlock.findings import Find

BAD_S = 0.3
"""How long a required probe may say implausible things."""
READBACK_S = 0.2
OFF_S = 0.3
UNASKED_S = 0.6
"""A source settles in 0.3 s, and a command may take as long again."""

ZONE_WAIT_S, ZONE_TRIP_S = 5.0, 10.0
NO_HEAT_TRIP_S = 10.0


class Scope(StrEnum):
    """When a rule is live."""

    ALWAYS = "always"
    ARMED = "armed"


@dataclass(frozen=True, slots=True)
class Rule:
    """One row. What `find` names counts once it has held for `debounce_s` without a gap."""

    code: str
    hazards: tuple[str, ...]
    title: str
    effect: Effect
    scope: Scope
    debounce_s: float
    find: Find
    what_to_do: str


_TRIP, _INHIBIT = Effect.TRIP, Effect.INHIBIT
_ALWAYS, _ARMED = Scope.ALWAYS, Scope.ARMED
_PROBE = "Field is off. Check the probe, its fiber and its connector; then reset and arm anew."
_HOT = "Field is off. Look at the patient, let the place cool, find out why; then reset."
_SOURCE = "Field is off. Check the amplifier and its link; then reset and arm anew."
_WAIT = "Nothing to do: the field comes back by itself when the cause is gone."
_OVER = "The session is over. Let the patient cool; a new session needs a new prescription."
_CLOCK = "Field is off. Do not use this host before its clock is repaired; then reset."
_ESTOP = "Press the E-stop now. Do not use the amplifier again before it has been examined."

RULES: tuple[Rule, ...] = (
    Rule("operator_stop", ("H60",), "STOP was pressed", _TRIP, _ALWAYS, 0.0,
         any_.operator_stop, "Field is off. Reset when the reason for STOP is gone; arm anew."),
    Rule("skin_trip", ("H13", "H15", "H41", "H25"), "skin too hot", _TRIP, _ARMED, 0.0,
         probe.skin_trip, _HOT),
    Rule("tumor_cap", ("H15",), "tumor above its cap", _TRIP, _ARMED, 0.0, probe.tumor_cap, _HOT),
    Rule("healthy_cap", ("H13", "H15"), "healthy tissue above its cap", _TRIP, _ARMED, 0.0,
         probe.healthy_cap, _HOT),
    Rule("rate_of_rise", ("H15", "H41"), "temperature rises too fast", _TRIP, _ARMED, 0.0,
         probe.rate_of_rise, _HOT),
    Rule("heat_when_off", ("H18",), "tissue warms although the field is said to be off", _TRIP,
         _ARMED, 0.0, thermal.heat_when_off, _ESTOP),
    Rule("skin_falls", ("H02", "H01", "H14"), "skin probe is losing its contact", _TRIP, _ARMED,
         0.0, thermal.skin_falls, _PROBE),
    Rule("zone_disagrees", ("H02", "H05"), "two probes of one place disagree", _TRIP, _ARMED,
         ZONE_TRIP_S, thermal.zone_disagrees, _PROBE),
    Rule("no_heat", ("H02", "H06"), "no tumor probe warms under the field", _TRIP, _ARMED,
         NO_HEAT_TRIP_S, thermal.no_heat,
         "Field is off. Check coil, deposit and tumor probe; then reset and arm anew."),
    Rule("probe_range", ("H03", "H09"), "probe says what no tissue can have", _TRIP, _ARMED, BAD_S,
         probe.probe_range, _PROBE),
    Rule("probe_implausible", ("H01", "H02", "H14"), "probe jumps or falls: it is coming off",
         _TRIP, _ARMED, BAD_S, probe.probe_implausible, _PROBE),
    Rule("probe_flat", ("H04",), "probe is stuck", _TRIP, _ARMED, 0.0, probe.probe_flat, _PROBE),
    Rule("probe_stale", ("H10", "H03", "H11"), "probe is silent", _TRIP, _ARMED, 0.0,
         probe.probe_stale, _PROBE),
    Rule("probe_bad", ("H01", "H03"), "probe gives no usable value", _TRIP, _ARMED, BAD_S,
         probe.probe_bad, _PROBE),
    Rule("field_cap", ("H52", "H17", "H22"), "field above the cap of the body region", _TRIP,
         _ARMED, 0.0, source.field_cap, _SOURCE),
    Rule("readback_high", ("H17", "H21"), "field above what is permitted", _TRIP, _ALWAYS,
         READBACK_S, source.readback_high, _ESTOP),
    Rule("off_not_obeyed", ("H16",), "amplifier does not obey off", _TRIP, _ALWAYS, OFF_S,
         source.off_not_obeyed, _ESTOP),
    Rule("source_interlock", ("H60", "H23"), "amplifier's interlock chain is open", _TRIP, _ARMED,
         0.0, source.source_interlock, "Field is off. Close what is open, then reset; arm anew."),
    Rule("source_fault", ("H23", "H22"), "amplifier reports a fault", _TRIP, _ARMED, 0.0,
         source.source_fault, _SOURCE),
    Rule("source_reboot", ("H24",), "amplifier has restarted", _TRIP, _ARMED, 0.0,
         source.source_reboot, _SOURCE),
    Rule("watchdog_off", ("H24",), "amplifier's watchdog is off", _TRIP, _ARMED, 0.0,
         source.watchdog_off, _SOURCE),
    Rule("source_limit", ("H21", "H24"), "amplifier's own limit is not the cap", _TRIP, _ARMED, 0.0,
         source.source_limit, _SOURCE),
    Rule("uncertain", ("H19",), "amplifier's state is not known", _TRIP, _ARMED, 0.0,
         source.uncertain, _SOURCE),
    Rule("source_lost", ("H19", "H20"), "amplifier is silent", _TRIP, _ARMED, 0.0,
         source.source_lost, _SOURCE),
    Rule("readback_missing", ("H18",), "amplifier does not say what the field is", _TRIP, _ARMED,
         BAD_S, source.readback_missing, _SOURCE),
    Rule("field_missing", ("H18", "H22"), "field is permitted and none is measured", _TRIP, _ARMED,
         BAD_S, source.field_missing, _SOURCE),
    Rule("output_off_unasked", ("H21",), "amplifier was switched off by somebody else", _TRIP,
         _ARMED, UNASKED_S, source.output_off_unasked, _SOURCE),
    Rule("skin_dose", ("H43", "H13"), "thermal dose of the skin is used up", _TRIP, _ARMED, 0.0,
         probe.skin_dose, _OVER),
    Rule("session_time", ("H43", "H13"), "field-on time is used up", _TRIP, _ARMED, 0.0,
         source.session_time, _OVER),
    Rule("host_suspended", ("H28",), "host was suspended", _TRIP, _ARMED, 0.0, any_.host_suspended,
         "Field is off. Do not let this host sleep. Look at the patient; then reset, arm anew."),
    Rule("clock_fault", ("H33",), "host's clock stood still or leaped", _TRIP, _ARMED, 0.0,
         any_.clock_fault, _CLOCK),
    Rule("clock_rate", ("H33",), "host's clock runs otherwise than an instrument's", _TRIP, _ARMED,
         0.0, any_.clock_rate, _CLOCK),
    Rule("lease_lost", ("H26", "H27", "H28", "H29", "H31"), "controller or guard is silent", _TRIP,
         _ARMED, 0.0, any_.lease_lost, "Field is off. Restart the service, then reset; arm anew."),
    Rule("guard_refuses", ("H29",), "guard does not hold the enable line", _TRIP, _ARMED, 0.0,
         any_.guard_refuses, "Field is off. See why the guard latched; then reset and arm anew."),
    Rule("skin_cap", ("H15", "H42", "H25"), "skin at the cut-back", _INHIBIT, _ARMED, 0.0,
         probe.skin_cap, _WAIT),
    Rule("skin_predicted", ("H15", "H42", "H25"), "skin is about to reach the cut-back", _INHIBIT,
         _ARMED, 0.0, probe.skin_predicted, _WAIT),
    Rule("zone_apart", ("H02", "H05"), "two probes of one place drift apart", _INHIBIT, _ARMED,
         ZONE_WAIT_S, thermal.zone_disagrees, _WAIT),
    Rule("no_heat_yet", ("H02", "H06"), "no tumor probe warms yet", _INHIBIT, _ARMED,
         0.0, thermal.no_heat, "Field is zero. Check coil, deposit and tumor probe."),
    Rule("unverified", ("H19",), "command not confirmed yet", _INHIBIT, _ARMED, 0.0,
         source.unverified, _WAIT),
    Rule("frequency_unknown", ("H22", "H52"), "frequency is not known", _INHIBIT, _ARMED, 0.0,
         source.frequency_unknown, "Field is zero. Check the amplifier's frequency read-back."),
)  # fmt: skip


def rule(code: str) -> Rule:
    """The row of this code; KeyError where there is none."""
    for row in RULES:
        if row.code == code:
            return row
    raise KeyError(code)
