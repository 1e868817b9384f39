# SPDX-License-Identifier: Apache-2.0
"""The alarm table: each code that can need a person, in exactly one row; docs are made from it.

The order is the rank within a priority: of two, the upper one is shown first. A code can be in no
row only where a test says why.
"""

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from mnht_controller.domain.alarm import Priority


class Source(StrEnum):
    """Where a row's codes come from."""

    TRIP = "trip"
    INHIBIT = "inhibit"
    START = "start"
    SESSION = "session"
    SHELL = "shell"


@dataclass(frozen=True, slots=True)
class Alarm:
    """One row. A condition counts once it has held for `delay_s` without a gap.

    `latching`: the signal outlives its condition until a person resets it. `highest`: how far it
    goes up while nobody acknowledges it; the same as `priority` where it is repeated instead.
    """

    id: str
    codes: tuple[str, ...]
    source: Source
    priority: Priority
    highest: Priority
    latching: bool
    delay_s: float
    text: str
    what_to_do: str

    @property
    def ends_field(self) -> bool:
        """Whether it stands for a trip."""
        return self.source is Source.TRIP


_HIGH, _MEDIUM, _LOW, _INFO = Priority.HIGH, Priority.MEDIUM, Priority.LOW, Priority.INFO
_TRIP, _INHIBIT, _START, _SESSION, _SHELL = Source
_LATCHING, _PASSING = True, False

UNCONFIRMED_S = 0.75
"""By then the field is gone even where the amplifier ignores off; what is not, needs a hand."""
VIEW_S_MAX = 10.0
"""Seconds without any operator's view, while armed, until somebody is called; 60 s pause."""
PRESENCE_S = 300.0
"""Seconds after which a person must say again that somebody is there; 360 s pause."""
LATE_TICKS = 2
"""So many late ticks in a row."""
LATE_S = 0.3
"""A host that is held up now and then must not be kept busy by its own alarms."""
UNVERIFIED_S = 0.1
"""Beyond the link's own deadline, and before the state counts as unknown."""
GUARD_S = 2.0
DEVICE_S = 3.0
"""How long a device may be looked for, or looked for again, before somebody is called."""
START_S = 2.0
HELD_S = 1.0

ALARMS: tuple[Alarm, ...] = (
    Alarm("unconfirmed_off", ("unconfirmed_off",), _SHELL, _HIGH, _HIGH, _LATCHING, UNCONFIRMED_S,
          "OFF IS NOT CONFIRMED", "Press the E-stop now. Take the patient out of the coil."),
    Alarm("field_not_obeying", ("off_not_obeyed", "readback_high", "heat_when_off"), _TRIP,
          _HIGH, _HIGH, _LATCHING, 0.0, "Amplifier does not obey",
          "Press the E-stop now. Do not use the amplifier again before it has been examined."),
    Alarm("tissue_hot",
          ("skin_trip", "tumor_cap", "healthy_cap", "rate_of_rise", "backstop_skin",
           "own_skin"), _TRIP,
          _HIGH, _HIGH, _LATCHING, 0.0, "Tissue too hot",
          "Field is off. Look at the patient, cool the place, find out why before you reset."),
    Alarm("field_high", ("field_cap", "backstop_field"), _TRIP, _HIGH, _HIGH, _LATCHING, 0.0,
          "Field was above its cap",
          "Field is off. Look at the patient. Have the amplifier examined before you reset."),
    Alarm("view_lost", ("operator_absent",), _SHELL, _MEDIUM, _HIGH, _LATCHING, 0.0,
          "Nobody watches the treatment",
          "Open the console and look at the patient. After 60 s without a view the field pauses."),
    Alarm("view_lost_pause", ("session.view_lost", "session.presence_lost"), _SESSION,
          _MEDIUM, _MEDIUM, _LATCHING, 0.0, "Paused: nobody was watching",
          "Field is zero. Look at the patient; then resume, or let the pause run out."),
    Alarm("probe_lost",
          ("probe_range", "probe_implausible", "probe_flat", "probe_stale", "probe_bad",
           "skin_falls", "zone_disagrees", "backstop_stale", "own_silent", "own_disagrees"), _TRIP,
          _MEDIUM, _HIGH, _PASSING, 0.0, "Temperature is not known",
          "Field is off. Check the probe, its fiber and its connector; then reset and arm anew."),
    Alarm("source_unknown", ("uncertain", "source_lost", "readback_missing", "field_missing"),
          _TRIP, _MEDIUM, _HIGH, _PASSING, 0.0, "Amplifier is not under control",
          "The guard has opened the coil loop. Check that the amplifier is off, then its link."),
    Alarm("source_fault",
          ("source_interlock", "source_fault", "source_reboot", "watchdog_off", "source_limit",
           "output_off_unasked"), _TRIP, _MEDIUM, _MEDIUM, _PASSING, 0.0,
          "Amplifier or its interlocks ended the field",
          "Field is off. See what the amplifier reports; then reset and arm anew."),
    Alarm("processes_apart",
          ("lease_lost", "guard_refuses", "lease_expired", "guard_tick_gap", "peer_lost",
           "line_blocked"), _TRIP, _MEDIUM, _MEDIUM, _PASSING, 0.0,
          "Controller and guard do not hold together",
          "Field is off. Reset and arm anew; if it returns, stop and see the log of the service."),
    Alarm("host", ("host_suspended", "clock_fault", "clock_rate"), _TRIP, _MEDIUM, _MEDIUM,
          _PASSING, 0.0, "The host or its clock stood still",
          "Field is off. Do not let this host sleep; repair its clock before you reset."),
    Alarm("not_as_planned", ("pulse_map", "pulse_sign", "pulse_weak", "pulse_lag", "no_heat"),
          _TRIP, _MEDIUM, _MEDIUM, _PASSING, 0.0, "Probes do not answer to the field as planned",
          "Field is off. Check which probe lies where, and the coil; then reset and arm anew."),
    Alarm("program_contradiction",
          ("demand_invalid", "inhibit_defied", "permit_invalid", "lease_replayed", "lease_future",
           "lease_envelope", "lease_shape"), _TRIP, _MEDIUM, _MEDIUM, _LATCHING, 0.0,
          "The program contradicts itself",
          "Field is off. Do not go on. Keep the journal and report it: this must not happen."),
    Alarm("journal", ("journal",), _SHELL, _MEDIUM, _MEDIUM, _PASSING, 0.0,
          "The record cannot be written",
          "Let this session end, or stop it. Free the disk; restart the service before you arm."),
    Alarm("alarm_memory", ("alarms_unreadable", "alarms_not_kept"), _SHELL, _MEDIUM, _MEDIUM,
          _LATCHING, 0.0, "Alarms are not remembered over a restart",
          "Look at patient and devices: earlier alarms may be missing. Check the disk."),
    Alarm("over", ("skin_dose", "session_time", "backstop_time"), _TRIP, _LOW, _LOW, _PASSING, 0.0,
          "Dose or time of the session is used up",
          "Field is off, the session is over. A new one needs a new prescription."),
    Alarm("stopped", ("operator_stop",), _TRIP, _LOW, _LOW, _PASSING, 0.0, "STOP was pressed",
          "Field is off. Reset when the reason for STOP is gone; arm anew."),
    Alarm("latch_unreadable", ("latch_unreadable",), _TRIP, _LOW, _LOW, _PASSING, 0.0,
          "What tripped last is not known",
          "Field is off. See the journal of the last session before you reset."),
    Alarm("session_ended",
          ("session.guard_gone", "session.start_timeout", "session.pause_timeout",
           "session.ramp_timeout"), _SESSION, _LOW, _LOW, _LATCHING,
          0.0, "The session moved on by itself",
          "Field is off. See the phase; prepare anew if the treatment is to go on."),
    Alarm("earlier_session", ("session.interrupted", "session.discarded"), _SESSION, _LOW, _LOW,
          _LATCHING, 0.0, "An earlier session was not finished",
          "What the same patient has had counts. For another patient, close it: `mnht close`."),
    Alarm("guard_silent", ("guard_silent",), _SHELL, _LOW, _MEDIUM, _PASSING, GUARD_S,
          "The guard is silent", "No field is possible. See the log of the service; restart it."),
    Alarm("presence_due", ("presence_due",), _SHELL, _LOW, _LOW, _PASSING, 0.0,
          "Is somebody with the patient?",
          "Look at the patient, then press *I am here*. Within a minute, else the field pauses."),
    Alarm("device_lost", ("device_lost",), _SHELL, _LOW, _LOW, _PASSING, DEVICE_S,
          "A device does not answer", "Check its power and its cable."),
    Alarm("tick_late", ("tick_late",), _SHELL, _LOW, _LOW, _PASSING, LATE_S,
          "The controller is held up", "End other programs on this host."),
    Alarm("cannot_start",
          ("probe_suspect", "skin_too_warm", "skin_spread", "baseline",
           "prediction_unknown", "source_not_zero", "envelope", "plan_hash", "region_mismatch",
           "role_unprobed", "prescription", "gains", "guard_state", "guard_envelope",
           "guard_fault", "guard_deaf", "device_mixture", "disk_space", "spent_unreadable",
           "task_silent", "tick_period", "presence", "enable_line_unproven",
           "watchdog_unproven"), _START, _LOW, _LOW, _PASSING, START_S,
          "Armed, but START is refused", "See what is missing on the page; abandon if it stays."),
    Alarm("frequency_unknown", ("frequency_unknown",), _INHIBIT, _LOW, _LOW, _PASSING, HELD_S,
          "Frequency is not known", "Field is zero. Check the amplifier's frequency read-back."),
    Alarm("doubted", ("no_heat_yet", "zone_apart"), _INHIBIT, _LOW, _LOW, _PASSING, HELD_S,
          "Field is held back: a probe is doubted",
          "Check the probes that are named; if it stays, the field trips."),
    Alarm("held_back", ("skin_cap", "skin_predicted"), _INHIBIT, _INFO, _INFO, _PASSING, HELD_S,
          "Field is held back by the skin", "Nothing: it comes back by itself."),
    Alarm("unverified", ("unverified",), _INHIBIT, _INFO, _INFO, _PASSING, UNVERIFIED_S,
          "Amplifier is slow to confirm", "Nothing, unless it is often: then check its link."),
    Alarm("followed", ("controller_trip",), _TRIP, _INFO, _INFO, _PASSING, 0.0,
          "The guard has latched with the controller", "See the alarm that came first."),
    Alarm("unidentified", ("pulse.skipped",), _SESSION, _INFO, _INFO, _LATCHING, 0.0,
          "Probes were not identified by the pulse",
          "The set-point was reached first. See that the tumor's probe is the warmest, else stop."),
    Alarm("notice", ("skin.42_5_rising", "skin.dose_21"), _SESSION, _INFO, _INFO, _LATCHING, 0.0,
          "Worth knowing", "Nothing. Reset the line when you have read it."),
)  # fmt: skip

_BY_CODE = MappingProxyType({code: row for row in ALARMS for code in row.codes})
_RANKS = MappingProxyType({row.id: number for number, row in enumerate(ALARMS)})
_BY_ID = MappingProxyType({row.id: row for row in ALARMS})


def row_of(code: str) -> Alarm | None:
    """The row of a code; None for one that is no alarm."""
    return _BY_CODE.get(code)


def alarm(row_id: str) -> Alarm | None:
    """The row of this id; None for one of another version."""
    return _BY_ID.get(row_id)


def rank(row_id: str) -> int:
    """Place in the table; one of another version comes last."""
    return _RANKS.get(row_id, len(ALARMS))
