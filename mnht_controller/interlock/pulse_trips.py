# SPDX-License-Identifier: Apache-2.0
"""What trips because the identification pulse refuses the plant: control asks for it by its code.

Stands here, below core's users, so that gate and surfaces share one table.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PulseTrip:
    """One row, worded like a `Rule`."""

    code: str
    hazards: tuple[str, ...]
    title: str
    what_to_do: str


PULSE_TRIPS: tuple[PulseTrip, ...] = (
    PulseTrip(
        "pulse_map",
        ("H06",),
        "skin or healthy tissue warms like the deposit: channels are exchanged",
        "Field is off. Warm each probe by hand and see which channel answers; then reset.",
    ),
    PulseTrip(
        "pulse_sign",
        ("H41",),
        "a tumor probe cools while it is heated",
        "Field is off. Check the channel's sign and where the probe lies; then reset.",
    ),
    PulseTrip(
        "pulse_weak",
        ("H06", "H01"),
        "no tumor probe warms clearly",
        "Field is off. Check that coil, deposit and tumor probe are where the plan says; reset.",
    ),
    PulseTrip(
        "pulse_lag",
        ("H07",),
        "a tumor probe answers later than declared",
        "Field is off. Check the thermometer's averaging and where the probe lies; then reset.",
    ),
)


def hazard_of(code: str) -> str | None:
    """First hazard id of a code; None for a code that is no refusal of the pulse."""
    return next((row.hazards[0] for row in PULSE_TRIPS if row.code == code), None)
