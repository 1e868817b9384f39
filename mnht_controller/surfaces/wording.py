# SPDX-License-Identifier: Apache-2.0
"""Texts for codes: what it is called, which hazards it answers, what to do. Tables only."""

from dataclasses import dataclass
from types import MappingProxyType

from mnht_controller.alarms.table import ALARMS, Source
from mnht_controller.domain.command import Reason
from mnht_controller.domain.lease import GuardState
from mnht_controller.domain.limits import Region
from mnht_controller.domain.phase import Phase
from mnht_controller.interlock.guard_trips import GUARD_TRIPS, OWN_TRIPS
from mnht_controller.interlock.permissives import PERMISSIVES
from mnht_controller.interlock.rules import RULES


@dataclass(frozen=True, slots=True)
class Text:
    """Words for one code."""

    title: str
    hazards: tuple[str, ...] = ()
    what_to_do: str = ""


PHASE_TEXTS = MappingProxyType(
    {
        Phase.STANDBY: ("Standby", "The field is off. Prepare when the patient is in place."),
        Phase.CHECK: ("Check", "The field is off. Review the limits, then confirm them."),
        Phase.ARMED: ("Armed", "The field is off and can start. START begins the treatment."),
        Phase.RAMP: ("Ramp", "The field is on. The {role} is being brought to the set-point."),
        Phase.PLATEAU: ("Plateau", "The field is on. The {role} is held at the set-point."),
        Phase.PAUSED: ("Paused", "The field is at zero. Resume within 10 min, else arm anew."),
        Phase.COOLDOWN: ("Cooldown", "The field is off. Temperatures are watched until they fall."),
        Phase.COMPLETE: ("Complete", "The field is off. The session is over."),
        Phase.TRIPPED: ("Tripped", "The field is off and latched. Find the cause, then reset."),
    }
)
"""Title, and what is so now and what to do; `{role}` is what the protocol controls."""

GUARD_TEXTS = MappingProxyType(
    {
        GuardState.DISABLED: "Enable line open; nothing confirmed",
        GuardState.ARMED: "Enable line closed for the confirmed limits",
        GuardState.RUN: "Enable line closed, field permitted",
        GuardState.LATCHED: "Enable line open and latched",
    }
)

REGION_LABELS = MappingProxyType({region: region.value.capitalize() for region in Region})

LIMIT_LABELS: tuple[tuple[str, str, float, str], ...] = (
    ("skin_c_setpoint", "Skin set-point", 1.0, "°C"),
    ("skin_c_cap", "Skin cap (field is cut back)", 1.0, "°C"),
    ("skin_c_trip", "Skin trip (field off, latched)", 1.0, "°C"),
    ("tumor_c_cap", "Tumor cap", 1.0, "°C"),
    ("healthy_c_cap", "Healthy tissue cap", 1.0, "°C"),
    ("skin_cem43_min_cap", "Skin dose cap", 1.0, "CEM43 min"),
    ("field_ka_per_m_cap", "Field cap", 1.0, "kA/m peak"),
    ("field_s_max", "Longest field-on time", 60.0, "min"),
)
"""Key in Limits, label, divisor to the shown unit, unit."""

UNITS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("°C", ("skin_trip", "tumor_cap", "healthy_cap", "heat_when_off", "zone_disagrees",
            "zone_apart", "no_heat", "no_heat_yet", "probe_range", "probe_implausible",
            "probe_flat", "probe_stale", "probe_bad", "skin_cap", "skin_predicted", "probe_suspect",
            "skin_too_warm", "skin_spread", "baseline", "own_skin", "own_silent",
            "own_disagrees")),
    ("°C/s", ("rate_of_rise", "skin_falls", "pulse_map", "pulse_sign")),
    ("kA/m", ("field_cap", "readback_high", "off_not_obeyed", "field_missing", "source_limit",
              "source_not_zero", "demand_invalid", "unconfirmed_off")),
    ("s", ("uncertain", "unverified", "source_lost", "lease_lost", "session_time",
           "host_suspended", "clock_fault", "tick_period", "operator_absent", "presence",
           "guard_silent", "pulse_lag", "presence_due", "session.interrupted",
           "session.discarded")),
    ("CEM43 min", ("skin_dose",)),
    ("MB", ("disk_space",)),
)  # fmt: skip
"""Unit of value and limit, by code; a code that is missing has pure numbers, or none."""

_UNIT_OF = MappingProxyType({code: unit for unit, codes in UNITS for code in codes})

_RULE_TEXTS = MappingProxyType(
    {row.code: Text(row.title, row.hazards, row.what_to_do) for row in RULES}
)

_OTHER_ROWS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("tick_late", "the controller's ticks come late", ("H27",)),
    ("no_lease", "the guard has no lease from the controller yet", ()),
    ("nothing_pending", "nothing waits for confirmation: prepare first", ()),
    ("envelope_sha256", "these are not the limits that wait for confirmation", ("H38",)),
    ("nonce", "this confirmation was used or is out of date: read the limits again", ("H56",)),
    ("limit_wider", "a limit is wider than the hard ceiling", ("H52",)),
    ("limit_order", "the limits are not in order", ("H38",)),
    ("own_missing", "real devices need a thermometer of the guard's own, or its waiver", ("H62",)),
    ("speed_refused", "this speed of treatment time is not allowed", ("H50",)),
    ("alarms_unreadable", "the alarms of the last run do not read", ("H37",)),
    ("alarms_not_kept", "the disk does not take the alarms", ("H34",)),
    ("session.view_lost", "paused: nobody was watching", ("H47",)),
    ("session.presence_lost", "paused: nobody confirmed to be present", ("H47",)),
    ("session.guard_gone", "the guard let go of the enable line", ("H29",)),
    ("session.start_timeout", "START did not come in time", ()),
    ("session.pause_timeout", "the pause lasted too long", ()),
    ("session.ramp_timeout", "the set-point was not reached in time", ()),
    ("session.interrupted", "its field-on time and dose count on", ("H37", "H43")),
    ("session.discarded", "it had another prescription: what it used is not counted", ("H43",)),
    ("pulse.skipped", "the set-point was reached before the probes had answered", ("H06",)),
    ("skin.42_5_rising", "skin has passed 42.5 °C", ("H15",)),
    ("skin.dose_21", "skin has had 21 CEM43", ("H43",)),
)
"""Codes that stand in no table of the interlock: the gate's, those of arming, some of alarms."""

_OTHER_TEXTS = MappingProxyType(
    {
        **{
            code: Text(row.text, (), row.what_to_do)
            for row in ALARMS
            if row.source is Source.SHELL
            for code in row.codes
        },
        **{row.code: Text(row.title) for row in PERMISSIVES},
        **{
            row.code: Text(row.title, row.hazards, row.what_to_do)
            for row in (*GUARD_TRIPS, *OWN_TRIPS)
        },
        **{code: Text(title, hazards) for code, title, hazards in _OTHER_ROWS},
        "controller_link": Text(
            "The controller does not answer the console",
            ("H47",),
            "The guard turns the field off without the controller. See the log of `mnht serve`.",
        ),
    }
)


def about(code: str) -> Text:
    """Words for a code; an unknown one is spelled out, never dropped."""
    spelled = Text(code.replace("_", " ").replace(".", ": "))
    return _RULE_TEXTS.get(code) or _OTHER_TEXTS.get(code) or spelled


def is_rule(code: str) -> bool:
    """Whether the code is a row of the interlock (and not just a phase that wants no field)."""
    return code in _RULE_TEXTS


def unit_of(code: str) -> str:
    """Unit of the numbers that come with a code; empty where they are pure."""
    return _UNIT_OF.get(code, "")


def sentence(reason: Reason) -> str:
    """One reason with its place, and its numbers with their unit: `skin1 44.1 °C, limit 44 °C`."""
    unit = unit_of(reason.code)
    value, limit = (
        "" if number is None else f"{number:g} {unit}".rstrip()
        for number in (reason.value, reason.limit)
    )
    if value and not unit:
        parts = [reason.where, f"value {value}"]
    else:
        parts = [f"{reason.where} {value}".strip()]
    detail = ", ".join(filter(None, [*parts, limit and f"limit {limit}"]))
    title = about(reason.code).title
    return f"{title} ({detail})" if detail else title


def explain(reason: str) -> str:
    """Spell out a refusal that arrives as `code place`; other texts pass as they are."""
    code, _, where = reason.partition(" ")
    known = code in _RULE_TEXTS or code in _OTHER_TEXTS
    return sentence(Reason(code, where)) if known else reason
