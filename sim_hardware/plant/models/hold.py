# SPDX-License-Identifier: Apache-2.0
"""At what field a patient's target holds: the secant method on steady states."""

from collections.abc import Callable, Sequence

from sim_hardware.plant.body.patient_file import PatientFile
from sim_hardware.plant.models.patient import Patient

ROUNDS = 20
CLOSE_C = 0.005


def sites_of(patient: PatientFile, role: str) -> list[str]:
    """Return the sites of a role's probes."""
    return [probe.site for probe in patient.probe if probe.role == role]


def hottest_c(patient: Patient, sites: Sequence[str]) -> float:
    """Return the highest true temperature at the sites, °C."""
    return max(patient.site_c(name) for name in sites)


def holds_at(patient: Patient, file: PatientFile, celsius: float) -> float:
    """Return the peak field, kA/m, at which the target role's hottest site settles at `celsius`.

    The patient is left in that steady state. Fields far above any cap are possible answers.
    """
    sites = sites_of(file, file.reaches.role)
    guess2 = file.reaches.field_ka_per_m**2

    def over(field2: float) -> float:
        patient.settle(field2)
        return hottest_c(patient, sites) - celsius

    return float(max(zero(over, 0.7 * guess2, guess2), 0.0) ** 0.5)


def zero(function: Callable[[float], float], one: float, two: float) -> float:
    """Return where a rising function is zero, from two guesses."""
    low, high = function(one), function(two)
    for _ in range(ROUNDS):
        if abs(high) < CLOSE_C or high == low:
            break
        # A step of more than fourfold would leave the range where the function was seen.
        step = two - high * (two - one) / (high - low)
        one, low, two = two, high, min(max(step, 0.25 * two), 4.0 * two)
        high = function(two)
    return two
