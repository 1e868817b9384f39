# SPDX-License-Identifier: Apache-2.0
"""The common words for what instruments report as wrong. Every status bit is named by one of them.

A bit that a manual leaves undefined has no word: it is reported as `bit_N`, which trips as well.
"""

from enum import IntFlag

FAULT_WORDS = frozenset(
    {
        "amplifier",
        "calibration",
        "communication",
        "coolant",
        "dc_link",
        "field_deviation",
        "hardware",
        "inhibited",
        "interlock",
        "low_signal",
        "mains",
        "on_time",
        "oscillation",
        "over_current",
        "over_power",
        "over_temperature",
        "over_voltage",
        "power_limit",
        "protection",
        "resonance",
        "sensor",
        "short_circuit",
        "shut_off",
        "start_refused",
        "under_voltage",
        "unregulated",
        "watchdog",
    }
)

INTERLOCK_WORDS = frozenset(
    {
        "aux_1",
        "aux_2",
        "coil_connector",
        "coolant_flow",
        "coolant_level",
        "coolant_temperature",
        "cover",
        "door",
        "e_stop",
        "external_inhibit",
        "keyswitch",
        "mains",
        "patient_stop",
        "run_permit",
    }
)
"""The same for interlock inputs that are open."""


def words(kind: type[IntFlag], bits: int) -> tuple[str, ...]:
    """Name the bits that are set; a bit without a name is worth a word all the same."""
    if not bits:
        return ()
    names = {flag.value: flag.name for flag in kind}
    numbers = [n for n in range(bits.bit_length()) if bits >> n & 1]
    return tuple((names.get(1 << n) or f"bit_{n}").lower() for n in numbers)
