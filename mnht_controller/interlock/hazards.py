# SPDX-License-Identifier: Apache-2.0
"""The hazard table: cause, harm, what answers it, how fast, and what is left.

`tools/trace.py` joins it with the tests: a row without a passing test, a control that no test
shows, and a safety test that names no row each fail.
"""

from dataclasses import dataclass
from enum import StrEnum


class Harm(StrEnum):
    """What it comes to."""

    BURN = "burn"
    NERVE = "nerve stimulation"
    UNDER = "under-treatment"
    RECORD = "wrong or lost record"
    PRIVACY = "privacy"


@dataclass(frozen=True, slots=True)
class Hazard:
    """One row. `class_s`: from onset to field zero; None where the field need not end.

    `controls` are codes of rules, guard trips, permissives and ids of CONTROLS; empty: open in
    this release, and `residual` says who answers it instead.
    """

    id: str
    cause: str
    situation: str
    harms: tuple[Harm, ...]
    controls: tuple[str, ...]
    class_s: float | None
    residual: str


_B, _S, _U, _R, _P = Harm
_SOURCE_LOST_S = 0.75

HAZARDS: tuple[Hazard, ...] = (
    # ---- thermometry -----------------------------------------------------------------------
    Hazard("H01", "skin probe falls off and reads the air", "the loop sees cold, asks for more",
           (_B,), ("probe_implausible", "probe_bad", "skin_falls", "region_cap",
            "skin_spread", "own_disagrees"), 3.0,
           "A slide slower than 0.12 °C/s is no fall; caps on field, dose and time bound it."),
    Hazard("H02", "half-lifted probe reads low", "skin is warmer than it says", (_B,),
           ("skin_falls", "probe_implausible", "zone_disagrees", "zone_apart", "no_heat",
            "no_heat_yet", "pulse_weak", "skin_spread"), 10.0,
           "Slower than 0.12 °C/s, inside the body 0.3, one probe alone shows nothing: declare two "
           "in a zone."),
    Hazard("H03", "fiber broken: error text, nonsense, silence", "the loop is blind", (_B,),
           ("probe_range", "probe_bad", "probe_stale", "probe_suspect", "strict_grammar"), 1.3,
           "An error that reads as a plausible temperature is H04 or H05."),
    Hazard("H04", "probe stuck at a value", "the loop is blind", (_B,),
           ("probe_flat", "frame_counters", "own_silent"), 5.0,
           "Where resolution hides the noise, flatness alone says nothing."),
    Hazard("H05", "drift, calibration offset", "every limit is off by as much", (_B, _U),
           ("baseline", "zone_disagrees", "zone_apart", "own_disagrees"), None,
           "One probe of its place alone: the guard's own thermometer sees 1.5 °C, no less; dose "
           "and time limit the harm."),
    Hazard("H06", "channels swapped", "limits apply to the wrong place", (_B,),
           ("pulse_map", "pulse_sign", "pulse_weak", "baseline", "no_heat", "no_heat_yet"), 61.0,
           "Skin on the deposit, or a tumor probe that hardly warms, is not told by warmth."),
    Hazard("H07", "instrument's lag grows", "cut-back and trip come late", (_B,),
           ("pulse_lag",), 61.0,
           "Tumor probes at the start of a session only; with much noise 3 s may go unseen."),
    Hazard("H08", "spikes", "false trips, and people who no longer believe them", (_U, _B),
           ("jump_is_no_reading", "median_of_three"), None,
           "A spike that lasts 0.3 s counts."),
    Hazard("H09", "wrong units", "ten times too much, or nothing", (_B, _S),
           ("probe_range", "units_in_names", "region_cap"), 1.0,
           "Kelvin and Fahrenheit leave the range; a wrong volt-to-field factor needs a pick-up."),
    Hazard("H10", "stream stalls", "the loop acts on the past", (_B,),
           ("probe_stale", "backstop_stale", "own_silent"), 1.3, ""),
    Hazard("H11", "old frame repeated", "the past looks fresh", (_B,),
           ("frame_counters", "probe_stale", "dirty_link"), 1.5,
           "A dialect without tag or counter can pass one reply of the past."),
    Hazard("H12", "garbled, split, merged frames", "a value that was never sent", (_B,),
           ("strict_grammar", "checked_frames", "dirty_link", "median_of_three"), None,
           "A dialect without checksum lets one digit through; jump and median rules bound it."),
    Hazard("H13", "hot spot where no probe is", "a burn that nobody sees", (_B,),
           ("region_cap", "skin_trip", "skin_dose", "session_time", "healthy_cap",
            "backstop_skin", "own_skin"), None,
           "The largest: the cap, the patient's own word and the probe map are all there is."),
    Hazard("H14", "patient moves, probe slips", "coupling and contact change", (_B,),
           ("probe_implausible", "skin_falls"), 3.0, "A slow slip is H02."),
    Hazard("H15", "perfusion falls, tissue heats faster than expected", "overshoot", (_B,),
           ("skin_trip", "tumor_cap", "healthy_cap", "rate_of_rise", "skin_cap", "skin_predicted",
            "lag_ahead", "skin_too_warm"), None,
           "Deep heat keeps arriving after the field is off."),
    # ---- amplifier and coil ----------------------------------------------------------------
    Hazard("H16", "amplifier ignores off", "it keeps heating", (_B,),
           ("off_not_obeyed", "silence_opens", "off_overtakes", "source_not_zero",
            "enable_line_unproven"), _SOURCE_LOST_S,
           "A relay that welds after its test: the E-stop is the integrator's."),
    Hazard("H17", "amplifier stuck at full power", "sixteen times the power", (_B, _S),
           ("readback_high", "field_cap", "silence_opens"), _SOURCE_LOST_S, "As H16."),
    Hazard("H18", "read-back lies or is missing", "a field that nobody knows of", (_B,),
           ("readback_missing", "field_missing", "heat_when_off", "off_is_confirmed"), 10.0,
           "Not always kept: only warmth tells, late in a ramp after 22 s, in a small deposit "
           "after 29 s, by skin alone later; a pick-up tells at once. The line is closed from the "
           "confirmation on: a source that lies may heat before START."),
    Hazard("H19", "reply lost, command doubled", "double power", (_B,),
           ("absolute_commands", "unverified", "uncertain", "source_lost"), _SOURCE_LOST_S, ""),
    Hazard("H20", "another device behind the same port", "commands to the wrong box", (_B,),
           ("identity_first", "one_owner", "source_lost", "device_lost"), _SOURCE_LOST_S,
           "Instruments without any identity cannot be told apart."),
    Hazard("H21", "settings changed, or output switched off, at the front panel",
           "a field outside the plan", (_B,),
           ("source_limit", "output_off_unasked", "readback_high"), _SOURCE_LOST_S, ""),
    Hazard("H22", "resonance detunes", "the field is not what was asked for", (_B, _U),
           ("frequency_unknown", "field_cap", "field_missing", "source_fault"), 1.0,
           "Too little field is control's to make good."),
    Hazard("H23", "coolant or coil fails", "a hot applicator on the skin", (_B,),
           ("source_fault", "source_interlock"), 1.0, "Without a chiller nobody measures it."),
    Hazard("H24", "amplifier reboots, its watchdog is off", "its dead man is missing", (_B,),
           ("source_reboot", "watchdog_off", "source_limit", "source_watchdog",
            "watchdog_unproven"), _SOURCE_LOST_S, ""),
    Hazard("H25", "skin cooling fails", "skin warms by itself", (_B,),
           ("skin_cap", "skin_predicted", "skin_trip"), None,
           "Nobody measures the bolus: the skin probes do, under it."),
    # ---- host and processes ----------------------------------------------------------------
    Hazard("H26", "controller killed", "nobody controls", (_B,),
           ("peer_lost", "lease_expired", "lease_lost", "silence_opens"), 0.4, ""),
    Hazard("H27", "controller's loop blocked", "stale commands", (_B,),
           ("lease_expired", "lease_lost", "liveness_bits", "tick_late", "tick_period",
            "task_silent"), 0.75, ""),
    Hazard("H28", "host stopped or suspended", "everything stands still but the field", (_B,),
           ("guard_tick_gap", "lease_lost", "silence_opens", "host_suspended"), 0.75, ""),
    Hazard("H29", "guard dies or hangs", "nobody watches", (_B,),
           ("guard_refuses", "lease_lost", "silence_opens", "guard_state", "guard_deaf",
            "enable_line_unproven"), 0.35, ""),
    Hazard("H30", "kernel hangs, power is lost", "no software is left", (_B,),
           ("silence_opens", "line_blocked", "source_watchdog"), 0.35,
           "Bytes in a UART's own buffer are the integrator's to measure."),
    Hazard("H31", "old messages that look fresh", "decisions on the past", (_B,),
           ("lease_replayed", "lease_expired", "lease_lost", "lease_shape"), 0.75, ""),
    Hazard("H32", "wall clock jumps", "wrong time-outs, wrong order", (_B, _R),
           ("monotonic_only",), None, "A step of it is an event."),
    Hazard("H33", "monotonic time stands still or goes back", "timers never fire", (_B,),
           ("clock_fault", "clock_rate", "lease_future", "guard_tick_gap"), 1.0,
           "A wrong pace takes up to 10 s, and an instrument with a clock or frames of its own."),
    Hazard("H34", "disk full", "no record", (_R, _B),
           ("journal", "disk_space", "guard_fault", "off_before_record"), None, ""),
    Hazard("H35", "write or sync fails", "no record, or a stall", (_R, _B),
           ("journal", "off_before_record", "bounded_queues"), None, ""),
    Hazard("H36", "leak of memory or handles", "a crash late in a session", (_B,),
           ("bounded_queues",), None, "A crash is H26."),
    Hazard("H37", "power cycle in mid-treatment", "resumes onto a patient who moved", (_B,),
           ("starts_off", "latch_is_kept", "latched", "latch_unreadable", "spent_is_kept",
            "spent_unreadable"), None, "What was used in the last second before it."),
    Hazard("H38", "limits or software changed during a session", "limits change silently", (_B,),
           ("lease_envelope", "guard_envelope", "envelope_confirmed", "envelope", "plan_hash",
            "prescription", "gains", "one_way_to_armed"), 0.4, ""),
    # ---- control ---------------------------------------------------------------------------
    Hazard("H39", "integrator winds up", "overshoot", (_B,), ("anti_windup",), None, ""),
    Hazard("H40", "NaN, infinity", "garbage for a field", (_B,),
           ("nan_is_over", "permit_invalid", "demand_invalid"), 0.4, ""),
    Hazard("H41", "wrong sign or gain", "runaway", (_B,),
           ("rate_of_rise", "inhibit_defied", "skin_trip", "pulse_sign"), None, ""),
    Hazard("H42", "set-point step", "overshoot", (_B,),
           ("bumpless", "skin_cap", "skin_predicted", "prediction_unknown"), None, ""),
    Hazard("H43", "session or dose exceeds its limit", "damage adds up", (_B,),
           ("skin_dose", "session_time", "backstop_time", "dose_on_missing", "spent_is_kept"), None,
           "Dose of one session and one prescription, not of a course."),
    # ---- people and plan -------------------------------------------------------------------
    Hazard("H44", "wrong patient's plan", "somebody else's limits", (_B, _U),
           ("region_mismatch", "role_unprobed"), None,
           "For the most open: the clinic's own check of identity."),
    Hazard("H45", "outdated prescription", "yesterday's plan", (_B, _U), (), None,
           "Open: the clinic's own check."),
    Hazard("H46", "two consoles conflict", "commands that fight", (_B,), (), None,
           "Open: every console can stop; set-points can only be lowered."),
    Hazard("H47", "nobody watches", "nobody sees the patient", (_B,),
           ("operator_absent", "view_lost_calls", "view_lost_pauses", "presence",
            "presence_pauses"), None,
           "A view that is open is not a look, and a tap is not either."),
    Hazard("H48", "alarm silenced, alarm flood", "the real one is missed", (_B,),
           ("first_out", "alarm_by_number", "silence_is_timed", "alarms_are_kept"), None,
           "Sound is the browser's; a buzzer of its own is the integrator's."),
    Hazard("H49", "screen shows the past", "wrong belief", (_B,), ("ages_shown",), None, ""),
    Hazard("H50", "simulator and real device mixed", "a real field for a simulated patient", (_B,),
           ("never_mixed", "device_mixture"), None, ""),
    Hazard("H51", "metal, implants, contact loops", "heat or current where none may be", (_S, _B),
           (), None, "Open: the clinician's."),
    Hazard("H52", "field too strong for the body region", "nerve stimulation", (_S,),
           ("region_cap", "field_cap", "frequency_unknown", "backstop_field", "tighter_only"), 0.4,
           "A region chosen wrongly is a person's mistake."),
    # ---- network and record ----------------------------------------------------------------
    Hazard("H53", "flood of requests", "the loop starves", (_B,),
           ("console_apart", "stop_has_its_door"), None, ""),
    Hazard("H54", "hostile broker", "back-pressure", (_B,), (), None,
           "Open: there is no broker in this release."),
    Hazard("H55", "unauthorized command", "somebody else's field", (_B,),
           ("login_first", "origin_checked"), None, ""),
    Hazard("H56", "replayed or outdated confirmation or lease", "yesterday's yes", (_B,),
           ("envelope_confirmed", "lease_replayed", "guard_state"), 0.4, ""),
    Hazard("H57", "record edited or cut", "a false record", (_R,), ("hash_chain",), None,
           "Who owns the host can chain anew; keep the head elsewhere."),
    Hazard("H58", "malicious dependency", "any of them", (_B,),
           ("pinned_packages", "guard_stdlib_only"), None, ""),
    Hazard("H59", "personal data in the record", "privacy", (_P,), ("no_personal_data",), None, ""),
    Hazard("H60", "E-stop or STOP", "unclear state, or a field that comes back", (_B,),
           ("operator_stop", "source_interlock", "run_permit", "stop_has_its_door"), 0.4, ""),
    Hazard("H61", "limit overridden", "a limit that is none", (_B,),
           ("no_override", "tighter_only"), None, ""),
    Hazard("H62", "two faults at once", "one answers the other's silence", (_B,),
           ("two_processes", "only_the_gate_permits", "permit_expires", "controller_trip",
            "off_by_parent", "backstop_skin", "backstop_stale", "backstop_field",
            "backstop_time", "own_skin", "own_silent", "own_disagrees"), None,
           "Pairs are drawn, not proven."),
)  # fmt: skip
