# SPDX-License-Identifier: Apache-2.0
"""What latches the guard beyond the rule table: its own line, its clients, its own tick.

Stands here, below the surfaces, so that they can say it in words.
"""

from dataclasses import dataclass

from mnht_controller.domain.errors import InvariantError


@dataclass(frozen=True, slots=True)
class GuardTrip:
    """One row, worded like a `Rule`."""

    code: str
    hazards: tuple[str, ...]
    title: str
    what_to_do: str


_ARM = "Field is off. Reset, then prepare and confirm anew."
_CALL = "Field is off. Keep the journal and report it: this must not happen. Then reset."
_OWN = "Field is off. Check both thermometers and their probes on the skin; then reset."

GUARD_TRIPS: tuple[GuardTrip, ...] = (
    GuardTrip("lease_expired", ("H26", "H27", "H31"), "controller is silent", _ARM),
    GuardTrip("lease_replayed", ("H31", "H56"), "lease is not newer than the last one", _CALL),
    GuardTrip("lease_future", ("H33",), "lease is stamped with a time to come", _CALL),
    GuardTrip("lease_envelope", ("H38",), "lease names other limits than those confirmed", _CALL),
    GuardTrip("lease_shape", ("H31",), "lease does not fit the confirmed probes", _CALL),
    GuardTrip("permit_invalid", ("H40",), "lease permits what is no amplitude", _CALL),
    GuardTrip("controller_trip", ("H62",), "controller has tripped", _ARM),
    GuardTrip("inhibit_defied", ("H41",), "field is permitted against the guard's rules", _CALL),
    GuardTrip("guard_tick_gap", ("H28", "H33"), "guard was held up", _ARM),
    GuardTrip("peer_lost", ("H26",), "controller or parent process has ended", _ARM),
    GuardTrip("line_blocked", ("H30",), "enable line does not take its bytes", _ARM),
    GuardTrip("backstop_skin", ("H13", "H62"), "backstop: skin too hot", _CALL),
    GuardTrip("backstop_stale", ("H10", "H62"), "backstop: probe is silent", _CALL),
    GuardTrip("backstop_field", ("H52", "H62"), "backstop: field above its cap", _CALL),
    GuardTrip("backstop_time", ("H43", "H62"), "backstop: field-on time is used up", _CALL),
    GuardTrip("own_skin", ("H13", "H62"), "guard's own thermometer: skin too hot", _CALL),
    GuardTrip(
        "own_silent", ("H10", "H04", "H62"), "guard's own thermometer is silent or stuck", _OWN
    ),
    GuardTrip(
        "own_disagrees",
        ("H05", "H62", "H01"),
        "guard's own thermometer and the skin probes disagree",
        _OWN,
    ),
)

PULSE_TRIPS: tuple[GuardTrip, ...] = (
    GuardTrip("pulse_map", ("H06",), "skin or healthy tissue warms like the deposit",
              "Field is off. Warm each probe by hand and see which channel answers; then reset."),
    GuardTrip("pulse_sign", ("H41", "H06"), "a tumor probe cools while it is heated",
              "Field is off. Check the channel's sign and where the probe lies; then reset."),
    GuardTrip("pulse_weak", ("H06", "H02"), "no tumor probe warms clearly",
              "Field is off. Check that coil, deposit and tumor probe are where planned; reset."),
    GuardTrip("pulse_lag", ("H07",), "a tumor probe answers later than declared",
              "Field is off. Check the thermometer's averaging, and that the tip is in the "
              "deposit; a tip that is not needs its lag declared (lag_s), or a protocol with "
              "pulse_power = 0. Then reset."),
)  # fmt: skip
"""Why control refuses the plant after the identification pulse."""

OWN_TRIPS: tuple[GuardTrip, ...] = (
    *PULSE_TRIPS,
    GuardTrip("demand_invalid", ("H40",), "control asked for what no limit allows", _CALL),
    GuardTrip("latch_unreadable", ("H37",), "the latch kept from the last run does not read",
              "Field is off. Find out what tripped before the restart; then reset and arm anew."),
)  # fmt: skip
"""What the controller latches beyond the rules: in the gate, and at its start."""


def hazard_of(code: str) -> str:
    """First hazard id of a code. Raises InvariantError for a code without a row."""
    for row in GUARD_TRIPS:
        if row.code == code:
            return row.hazards[0]
    raise InvariantError(f"guard trip {code!r} has no row in GUARD_TRIPS")
