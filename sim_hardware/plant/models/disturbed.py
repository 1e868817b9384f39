# SPDX-License-Identifier: Apache-2.0
"""What happens to a patient under treatment: blood flow falls, the patient moves, a fold heats."""

import math

from sim_hardware.plant.models.patient import Patient

MU0 = 4e-7 * math.pi
SIGMA_S_PER_M, RHO_KG_PER_M3, HEAT_J_PER_KG_K = 0.36, 1050.0, 3600.0
"""Of soft tissue at 100 kHz: reference/safety.md, section 4.1."""
FOLD_S = 200.0
"""Time in which blood and surroundings take the fold's heat away; long, hence on the safe side."""


def eddy_k_per_s(field2: float, radius_m: float, frequency_khz: float) -> float:
    """Heating of the rim of a conducting cylinder, K/s, by a mean squared peak field, (kA/m)²."""
    per_field = math.pi * 1e3 * frequency_khz * MU0 * 1e3 * radius_m
    return SIGMA_S_PER_M * per_field**2 * field2 / (2.0 * RHO_KG_PER_M3) / HEAT_J_PER_KG_K


class Disturbance:
    """Stands between the field and a patient, and carries the faults of layer PLANT.

    perfusion (factor of all blood flow), patient_moves (factor of the field that reaches the
    body), cooling_fails (°C of what should cool the skin), hot_spot (factor of the eddy heat in a
    fold of skin where no probe is).
    """

    def __init__(self, patient: Patient, radius_m: float, frequency_khz: float) -> None:
        self._patient, self._radius_m, self._frequency_khz = patient, radius_m, frequency_khz
        self.coupling = 1.0
        self.crowding = 0.0
        self.rise_c = 0.0
        """The fold above the body's core; current crowds in it by the factor `crowding`."""

    def advance(self, dt_s: float, field2: float) -> None:
        """Advance the patient and the fold by treatment seconds."""
        field2 *= self.coupling**2
        self._patient.advance(dt_s, field2)
        if self.crowding > 0.0 or self.rise_c > 0.0:
            steady_c = FOLD_S * self.crowding * self._heating(field2)
            self.rise_c += (steady_c - self.rise_c) * -math.expm1(-dt_s / FOLD_S)

    def fold_c(self, core_c: float) -> float:
        """Temperature of the fold; that of the core where nothing crowds."""
        return core_c + self.rise_c

    def inject(self, verb: str, argument: str, t: float) -> None:
        """Start a fault."""
        factor = float(argument)
        if verb == "perfusion":
            self._patient.flow_factor = factor
        elif verb == "patient_moves":
            self.coupling = factor
        elif verb == "cooling_fails":
            self._patient.surround(factor)
        elif verb == "hot_spot":
            self.crowding = factor
        else:
            raise ValueError(f"a patient has no fault {verb!r}")

    def clear(self, verb: str) -> None:
        """End it."""
        if verb == "perfusion":
            self._patient.flow_factor = 1.0
        elif verb == "patient_moves":
            self.coupling = 1.0
        elif verb == "cooling_fails":
            self._patient.surround(None)
        else:
            self.crowding = 0.0

    def _heating(self, field2: float) -> float:
        return eddy_k_per_s(field2, self._radius_m, self._frequency_khz)
